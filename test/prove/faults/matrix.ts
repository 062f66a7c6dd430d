/**
 * Every fault in every phase of a call (test/rehearsal/faults), as rows, and one of them looked at closely: a model that
 * is dropped in the middle of a sentence, and what the session after it is told of that sentence.
 */
import type { Cell } from "../../rehearsal/faults/cell.ts";
import { PHASES } from "../../rehearsal/faults/expected.ts";
import type { Fault } from "../../rehearsal/faults/fault.ts";
import { cellsOf, FAULTS, type Ran, runMatrix } from "../../rehearsal/faults/matrix.ts";
import type { Progress, Proof, Row } from "../rows.ts";
import { dropMidSentence } from "./mid-sentence.ts";

/** Of two processors as many as they can bear. */
const LANES = 8;
const LEAST_FAULTS = 20;

type FaultRow = Omit<Row, "group">;

export async function matrixRows(progress: Progress): Promise<FaultRow[]> {
  const wanted = cellsOf(FAULTS);
  let done = 0;
  let red = 0;
  const ran = await runMatrix(wanted, LANES, ({ wrong }) => {
    done += 1;
    if (wrong.length > 0) red += 1;
    progress(`${done} of ${wanted.length} cells, ${red} red`);
  });
  const green = ran.cells.filter(({ wrong }) => wrong.length === 0).length;
  return [
    {
      what: `${FAULTS.length} faults × ${PHASES.length} phases: cells as they are to be`,
      bound: `all; ≥ ${LEAST_FAULTS} faults`,
      measured: `${green} of ${wanted.length}; ${ran.again.length} too late in a crowd of ${LANES}, tried again`,
      ok: FAULTS.length >= LEAST_FAULTS && green === wanted.length,
    },
    ...FAULTS.map((fault) => rowOf(fault, ran)),
  ];
}

/** The seconds to the first sound after it, by phase. */
function rowOf(fault: Fault, { cells }: Ran): FaultRow {
  const of = PHASES.flatMap(
    (phase) => cells.find((cell) => cell.fault === fault.name && cell.phase === phase) ?? [],
  );
  const possible = PHASES.filter((phase) => !("not" in fault.expected[phase]));
  const red = of.filter(({ wrong }) => wrong.length > 0);
  const seconds = PHASES.map((phase) => shown(of.find((cell) => cell.phase === phase))).join(" ");
  return {
    what: fault.name,
    bound: bounds(fault),
    measured: seconds + red.map(({ phase, wrong }) => `; ${phase}: ${wrong.join(", ")}`).join(""),
    ok: of.length === possible.length && red.length === 0,
  };
}

const shown = (cell: Cell | undefined): string => {
  if (cell === undefined) return "–";
  return `${cell.wrong.length > 0 ? "✗" : ""}${cell.firstS === undefined ? "✓" : cell.firstS.toFixed(1)}`;
};

const bounds = ({ expected }: Fault): string =>
  `≤ ${PHASES.map((phase) => {
    const one = expected[phase];
    return "not" in one ? "–" : one.by.length === 0 ? "✓" : String(one.withinS);
  }).join(" ")} s`;

const MOMENT_MS = 1_000;
const DROPS = 12;

export const matrix: Proof = { name: "matrix", run: matrixRows };

export const midSentence: Proof = {
  name: "mid-sentence",
  run: async (progress) => {
    const drops = await dropMidSentence(DROPS, progress);
    const moments = drops.map(({ momentMs }) => momentMs);
    const untrue = drops.filter(({ isTrue }) => !isTrue);
    const example = drops[0];
    return [
      {
        what: "the model is dropped in the middle of a sentence: 'one moment' is heard",
        bound: `≤ ${MOMENT_MS} ms`,
        measured: `max ${Math.max(...moments).toFixed(0)} ms of ${drops.length}`,
        ok: drops.length >= DROPS && Math.max(...moments) <= MOMENT_MS,
      },
      {
        what: "the next session is told of it as far as the caller's ear was",
        bound: "to the word, and what was said before",
        measured: `${drops.length - untrue.length} of ${drops.length}; at ${example?.heardMs.toFixed(0)} ms: "${example?.told}"${untrue.map(({ heardMs, told }) => `; not so: ${heardMs.toFixed(0)} ms, "${told}"`).join("")}`,
        ok: drops.length >= DROPS && untrue.length === 0,
      },
    ];
  },
};
