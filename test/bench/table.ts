/** The result as a person reads it. */
import { type BenchResult, type Figures, LOAD_LATE_MS_AT_MOST } from "./bench.ts";
import { SUBJECTS } from "./subjects.ts";

const NAMES = { relay: "relay", floor: "floor", floorThatCuts: "floor, cutting" } as const;
const HEAD = [
  "calls",
  "replies",
  "",
  "CPU ms/call-s",
  "relay is ×",
  "up p50",
  "p99 ms",
  "down p50",
  "p99 ms",
  "MB",
  "KB/call",
  "frames",
  "marks/100",
  "lost",
  "wrong",
];

export function tableOf({ machine, options, rows, bounds }: BenchResult): string {
  const lines = rows.flatMap((row) =>
    SUBJECTS.map((name) => {
      const ratio = {
        relay: "",
        floor: row.ratio.toFixed(2),
        floorThatCuts: row.ratioToCutting.toFixed(2),
      };
      return [String(row.calls), row.deltas, NAMES[name], ...cellsOf(row.figures[name], ratio[name])];
    }),
  );
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const print = (line: readonly string[]) =>
    line
      .map((cell, column) =>
        column === 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  const busiest = Math.max(...rows.map(({ loadBusy }) => loadBusy));
  return [
    `${machine.cores} × ${machine.cpu}, Bun ${machine.bun}; medians of ${options.rounds} rounds of ${options.seconds} s each, interleaved`,
    "",
    print(HEAD),
    ...lines.map((line, index) =>
      index > 0 && index % SUBJECTS.length === 0 ? `\n${print(line)}` : print(line),
    ),
    "",
    `the load process itself was busy for at most ${Math.round(busiest * 100)} % of a core; its beats were late by (p99, worst run; above ${LOAD_LATE_MS_AT_MOST} ms the figures are of a busy machine, and want measuring again):`,
    ...rows.map(
      ({ calls, deltas, loadLateMs }) => `  ${calls} calls, ${deltas}: ${loadLateMs.toFixed(1)} ms`,
    ),
    "",
    ...bounds.map(
      ({ what, measured, most, holds }) =>
        `${holds ? "✓" : "✗"} ${what}: ${Number.isInteger(measured) ? measured : measured.toFixed(2)} (at most ${most})`,
    ),
  ].join("\n");
}

function cellsOf(figures: Figures, ratio: string): string[] {
  const { cpuMsPerCallSecond, up, down, residentMb, kbPerCall, frames, marksPer100, lost, wrong } = figures;
  return [
    cpuMsPerCallSecond.toFixed(3),
    ratio,
    up.p50Ms.toFixed(2),
    up.p99Ms.toFixed(2),
    down.p50Ms.toFixed(2),
    down.p99Ms.toFixed(2),
    residentMb.toFixed(0),
    kbPerCall.toFixed(0),
    String(frames),
    marksPer100.toFixed(1),
    String(lost),
    String(wrong),
  ];
}
