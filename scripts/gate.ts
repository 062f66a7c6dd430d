/**
 * The gate, `npm test`: everything that must hold before a change lands, and exactly what CI runs. Each step is the
 * real tool; this file only runs them, all beside each other, shows how long each took, and adds up.
 * `npm test -- --only types` runs the steps of that name; `npm test -- test/relay/call` runs the tests under a path.
 */
import { constants, setPriority } from "node:os";
import { parseArgs } from "node:util";

type Step = { readonly name: string; readonly command: readonly string[] };

const BUN = process.execPath;
const bin = (name: string): string => `node_modules/.bin/${name}`;

const HELP = `npm test                         the gate: every step, in order
npm test -- --only types         the steps with this in their name
npm test -- test/relay/call      the tests under a path`;

const { values, positionals } = readArguments();

// In one thread tsc needs two thirds of the processor time, and the tests have a use for the rest.
const CHECKS: readonly Step[] = [
  { name: "format and lint", command: [bin("biome"), "ci", "--error-on-warnings", "."] },
  { name: "types of the edge", command: [bin("tsc"), "--singleThreaded", "-p", "functions"] },
  // One program: what the tests do not import is in it all the same.
  { name: "types of relay, scripts and tests", command: [bin("tsc"), "--singleThreaded", "-p", "test"] },
  { name: "build", command: [BUN, "scripts/build.ts"] },
];
const TESTS: Step = {
  name: "tests",
  command: [
    // Never with the .env that may lie here: a test that met a real key would spend money.
    ...[BUN, "--no-env-file", "test", "--timeout=90000"],
    // Many of them wait more than they work, so more at a time than there are cores; and the longest first. What they
    // import is read once by each worker, and not by every file anew.
    ...["--parallel=5", "--no-isolate", "--timings=test/timings.json"],
    ...positionals,
  ],
};
const steps = [...CHECKS, TESTS];
const chosen =
  positionals.length > 0
    ? [TESTS]
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
const verdict = (name: string, isOk: boolean, since: number): void => {
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  console.log(`${isOk ? "✓" : "✗"} ${name} (${seconds} s)`);
  passed += isOk ? 1 : 0;
  failed += isOk ? 0 : 1;
};

await Promise.all(chosen.map((step) => (step === TESTS ? runTests() : check(step))));

/** What it has to say is shown when it is over: others speak, too. */
async function check({ name, command }: Step): Promise<void> {
  const since = performance.now();
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    // tsc is a Go program, and collects for a third of its time what its end gives back anyway (of 0.9 GB, hardly more).
    env: { ...process.env, GOGC: "off" },
  });
  // In the time that the tests leave over: some of those measure how long things take.
  setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const isOk = (await child.exited) === 0;
  console.log(`\n── ${name}\n${said.join("").trim()}`.trimEnd());
  verdict(name, isOk, since);
}

async function runTests(): Promise<void> {
  const { name, command } = TESTS;
  console.log(`\n── ${name}`);
  const since = performance.now();
  // Tests run for seconds: what is compiled for the best of speed has gone before that was worth it. Without the last of
  // its compilers JavaScriptCore needs a seventh less here, and the relays that are started yet less without two.
  const env = { ...process.env, BUN_JSC_useFTLJIT: "0", SHORT_LIVED_RELAYS: "1" };
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "inherit", stderr: "pipe", env });
  // bun test reports on its standard error; it is shown as it comes, and counted from.
  let report = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stderr) {
    process.stderr.write(bytes);
    report += decoder.decode(bytes, { stream: true });
  }
  const isOk = (await child.exited) === 0;
  verdict(name, isOk, since);
  const count = (word: string): number =>
    Number(report.match(new RegExp(`^\\s*(\\d+) ${word}$`, "m"))?.[1] ?? 0);
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
