/**
 * What must hold of the assistant's sound: each mark once, and cut only what is in the session's conversation, to no more
 * than was sent. And by when the caller will have heard all of it at the latest, which others go by.
 */
import type { FromModel, ToModel } from "../../../../relay/wire/realtime.ts";
import { hold } from "./broken.ts";

type Delta = Extract<FromModel, { type: "response.output_audio.delta" }>;
type Truncate = Extract<ToModel, { type: "conversation.item.truncate" }>;

/** From here to the carrier and back, where no mark has measured it. */
const ROUND_TRIP_MS = 60;
const ODD_MS = 200;

export const samplesOf = (base64: string) => Buffer.byteLength(base64, "base64");
const partOf = ({ item_id, content_index }: Pick<Delta, "item_id" | "content_index">) =>
  `${item_id}/${content_index}`;

export class SoundWatch {
  readonly #sentSamples = new Map<string, number>();
  /** By name: when it was sent, and how much had been by then. */
  readonly #marks = new Map<string, { readonly at: number; readonly sentMs: number }>();
  /** Items, and whether only responses out of band have said any of them. */
  readonly #isApart = new Map<string, boolean>();
  /** Items that this session has said. */
  readonly #ofSession = new Set<string>();
  #lagMs: number | undefined;
  #timestamp = 0;
  /** The carrier's time goes wrong: nobody can know when anything will have been heard. */
  isOdd = false;
  #sentMs = 0;
  #slowestMs = ROUND_TRIP_MS;
  /** When the caller will have heard all that was sent, at the latest. */
  quietBy = Number.NEGATIVE_INFINITY;

  /** The model says it, whoever hears it. */
  said({ item_id }: Delta, isOutOfBand: boolean): void {
    this.#isApart.set(item_id, isOutOfBand && this.#isApart.get(item_id) !== false);
    this.#ofSession.add(item_id);
  }

  sent(delta: Delta, at: number): void {
    const part = partOf(delta);
    this.#sentSamples.set(part, (this.#sentSamples.get(part) ?? 0) + samplesOf(delta.delta));
    this.played(delta.delta, at);
  }

  /** The caller is sent this, whoever says it. */
  played(payload: string, at: number): void {
    const ms = samplesOf(payload) / 8;
    this.#sentMs += ms;
    this.quietBy = Math.max(this.quietBy, at + this.#slowestMs) + ms;
  }

  cleared(at: number): void {
    this.quietBy = at;
  }

  mark(name: string, at: number): void {
    hold("every mark has a name of its own", !this.#marks.has(name));
    this.#marks.set(name, { at, sentMs: this.#sentMs });
  }

  marked(name: string, at: number): void {
    const mark = this.#marks.get(name);
    if (mark === undefined) return;
    this.#slowestMs = Math.max(this.#slowestMs, at - mark.at);
    this.quietBy = Math.max(this.quietBy, at + this.#sentMs - mark.sentMs);
  }

  /** A frame of the caller's audio has come in: its timestamp tells the carrier's time. */
  inbound(timestamp: number, at: number): void {
    const lagMs = at - timestamp;
    if (Math.abs(lagMs - (this.#lagMs ?? lagMs)) > ODD_MS || timestamp < this.#timestamp) this.isOdd = true;
    this.#lagMs = lagMs;
    this.#timestamp = timestamp;
  }

  sessionLost(): void {
    this.#ofSession.clear();
  }

  truncated(event: Truncate): void {
    const { audio_end_ms: endMs } = event;
    hold("nothing out of band is truncated", this.#isApart.get(event.item_id) !== true);
    hold("nothing is truncated that another session has said", this.#ofSession.has(event.item_id));
    hold("audio_end_ms is a whole number, not negative", Number.isInteger(endMs) && endMs >= 0);
    hold("nothing is truncated past what was sent", endMs * 8 <= (this.#sentSamples.get(partOf(event)) ?? 0));
  }
}
