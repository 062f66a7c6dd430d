/** The Functions, by their names under /voice/: each becomes a public URL, and nothing else may. */
export const ENTRIES = [
  "call-status",
  "ended",
  "fallback",
  "incoming",
  "message",
  "pin",
  "stream-status",
  "transferred",
] as const;
