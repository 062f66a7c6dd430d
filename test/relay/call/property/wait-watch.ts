/** Why the caller waits in silence, if they may: there is no session, or it has nothing to say to them. */
import type { SessionWatch } from "./session-watch.ts";
import type { TurnWatch } from "./turn-watch.ts";

export type Wait = {
  readonly since: number;
  readonly why: "cut" | "unheard" | "down" | "start" | "owed" | "tool";
  /** They wait for a session, and not only for what it may have to say. */
  readonly isDown: boolean;
};

export class WaitWatch {
  readonly #sessions: SessionWatch;
  /** They were cut off from the last session in the middle of a word. */
  isCut = false;
  /** They may have spoken to a session that was not listening. */
  isUnheard = false;
  /** They have been sent something that a session said. */
  isHeard = false;

  constructor(sessions: SessionWatch) {
    this.#sessions = sessions;
  }

  /** @param toolsSince since when a tool is at work */
  since(
    startedAt: number | undefined,
    { silentSince, hasSpoken }: TurnWatch,
    toolsSince: number | undefined,
  ): Wait | undefined {
    const { downSince } = this.#sessions;
    const isDown = downSince !== undefined;
    if (startedAt === undefined) return undefined;
    if (!isDown && toolsSince !== undefined) return { since: toolsSince, why: "tool", isDown };
    if (!isDown && silentSince === undefined) return undefined;
    if (!this.isHeard && (isDown || !hasSpoken)) return { since: startedAt, why: "start", isDown };
    if (isDown) {
      const why = this.isCut ? "cut" : this.isUnheard ? "unheard" : "down";
      return { since: downSince, why, isDown };
    }
    return silentSince === undefined ? undefined : { since: silentSince, why: "owed", isDown };
  }
}
