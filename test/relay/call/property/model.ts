/**
 * The model of an invented call, as OpenAI's behaves: responses faster than real time, one in the conversation at a
 * time, cancelled when the caller interrupts; those out of band beside them, in nobody's way and interrupted by nobody.
 * It says and calls what chance will, in an order that a conversation might have. What a real server would refuse is
 * `Broken`, except where two messages cross.
 */
import type { FromModel, ResponseParams, ToModel } from "../../../../relay/wire/realtime.ts";
import type { Chance } from "../chance.ts";
import type { Agenda } from "../simulated-world.ts";
import { Broken } from "./broken.ts";
import { someAudio, updated } from "./inputs.ts";
import { wordsToRead } from "./tool-terms.ts";
import { anyCall } from "./tools.ts";

export type Response = {
  readonly id: string;
  readonly reason: string | undefined;
  /** What it was given to read; undefined: it is in the conversation. */
  readonly toRead: string | undefined;
  readonly calls: "never" | "maybe" | "surely";
  isActive: boolean;
};

/** What an item says. */
export type Text = { readonly words: string; readonly ms: number };

/** What the world around it is told. */
export type Heard = {
  readonly send: (event: FromModel) => void;
  /** A create found a response active: ours, or that of the server's own detection. */
  readonly refused: (whose: "ours" | "server's") => void;
  /** A response has been sent to its end. */
  readonly spoke: (response: Response) => void;
};

const BUSY = "conversation_already_has_active_response";
const WORDS = [
  "It will rain tomorrow.",
  "I would add milk to your list. Shall I?",
  "Let me check that for you.",
  "I have added milk to your list.",
] as const;

export class SimulatedModel {
  isConfigured = false;
  isTranscribed = false;
  /** Ids that the model was told are held, the newest last. */
  readonly held: string[] = [];
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #heard: Heard;
  readonly #mayRefuse: boolean;
  #active: Response | undefined;
  readonly #aside = new Map<string, Response>();
  readonly #saidMs = new Map<string, number>();
  /** Items that are not in the conversation. */
  readonly #asideItems = new Set<string>();
  readonly #openCalls = new Set<string>();
  /** What each item says, and in how many ms, were it said to its end. */
  readonly #texts: Map<string, Text>;
  #isGone = false;
  #hasTools = false;
  /** The caller's last words. */
  #words = "";
  #responses = 0;
  #callIds = 0;

  readonly #prefix: string;

  /**
   * @param mayRefuse whether a create that finds a response active is refused, and not `Broken`
   * @param prefix of the ids that it makes: no two sessions make the same @param texts of all sessions
   */
  constructor(
    agenda: Agenda,
    chance: Chance,
    heard: Heard,
    mayRefuse: boolean,
    prefix = "",
    texts = new Map<string, Text>(),
  ) {
    this.#prefix = prefix;
    this.#texts = texts;
    this.#agenda = agenda;
    this.#chance = chance;
    this.#heard = heard;
    this.#mayRefuse = mayRefuse;
  }

  /** How much of an item was said, in ms. */
  saidMs(itemId: string): number {
    return this.#saidMs.get(itemId) ?? 0;
  }

  get isSpeaking(): boolean {
    return this.#active !== undefined || this.#aside.size > 0;
  }

  /** Its socket is gone, and it with it. */
  leave(): void {
    this.#isGone = true;
    this.isConfigured = false;
    for (const response of [...this.#aside.values(), ...(this.#active ? [this.#active] : [])])
      response.isActive = false;
    this.#active = undefined;
    this.#aside.clear();
  }

  // --- the caller ---------------------------------------------------------------------------------------------

  callerStarted(): void {
    this.#send({ type: "input_audio_buffer.speech_started" });
    // Its own detection interrupts what is in the conversation, and nothing else.
    if (this.#active !== undefined) this.#finish(this.#active, "cancelled");
  }

  callerStopped(): void {
    this.#send({ type: "input_audio_buffer.speech_stopped" });
  }

  callerEnded(item_id: string, words: string): void {
    const chance = this.#chance;
    this.#words = words;
    this.#send({ type: "input_audio_buffer.committed", item_id });
    this.#send({ type: "conversation.item.added", item: { id: item_id } });
    if (this.#active !== undefined) this.#refuse(undefined);
    else if (!chance.often(0.02)) this.#respond(undefined);
    if (!this.isTranscribed || chance.often(0.04)) return;
    const type = "conversation.item.input_audio_transcription.completed" as const;
    const failed = "conversation.item.input_audio_transcription.failed" as const;
    const isLost = chance.often(0.06);
    this.#agenda.at(this.#agenda.now + chance.between(30, chance.often(0.2) ? 4_000 : 900), () =>
      this.#send(isLost ? { type: failed, item_id } : { type, item_id, transcript: words }),
    );
  }

  // --- the relay ----------------------------------------------------------------------------------------------

  asked(event: ToModel): void {
    switch (event.type) {
      case "session.update": {
        const { temperature, audio } = event.session;
        this.#hasTools = event.session.tools.some((tool) => "name" in tool && tool.name === "confirm");
        this.isTranscribed = audio.input.transcription !== undefined;
        return this.#configure(event.event_id, temperature !== undefined);
      }
      case "response.create":
        if (event.response.conversation !== "none" && this.#active !== undefined)
          return this.#refuse(event.event_id);
        return this.#respond(event.response);
      case "response.cancel": {
        const { response_id, event_id } = event;
        const response = this.#active?.id === response_id ? this.#active : this.#aside.get(response_id);
        if (response !== undefined) return this.#finish(response, "cancelled");
        return this.#send({ type: "error", error: { code: "response_cancel_not_active", event_id } });
      }
      case "conversation.item.create": {
        const { item } = event;
        if (item.type === "function_call") this.#openCalls.add(item.call_id);
        if (item.type === "function_call_output") this.#answered(item.call_id, item.output);
        return this.#send({ type: "conversation.item.added", item: { id: item.id } });
      }
      case "conversation.item.truncate":
        if (
          event.audio_end_ms > (this.#saidMs.get(event.item_id) ?? 0) ||
          this.#asideItems.has(event.item_id)
        )
          throw new Broken("the model has no truncation to refuse");
        return;
      case "input_audio_buffer.append":
        return;
      default:
        event satisfies never;
    }
  }

  #refuse(event_id: string | undefined): void {
    if (event_id !== undefined && !this.#mayRefuse) throw new Broken("the model has no create to refuse");
    this.#heard.refused(event_id === undefined ? "server's" : "ours");
    this.#send({ type: "error", error: { code: BUSY, event_id } });
  }

  #answered(callId: string, output: string): void {
    if (!this.#openCalls.delete(callId)) throw new Broken("the model has no answer to a call to refuse");
    const id = /^\{"held":"(\w+)"/.exec(output)?.[1];
    if (id !== undefined) this.held.push(id);
  }

  #configure(event_id: string, warm: boolean): void {
    const param = "session.temperature";
    if (warm) return this.#send({ type: "error", error: { code: "unknown_parameter", param, event_id } });
    const luck = this.#chance.next();
    if (luck < 0.01) return;
    if (luck < 0.02) return this.#send(updated("audio/pcm"));
    const voice = { code: "invalid_value", param: "session.audio.output.voice", event_id };
    if (luck < 0.03) return this.#send({ type: "error", error: voice });
    this.isConfigured = true;
    this.#send(updated());
  }

  // --- what it says -------------------------------------------------------------------------------------------

  /** @param asked undefined: the server's own, for a turn of the caller's */
  #respond(asked: ResponseParams | undefined): void {
    const chance = this.#chance;
    const reason = asked?.metadata.reason;
    const toRead = asked?.conversation === "none" ? wordsToRead(asked.instructions) : undefined;
    const calls =
      asked?.tool_choice === "none" ? "never" : asked?.tool_choice === "required" ? "surely" : "maybe";
    const response: Response = {
      id: `${this.#prefix}r${this.#responses++}`,
      reason,
      toRead,
      calls,
      isActive: true,
    };
    if (toRead === undefined) this.#active = response;
    else this.#aside.set(response.id, response);
    const metadata = reason === undefined ? null : { reason };
    this.#send({ type: "response.created", response: { id: response.id, metadata } });
    const pace = chance.one([8, 4, 1, 0.7]);
    const isCalling = calls === "surely" || (calls === "maybe" && chance.often(this.#hasTools ? 0.6 : 0.3));
    const items = isCalling && chance.often(0.4) ? 0 : toRead !== undefined ? 1 : chance.whole(1, 2);
    let at = this.#agenda.now + chance.between(20, 300);
    for (let i = 0; i < items; i++) at = this.#item(response, `${response.id}_${i}`, at, pace);
    if (isCalling) this.#when(at, response, () => this.#callSome(response));
    const status = chance.often(0.03) ? "failed" : "completed";
    this.#when(at, response, () => this.#finish(response, status));
  }

  /** One item, said piece by piece. Returns when it is over. */
  #item(response: Response, item_id: string, from: number, pace: number): number {
    const chance = this.#chance;
    let at = from;
    // No question is over in a moment.
    const isQuestion = response.toRead !== undefined;
    const pieces = Array.from({ length: chance.whole(isQuestion ? 3 : 1, 6) }, () =>
      isQuestion ? chance.one([200, 400]) : chance.one([100, 200, 400]),
    );
    const words = this.#wordsOf(response);
    const text = { words: words ?? "", ms: pieces.reduce((total, ms) => total + ms, 0) };
    this.#texts.set(item_id, text);
    let saidMs = 0;
    for (const ms of pieces) {
      const upTo = (heardMs: number) => Math.floor((text.words.length * heardMs) / text.ms);
      const spelt = text.words.slice(upTo(saidMs), upTo(saidMs + ms));
      if (!isQuestion) this.#when(at, response, () => this.#spell(response, item_id, spelt));
      this.#when(at, response, () => this.#say(response, item_id, ms));
      saidMs += ms;
      at += ms / pace;
    }
    const early = isQuestion && chance.often(0.3) ? (from + at) / 2 : at;
    if (words !== undefined)
      this.#when(early, response, () =>
        this.#send({
          type: "response.output_audio_transcript.done",
          response_id: response.id,
          item_id,
          transcript: words,
        }),
      );
    this.#when(at, response, () =>
      this.#send({
        type: "response.output_audio.done",
        response_id: response.id,
        item_id,
        content_index: 0,
      }),
    );
    return at;
  }

  #wordsOf({ toRead }: Response): string | undefined {
    // Each in words of its own, so that it is known again.
    if (toRead === undefined) return `${this.#chance.one(WORDS)} That is ${this.#texts.size} for you.`;
    const luck = this.#chance.next();
    if (luck < 0.05) return undefined;
    return luck < 0.15 ? "Press 1 to hear your tasks for today, or 2 for the weather." : toRead;
  }

  #when(at: number, response: Response, happen: () => void): void {
    this.#agenda.at(at, () => {
      if (response.isActive) happen();
    });
  }

  #say(response: Response, item_id: string, ms: number): void {
    this.#saidMs.set(item_id, (this.#saidMs.get(item_id) ?? 0) + ms);
    if (response.toRead !== undefined) this.#asideItems.add(item_id);
    this.#send({
      type: "response.output_audio.delta",
      response_id: response.id,
      item_id,
      content_index: 0,
      delta: someAudio(ms, 3),
    });
  }

  #spell({ id: response_id }: Response, item_id: string, delta: string): void {
    this.#send({ type: "response.output_audio_transcript.delta", response_id, item_id, delta });
  }

  #finish(response: Response, status: "completed" | "cancelled" | "failed"): void {
    response.isActive = false;
    if (this.#active === response) this.#active = undefined;
    this.#aside.delete(response.id);
    const status_details = status === "failed" ? { error: { code: "server_error" } } : null;
    this.#send({ type: "response.done", response: { id: response.id, status, status_details } });
    if (status === "completed") this.#heard.spoke(response);
  }

  // --- what it calls ------------------------------------------------------------------------------------------

  #callSome(response: Response): void {
    const chance = this.#chance;
    for (let count = chance.often(0.5) ? 1 : chance.whole(2, 4); count > 0; count--) {
      const [name, text] = anyCall(this.#chance, this.held, this.#words, this.#hasTools);
      const isWhole = !chance.often(0.02);
      const call_id = `${this.#prefix}c${this.#callIds++}`;
      if (isWhole) this.#openCalls.add(call_id);
      this.#send({
        type: "response.output_item.done",
        response_id: response.id,
        item: {
          type: "function_call",
          id: `${call_id}_item`,
          call_id,
          name,
          arguments: isWhole ? text : text.slice(0, text.length / 2),
          status: isWhole ? "completed" : "incomplete",
        },
      });
    }
  }

  #send(event: FromModel): void {
    if (!this.#isGone) this.#heard.send(event);
  }
}
