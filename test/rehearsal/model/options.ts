/**
 * What a rehearsal may ask of the stand-in: what it says, how fast, what it refuses, and how its line fails.
 * All of it but the two functions is data, so that the stand-in runs as its own process as well.
 */
import { z } from "zod";
import type { Notable } from "./records.ts";
import { Delivery, type Script, Turn } from "./script.ts";
import { MODELS } from "./settings.ts";
import { Heard, type HeardInput, heardFrom } from "./transcriber.ts";

/** The nth event of a type that the server sends, counted within a session. */
const Trigger = {
  on: z.string(),
  nth: z.number().int().min(1).default(1),
  afterMs: z.number().min(0).default(0),
};

/** What is wrong with one connection. */
export const Fault = z.strictObject({
  /** The handshake is answered with this status instead of 101. */
  refuseStatus: z.number().int().min(400).max(599).optional(),
  /** The handshake succeeds, and an error and a close follow: how a bad key or an empty account can also show. */
  turnAway: z.enum(["invalid_api_key", "insufficient_quota"]).optional(),
  /** The 101 takes so long. */
  openAfterMs: z.number().min(0).optional(),
  /** session.created takes so long, or never comes. */
  createdAfterMs: z.union([z.number().min(0), z.literal("never")]).optional(),
  /** "reset" cuts the TCP connection, "mute" leaves it open and sends nothing more. */
  drop: z
    .strictObject({
      ...Trigger,
      how: z.union([
        z.enum(["reset", "mute"]),
        z.strictObject({ code: z.number().int().min(1000).max(4999), reason: z.string().default("") }),
      ]),
    })
    .optional(),
  /** The session's end, as after 60 minutes live: `session_expired`, then close 1001. */
  expireAfterMs: z.number().min(0).optional(),
});
export type Fault = z.infer<typeof Fault>;

const Data = z.strictObject({
  port: z.number().int().min(0).max(65535).default(0),
  /** What `Authorization: Bearer …` must carry. */
  key: z.string().default("sk-rehearsal"),
  models: z.array(z.string()).default([...MODELS]),
  /** Session.temperature is gone from the GA API; other servers of this protocol may still take it. */
  accepts: z.strictObject({ temperature: z.boolean().default(false) }).default({ temperature: false }),
  /** Paths to refuse on top, as in "session.audio.input.noise_reduction". */
  refuses: z.array(z.string()).default([]),
  /** From the end of a turn of the caller's to its words in writing. */
  transcribesAfterMs: z.number().min(0).default(0),
  /** Whether a response ends before the results of its MCP calls are there, as it does live. */
  mcpResults: z.enum(["after", "before"]).default("after"),
  /** Of the first connection, the second …; after the list's end nothing is wrong. */
  faults: z.array(Fault).default([]),
  /** Of every connection that the list says nothing of. */
  fault: Fault.default({}),
  keepInput: z.boolean().default(false),
  ...Delivery.partial().shape,
});
/** What the caller's nth turn is taken to have said: the transcription, and a hint for the script. */
const Hears = z.array(z.union([z.string(), Heard])).default([]);
export const DataOptions = z.strictObject({
  ...Data.shape,
  hears: Hears,
  script: z.array(Turn).default([]),
});

export type ModelOptions = z.input<typeof Data> & {
  readonly script?: Script;
  /** As data, or asked for each turn, counted from 1. */
  readonly hears?: readonly HeardInput[] | ((turn: number) => HeardInput | undefined);
  readonly onEvent?: (event: Notable) => void;
};

export type Options = Omit<z.infer<typeof Data>, keyof Delivery> & {
  readonly delivery: Delivery;
  readonly script: Script;
  readonly hears: (turn: number) => Heard | undefined;
};

export function optionsFrom({ script = [], hears = [], onEvent: _, ...given }: ModelOptions): Options {
  const { pace, deltaMs, thinkMs, announceMs, lateDeltas, stall, ...rest } = Data.parse(given);
  const hear = typeof hears === "function" ? hears : (turn: number) => hears[turn - 1];
  return {
    ...rest,
    hears: (turn) => {
      const heard = hear(turn);
      return heard === undefined ? undefined : heardFrom(heard);
    },
    script: typeof script === "function" ? script : z.array(Turn).parse(script),
    delivery: {
      pace: pace ?? 4,
      deltaMs: deltaMs ?? 200,
      thinkMs: thinkMs ?? 150,
      announceMs: announceMs ?? 40,
      lateDeltas: lateDeltas ?? 0,
      stall: stall ?? null,
    },
  };
}
