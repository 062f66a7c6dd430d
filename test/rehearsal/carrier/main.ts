/**
 * The carrier in a process of its own, so that what it measures is not disturbed by what it measures:
 *
 *   bun test/rehearsal/carrier/main.ts '{"mode":"call", …}'      options as the argument, or as stdin's first line
 *
 * It prints one JSON object a line: the events of the timeline, then `report`. Further lines on stdin are what the
 * caller does: {"do":"say","mulaw":"<base64>"}, {"do":"press","digit":"3"}, {"do":"hush"}, {"do":"hangUp"},
 * {"do":"ear"}. The end of stdin is not a hang-up. Options that make no sense: exit 2, and why on stderr.
 */

import { createInterface } from "node:readline";
import { z } from "zod";
import { type Handset, openStream, placeCall } from "./carrier.ts";
import type { Ear } from "./ear.ts";
import { runLoad } from "./load.ts";
import { ticker } from "./ticker.ts";

const Network = z.strictObject({
  oneWayMs: z.number().min(0),
  jitterMs: z.number().min(0),
  seed: z.int(),
});
const signature = z.enum(["wrong", "none"]).optional();
const StreamSabotage = z.strictObject({
  streamSignature: signature,
  startCallSid: z.string().optional(),
  startAccountSid: z.string().optional(),
  omitStart: z.boolean().optional(),
  repeatStart: z.boolean().optional(),
  ignoreClear: z.boolean().optional(),
});
const account = { accountSid: z.string(), authToken: z.string(), network: Network.optional() };
const line = {
  ...account,
  callSid: z.string().optional(),
  omitSilence: z.boolean().optional(),
  keep: z.enum(["all", "counts"]).optional(),
};
const stream = {
  url: z.string(),
  streamSid: z.string().optional(),
  parameters: z.record(z.string(), z.string()).optional(),
};

const Milliseconds = z.number().min(0);
const FarEnd = z.discriminatedUnion("does", [
  z.strictObject({ does: z.literal("answer"), afterMs: Milliseconds, talkMs: Milliseconds }),
  z.strictObject({ does: z.literal("ring") }),
  z.strictObject({ does: z.enum(["busy", "fail"]), afterMs: Milliseconds }),
]);

const Options = z.discriminatedUnion("mode", [
  z.strictObject({
    mode: z.literal("call"),
    ...line,
    voiceUrl: z.string(),
    fallbackUrl: z.string().optional(),
    from: z.string(),
    to: z.string(),
    stirVerstat: z.string().optional(),
    phoneBook: z.record(z.string(), FarEnd).optional(),
    sabotage: StreamSabotage.extend({ webhookSignature: signature }).optional(),
    pace: z.strictObject({ sayMsPerCharacter: z.number().min(0), secondMs: z.number().min(0) }).optional(),
  }),
  z.strictObject({ mode: z.literal("stream"), ...line, ...stream, sabotage: StreamSabotage.optional() }),
  z.strictObject({
    mode: z.literal("load"),
    ...account,
    streams: z.array(z.strictObject({ ...stream, callSid: z.string().optional() })).min(1),
    spacingMs: z.number().min(0).default(20),
    seconds: z.number().positive(),
    speak: z.boolean().default(true),
  }),
]);

const Command = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("say"), mulaw: z.base64() }),
  z.strictObject({ do: z.literal("press"), digit: z.string().regex(/^[0-9#*A-D]$/) }),
  z.strictObject({ do: z.literal("hush") }),
  z.strictObject({ do: z.literal("hangUp") }),
  z.strictObject({ do: z.literal("ear") }),
]);

const print = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

function refuse(what: string): never {
  process.stderr.write(`${what}\n`);
  process.exit(2);
}

function parseLine<Parsed>(schema: z.ZodType<Parsed>, text: string, name: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    refuse(`${name}: not JSON`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) refuse(`${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Base64 of everything heard, if it was kept; how much of each byte value, which is enough for tagged audio. */
function describeEar(ear: Ear, withAudio: boolean) {
  const heardOf: Record<string, number> = {};
  for (let byte = 0; byte < 256; byte++) {
    const samples = ear.heardOf(byte);
    if (samples > 0) heardOf[byte] = samples;
  }
  return {
    answeredAtMs: ear.answeredAtMs,
    samples: ear.samples,
    playedSamples: ear.playedSamples,
    bufferedSamples: ear.bufferedSamples(),
    firstAudioAfterAnswerMs: ear.firstAudioAfterAnswerMs,
    clears: ear.clears,
    heardOf,
    ...(withAudio ? { mulaw: Buffer.from(ear.bytes()).toString("base64") } : {}),
  };
}

function obey(handset: Handset, text: string, withAudio: boolean): void {
  const command = parseLine(Command, text, "command");
  switch (command.do) {
    case "say":
      handset.say(Buffer.from(command.mulaw, "base64")).then((outcome) => print({ kind: "spoken", outcome }));
      return;
    case "press":
      handset.press(command.digit);
      return;
    case "hush":
      handset.hush();
      return;
    case "hangUp":
      handset.hangUp();
      return;
    case "ear":
      print({ kind: "ear", atMs: handset.nowMs(), ...describeEar(handset.ear, withAudio) });
      return;
    default:
      command satisfies never;
  }
}

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first = process.argv[2] ?? (await input.next()).value;
if (first === undefined) refuse("options: one JSON line, as the argument or on stdin");
const options = parseLine(Options, first, "options");

async function take(handset: Handset, withAudio: boolean): Promise<void> {
  for (;;) {
    const next = await input.next();
    if (next.done === true) return;
    if (next.value.trim() !== "") obey(handset, next.value, withAudio);
  }
}

switch (options.mode) {
  case "load": {
    print({ kind: "report", ...(await runLoad(options, () => print({ kind: "all-open" }))) });
    break;
  }
  case "call": {
    const withAudio = options.keep !== "counts";
    const call = placeCall({ ...options, onEvent: print });
    print({ kind: "dialled", callSid: call.callSid });
    take(call, withAudio);
    const { endedBy, durationMs, said, ear } = await call.ended;
    const { worstLateMs: worstTickLateMs } = ticker;
    print({ kind: "report", endedBy, durationMs, said, worstTickLateMs, ear: describeEar(ear, withAudio) });
    break;
  }
  case "stream": {
    const withAudio = options.keep !== "counts";
    const opened = openStream({ ...options, onEvent: print });
    print({ kind: "dialled", callSid: opened.callSid, streamSid: opened.streamSid });
    take(opened, withAudio);
    const { by, code, error, opening, durationMs, frames, ear } = await opened.ended;
    const outcome = { by, code, error, opening, durationMs, frames, worstTickLateMs: ticker.worstLateMs };
    print({ kind: "report", ...outcome, ear: describeEar(ear, withAudio) });
    break;
  }
  default:
    options satisfies never;
}
// Only once everything printed has left: a pipe may be slow.
process.stdout.end(() => process.exit(0));
