/** Delivery in time: as fast as the pace says, and as far from it at the end as at the start. */
import { afterEach, expect, test } from "bun:test";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import { Client, text } from "./client.ts";

let model: Model;
afterEach(() => model.stop());

/** How late each delta came, against the first one and the pace, in ms. */
async function lateness(pace: number, soundMs: number, deltaMs: number): Promise<number[]> {
  model = await startModel({ pace, deltaMs, thinkMs: 10, script: [{ reply: [{ tag: 3, ms: soundMs }] }] });
  const client = await Client.ready(model);
  client.send({ type: "response.create" });
  await client.next("response.done");
  const deltas = client.all("response.output_audio.delta");
  expect(deltas).toHaveLength(soundMs / deltaMs);
  let sentMs = 0;
  const [first] = deltas;
  return deltas.map((got) => {
    const dueMs = sentMs / pace;
    sentMs += Buffer.from(text(got, "delta"), "base64").length / 8;
    return got.atMs - (first?.atMs ?? 0) - dueMs;
  });
}
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

for (const [pace, soundMs, deltaMs] of [
  [8, 8000, 80],
  [4, 4000, 100],
  [1, 800, 20],
  [0.5, 400, 20],
] as const) {
  test(`at ${pace} times real time, ${soundMs / deltaMs} deltas keep their times and do not drift`, async () => {
    const late = await lateness(pace, soundMs, deltaMs);
    const tenth = Math.ceil(late.length / 10);
    // Medians: one stolen time slice of a busy machine is not a drift.
    expect(Math.abs(median(late.slice(-tenth)) - median(late.slice(0, tenth)))).toBeLessThan(15);
    expect(median(late)).toBeWithin(-10, 10);
  });
}
