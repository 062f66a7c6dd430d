/**
 * The model's server in simulated time, as OpenAI's behaves: it hears when the caller speaks, answers their turns by
 * itself, is interrupted by them, has one response at a time in the conversation and others beside it, writes down the
 * caller's words in its own time, and refuses what the live one refuses. What is said is the mind's.
 */
import type { FromModel, ResponseParams, ToModel } from "../../../../relay/wire/realtime.ts";
import { PCMU } from "../../../relay/call/call-in-hand.ts";
import type { Chance } from "../../../relay/call/chance.ts";
import type { Agenda } from "../../../relay/call/simulated-world.ts";
import { askedBy, type Deed, type Mode } from "./deeds.ts";
import type { Request } from "./ledger.ts";
import type { ObeyingMind, Part, Said } from "./mind.ts";
import { given } from "./sentences.ts";
import type { Sound, Utterance } from "./sound.ts";

/** What is heard of a turn of the caller's. */
export type Turn = Said & {
  /** Too short or too soft to be taken for speech. */
  readonly isMissed: boolean;
  /** What is written down of it; undefined: that fails. */
  readonly transcript: string | undefined;
};

type Response = {
  readonly id: string;
  readonly isOutOfBand: boolean;
  /** The caller was speaking when it began. */
  readonly isLost: boolean;
  isActive: boolean;
};

export type ModelParts = {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly mind: Pick<ObeyingMind, "replies" | "reads">;
  readonly mode: Mode;
  readonly sound: Sound;
  readonly send: (event: FromModel) => void;
};

const DETECTED_AFTER_MS = 200;
const SILENCE_MS = 500;

export class SimulatedModel {
  readonly #parts: ModelParts;
  readonly requests: Request[] = [];
  /** What was asked about in earnest, by how it sounded. */
  readonly earnest = new Map<Utterance, readonly Deed[]>();
  /** What was read out of band, word for word. */
  readonly exact = new Set<Utterance>();
  /** How often it was asked to read something. */
  readings = 0;
  /** What was begun to be said last, whether it has been heard or not. */
  newest: Utterance | undefined;
  #isTranscribed = false;
  #offered: ReadonlySet<string> = new Set();
  #active: Response | undefined;
  readonly #beside = new Map<string, Response>();
  #isHearing = false;
  #ids = 0;
  #said: Said | undefined;
  /** The newest reading is what was to be read. */
  #isExact = false;
  #outputs: Array<{ readonly callId: string; readonly output: string }> = [];
  #texts: string[] = [];

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  // --- the client -----------------------------------------------------------------------------------------------

  receives(event: ToModel): void {
    switch (event.type) {
      case "session.update": {
        this.#isTranscribed = event.session.audio.input.transcription !== undefined;
        this.#offered = new Set(event.session.tools.flatMap((tool) => ("name" in tool ? [tool.name] : [])));
        return this.#send({
          type: "session.updated",
          session: { audio: { input: PCMU.input, output: PCMU.output } },
        });
      }
      case "response.create":
        return this.#create(event.event_id, event.response);
      case "response.cancel":
        return this.#cancel(event.response_id, event.event_id);
      case "conversation.item.create": {
        const { item } = event;
        if (item.type === "function_call_output") {
          this.#outputs.push({ callId: item.call_id, output: item.output });
        } else if (item.type === "message") this.#texts.push(...item.content.map(({ text }) => text));
        return this.#send({ type: "conversation.item.added", item: { id: item.id } });
      }
      case "conversation.item.truncate":
      case "input_audio_buffer.append":
        return;
      default:
        event satisfies never;
    }
  }

  #create(event_id: string, params: ResponseParams): void {
    const isOutOfBand = params.conversation === "none";
    if (!isOutOfBand && this.#active !== undefined) {
      const code = "conversation_already_has_active_response";
      return this.#send({ type: "error", error: { type: "invalid_request_error", code, event_id } });
    }
    this.#respond(params);
  }

  #cancel(responseId: string, event_id: string): void {
    const response = this.#active?.id === responseId ? this.#active : this.#beside.get(responseId);
    if (response !== undefined) return this.#finish(response, "cancelled");
    const error = { type: "invalid_request_error", code: "response_cancel_not_active", event_id };
    this.#send({ type: "error", error });
  }

  // --- the caller -----------------------------------------------------------------------------------------------

  hears(turn: Turn, ms: number): void {
    if (turn.isMissed) return;
    const { agenda } = this.#parts;
    agenda.at(agenda.now + DETECTED_AFTER_MS, () => {
      this.#isHearing = true;
      this.#send({ type: "input_audio_buffer.speech_started" });
      if (this.#active !== undefined) this.#finish(this.#active, "cancelled");
    });
    agenda.at(agenda.now + Math.max(ms, DETECTED_AFTER_MS) + SILENCE_MS, () => this.#turnEnds(turn));
  }

  #turnEnds(turn: Turn): void {
    const { agenda, chance } = this.#parts;
    const item_id = this.#id("item");
    this.#isHearing = false;
    this.#said = turn;
    this.#send({ type: "input_audio_buffer.speech_stopped" });
    this.#send({ type: "input_audio_buffer.committed", item_id });
    this.#send({ type: "conversation.item.added", item: { id: item_id } });
    if (this.#isTranscribed) {
      const { transcript } = turn;
      const kind = "conversation.item.input_audio_transcription";
      agenda.at(agenda.now + chance.between(50, 1_600), () =>
        this.#send(
          transcript === undefined
            ? { type: `${kind}.failed`, item_id }
            : { type: `${kind}.completed`, item_id, transcript },
        ),
      );
    }
    if (this.#active === undefined) return this.#respond(undefined);
    const code = "conversation_already_has_active_response";
    this.#send({ type: "error", error: { type: "invalid_request_error", code } });
  }

  // --- responses ------------------------------------------------------------------------------------------------

  #respond(params: ResponseParams | undefined): void {
    const { agenda, chance } = this.#parts;
    const isOutOfBand = params?.conversation === "none";
    const response = { id: this.#id("response"), isOutOfBand, isLost: this.#isHearing, isActive: true };
    if (isOutOfBand) this.#beside.set(response.id, response);
    else this.#active = response;
    const metadata = params === undefined ? null : params.metadata;
    this.#send({ type: "response.created", response: { id: response.id, metadata } });
    let at = agenda.now + chance.between(80, 500);
    const pace = chance.between(3, 9);
    const isAtOnce = chance.often(0.5);
    for (const [index, part] of this.#partsOf(params, isOutOfBand).entries()) {
      if ("say" in part) {
        at = this.#speak(response, part, `${response.id}_${index}`, at, pace);
      } else {
        if (!isAtOnce) at += chance.between(20, 200);
        this.#when(at, response, () => this.#call(response, part));
      }
    }
    this.#when(at + chance.between(0, 60), response, () => this.#finish(response, "completed"));
  }

  #partsOf(params: ResponseParams | undefined, isOutOfBand: boolean): readonly Part[] {
    const { mind } = this.#parts;
    if (isOutOfBand) {
      const instructions = params?.instructions ?? "";
      const words = mind.reads(instructions);
      this.readings++;
      this.#isExact = words === given(instructions);
      return words === "" ? [] : [{ say: words }];
    }
    const [said, outputs, texts] = [this.#said, this.#outputs, this.#texts];
    [this.#said, this.#outputs, this.#texts] = [undefined, [], []];
    return mind.replies({
      at: this.#parts.agenda.now,
      reason: params?.metadata.reason,
      said,
      outputs,
      texts,
      choice: params?.tool_choice ?? "auto",
      offered: this.#offered,
    });
  }

  /** Returns when it has been sent. */
  #speak(
    response: Response,
    part: Extract<Part, { say: string }>,
    item_id: string,
    from: number,
    pace: number,
  ): number {
    const { sound } = this.#parts;
    const pieces = sound.of(part.say, response.isOutOfBand ? "reader" : "mind");
    const isExact = response.isOutOfBand && this.#isExact;
    const place = { response_id: response.id, item_id, content_index: 0 };
    let at = from;
    for (const { payload, ms, utterance, index } of pieces) {
      this.#when(at, response, () => {
        this.newest = utterance;
        if (index === 0 && part.asks !== undefined) this.earnest.set(utterance, part.asks);
        if (index === 0 && isExact) this.exact.add(utterance);
        this.#send({ type: "response.output_audio.delta", ...place, delta: payload });
      });
      at += ms / pace;
    }
    this.#when(at, response, () => {
      part.sent?.();
      this.#send({ type: "response.output_audio.done", ...place });
      const { response_id } = place;
      this.#send({ type: "response.output_audio_transcript.done", response_id, transcript: part.say });
    });
    return at;
  }

  #call(response: Response, { call: name, arguments: args, sent }: Extract<Part, { call: string }>): void {
    const call_id = this.#id("call");
    const { agenda, mode } = this.#parts;
    sent(call_id);
    this.requests.push({
      asked: askedBy({ call: name, arguments: args }, mode),
      at: agenda.now,
      moment: `${response.id} ${agenda.now}`,
      isLost: response.isLost,
    });
    const item = {
      type: "function_call" as const,
      id: `item_${call_id}`,
      call_id,
      name,
      arguments: JSON.stringify(args),
      status: "completed",
    };
    this.#send({ type: "response.output_item.done", response_id: response.id, item });
  }

  #finish(response: Response, status: "completed" | "cancelled"): void {
    if (!response.isActive) return;
    response.isActive = false;
    if (this.#active === response) this.#active = undefined;
    this.#beside.delete(response.id);
    this.#send({ type: "response.done", response: { id: response.id, status, status_details: null } });
  }

  #when(at: number, response: Response, happen: () => void): void {
    this.#parts.agenda.at(at, () => {
      if (response.isActive) happen();
    });
  }

  #id(kind: string): string {
    return `${kind}_${++this.#ids}`;
  }

  #send(event: FromModel): void {
    this.#parts.send(event);
  }
}
