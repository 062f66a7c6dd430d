/**
 * What the model said, response by response: its words and its sound. The stand-in for the model knows it from its
 * script, the tap in front of the real one from what came by.
 */

export type Saying = {
  readonly words: string;
  readonly sound: Uint8Array;
  /** False while more may come. */
  readonly whole: boolean;
};

export type Voice = {
  /** Undefined for a response that nothing is known of. */
  said(responseId: string): Saying | undefined;
};
