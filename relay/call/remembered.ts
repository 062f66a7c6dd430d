/**
 * What outlives a session of the model's, or the relay's process, so that the call goes on where it was: the
 * conversation, and what must not be forgotten of it. It can be written as JSON and read back as it was.
 */

export type Line =
  /** In words as they were understood. */
  | { readonly by: "caller"; readonly words: string }
  /** `isCut`: the caller heard no more than this. */
  | { readonly by: "assistant"; readonly words: string; readonly isCut: boolean }
  /** A tool was called. `answer` is what the model was told of it; absent: it was at work, and nobody knows what came of it. */
  | {
      readonly by: "tool";
      readonly callId: string;
      readonly name: string;
      readonly args: string;
      readonly kind: "read" | "write";
      readonly answer?: string;
    };

export type Remembered = {
  readonly lines: readonly Line[];
  /** The assistant was speaking, or owed the caller an answer. */
  readonly owesAnswer: boolean;
  /** The call was handed over in a pause: the caller noticed nothing and is told nothing. */
  readonly isPlanned: boolean;
  /** Of the whole call, over all of its streams. */
  readonly elapsedMs: number;
  /** Millionths of a dollar, of the whole call. */
  readonly spentMicros: number;
  /** What responses that were under way may cost besides: if the process dies, nobody is told what they did. */
  readonly atRiskMicros?: number;
  /** The model has read what strangers may have written. */
  readonly isTainted: boolean;
  /** Writes of which nobody knows whether they were done, as tool-runs.ts tells them apart. */
  readonly unsure: readonly string[];
};
