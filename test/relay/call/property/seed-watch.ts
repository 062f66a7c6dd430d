/**
 * What must hold of the words that a new session is told: what the caller said and has an answer to, each key they pressed,
 * and of what the assistant said no word that it did not say. What was called, and what came of it, is for tool-watch.ts.
 */
import type { Remembered } from "../../../../relay/call/remembered.ts";
import type { FromModel, NewItem } from "../../../../relay/wire/realtime.ts";
import { hold } from "./broken.ts";

type Said =
  | { readonly by: "caller"; readonly itemId: string | undefined; words: string; isAnswered: boolean }
  | { readonly by: "key"; readonly words: string };

export class SeedWatch {
  readonly #said: Said[] = [];
  /** All that any item was said to say, at any time. */
  readonly #versions = new Map<string, string[]>();
  readonly #before: readonly string[];

  constructor(before: Remembered | undefined) {
    this.#before = (before?.lines ?? []).flatMap((line) => (line.by === "assistant" ? [line.words] : []));
    for (const line of before?.lines ?? []) {
      if (line.by !== "caller") continue;
      this.#said.push({ by: "caller", itemId: undefined, words: line.words, isAnswered: true });
    }
  }

  event(event: FromModel): void {
    if (event.type === "response.output_audio_transcript.delta") {
      this.#version(event.item_id, (this.#versions.get(event.item_id)?.at(-1) ?? "") + event.delta);
    } else if (event.type === "response.output_audio_transcript.done") {
      if (event.item_id !== undefined) this.#version(event.item_id, event.transcript);
    } else if (event.type === "input_audio_buffer.committed") {
      if (event.item_id === undefined) return;
      this.#said.push({ by: "caller", itemId: event.item_id, words: "", isAnswered: false });
    } else if (event.type === "conversation.item.input_audio_transcription.completed") {
      const turn = this.#said.findLast((said) => said.by === "caller" && said.itemId === event.item_id);
      if (turn?.by === "caller") turn.words = event.transcript.trim();
    }
  }

  #version(itemId: string, words: string): void {
    const versions = this.#versions.get(itemId) ?? [];
    versions.push(words);
    this.#versions.set(itemId, versions);
  }

  /** The caller has what they spoke for. */
  turnAnswered(): void {
    for (const said of this.#said) if (said.by === "caller") said.isAnswered = true;
  }

  /** The model was told of a key. */
  pressed(words: string): void {
    this.#said.push({ by: "key", words });
  }

  /** The session is gone. @param isTurn what has no answer is said again, and by another name */
  sessionLost(isTurn: boolean): void {
    if (!isTurn) return;
    const left = this.#said.filter((said) => said.by === "key" || said.isAnswered);
    this.#said.splice(0, this.#said.length, ...left);
  }

  /** @param keys that were pressed while there was no session: they may be told right behind the seed */
  seeded(items: readonly NewItem[], keys: number): void {
    const lines: string[] = [];
    for (const item of items) {
      if (item.type !== "message") continue;
      const [{ text }] = item.content;
      if (item.role === "user") lines.push(text);
      if (item.role === "assistant") this.#assistant(text);
    }
    const said = this.#said.map(({ words }) => words).filter((words) => words !== "");
    const late = Math.max(0, lines.length - said.length);
    const isSaid = lines.slice(0, lines.length - late).join("\n") === said.join("\n");
    hold("the seed holds what the caller said, in order", isSaid && late <= keys);
    for (const words of lines.slice(said.length)) this.pressed(words);
  }

  #assistant(text: string): void {
    const words = text.replace(/ …$/, "");
    const isBefore = this.#before.some((line) => line === words || line.startsWith(words));
    const isSaid = [...this.#versions.values()].some((versions) =>
      versions.some((version) => version.trim().startsWith(words)),
    );
    hold("the seed holds nothing that the assistant did not say", isBefore || isSaid);
  }
}
