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

export type Ran = {
  readonly cells: readonly Cell[];
  /** Those of the cells that came too late in the crowd, and were tried again in a small one, and then by themselves. */
  readonly again: readonly Cell[];
};

/** So many calls at a time, for what came too late in a crowd. */
const FEW = [2, 1] as const;

/**
 * @param lanes so many at a time
 * @param stopping those that run are run to their end, and no others
 */
export async function runMatrix(
  wanted: readonly Wanted[],
  lanes: number,
  onCell: (cell: Cell) => void,
  stopping?: AbortSignal,
): Promise<Ran> {
  const house = await openHouse();
  try {
    const quiet = await quietCensus(house);
    const run = async ({ fault, phase }: Wanted): Promise<Cell> => {
      const cell = await runCell(house, fault, phase, { quiet });
      onCell(cell);
      return cell;
    };
    let cells = await inLanes(wanted, lanes, run, stopping);
    const again: Cell[] = [];
    // Bounds on time are about us, and not about how many calls, processes and stand-ins share this machine.
    for (const few of FEW) {
      const late = cells.filter(({ isLateOnly }) => isLateOnly);
      if (late.length === 0 || stopping?.aborted) break;
      again.push(...late);
      const isLate = ({ fault, phase }: Wanted) =>
        late.some((cell) => cell.fault === fault.name && cell.phase === phase);
      const tried = await inLanes(wanted.filter(isLate), few, run, stopping);
      cells = [...cells.filter(({ isLateOnly }) => !isLateOnly), ...tried];
    }
    return { cells, again };
  } finally {
    await house.stop();
  }
}

async function inLanes(
  wanted: readonly Wanted[],
  lanes: number,
  run: (one: Wanted) => Promise<Cell>,
  stopping: AbortSignal | undefined,
): Promise<Cell[]> {
  const cells: Cell[] = [];
  // One for all lanes: each takes the next.
  const left = wanted.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const one of left) {
        if (stopping?.aborted) return;
        cells.push(await run(one));
      }
    }),
  );
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
