/**
 * What is cut when the caller speaks over the assistant: the carrier's queue, and the conversation, to what was heard.
 * The server cancels its response by itself (interrupt_response); on a WebSocket the rest is the client's. Responses out
 * of band are not in the conversation: a cut clears what is queued of them, and truncates nothing.
 */
import type { Memory } from "./memory.ts";
import { TRUNCATE_ID } from "./model-errors.ts";
import type { Outbox } from "./outbox.ts";
import type { Playback, Truncation } from "./playback.ts";

export class Cuts {
  readonly #outbox: Outbox;
  readonly #playback: Playback;
  readonly #memory: Memory;
  readonly #streamSid: string;
  /** Parts of the response being interrupted that have been cut already: late audio of them needs no second cut. */
  readonly #cut = new Set<string>();
  readonly #outOfBand = new Set<string>();
  readonly #outOfBandItems = new Set<string>();
  /** Items of sessions that are gone: whoever stops hearing one of these has heard no more, but no model can cut it. */
  readonly #gone = new Set<string>();
  readonly count = { bargeIns: 0, truncations: 0 };

  constructor(outbox: Outbox, playback: Playback, memory: Memory, streamSid: string) {
    this.#outbox = outbox;
    this.#playback = playback;
    this.#memory = memory;
    this.#streamSid = streamSid;
  }

  /** This item is the relay's own, and no model knows of it. */
  relaysOwn(itemId: string): void {
    this.#outOfBandItems.add(itemId);
  }

  /** This response is out of band. */
  outOfBand(responseId: string): void {
    this.#outOfBand.add(responseId);
  }

  isOutOfBand(responseId: string): boolean {
    return this.#outOfBand.has(responseId);
  }

  /** Audio of this item is being sent. */
  sent(responseId: string, itemId: string): void {
    // For nearly every call there is none, and this is asked fifty times a second.
    if (this.#outOfBand.size > 0 && this.#outOfBand.has(responseId)) this.#outOfBandItems.add(itemId);
  }

  /** Audio that nobody is to hear: not a sample of this part was played, but the conversation would hold it as said. */
  unheard(item_id: string, content_index: number): void {
    if (this.#cut.has(partKey(item_id, content_index))) return;
    this.#truncate({ item_id, content_index, audio_end_ms: 0 });
  }

  responseDone(responseId: string): void {
    if (this.#outOfBand.has(responseId)) {
      for (const itemId of this.#outOfBandItems) this.#playback.completeItem(itemId);
      return;
    }
    this.#playback.completeAll();
    this.#cut.clear();
  }

  /** Stops the playback. Returns how much of it was thrown away unheard, in ms. */
  interrupt(at: number, isByCaller = true): number {
    const queued = !this.#playback.allProvedHeard;
    const { heardMs, unheardMs, truncations, sentMs } = this.#playback.interrupt(at);
    if (queued) this.#outbox.twilio({ event: "clear", streamSid: this.#streamSid });
    for (const [index, truncation] of truncations.entries()) {
      const { item_id, audio_end_ms } = truncation;
      if (this.#outOfBandItems.has(item_id)) continue;
      this.#memory.cut(item_id, audio_end_ms, sentMs[index] ?? 0);
      if (!this.#gone.has(item_id)) this.#truncate(truncation);
    }
    if (truncations.length === 0 || !isByCaller) return unheardMs;
    this.count.bargeIns++;
    this.#outbox.log({
      event: "barge_in",
      level: "info",
      heardMs,
      unheardMs,
      truncations: truncations.length,
      roundTripMs: Math.round(this.#playback.roundTripMs),
    });
    return unheardMs;
  }

  /** The session is gone, and its conversation with it. */
  lost(): void {
    for (const itemId of this.#playback.items) this.#gone.add(itemId);
    this.#playback.completeAll();
    this.#cut.clear();
  }

  #truncate(cut: Truncation): void {
    this.count.truncations++;
    this.#cut.add(partKey(cut.item_id, cut.content_index));
    this.#outbox.model({
      type: "conversation.item.truncate",
      event_id: this.#outbox.id(TRUNCATE_ID),
      ...cut,
    });
  }
}

const partKey = (itemId: string, contentIndex: number): string => `${itemId}/${contentIndex}`;
