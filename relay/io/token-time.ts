/**
 * The time by which tokens are judged. It never goes backwards: a machine's clock that is set back revives no token.
 *
 * Nor may a clock that once leapt ahead lock every caller out for ever, so what a leap says is never remembered.
 * Remembered is what two witnesses say: the monotonic clock, which counts on from the last reading that was believed;
 * and the edge, whose clock is another machine's, by when it made the tokens that were used. Only the latter outlives
 * the process. While the clock is ahead of both it is followed all the same, for a machine that slept is ahead too:
 * then tokens of the true time look expired, nobody comes in, and the log says why.
 */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** As far as a token's two clocks may disagree (relay/jwt.ts): less than this refuses nobody. */
const LEAP_S = 5;

export class TokenTime {
  readonly #clock: Clock;
  readonly #log: Log;
  /** The last time that was believed, and when. */
  #anchorS: number;
  #anchorMs: number;
  /** The highest that was told and not a leap. */
  #highestS: number;
  #state: "right" | "ahead" | "behind" = "right";

  /** @param latestS when the newest token was made that was ever used; 0 if none was */
  constructor(clock: Clock, latestS: number, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#anchorS = Math.max(clock.unixS(), latestS);
    this.#anchorMs = clock.monotonicMs();
    this.#highestS = this.#anchorS;
  }

  nowS(): number {
    const clockS = this.#clock.unixS();
    const expectedS = this.#expectedS();
    const aheadS = clockS - expectedS;
    if (aheadS > LEAP_S) {
      this.#tell("ahead", aheadS);
      return Math.max(clockS, this.#highestS);
    }
    if (aheadS < -LEAP_S) {
      this.#tell("behind", -aheadS);
      this.#highestS = Math.max(this.#highestS, expectedS);
      return this.#highestS;
    }
    this.#state = "right";
    this.#believe(clockS);
    this.#highestS = Math.max(this.#highestS, clockS);
    return this.#highestS;
  }

  /** A token that was made then was good, and has been used. */
  saw(issuedS: number): void {
    this.#highestS = Math.max(this.#highestS, issuedS);
    if (issuedS > this.#expectedS()) this.#believe(issuedS);
  }

  #expectedS(): number {
    return this.#anchorS + Math.floor((this.#clock.monotonicMs() - this.#anchorMs) / 1000);
  }

  #believe(atS: number): void {
    this.#anchorS = atS;
    this.#anchorMs = this.#clock.monotonicMs();
  }

  #tell(state: "ahead" | "behind", byS: number): void {
    if (this.#state === state) return;
    this.#state = state;
    if (state === "ahead") {
      const mend =
        "this machine slept, or its clock is wrong: if tokens are refused as expired, set it right";
      this.#log({ event: "clock.ahead", level: "warn", byS, mend });
    } else {
      const mend =
        "set this machine's clock right; if it is, restart the relay; until then calls may be refused";
      this.#log({ event: "clock.behind", level: "warn", byS, mend });
    }
  }
}
