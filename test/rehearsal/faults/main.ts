/**
 * `npm run faults`: every fault in every phase of a call, and what the caller hears of it. Exit 1 if any cell is not as it
 * was to be.
 */
import { parseArgs } from "node:util";
import { PHASES } from "./expected.ts";
import { cellsOf, FAULTS, runMatrix, tableOf } from "./matrix.ts";

const HELP = `npm run faults                          every fault in every phase (some minutes)
npm run faults -- --only "line: reset"  the faults whose name begins so
npm run faults -- --phase greeting      one phase
npm run faults -- --lanes 4             so many calls at a time (8)
npm run faults -- --list                what there is
npm run faults -- --story               of every red cell, how it went`;

const values = readArguments();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const lanes = Number(values.lanes);
if (!Number.isInteger(lanes) || lanes < 1) {
  console.error(`--lanes is how many calls are made at a time, from 1, and not "${values.lanes}"`);
  process.exit(2);
}
const faults = FAULTS.filter(({ name }) => name.startsWith(values.only ?? ""));
const phases = PHASES.filter((phase) => values.phase === undefined || phase === values.phase);
const wanted = cellsOf(faults, phases);
if (values.list || wanted.length === 0) {
  console.log(`There are these faults:\n  ${FAULTS.map(({ name }) => name).join("\n  ")}`);
  console.log(`and these phases:\n  ${PHASES.join("\n  ")}`);
  process.exit(values.list ? 0 : 2);
}

// Whoever is impatient leaves no process behind: the cells that run are run to their end, and no others.
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());

const startedAt = performance.now();
let done = 0;
let red = 0;
const { cells, again } = await runMatrix(
  wanted,
  lanes,
  ({ fault, phase, wrong }) => {
    done += 1;
    if (wrong.length > 0) red += 1;
    const words = `${done} of ${wanted.length}, ${red} red`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${words}`);
    else if (wrong.length > 0) process.stderr.write(`${words}: ${fault}, ${phase}: ${wrong.join("; ")}\n`);
  },
  stopping.signal,
);
if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
console.log(tableOf(faults, cells));
console.log("\nSeconds to the first sound that the caller hears after the fault.");
for (const fault of faults) {
  for (const phase of phases) {
    const expected = fault.expected[phase];
    if ("not" in expected) console.log(`–  ${fault.name}, ${phase}: ${expected.not}`);
  }
}
for (const { fault, phase, wrong } of again)
  console.log(`   tried again, for in the crowd: ${fault}, ${phase}: ${wrong.join("; ")}`);
const reds = cells.filter(({ wrong }) => wrong.length > 0);
for (const { fault, phase, wrong, story } of reds) {
  console.log(`✗  ${fault}, ${phase}: ${wrong.join("; ")}`);
  if (values.story) for (const line of story) console.log(`     ${line}`);
}
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
console.log(
  `\n${cells.length - reds.length} cells as they are to be, ${reds.length} not, in ${minutes} minutes`,
);
process.exit(cells.length === wanted.length && reds.length === 0 ? 0 : 1);

function readArguments() {
  try {
    return parseArgs({
      options: {
        only: { type: "string" },
        phase: { type: "string" },
        lanes: { type: "string", default: "8" },
        list: { type: "boolean", default: false },
        story: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}
