/**
 * What must hold of the assistant's sound: each mark once, and cut only what is in the conversation, to no more than
 * was sent.
 */
import type { FromModel, ToModel } from "../../../../relay/wire/realtime.ts";
import { hold } from "./broken.ts";

type Delta = Extract<FromModel, { type: "response.output_audio.delta" }>;
type Truncate = Extract<ToModel, { type: "conversation.item.truncate" }>;

const samplesOf = (base64: string) => Buffer.byteLength(base64, "base64");
const partOf = ({ item_id, content_index }: Pick<Delta, "item_id" | "content_index">) =>
  `${item_id}/${content_index}`;

export class SoundWatch {
  readonly #sentSamples = new Map<string, number>();
  readonly #markNames = new Set<string>();
  /** Items, and whether only responses out of band have said any of them. */
  readonly #isApart = new Map<string, boolean>();

  /** The model says it, whoever hears it. */
  said({ item_id }: Delta, isOutOfBand: boolean): void {
    this.#isApart.set(item_id, isOutOfBand && this.#isApart.get(item_id) !== false);
  }

  sent(delta: Delta): void {
    const part = partOf(delta);
    this.#sentSamples.set(part, (this.#sentSamples.get(part) ?? 0) + samplesOf(delta.delta));
  }

  mark(name: string): void {
    hold("every mark has a name of its own", !this.#markNames.has(name));
    this.#markNames.add(name);
  }

  truncated(event: Truncate): void {
    const { audio_end_ms: endMs } = event;
    hold("nothing out of band is truncated", this.#isApart.get(event.item_id) !== true);
    hold("audio_end_ms is a whole number, not negative", Number.isInteger(endMs) && endMs >= 0);
    hold("nothing is truncated past what was sent", endMs * 8 <= (this.#sentSamples.get(partOf(event)) ?? 0));
  }
}
