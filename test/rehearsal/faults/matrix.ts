/** All cells, a few at a time, and the table of them. */
import { type Cell, runCell } from "./cell.ts";
import { quietCensus } from "./census.ts";
import { PHASES, type Phase } from "./expected.ts";
import type { Fault } from "./fault.ts";
import { openHouse } from "./house.ts";
import { MODEL_FAULTS } from "./model-faults.ts";
import { OTHER_FAULTS } from "./other-faults.ts";

export const FAULTS: readonly Fault[] = [...MODEL_FAULTS, ...OTHER_FAULTS];

export type Wanted = { readonly fault: Fault; readonly phase: Phase };

/** Those that can be. */
export const cellsOf = (faults: readonly Fault[], phases: readonly Phase[] = PHASES): readonly Wanted[] =>
  faults.flatMap((fault) =>
    phases.filter((phase) => !("not" in fault.expected[phase])).map((phase) => ({ fault, phase })),
  );

/** @param lanes so many at a time */
export async function runMatrix(
  wanted: readonly Wanted[],
  lanes: number,
  onCell: (cell: Cell, done: number) => void,
): Promise<Cell[]> {
  const house = await openHouse();
  const cells: Cell[] = [];
  try {
    const quiet = await quietCensus(house);
    // One for all lanes: each takes the next.
    const left = wanted.values();
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (const { fault, phase } of left) {
          const cell = await runCell(house, quiet, fault, phase);
          if (cell === undefined) continue;
          cells.push(cell);
          onCell(cell, cells.length);
        }
      }),
    );
  } finally {
    await house.stop();
  }
  return cells;
}

const shown = ({ wrong, firstS }: Cell): string => {
  const seconds = firstS === undefined ? "" : firstS.toFixed(1);
  return wrong.length === 0 ? seconds || "✓" : `✗ ${seconds}`.trimEnd();
};

/** A row for each fault and a column for each phase: the seconds to the first sound, and what cannot be as "–". */
export function tableOf(faults: readonly Fault[], cells: readonly Cell[]): string {
  const rows = faults.map((fault) => [
    fault.name,
    ...PHASES.map((phase) => {
      if ("not" in fault.expected[phase]) return "–";
      const cell = cells.find((one) => one.fault === fault.name && one.phase === phase);
      return cell === undefined ? "" : shown(cell);
    }),
  ]);
  const head = ["", ...PHASES];
  const widths = head.map((name, at) => Math.max(...[head, ...rows].map((row) => (row[at] ?? name).length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
        .join("  "),
    )
    .join("\n");
}
