/**
 * The load, in a process of its own, so that what it costs is not charged to what is measured: the carrier's side and
 * the model's side of every call, which gives both ends of a frame's way one clock.
 *
 *   bun test/bench/load.ts      one JSON command a line on stdin, one JSON answer a line on stdout
 *
 * It first says where its model listens; the process under test must be told. It reads that process's figures
 * itself, at the very moments between which it measures.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import { CarrierLine } from "./carrier-side.ts";
import { type Model, ModelSide } from "./model-side.ts";
import { Pulse } from "./pulse.ts";
import { spreadOf, Tally, Way } from "./tally.ts";
import { cpuMs, residentBytes } from "./usage.ts";

export const Command = z.strictObject({
  /** The process under test. */
  pid: z.int().positive(),
  streams: z.array(
    z.strictObject({
      url: z.string(),
      accountSid: z.string(),
      authToken: z.string(),
      callSid: z.string(),
      parameters: z.record(z.string(), z.string()),
    }),
  ),
  deltas: z.enum(["steady", "bursts"]),
  /** Before it is measured: compilers and heaps settle. */
  settleMs: z.number().positive(),
  measureMs: z.number().positive(),
});
export type Command = z.infer<typeof Command>;

export const Measured = z.object({
  up: Way,
  down: Way,
  marks: z.number(),
  /** Processor time of the process under test for one second of one call. */
  cpuMsPerCallSecond: z.number(),
  residentBytesBefore: z.number(),
  residentBytes: z.number(),
  /** From the hang-up of all calls until every socket of theirs was closed, on both sides. */
  closedMs: z.number(),
  /** The load's own: how busy it was, and how late its beats, p99. Near 1, or above some ms, it is the bottleneck. */
  loadBusy: z.number(),
  loadLateMs: z.number(),
});
export type Measured = z.infer<typeof Measured>;
export const Listening = z.object({ modelUrl: z.string() });

const OPEN_WITHIN_MS = 15_000;
const ARRIVE_WITHIN_MS = 3_000;
const CLOSE_WITHIN_MS = 3_000;
const BETWEEN_OPENINGS_MS = 5;
/** A line's three beats, apart, as in life no two of them coincide. */
const MODEL_SLOT = 7;
const ECHO_SLOT = 13;

async function until(what: string, holds: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}

async function run(modelSide: ModelSide, command: Command): Promise<Measured> {
  const { pid, streams, deltas, settleMs, measureMs } = command;
  const tallies = { up: new Tally(), down: new Tally() };
  const pulse = new Pulse();
  const residentBytesBefore = residentBytes(pid);
  let isSpeaking = false;
  let isHungUp = false;
  let ready = 0;
  modelSide.expect(tallies, (model: Model) => {
    ready++;
    pulse.join(model.line + MODEL_SLOT, () => {
      if (isSpeaking) model.beat(deltas);
    });
  });

  const lines: CarrierLine[] = [];
  for (const [index, terms] of streams.entries()) {
    const line = new CarrierLine(index, terms, tallies);
    void line.closed.then((code) => {
      if (!isHungUp) throw new Error(`line ${index} was closed with ${code} in the middle of the run`);
    });
    lines.push(line);
    // From the start of each stream, as a carrier does: a subject measures its way there and back by the first of them.
    pulse.join(index + ECHO_SLOT, () => line.echo());
    pulse.join(index, () => {
      if (isSpeaking) line.speak();
    });
    pulse.start();
    await Bun.sleep(BETWEEN_OPENINGS_MS);
  }
  await until(`${streams.length} sessions ready`, () => ready === streams.length, OPEN_WITHIN_MS);
  isSpeaking = true;
  await Bun.sleep(settleMs);
  pulse.takeLateness();
  const from = { ms: performance.now(), cpuMs: cpuMs(pid), ownCpuMs: cpuMs(process.pid) };
  tallies.up.measureFrom(from.ms);
  tallies.down.measureFrom(from.ms);
  await Bun.sleep(measureMs);
  const to = { ms: performance.now(), cpuMs: cpuMs(pid), ownCpuMs: cpuMs(process.pid) };
  tallies.up.measureTo(to.ms);
  tallies.down.measureTo(to.ms);
  const resident = residentBytes(pid);
  const loadLateMs = spreadOf(pulse.takeLateness()).p99Ms;

  isSpeaking = false;
  const isAllThere = () => tallies.up.isComplete && tallies.down.isComplete;
  // What has not come by then is lost, which is a figure and not an error.
  await until("every frame", isAllThere, ARRIVE_WITHIN_MS).catch(() => {});
  pulse.stop();
  isHungUp = true;
  const hungUpAt = performance.now();
  for (const line of lines) line.hangUp();
  await Promise.all(lines.map(({ closed }) => closed));
  await until("every model socket closed", () => modelSide.open === 0, CLOSE_WITHIN_MS);
  const closedMs = performance.now() - hungUpAt;

  const wallMs = to.ms - from.ms;
  return {
    up: tallies.up.take(),
    down: tallies.down.take(),
    marks: lines.reduce((sum, { marksEchoed }) => sum + marksEchoed, 0),
    cpuMsPerCallSecond: (to.cpuMs - from.cpuMs) / (streams.length * (wallMs / 1000)),
    residentBytesBefore,
    residentBytes: resident,
    closedMs,
    loadBusy: (to.ownCpuMs - from.ownCpuMs) / wallMs,
    loadLateMs,
  };
}

if (import.meta.main) {
  const modelSide = new ModelSide();
  const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  print({ modelUrl: modelSide.url });
  for await (const line of createInterface({ input: process.stdin })) {
    print(await run(modelSide, Command.parse(JSON.parse(line))));
  }
  await modelSide.stop();
  process.exit(0);
}
