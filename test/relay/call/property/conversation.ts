/**
 * A plausible call, played out: a carrier with a queue and marks, a model that takes turns as OpenAI's does (voice
 * activity, responses faster than real time, cancelled when the caller interrupts, one at a time), and a caller who
 * speaks, interrupts, presses keys and hangs up. Everything is seeded. The inputs are written down, so that they can
 * be played again with something wrong in them.
 *
 * Here, where nothing is wrong, more can be asked than of a mutated sequence: that the model refuses nothing, and
 * that what is truncated is what the ear got.
 */
import type { Input, LineNews } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { FromModel, ToModel } from "../../../../relay/wire/realtime.ts";
import type { FromTwilio } from "../../../../relay/wire/twilio.ts";
import { STREAM_SID } from "../call-in-hand.ts";
import type { Chance } from "../chance.ts";
import { Agenda, Queue, Way } from "../simulated-world.ts";
import { connected, someAudio, start, updated } from "./inputs.ts";
import type { Player, Timed } from "./player.ts";
import { Broken } from "./watch.ts";

const FRAME_MS = 100;
const LONGEST_CALL_MS = 14_000;
/** The ways here are short and even, so that an honest error stays far below this. */
const WITHIN_MS = 60;

type Response = {
  readonly id: string;
  status: "active" | "done";
  readonly saidMs: Map<string, number>;
};

export class Conversation {
  readonly inputs: Timed[] = [];
  readonly #player: Player;
  readonly #chance: Chance;
  readonly #agenda = new Agenda();
  readonly #fromCarrier: Way;
  readonly #toCarrier: Way;
  readonly #fromModel: Way;
  readonly #toModel: Way;
  readonly #queue: Queue;
  readonly #saidMs = new Map<string, number>();
  #response: Response | undefined;
  #responses = 0;
  #speaking = false;
  #turnOpen = false;
  #playing: string | undefined;

  constructor(player: Player, chance: Chance) {
    this.#player = player;
    this.#chance = chance;
    const way = () =>
      new Way(this.#agenda, { oneWayMs: chance.between(1, 60), jitterMs: chance.between(0, 10) }, chance);
    this.#fromCarrier = way();
    this.#toCarrier = way();
    this.#fromModel = way();
    this.#toModel = way();
    this.#queue = new Queue(this.#agenda, 0, (name) =>
      this.#frame({ event: "mark", streamSid: STREAM_SID, mark: { name } }),
    );
  }

  play(): void {
    this.#begin();
    const end = LONGEST_CALL_MS + 2_000;
    while (!this.#player.ended) {
      const next = this.#agenda.nextAt ?? end;
      const due = this.#player.call.nextDeadline() ?? end;
      if (Math.min(next, due) >= end) return;
      if (due < next) {
        this.#agenda.now = Math.max(this.#agenda.now, due);
        this.#perform(this.#player.give({ from: "clock" }, this.#agenda.now));
      } else {
        this.#agenda.runUntil(next);
      }
    }
  }

  // --- how it goes ----------------------------------------------------------------------------------------------

  #begin(): void {
    const chance = this.#chance;
    const agenda = this.#agenda;
    const dialledIn = chance.between(10, 400);
    if (chance.often(0.01))
      agenda.at(dialledIn, () => this.#news({ is: "model_closed", code: 1006, status: 401 }));
    else agenda.at(dialledIn, () => this.#news({ is: "model_open" }));
    this.#frame(connected);
    agenda.at(chance.between(0, 50), () => this.#frame(start(chance.often(0.01) ? { eve: true } : {})));
    agenda.at(100, () => this.#hearCaller(0));
    for (let at = 500 + chance.between(0, 4_000); at < LONGEST_CALL_MS; at += chance.between(500, 5_000)) {
      const lastsMs = chance.between(200, 2_000);
      if (chance.often(0.12)) agenda.at(at, () => this.#press());
      else agenda.at(at, () => this.#speak(lastsMs));
    }
    agenda.at(chance.between(3_000, LONGEST_CALL_MS), () => this.#ending());
  }

  #ending(): void {
    const way = this.#chance.next();
    if (way < 0.6) this.#frame({ event: "stop", streamSid: STREAM_SID });
    else if (way < 0.75) this.#news({ is: "twilio_closed", code: 1006 });
    else if (way < 0.8) this.#news({ is: "relay_stopping" });
    else if (way < 0.85) this.#news({ is: "model_closed", code: 1011 });
    else if (way < 0.87) this.#news({ is: "bug" });
    else if (way < 0.89) this.#news({ is: "twilio_slow" });
    else if (way < 0.91) this.#news({ is: "model_slow" });
    else if (way < 0.94) this.#event({ type: "error", error: { code: "session_expired" } });
  }

  #hearCaller(index: number): void {
    // A phone that leaves out its silence.
    if (this.#speaking || index % 64 < 32) {
      const media = {
        track: "inbound" as const,
        timestamp: index * FRAME_MS,
        payload: someAudio(FRAME_MS, index),
      };
      this.#frame({ event: "media", streamSid: STREAM_SID, media });
    }
    this.#agenda.at(this.#agenda.now + FRAME_MS, () => this.#hearCaller(index + 1));
  }

  #press(): void {
    this.#frame({ event: "dtmf", streamSid: STREAM_SID, dtmf: { digit: this.#chance.one(["1", "7", "*"]) } });
  }

  // --- the model ------------------------------------------------------------------------------------------------

  #speak(lastsMs: number): void {
    if (this.#speaking || this.#turnOpen || !this.#configured) return;
    this.#speaking = true;
    this.#agenda.at(this.#agenda.now + 150, () => {
      this.#turnOpen = true;
      this.#event({ type: "input_audio_buffer.speech_started" });
      if (this.#response?.status === "active") this.#finish(this.#response, "cancelled");
    });
    this.#agenda.at(this.#agenda.now + 150 + lastsMs, () => {
      this.#speaking = false;
      this.#turnOpen = false;
      this.#event({ type: "input_audio_buffer.committed" });
      this.#event({ type: "conversation.item.added", item: { id: `said_${this.#responses}` } });
      if (this.#response?.status !== "active" && !this.#chance.often(0.02)) this.#respond(undefined);
    });
  }

  #configured = false;

  #respond(reason: string | undefined): void {
    const chance = this.#chance;
    const response: Response = { id: `r${this.#responses++}`, status: "active", saidMs: new Map() };
    this.#response = response;
    const metadata = reason === undefined ? null : { reason };
    this.#event({ type: "response.created", response: { id: response.id, metadata } });
    const pace = chance.one([8, 4, 1, 0.7]);
    let at = this.#agenda.now + chance.between(20, 300);
    const calls = reason !== "goodbye" && reason !== "greeting" && chance.often(0.3);
    const items = calls && chance.often(0.4) ? 0 : chance.whole(1, 2);
    for (let i = 0; i < items; i++) {
      const item_id = `${response.id}_${i}`;
      for (let pieces = chance.whole(1, 6); pieces > 0; pieces--) {
        const ms = chance.one([100, 200, 400]);
        this.#when(at, response, () => this.#say(response, item_id, ms));
        at += ms / pace;
      }
      const done = {
        type: "response.output_audio.done",
        response_id: response.id,
        item_id,
        content_index: 0,
      } as const;
      this.#when(at, response, () => this.#event(done));
    }
    if (calls) this.#when(at, response, () => this.#call(response));
    const status = chance.often(0.04) ? "failed" : "completed";
    this.#when(at, response, () => this.#finish(response, status));
  }

  #when(at: number, response: Response, happen: () => void): void {
    this.#agenda.at(at, () => {
      if (response.status === "active") happen();
    });
  }

  #say(response: Response, item_id: string, ms: number): void {
    this.#saidMs.set(item_id, (this.#saidMs.get(item_id) ?? 0) + ms);
    const delta = someAudio(ms, 3);
    this.#event({
      type: "response.output_audio.delta",
      response_id: response.id,
      item_id,
      content_index: 0,
      delta,
    });
  }

  #call({ id }: Response): void {
    const name = this.#chance.often(0.7) ? "end_call" : "other";
    const item = {
      type: "function_call" as const,
      id: `${id}_call`,
      call_id: `call_${id}`,
      name,
      arguments: "{}",
    };
    this.#event({
      type: "response.output_item.done",
      response_id: id,
      item: { ...item, status: "completed" },
    });
  }

  #finish(response: Response, status: "completed" | "cancelled" | "failed"): void {
    response.status = "done";
    const status_details = status === "failed" ? { error: { code: "server_error" } } : null;
    this.#event({ type: "response.done", response: { id: response.id, status, status_details } });
  }

  #asked(event: ToModel): void {
    switch (event.type) {
      case "session.update":
        return this.#configure(event.event_id, event.session.temperature !== undefined);
      case "response.create":
        if (this.#response?.status === "active") throw new Broken("the model has no create to refuse");
        return this.#respond(event.response.metadata.reason);
      case "response.cancel":
        if (this.#response?.id === event.response_id && this.#response.status === "active")
          return this.#finish(this.#response, "cancelled");
        return this.#event({
          type: "error",
          error: { code: "response_cancel_not_active", event_id: event.event_id },
        });
      case "conversation.item.create":
        return this.#event({ type: "conversation.item.added", item: { id: event.item.id } });
      case "conversation.item.truncate":
        if (event.audio_end_ms > (this.#saidMs.get(event.item_id) ?? 0))
          throw new Broken("the model has no truncation to refuse");
        return;
      case "input_audio_buffer.append":
        return;
      default:
        event satisfies never;
    }
  }

  #configure(event_id: string, warm: boolean): void {
    const param = "session.temperature";
    if (warm) return this.#event({ type: "error", error: { code: "unknown_parameter", param, event_id } });
    const luck = this.#chance.next();
    if (luck < 0.01) return;
    if (luck < 0.02) return this.#event(updated("audio/pcm"));
    const voice = { code: "invalid_value", param: "session.audio.output.voice", event_id };
    if (luck < 0.03) return this.#event({ type: "error", error: voice });
    this.#configured = true;
    this.#event(updated());
  }

  // --- what goes to and fro -------------------------------------------------------------------------------------

  #frame(frame: FromTwilio): void {
    this.#fromCarrier.send(() => this.#give({ from: "twilio", frame }));
  }

  #event(event: FromModel): void {
    this.#fromModel.send(() => this.#give({ from: "model", event }));
  }

  #news(news: LineNews): void {
    this.#give({ from: "line", news });
  }

  #give(input: Input): void {
    const at = this.#agenda.now;
    this.inputs.push({ input, at });
    const event = input.from === "model" ? input.event : undefined;
    this.#playing = event?.type === "response.output_audio.delta" ? event.item_id : undefined;
    this.#perform(this.#player.give(input, at));
  }

  #perform(effects: readonly Effect[]): void {
    const cuts = new Map<string, number>();
    for (const effect of effects) {
      if (effect.to === "twilio") {
        const { frame } = effect;
        const item = this.#playing ?? "none";
        if (frame.event === "media") {
          const ms = Buffer.byteLength(frame.media.payload, "base64") / 8;
          this.#toCarrier.send(() => this.#queue.media(item, ms));
        } else if (frame.event === "mark") {
          this.#toCarrier.send(() => this.#queue.mark(frame.mark.name));
        } else {
          this.#toCarrier.send(() => this.#cleared(cuts));
        }
      } else if (effect.to === "model") {
        const { event } = effect;
        if (event.type === "conversation.item.truncate") cuts.set(event.item_id, event.audio_end_ms);
        this.#toModel.send(() => this.#asked(event));
      }
    }
  }

  #cleared(cuts: ReadonlyMap<string, number>): void {
    this.#queue.clear();
    for (const [item, endMs] of cuts) {
      const off = Math.abs(endMs - this.#queue.heardMs(item));
      if (off > WITHIN_MS) throw new Broken("what is truncated is what the ear got");
    }
  }
}
