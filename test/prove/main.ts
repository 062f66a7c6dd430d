/**
 * `npm run prove`: the figures that this project promises, at full size, as one table. Exit 1 if any is missed, and
 * if nothing was measured.
 */
import { parseArgs } from "node:util";
import { ADMISSION } from "./admission.ts";
import { CALL } from "./call.ts";
import { FAULTS } from "./faults.ts";
import type { Proof, Row } from "./rows.ts";
import { SHIP } from "./ship.ts";
import { TOOLS } from "./tools.ts";

const GROUPS: Readonly<Record<string, readonly Proof[]>> = {
  call: CALL,
  admission: ADMISSION,
  tools: TOOLS,
  faults: FAULTS,
  ship: SHIP,
};

const HELP = `npm run prove                      everything (about three hours)
npm run prove -- --only call       one group
npm run prove -- --only call/ear   the proofs of a group whose name begins so
npm run prove -- --list            what there is`;

const values = readArguments();
const [onlyGroup, onlyProof] = (values.only ?? "").split("/");
const chosen = Object.entries(GROUPS).flatMap(([group, proofs]) =>
  group.startsWith(onlyGroup ?? "")
    ? proofs.filter(({ name }) => name.startsWith(onlyProof ?? "")).map((proof) => ({ group, proof }))
    : [],
);
if (values.list || chosen.length === 0) {
  const names = Object.entries(GROUPS).flatMap(([group, proofs]) =>
    proofs.map(({ name }) => `${group}/${name}`),
  );
  console.log(`There are these proofs:\n  ${names.join("\n  ")}`);
  process.exit(values.list ? 0 : 2);
}

const rows: Row[] = [];
const startedAt = performance.now();
for (const { group, proof } of chosen) {
  const name = `${group}/${proof.name}`;
  const proofStartedAt = performance.now();
  const progress = progressOf(name);
  try {
    rows.push(...(await proof.run(progress.tell)).map((row) => ({ group, ...row })));
  } catch (error) {
    const measured = error instanceof Error ? error.message : String(error);
    rows.push({ group, what: `${name} came to an end`, bound: "no error", measured, ok: false });
  }
  progress.done(`${((performance.now() - proofStartedAt) / 1000).toFixed(0)} s`);
}
print(rows);
console.log(`\n${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`);
const passed = rows.filter(({ ok }) => ok).length;
console.log(`${passed} passed, ${rows.length - passed} failed`);
process.exit(rows.length > 0 && passed === rows.length ? 0 : 1);

function readArguments(): { readonly only?: string; readonly list: boolean } {
  try {
    const options = { only: { type: "string" }, list: { type: "boolean", default: false } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

/** On a terminal one line that changes; in a log a line now and then. */
function progressOf(name: string): { tell: (words: string) => void; done: (words: string) => void } {
  const isLive = process.stderr.isTTY;
  let toldAt = Number.NEGATIVE_INFINITY;
  const show = (words: string) =>
    process.stderr.write(isLive ? `\r\x1b[K${name}: ${words}` : `${name}: ${words}\n`);
  show("begins");
  return {
    tell: (words) => {
      const at = performance.now();
      if (at - toldAt < (isLive ? 100 : 15_000)) return;
      toldAt = at;
      show(words);
    },
    done: (words) => show(`done, ${words}${isLive ? "\n" : ""}`),
  };
}

function print(table: readonly Row[]): void {
  const columns = ["group", "what", "bound", "measured"] as const;
  const widths = columns.map((column) => Math.max(column.length, ...table.map((row) => row[column].length)));
  const line = (cells: readonly string[]) => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ");
  console.log(`\n   ${line(columns)}`);
  for (const row of table)
    console.log(`${row.ok ? "✓" : "✗"}  ${line(columns.map((column) => row[column]))}`);
}
