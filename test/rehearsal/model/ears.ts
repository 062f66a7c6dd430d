/**
 * The input side of a session: the audio buffer, what the VAD makes of it, and the caller's turns that come of it.
 *
 * Its time is the number of samples appended. It asks for responses and interruptions; it makes none.
 * Source: the input_audio_buffer events of RealtimeServerEvent in npm's openai package.
 */
import { BYTES_PER_MS } from "../audio/clips.ts";
import { type Conversation, type Item, partOf } from "./conversation.ts";
import type { Options } from "./options.ts";
import type { Moment, SessionRecord } from "./records.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import { shown } from "./shown-item.ts";
import { Vad } from "./vad.ts";

/** The live service commits nothing shorter. */
const MIN_COMMIT_MS = 100;

export type Surroundings = {
  readonly send: (event: { readonly type: string; readonly [field: string]: unknown }) => void;
  readonly tell: (moment: Moment) => void;
  readonly interrupt: () => void;
  readonly respond: (cause: "speech" | "idle") => void;
  /** A turn of the caller's is an item of the conversation now. */
  readonly spoke: (item: Item, audioMs: number) => void;
};

export class Ears {
  readonly #conversation: Conversation;
  readonly #newId: (kind: string) => string;
  readonly #record: SessionRecord;
  readonly #options: Options;
  readonly #around: Surroundings;
  #vad: Vad | undefined;
  /** What of the input no item holds yet. */
  #uncommittedMs = 0;
  /** The caller's turn under way, announced by speech_started. */
  #turn: { readonly itemId: string; readonly startMs: number } | undefined;
  #idleAtMs = Number.POSITIVE_INFINITY;

  constructor(
    conversation: Conversation,
    newId: (kind: string) => string,
    record: SessionRecord,
    options: Options,
    around: Surroundings,
  ) {
    this.#conversation = conversation;
    this.#newId = newId;
    this.#record = record;
    this.#options = options;
    this.#around = around;
    this.#listen();
  }

  append(audio: string): Refusal | undefined {
    if (this.#record.settings.audio.input.format.type !== "audio/pcmu") {
      return refusal("invalid_value", "This stand-in hears audio/pcmu only: set audio.input.format first.");
    }
    const samples = new Uint8Array(Buffer.from(audio, "base64"));
    this.#record.appends += 1;
    this.#record.appendedSamples += samples.length;
    if (this.#options.keepInput) this.#record.input.push(samples);
    this.#uncommittedMs += samples.length / BYTES_PER_MS;
    for (const change of this.#vad?.hear(samples) ?? []) {
      if (change.kind === "started") this.#started(change.startMs);
      else this.#stopped(change.endMs);
    }
    if (this.#nowMs >= this.#idleAtMs) this.#idled();
    return undefined;
  }

  commit(): Refusal | undefined {
    if (this.#uncommittedMs < MIN_COMMIT_MS) {
      const had = this.#uncommittedMs.toFixed(2);
      const message =
        "Error committing input audio buffer: buffer too small. " +
        `Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${had}ms of audio.`;
      return refusal("input_audio_buffer_commit_empty", message);
    }
    const itemId = this.#turn?.itemId ?? this.#newId("item");
    this.#turn = undefined;
    this.#listen();
    this.#commit(itemId, this.#uncommittedMs, true);
    return undefined;
  }

  clear(): undefined {
    this.#uncommittedMs = 0;
    this.#turn = undefined;
    this.#listen();
    this.#around.send({ type: "input_audio_buffer.cleared" });
  }

  /** A change of the turn detection begins anew; any other change leaves a turn under way alone. */
  settingsTaken(before: Settings): void {
    const { turn_detection } = this.#record.settings.audio.input;
    if (JSON.stringify(turn_detection) === JSON.stringify(before.audio.input.turn_detection)) return;
    this.#turn = undefined;
    this.#idleAtMs = Number.POSITIVE_INFINITY;
    this.#listen();
  }

  /** "The response.done time plus audio playback duration", and then the idle timeout. */
  answered(soundMs: number): void {
    const { turn_detection: settings } = this.#record.settings.audio.input;
    if (settings?.type !== "server_vad" || settings.idle_timeout_ms === null || this.#turn !== undefined)
      return;
    this.#idleAtMs = this.#nowMs + soundMs + settings.idle_timeout_ms;
  }

  get #nowMs(): number {
    return this.#record.appendedSamples / BYTES_PER_MS;
  }

  #listen(): void {
    const { turn_detection: settings } = this.#record.settings.audio.input;
    this.#vad = settings === null ? undefined : new Vad(settings, this.#nowMs);
  }

  #started(startMs: number): void {
    const itemId = this.#newId("item");
    this.#turn = { itemId, startMs };
    this.#idleAtMs = Number.POSITIVE_INFINITY;
    this.#around.tell({ what: "speech_started", audioStartMs: startMs, itemId });
    this.#around.send({
      type: "input_audio_buffer.speech_started",
      audio_start_ms: startMs,
      item_id: itemId,
    });
    if (this.#record.settings.audio.input.turn_detection?.interrupt_response) this.#around.interrupt();
  }

  #stopped(endMs: number): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#turn = undefined;
    this.#around.tell({ what: "speech_stopped", audioEndMs: endMs, itemId: turn.itemId });
    this.#around.send({
      type: "input_audio_buffer.speech_stopped",
      audio_end_ms: endMs,
      item_id: turn.itemId,
    });
    this.#commit(turn.itemId, endMs - turn.startMs, true);
    if (this.#record.settings.audio.input.turn_detection?.create_response) this.#around.respond("speech");
  }

  #idled(): void {
    const { turn_detection: settings } = this.#record.settings.audio.input;
    this.#idleAtMs = Number.POSITIVE_INFINITY;
    if (settings?.type !== "server_vad" || settings.idle_timeout_ms === null) return;
    const itemId = this.#newId("item");
    this.#around.send({
      type: "input_audio_buffer.timeout_triggered",
      audio_start_ms: Math.floor(this.#nowMs - settings.idle_timeout_ms),
      audio_end_ms: Math.floor(this.#nowMs),
      item_id: itemId,
    });
    this.#commit(itemId, settings.idle_timeout_ms, false);
    this.#around.respond("idle");
  }

  /** @param spoken false for a silence that the idle timeout commits */
  #commit(itemId: string, audioMs: number, spoken: boolean): void {
    this.#uncommittedMs = 0;
    const previous = this.#conversation.lastId;
    const item: Item = {
      id: itemId,
      kind: "message",
      role: "user",
      status: "completed",
      content: [partOf("input_audio", "", audioMs)],
    };
    if (spoken) this.#record.turns += 1;
    this.#record.items.push(item);
    this.#around.send({ type: "input_audio_buffer.committed", previous_item_id: previous, item_id: itemId });
    this.#conversation.append(item);
    const event = { previous_item_id: previous, item: shown(item) };
    this.#around.send({ type: "conversation.item.added", ...event });
    this.#around.send({ type: "conversation.item.done", ...event });
    if (spoken) this.#around.spoke(item, audioMs);
  }
}
