/**
 * How often and how patiently servers are asked.
 */
export type Pace = {
  readonly connectWithinMs: number;
  readonly listWithinMs: number;
  readonly pingWithinMs: number;
  /** Between two proofs that a server is still there, which also keep its connection warm. */
  readonly pingEveryMs: number;
  readonly relistEveryMs: number;
  /** Changes of a list come in swarms; after each the next is waited for twice as long, until there was calm. */
  readonly settleMs: number;
  readonly calmAfterMs: number;
  /** From one attempt to the next; the last for all later ones. */
  readonly againAfterMs: readonly [number, ...number[]];
  /** Where only the owner can help. */
  readonly ownerAgainAfterMs: number;
};

export const PACE: Pace = {
  connectWithinMs: 10_000,
  listWithinMs: 20_000,
  pingWithinMs: 10_000,
  pingEveryMs: 30_000,
  relistEveryMs: 10 * 60_000,
  settleMs: 500,
  calmAfterMs: 2 * 60_000,
  againAfterMs: [1_000, 2_000, 5_000, 10_000, 30_000, 60_000],
  ownerAgainAfterMs: 5 * 60_000,
};

/** Many relays that lost the same server do not come back to it in step. */
export const nearly = (ms: number): number => ms * (0.8 + 0.4 * Math.random());
