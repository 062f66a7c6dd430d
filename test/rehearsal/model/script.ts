/**
 * What the stand-in will say: a list of turns, or a function asked anew for every response.
 *
 * The shapes are data wherever they can be, so that the stand-in can be driven from another process by JSON. It
 * may not know of sockets or timers.
 */
import { z } from "zod";
import { type ClipName, clip, clipNames, durationMs, taggedAudio, wordsOf } from "../audio/clips.ts";
import type { Item } from "./conversation.ts";
import type { RemoteTool } from "./remote-tools.ts";
import type { Tool, ToolChoice } from "./tool-shape.ts";

const isClip = (name: string): name is ClipName => clipNames.some((known) => known === name);
const Clip = z.custom<ClipName>((name) => typeof name === "string" && isClip(name), "no such clip");
const Tag = z.number().int().min(1).max(250);
const Audible = z.union([
  z.strictObject({ clip: Clip }),
  /** Sound of one byte value, for measurements: see taggedAudio. */
  z.strictObject({
    tag: Tag,
    ms: z.number().positive(),
    words: z.string().optional(),
  }),
  z.strictObject({ say: z.instanceof(Uint8Array), words: z.string() }),
  /** Any words, in a tone that lasts as long as they would. */
  z.strictObject({ speak: z.string(), tag: Tag.optional() }),
]);
const Call = z.strictObject({
  call: z.string(),
  /** A text goes out as it is: models write JSON that is none, too. */
  arguments: z.union([z.record(z.string(), z.unknown()), z.string()]),
  callId: z.string().optional(),
});
/** A tool of an MCP server that the live service calls by itself. */
const Remote = z.strictObject({
  mcp: z.string(),
  server: z.string(),
  arguments: z.record(z.string(), z.unknown()),
});
/** One item of a response: a message, or a call. */
export const Output = z.union([Audible, Call, Remote]);
export type Output = z.infer<typeof Output>;

const Ending = z.discriminatedUnion("status", [
  z.strictObject({
    status: z.literal("incomplete"),
    reason: z.enum(["max_output_tokens", "content_filter"]),
    /** After this much of the response's sound; without it, after all of it. */
    afterMs: z.number().optional(),
  }),
  z.strictObject({
    status: z.literal("failed"),
    code: z.string(),
    message: z.string().default("The server had an error while processing your request."),
    afterMs: z.number().optional(),
  }),
]);
export type Ending = z.infer<typeof Ending>;

export const Delivery = z.strictObject({
  /** Times real time. Below 1 the listener's queue runs dry. */
  pace: z.number().positive(),
  /** The length of a delta; a pair is a range to vary within. */
  deltaMs: z.union([
    z.number().min(1),
    z.tuple([z.number().min(1), z.number().min(1)]).refine(([low, high]) => low <= high),
  ]),
  /** From the response's creation to its first item. */
  thinkMs: z.number().min(0),
  /** From an item's announcement to its first sound. */
  announceMs: z.number().min(0),
  /** How many more deltas of an interrupted response still arrive after speech_started, as happens live. */
  lateDeltas: z.number().int().min(0),
  /** The line from the server stalls: after so much of the response's sound, nothing for a while. */
  stall: z.strictObject({ afterMs: z.number().min(0), forMs: z.number().min(0) }).nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

export const Reply = z.union([
  z.array(Output),
  z.strictObject({ output: z.array(Output), ends: Ending.optional(), ...Delivery.partial().shape }),
]);
export type Reply = z.input<typeof Reply>;

export const Turn = z.strictObject({
  /** Which responses this turn is for; without it, whichever comes next. */
  on: z.enum(["create", "speech", "idle"]).optional(),
  /** Only a response.create whose metadata holds these pairs. */
  metadata: z.record(z.string(), z.string()).optional(),
  /** Only responses out of band; without it, only those of the conversation. */
  outOfBand: z.boolean().optional(),
  reply: Reply,
});
export type Turn = z.input<typeof Turn>;

/** What the script may know when it is asked for a reply. */
export type Occasion = {
  /** The client's response.create, the end of the caller's speech, or the idle timeout. */
  readonly cause: "create" | "speech" | "idle";
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the response if it has its own, otherwise of the session. */
  readonly instructions: string;
  /** `conversation: "none"`. */
  readonly outOfBand: boolean;
  /** Responses of this session so far, this one included. */
  readonly response: number;
  /** The caller's turns so far. */
  readonly turn: number;
  /** What the caller's last turn is scripted to have said. */
  readonly heard: string | undefined;
  /** The same as it was transcribed, if it has been by now. */
  readonly transcript: string | undefined;
  /** Answers to function calls and results of MCP calls since the last response. */
  readonly outputs: ReadonlyArray<{
    readonly callId: string;
    readonly name: string;
    readonly output: string;
  }>;
  /** Text items since the last response: keys pressed, notes to the model. */
  readonly texts: readonly string[];
  /** Of the response if it has its own, otherwise of the session. */
  readonly tools: readonly Tool[];
  /** Of the functions among them. */
  readonly toolNames: readonly string[];
  /** What of the session's MCP servers can be called now. */
  readonly remoteTools: readonly RemoteTool[];
  /** Calls of those that wait for the client's approval. */
  readonly approvals: readonly Item[];
  /** What the model may and must call, likewise. */
  readonly toolChoice: ToolChoice;
  /** As it stands in the conversation, oldest first. */
  readonly conversation: readonly Item[];
  readonly session: number;
};

/** The script asks for what no model would do. The rehearsal is wrong, not what is rehearsed. */
export class ScriptError extends Error {}

export type Script = readonly Turn[] | ((occasion: Occasion) => Reply);

export type Plan = {
  readonly output: readonly Output[];
  readonly ends: Ending | undefined;
  readonly delivery: Delivery;
};

/**
 * What is said when a list of turns has nothing to say. Out of band that is what the instructions tell it to read: a
 * model that knows of nothing else can do little else.
 */
const otherwise = ({ outOfBand, instructions }: Occasion): Reply =>
  outOfBand ? [{ speak: quotedIn(instructions) }] : [{ clip: "assistant-cando" }];

/** The last text in the instructions that stands in JSON's quotes; without one, all of them. */
export function quotedIn(instructions: string): string {
  const quoted = instructions.match(/"(?:[^"\\]|\\.)*"/g)?.at(-1);
  return quoted === undefined ? instructions : z.string().parse(JSON.parse(quoted));
}

/** One session's way through the script. */
export function readingOf(script: Script, usual: Delivery): (occasion: Occasion) => Plan {
  if (typeof script === "function") return (occasion) => planOf(script(occasion), usual);
  const left = [...script];
  return (occasion) => {
    const at = left.findIndex((turn) => fits(turn, occasion));
    const [turn] = at < 0 ? [] : left.splice(at, 1);
    return planOf(turn?.reply ?? otherwise(occasion), usual);
  };
}

const fits = (turn: Turn, { cause, metadata, outOfBand }: Occasion): boolean =>
  (turn.on === undefined || turn.on === cause) &&
  (turn.outOfBand ?? false) === outOfBand &&
  Object.entries(turn.metadata ?? {}).every(([key, value]) => metadata[key] === value);

function planOf(given: Reply, usual: Delivery): Plan {
  const reply = Reply.parse(given);
  if (Array.isArray(reply)) return { output: reply, ends: undefined, delivery: usual };
  return {
    output: reply.output,
    ends: reply.ends,
    delivery: {
      pace: reply.pace ?? usual.pace,
      deltaMs: reply.deltaMs ?? usual.deltaMs,
      thinkMs: reply.thinkMs ?? usual.thinkMs,
      announceMs: reply.announceMs ?? usual.announceMs,
      lateDeltas: reply.lateDeltas ?? usual.lateDeltas,
      stall: reply.stall === undefined ? usual.stall : reply.stall,
    },
  };
}

/** As fast as people talk. */
const MS_PER_CHAR = 60;
const SPEAKING_TAG = 120;

export type Sound = { readonly bytes: Uint8Array; readonly words: string };

export function soundOf(output: z.infer<typeof Audible>): Sound {
  if ("clip" in output) return { bytes: clip(output.clip), words: wordsOf(output.clip) };
  if ("say" in output) return { bytes: output.say, words: output.words };
  if ("speak" in output) {
    const { speak: words, tag = SPEAKING_TAG } = output;
    return { bytes: taggedAudio(tag, Math.max(1, words.length) * MS_PER_CHAR), words };
  }
  const bytes = taggedAudio(output.tag, output.ms);
  return { bytes, words: output.words ?? `Tone ${output.tag} for ${durationMs(bytes)} ms.` };
}
