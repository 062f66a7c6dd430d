/**
 * npm run bench: what the relay costs, beside the least that a forwarder can cost.
 *
 *   bun test/bench/main.ts [--calls 1,50,200] [--replies steady,bursts] [--seconds 8] [--rounds 5] [--json FILE] [--quick]
 *
 * `bursts` (deltas as the real API sends them) is measured at the largest number of calls alone. Exits 1 if a bound does
 * not hold; --quick is for a look while developing, and only a lost or wrong frame fails it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { FULL, runBench, type Scenario } from "./bench.ts";
import { tableOf } from "./table.ts";

const Options = z.object({
  calls: z
    .string()
    .transform((list) => list.split(",").map(Number))
    .pipe(z.array(z.int().min(1).max(2000)).min(1)),
  replies: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(["steady", "bursts"])).min(1)),
  seconds: z.coerce.number().min(0.5).max(600),
  rounds: z.coerce.number().int().min(1).max(99),
  json: z.string().min(1),
  quick: z.boolean(),
});

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "1,50,200" },
    replies: { type: "string", default: "steady,bursts" },
    seconds: { type: "string" },
    rounds: { type: "string" },
    json: { type: "string", default: "bench-out/bench.json" },
    quick: { type: "boolean", default: false },
  },
});
const QUICK = { seconds: 3, rounds: 1, warmUp: { calls: 25, seconds: 2 } };
const defaults = values.quick ? QUICK : FULL;
const parsed = Options.safeParse({ seconds: defaults.seconds, rounds: defaults.rounds, ...values });
if (!parsed.success) {
  console.error(z.prettifyError(parsed.error));
  process.exit(2);
}
const { calls, replies, seconds, rounds, json, quick } = parsed.data;

const steady: Scenario[] = replies.includes("steady")
  ? calls.map((n) => ({ calls: n, deltas: "steady" }))
  : [];
const bursts: Scenario[] = replies.includes("bursts")
  ? [{ calls: Math.max(...calls), deltas: "bursts" }]
  : [];
const result = await runBench(
  { ...FULL, ...(quick && QUICK), scenarios: [...steady, ...bursts], rounds, seconds },
  (progress) => console.error(progress),
);
mkdirSync(dirname(json), { recursive: true });
writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`);
console.log(`${tableOf(result)}\n\nall figures: ${json}`);

const lossless = result.rows.every(({ figures: { relay } }) => relay.lost === 0 && relay.wrong === 0);
process.exit(quick ? (lossless ? 0 : 1) : result.bounds.every(({ holds }) => holds) ? 0 : 1);
