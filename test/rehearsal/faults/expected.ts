/**
 * What is to come of a fault: what the caller must hear and by when, how long it may be silent, and how it goes on. The
 * times are the table's, "The line, fault by fault"; where it names none, they are what a caller bears.
 */
import type { Clip } from "../../../relay/call/clips.ts";
import type { Tone } from "./role.ts";

export const PHASES = [
  "handshake",
  "start",
  "greeting",
  "caller speaks",
  "assistant speaks",
  "tool runs",
  "hanging up",
] as const;
export type Phase = (typeof PHASES)[number];

/** "said": by Twilio's voice. */
export type Heard = Clip | Tone | "said";

export type Outcome =
  /** The caller's next question is answered, in the same call. */
  | "goes on"
  /** The relay apologises with a clip, heard whole, and closes; nothing is said after it. */
  | "told"
  /** Twilio's voice apologises, and the call is over. */
  | "apology"
  /** The goodbye was being said: the caller hears all of it, and the line is closed. */
  | "leaves"
  /** The goodbye was being said, and the stream went under it: the call ends after it, or it is brought back. */
  | "leaves or goes on"
  /** It is the caller who goes. */
  | "is left";

export type Expected = {
  /** The first sound that tells the caller anything about it. */
  readonly by: readonly Heard[];
  readonly withinS: number;
  /** The longest silence until it is over, whenever it is not the caller who speaks. */
  readonly silentS: number;
  readonly outcome: Outcome;
};
export type Impossible = { readonly not: string };
export type Expectations = Readonly<Record<Phase, Expected | Impossible>>;

const ANY: readonly Heard[] = [
  "one_moment",
  "said",
  "greeting",
  "answer",
  "goingOn",
  "told",
  "goodbye",
  "filler",
];
const WORDS: readonly Heard[] = ["greeting", "answer", "goingOn", "told"];
const leaves: Expected = { by: ["goodbye"], withinS: 1, silentS: 3, outcome: "leaves" };

/** The same for all phases but those that are named. */
export const inAll = (usual: Expected, but: Partial<Expectations> = {}): Expectations => ({
  handshake: usual,
  start: usual,
  greeting: usual,
  "caller speaks": usual,
  "assistant speaks": usual,
  "tool runs": usual,
  "hanging up": usual,
  ...but,
});

/** The model's session is gone, and another one can be had. */
export const sessionLost: Expectations = inAll(
  { by: ["one_moment"], withinS: 1, silentS: 4, outcome: "goes on" },
  {
    handshake: { by: ["one_moment", "greeting"], withinS: 2, silentS: 4, outcome: "goes on" },
    start: { by: ["one_moment", "greeting"], withinS: 2, silentS: 4, outcome: "goes on" },
    // What they were saying is what matters: they are answered, or asked to wait.
    "caller speaks": { by: ["one_moment", "answer", "goingOn"], withinS: 2, silentS: 4, outcome: "goes on" },
    // Who waits for a tool is told so by the rule for tools, unless there is nobody who could say it.
    "tool runs": {
      by: ["one_moment", "filler", "told", "goingOn"],
      withinS: 2,
      silentS: 4,
      outcome: "goes on",
    },
    "hanging up": leaves,
  },
);

/** There is no session to be had any more. */
export const modelGone: Expectations = inAll(
  { by: ["one_moment", "sorry"], withinS: 1, silentS: 6, outcome: "told" },
  {
    handshake: { by: ["one_moment", "sorry"], withinS: 2, silentS: 6, outcome: "told" },
    start: { by: ["one_moment", "sorry"], withinS: 2, silentS: 6, outcome: "told" },
    "caller speaks": { by: ["one_moment", "sorry"], withinS: 2, silentS: 6, outcome: "told" },
    "tool runs": { by: ["one_moment", "sorry"], withinS: 2, silentS: 6, outcome: "told" },
    "hanging up": leaves,
  },
);

/** The model is there and says nothing: it cannot be told at once from one that thinks. */
export const modelMute: Expectations = inAll(
  { by: ["one_moment", "goingOn", "told"], withinS: 5.5, silentS: 5, outcome: "goes on" },
  {
    // Whoever waits is told so every 4 s, and the way to the ear takes its time.
    handshake: { by: ["one_moment", "greeting"], withinS: 2, silentS: 4.5, outcome: "goes on" },
    start: { by: ["one_moment", "greeting"], withinS: 2, silentS: 4.5, outcome: "goes on" },
    "caller speaks": { by: ["one_moment", "answer", "goingOn"], withinS: 5, silentS: 5, outcome: "goes on" },
    "hanging up": leaves,
  },
);

/** Nothing happens: everything goes on as it would have. */
export const nothing: Expectations = inAll(
  { by: ANY, withinS: 1, silentS: 2, outcome: "goes on" },
  {
    handshake: { by: ["greeting"], withinS: 2, silentS: 2, outcome: "goes on" },
    start: { by: ["greeting"], withinS: 2, silentS: 2, outcome: "goes on" },
    "caller speaks": { by: ["answer"], withinS: 2, silentS: 2, outcome: "goes on" },
    "tool runs": { by: ["told", "filler"], withinS: 3, silentS: 3, outcome: "goes on" },
    "hanging up": leaves,
  },
);

/** Nothing happens but that it takes so much longer. */
export function later(byS: number): Expectations {
  const late = (one: Expected | Impossible): Expected | Impossible =>
    "not" in one
      ? one
      : { ...one, by: [...one.by, "one_moment"], withinS: one.withinS + byS, silentS: one.silentS + byS };
  return {
    handshake: late(nothing.handshake),
    start: late(nothing.start),
    greeting: late(nothing.greeting),
    "caller speaks": late(nothing["caller speaks"]),
    "assistant speaks": late(nothing["assistant speaks"]),
    "tool runs": late(nothing["tool runs"]),
    "hanging up": late(nothing["hanging up"]),
  };
}

/** The stream is gone, and the call is brought back. */
export const broughtBack = (withinS: number, silentS = withinS): Expectations =>
  inAll(
    { by: ["said", "one_moment", ...WORDS], withinS, silentS, outcome: "goes on" },
    { "hanging up": { by: ANY, withinS, silentS, outcome: "leaves or goes on" } },
  );

/** Nothing can be done but say so. */
export const apology = (withinS: number, silentS = withinS): Expectations =>
  inAll(
    { by: ["said"], withinS, silentS, outcome: "apology" },
    { "hanging up": { by: ["said", "goodbye"], withinS, silentS, outcome: "apology" } },
  );
