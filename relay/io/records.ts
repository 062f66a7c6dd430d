/**
 * What must outlive a process, or be shared by several: which tokens were used, how calls ended, and the wrong PINs of
 * the last hour. Kept in one file (store.ts) or, by several machines behind one name, in one Redis (redis.ts). Both
 * do each of these in one step, so that of any number who come at once one is first.
 *
 * Anything here may throw (reject): then nothing was recorded as far as anybody knows, and nobody may come in.
 */
import { ENDINGS, type Ending } from "../call/ending.ts";

/** Twilio's longest call is a day; a captured webhook may come back long after. */
export const KEEP_S = 30 * 24 * 3600;
/** Six digits then last a caller's attacker six years on average. */
export const TRIES_AN_HOUR = 10;
export const HOUR_S = 3600;
/** Longer than a token lives, with the skew of its clocks: what is new may have forgotten the uses of so long. */
export const NEW_FOR_S = 70;

/** Why nothing could be recorded, in words that may be logged. */
export class RecordsFailure extends Error {
  readonly code: string;
  readonly mend: string;

  constructor(code: string, mend: string) {
    super(code);
    this.code = code;
    this.mend = mend;
  }
}

export type Use = {
  readonly jti: string;
  readonly callSid: string;
  readonly attempt: number;
  /** The token's own times, by the edge's clock, in seconds since 1970. */
  readonly issuedS: number;
  readonly expiresS: number;
};

export type Used = {
  /** False: it was used before, or an attempt of this call as high as this one was, or its time has passed. */
  readonly isFirst: boolean;
  /** The latest `issuedS` of all that were ever used: no clock of ours has a part in it. */
  readonly latestS: number;
};

export type LastKnown = {
  readonly jti: string;
  readonly ending: Ending | undefined;
  readonly attempt: number;
  /** The name of whom the caller is handed to, where that is the ending. */
  readonly transferTo?: string;
};

export type Spent = { readonly allowed: boolean; readonly left: number };

export type Records = {
  /** Records the use of a token: resolved once it would outlive a kill. */
  use(use: Use): Promise<Used>;
  /** Writes down how the stream that this token opened has ended. The first ending stands. */
  ended(stream: Pick<Use, "jti" | "callSid">, ending: Ending, transferTo?: string): Promise<void>;
  /** The newest stream of a call, if there was one; its ending is undefined while it lives, or if the relay died. */
  lastOf(callSid: string): Promise<LastKnown | undefined>;
  triesLeft(caller: string, nowS: number): Promise<number>;
  /** Takes one of the hour's tries, if one is left. The same try may be spent again, and is one. */
  spendTry(caller: string, tryId: string, nowS: number): Promise<Spent>;
  /** Gives one back; how many are then left. */
  refundTry(caller: string, tryId: string, nowS: number): Promise<number>;
  /** {@link Used.latestS}; 0 where nothing was used yet. */
  latestS(): Promise<number>;
  /** Writes what a use writes: what has room for less is not ready. */
  heartbeat(): Promise<void>;
  /** By the time that the tokens told, so that a clock gone wrong takes nothing away. */
  forgetOld(): Promise<void>;
  close(): void;
};

export const isEnding = (text: string): text is Ending => Object.hasOwn(ENDINGS, text);
