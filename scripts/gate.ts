/**
 * The gate, `npm test`: everything that must hold before a change lands, and exactly what CI runs. Each step is the
 * real tool; this file only runs them in order, shows how long each took, and adds up. `npm test -- --only types`
 * runs one step; `npm test -- test/relay/call` runs the tests under a path.
 */
import { parseArgs } from "node:util";

type Step = { readonly name: string; readonly command: readonly string[] };

const BUN = process.execPath;
const bin = (name: string): string => `node_modules/.bin/${name}`;

const HELP = `npm test                         the gate: every step, in order
npm test -- --only types         the steps with this in their name
npm test -- test/relay/call      the tests under a path`;

const { values, positionals } = readArguments();

const steps: readonly Step[] = [
  { name: "format and lint", command: [bin("biome"), "ci", "--error-on-warnings", "."] },
  { name: "types of the edge", command: [bin("tsc"), "-p", "functions"] },
  { name: "types of the relay", command: [bin("tsc"), "-p", "relay"] },
  { name: "types of the tests", command: [bin("tsc"), "-p", "test"] },
  { name: "build", command: [BUN, "scripts/build.ts"] },
  // Never with the .env that may lie here: a test that met a real key would spend money.
  {
    name: "tests",
    // Many of them wait more than they work, so more at a time than there are cores; and the longest first.
    command: [
      ...[BUN, "--no-env-file", "test", "--parallel=4", "--timings=test/timings.json", "--timeout=90000"],
      ...positionals,
    ],
  },
];
const chosen =
  positionals.length > 0
    ? steps.filter(({ name }) => name === "tests")
    : steps.filter(({ name }) => values.only === undefined || name.includes(values.only));
if (chosen.length === 0) {
  console.error(
    `No step is called "${values.only}". There are: ${steps.map(({ name }) => name).join(", ")}.`,
  );
  process.exit(2);
}

let passed = 0;
let failed = 0;
let skipped = 0;
const failures: string[] = [];
const startedAt = performance.now();
for (const { name, command } of chosen) {
  console.log(`\n── ${name}`);
  const stepStartedAt = performance.now();
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "inherit", stderr: "pipe" });
  // bun test reports on its standard error; it is shown as it comes, and counted from.
  let report = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stderr) {
    process.stderr.write(bytes);
    report += decoder.decode(bytes, { stream: true });
  }
  const isOk = (await child.exited) === 0;
  const seconds = ((performance.now() - stepStartedAt) / 1000).toFixed(1);
  console.log(`${isOk ? "✓" : "✗"} ${name} (${seconds} s)`);
  const count = (word: string): number =>
    Number(report.match(new RegExp(`^\\s*(\\d+) ${word}$`, "m"))?.[1] ?? 0);
  passed += isOk ? 1 : 0;
  failed += isOk ? 0 : 1;
  if (name !== "tests") continue;
  passed += count("pass");
  failed += count("fail");
  skipped += count("skip");
  failures.push(...failuresIn(report));
  if (isOk && count("pass") === 0) {
    console.log("✗ the runner passed without running a test");
    failed += 1;
  }
}
// Thousands of lines may lie between a failure and the end, and of a long log only the end is kept.
for (const failure of failures) console.log(`\n${failure}`);
console.log(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s in all`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed === 0 ? 0 : 1);

/** What bun test printed of each test that failed: its last lines before the verdict. */
function failuresIn(report: string): string[] {
  const found: string[] = [];
  let said: string[] = [];
  for (const line of report.slice(0, report.lastIndexOf(" failed:\n")).split("\n")) {
    said.push(line);
    const isFailure = line.startsWith("(fail)");
    if (isFailure) found.push(said.slice(-40).join("\n"));
    if (isFailure || /^\((?:pass|skip|todo)\)/.test(line)) said = [];
  }
  return found;
}

function readArguments() {
  try {
    return parseArgs({ options: { only: { type: "string" } }, allowPositionals: true });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}
