/**
 * What `npm run prove` prints: one row for each figure, with the bound that it is held to. A group is a list of
 * proofs, each of which yields its rows and tells its progress meanwhile.
 */
export type Row = {
  readonly group: string;
  /** Which line of the promise it belongs to, as a short sentence. */
  readonly what: string;
  readonly bound: string;
  readonly measured: string;
  readonly ok: boolean;
};

export type Progress = (words: string) => void;

export type Proof = {
  readonly name: string;
  readonly run: (progress: Progress) => Promise<readonly Omit<Row, "group">[]>;
};

/** The value below which a share of the sorted values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
