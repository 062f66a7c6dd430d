/** A row of the matrix: what is broken, how it is done in each phase, and what is to come of it. */
import type { Expectations, Phase } from "./expected.ts";
import type { Frame } from "./frames.ts";
import type { Passage, Side } from "./passage.ts";
import type { Door } from "./proxy.ts";
import type { Stage } from "./stage.ts";

export type Fault = {
  readonly name: string;
  /** Which of the relay's partners it is about, and so at whose sign the phase "start" has come. */
  readonly side: "model" | "line";
  /**
   * In the phase "handshake", before anybody has called.
   * @param struck to be called when it has struck, if that is later than now
   */
  readonly arm: (stage: Stage, struck: () => void) => void | Promise<void>;
  /** In all other phases, at once. */
  readonly strike: (stage: Stage, phase: Phase) => void | Promise<void>;
  readonly expected: Expectations;
  /** The tools are what is broken: the caller wants something of them afterwards. */
  readonly asksForTools?: true;
};

/** Acts on the next WebSocket through this door, right after the first frame that is the right one. */
export function atFrame(
  door: Door,
  isIt: (frame: Frame, to: Side) => boolean,
  act: (passage: Passage) => void,
): void {
  door.watch = (frame, to) => {
    const passage = door.stream;
    if (passage === undefined || !isIt(frame, to)) return true;
    door.watch = undefined;
    passage.watch(undefined);
    queueMicrotask(() => act(passage));
    return true;
  };
}
