/**
 * What may be done at once and what has to be agreed to first, by the laws of tool-terms.ts and by what has come of a
 * call so far: what strangers wrote makes it stricter, and so does a write of which nobody knows.
 */
import type { Remembered } from "../../../../relay/call/remembered.ts";
import type { ToolOutcome } from "../../../../relay/call/tools.ts";
import { hold } from "./broken.ts";
import type { Asked } from "./consent-watch.ts";
import { keyOf, requestIn } from "./texts.ts";
import { LAWS } from "./tool-terms.ts";

type Need = "allow" | "confirm" | "read out" | "keypad" | "deny";

export class LawBook {
  /** Writes of which nobody knows whether they were done. */
  readonly #lost = new Set<string>();
  #isTainted: boolean;

  constructor(before: Remembered | undefined) {
    this.#isTainted = before?.isTainted ?? false;
    for (const each of before?.unsure ?? []) this.#lost.add(keyOf(requestIn(each)));
  }

  ended(run: Asked, outcome: ToolOutcome): void {
    if (outcome.is === "lost") this.lost(run);
    if (outcome.is === "answered" && LAWS[run.name]?.taints) this.#isTainted = true;
  }

  /** Nobody knows what came of it. */
  lost(run: Asked): void {
    if (LAWS[run.name]?.kind === "write") this.#lost.add(keyOf(run));
  }

  /** "read out": by code, but answered with a word or a key. */
  needOf({ name, args }: Asked, isTranscribed: boolean): Need {
    const law = LAWS[name];
    if (law === undefined) return "deny";
    if (law.rule === "confirm" && this.#isTainted && (law.reaches || !isTranscribed)) return "keypad";
    const isLost = law.kind === "write" && this.#lost.has(keyOf({ name, args }));
    const need = law.rule === "allow" && isLost ? "confirm" : law.rule;
    return need === "confirm" && this.#isTainted ? "read out" : need;
  }

  /** What another process is told. */
  kept({ unsure, isTainted }: Remembered, running: readonly Asked[]): void {
    const known = new Set(unsure.map((each) => keyOf(requestIn(each))));
    const writes = running.filter(({ name }) => LAWS[name]?.kind === "write").map(keyOf);
    const isKnown = [...this.#lost, ...writes].every((key) => known.has(key));
    hold("a write that may have been done is not forgotten", isKnown);
    hold("a call that has read what strangers wrote is not trusted again", isTainted || !this.#isTainted);
  }
}
