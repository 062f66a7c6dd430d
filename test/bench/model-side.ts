/**
 * A stand-in for the Realtime API that costs next to nothing: for load, not for correctness (that is
 * test/rehearsal/model, which checks everything and could not feed 200 calls). It configures a session, and then
 * speaks one reply after the other, with the events that the real one sends around the audio.
 */
import { z } from "zod";
import { stampedPayload, stampIn } from "./stamp.ts";
import { Sequence, type Tally } from "./tally.ts";

/**
 * `steady`: 50 deltas a second of 20 ms each, the most work for a relay; each reply begins at twice that, for the real
 * API is always ahead of what is heard, and the carrier's queue must not run dry at every late frame. `bursts`: as the real API speaks, deltas of
 * 100 to 250 ms with a delta of words between them, about four times faster than real time, then a pause until the
 * reply would have been heard.
 */
export type Deltas = "steady" | "bursts";

const BEAT_MS = 20;
const REPLY_MS = 5_000;
const SAMPLES_PER_MS = 8;
const LEAD_BEATS = 10;
const BURST_SIZES_MS = [100, 150, 200, 250, 200] as const;
const MEAN_BURST_MS = 180;
const BURST_EVERY_BEATS = 2;
/** Prime to the beats of a reply, so that the lines spread over it. */
const STAGGER_BEATS = 37;

const FromRelay = z.object({ type: z.string(), session: z.unknown().optional() });

export class ModelSide {
  readonly #server: Bun.Server<{ model: Model | undefined }>;
  #made = 0;
  #tallies: { up: Tally; down: Tally } | undefined;
  readonly #models = new Set<Model>();
  #onReady: (model: Model) => void = () => {};

  constructor() {
    this.#server = Bun.serve<{ model: Model | undefined }>({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => {
        if (server.upgrade(request, { data: { model: undefined } })) return undefined;
        return new Response(null, { status: 400 });
      },
      websocket: {
        perMessageDeflate: false,
        open: (socket) => {
          if (this.#tallies === undefined) return socket.close(1011);
          const model = new Model(this.#made++, socket, this.#tallies, this.#onReady);
          socket.data.model = model;
          this.#models.add(model);
        },
        message: (socket, message) => {
          if (typeof message === "string") socket.data.model?.hear(message);
        },
        close: (socket) => {
          if (socket.data.model !== undefined) this.#models.delete(socket.data.model);
        },
      },
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.port}/v1/realtime`;
  }

  get open(): number {
    return this.#models.size;
  }

  /** What is counted from now on, and who is told of each session that is ready. */
  expect(tallies: { up: Tally; down: Tally }, onReady: (model: Model) => void): void {
    this.#tallies = tallies;
    this.#onReady = onReady;
    this.#made = 0;
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }
}

export class Model {
  readonly line: number;
  readonly #socket: Bun.ServerWebSocket<unknown>;
  readonly #tallies: { up: Tally; down: Tally };
  readonly #onReady: (model: Model) => void;
  readonly #heard = new Sequence();
  #sent = 0;
  #replies = 0;
  /** The reply that is being spoken. */
  #ids = { response: "", item: "" };
  #beats = 0;
  #spokenMs = 0;
  #leadBeats = 0;

  constructor(
    line: number,
    socket: Bun.ServerWebSocket<unknown>,
    tallies: { up: Tally; down: Tally },
    onReady: (model: Model) => void,
  ) {
    this.line = line;
    this.#socket = socket;
    this.#tallies = tallies;
    this.#onReady = onReady;
    this.#say({ type: "session.created", event_id: "event_created", session: { type: "realtime" } });
  }

  hear(message: string): void {
    const stamp = stampIn(message);
    if (stamp !== undefined) return this.#tallies.up.received(stamp, this.#heard.isNext(stamp));
    const event = FromRelay.parse(JSON.parse(message));
    if (event.type !== "session.update") return;
    this.#say({ type: "session.updated", event_id: "event_updated", session: event.session });
    this.#onReady(this);
  }

  /** 20 ms have passed. */
  beat(deltas: Deltas): void {
    if (this.#replies === 0) this.#joinIn(deltas);
    else if (this.#beats === 0) this.#begin();
    if (this.#spokenMs < REPLY_MS) this.#speak(deltas);
    this.#beats++;
    if (this.#beats * BEAT_MS < REPLY_MS) return;
    this.#end();
    this.#beats = 0;
    this.#spokenMs = 0;
  }

  /** The first reply is already under way, and not at the same point on every line. */
  #joinIn(deltas: Deltas): void {
    this.#begin();
    this.#beats = (this.line * STAGGER_BEATS) % (REPLY_MS / BEAT_MS);
    const msPerBeat = deltas === "steady" ? BEAT_MS : MEAN_BURST_MS / BURST_EVERY_BEATS;
    this.#spokenMs = this.#beats * msPerBeat;
  }

  #speak(deltas: Deltas): void {
    if (deltas === "steady") {
      if (this.#leadBeats-- > 0) this.#delta(BEAT_MS);
      return this.#delta(BEAT_MS);
    }
    if (this.#beats % BURST_EVERY_BEATS !== 0) return;
    this.#delta(BURST_SIZES_MS[this.#sent % BURST_SIZES_MS.length] ?? BEAT_MS);
    const words = { ...this.#part(), delta: " a few words" };
    this.#say({ type: "response.output_audio_transcript.delta", event_id: this.#eventId(), ...words });
  }

  #delta(ms: number): void {
    this.#tallies.down.sent();
    this.#spokenMs += ms;
    const { response, item } = this.#ids;
    const payload = stampedPayload(this.line, this.#sent++, ms * SAMPLES_PER_MS);
    this.#socket.send(
      `{"type":"response.output_audio.delta","event_id":"${this.#eventId()}","response_id":"${response}","item_id":"${item}","output_index":0,"content_index":0,"delta":"${payload}"}`,
    );
  }

  #begin(): void {
    this.#replies++;
    this.#leadBeats = LEAD_BEATS;
    const suffix = `${String(this.line).padStart(6, "0")}${String(this.#replies).padStart(14, "0")}`;
    this.#ids = { response: `resp_${suffix}`, item: `item_${suffix}` };
    const { response, item } = this.#ids;
    const heard = { id: `user_${suffix}`, type: "message", role: "user" };
    const event_id = this.#eventId();
    this.#say({ type: "input_audio_buffer.committed", event_id, item_id: heard.id });
    this.#say({ type: "conversation.item.added", event_id, item: heard });
    this.#say({
      type: "conversation.item.input_audio_transcription.completed",
      event_id,
      item_id: heard.id,
      content_index: 0,
      transcript: "a few words",
    });
    this.#say({
      type: "response.created",
      event_id,
      response: { id: response, status: "in_progress", metadata: null },
    });
    const said = { id: item, type: "message", role: "assistant", status: "in_progress", content: [] };
    this.#say({
      type: "response.output_item.added",
      event_id,
      response_id: response,
      output_index: 0,
      item: said,
    });
    this.#say({ type: "conversation.item.added", event_id, item: said });
    this.#say({ type: "response.content_part.added", event_id, ...this.#part(), part: { type: "audio" } });
  }

  #end(): void {
    const { response, item } = this.#ids;
    const event_id = this.#eventId();
    const part = this.#part();
    const said = { id: item, type: "message", role: "assistant", status: "completed", content: [] };
    this.#say({ type: "response.output_audio.done", event_id, ...part });
    this.#say({
      type: "response.output_audio_transcript.done",
      event_id,
      ...part,
      transcript: "a few words",
    });
    this.#say({ type: "response.content_part.done", event_id, ...part, part: { type: "audio" } });
    this.#say({ type: "conversation.item.done", event_id, item: said });
    this.#say({
      type: "response.output_item.done",
      event_id,
      response_id: response,
      output_index: 0,
      item: said,
    });
    const usage = {
      total_tokens: 350,
      input_tokens: 250,
      output_tokens: 100,
      input_token_details: {
        text_tokens: 200,
        audio_tokens: 50,
        cached_tokens: 0,
        cached_tokens_details: { text_tokens: 0, audio_tokens: 0 },
      },
      output_token_details: { text_tokens: 0, audio_tokens: 100 },
    };
    const done = { id: response, status: "completed", status_details: null, output: [said], usage };
    this.#say({ type: "response.done", event_id, response: done });
    this.#say({ type: "rate_limits.updated", event_id, rate_limits: [] });
  }

  #part() {
    return { response_id: this.#ids.response, item_id: this.#ids.item, output_index: 0, content_index: 0 };
  }

  #eventId(): string {
    return `event_${String(this.line).padStart(6, "0")}${String(this.#sent).padStart(14, "0")}`;
  }

  #say(event: object): void {
    this.#socket.send(JSON.stringify(event));
  }
}
