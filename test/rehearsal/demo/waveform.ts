/**
 * A call as a picture of two rows: how loud each side was, and where the assistant was cut off. From the very samples
 * that the recording holds.
 */
import type { Line, Span, Style } from "./paint.ts";
import { linear } from "./recording.ts";

const SAMPLES_PER_MS = 8;
const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** Quieter than this is a flat line: 1 % of full scale, below which a telephone line only hums. */
const FLOOR_DB = -40;
const LOUD_DB = -12;
const LABEL = 20;
/** So that the picture of a short call does not begin with huge cells. */
const LEAST_MS_A_CELL = 100;

export type Picture = {
  readonly caller: Uint8Array;
  readonly assistant: Uint8Array;
  /** In milliseconds since the record began. */
  readonly cutsMs: readonly number[];
  /** For a call that still goes on: room for as much. */
  readonly expectedMs?: number;
};

export function waveform(width: number, { caller, assistant, cutsMs, expectedMs = 0 }: Picture): Line[] {
  const cells = width - LABEL;
  const lengthMs = Math.max(caller.length, assistant.length) / SAMPLES_PER_MS;
  const cellMs = Math.max(LEAST_MS_A_CELL, Math.max(lengthMs, expectedMs) / cells);
  const drawn = Math.min(cells, Math.ceil(lengthMs / cellMs));
  const cuts = new Set(cutsMs.map((ms) => Math.floor(ms / cellMs)));
  const strip = (name: string, style: Style, sound: Uint8Array, marks: ReadonlySet<number>): Line => {
    const spans: Span[] = [
      { text: " ".repeat(9), style: "plain" },
      { text: name.padEnd(LABEL - 9), style },
    ];
    for (let cell = 0; cell < drawn; cell++) {
      if (marks.has(cell)) {
        spans.push({ text: "┃", style: "cut" });
        continue;
      }
      const from = Math.floor(cell * cellMs * SAMPLES_PER_MS);
      const level = levelOf(sound.subarray(from, Math.floor((cell + 1) * cellMs * SAMPLES_PER_MS)));
      spans.push({ text: BLOCKS[level] ?? "▁", style: level === 0 ? "dim" : style });
    }
    return spans;
  };
  return [
    strip("caller", "caller", caller, new Set()),
    strip("assistant", "assistant", assistant, cuts),
    ruler(cells, cellMs, cuts),
  ];
}

/** Of each code. While somebody watches, the whole call is gone through ten times a second. */
const POWER = Float64Array.from({ length: 256 }, (_, code) => (linear(code) / 32768) ** 2);

/** 0 to 7, by its mean power. */
function levelOf(sound: Uint8Array): number {
  let power = 0;
  for (const code of sound) power += POWER[code] ?? 0;
  const db = 10 * Math.log10(power / sound.length);
  if (!(db >= FLOOR_DB)) return 0;
  return Math.min(7, 1 + Math.floor(((db - FLOOR_DB) / (LOUD_DB - FLOOR_DB)) * 7));
}

function ruler(cells: number, cellMs: number, cuts: ReadonlySet<number>): Line {
  const text = Array.from({ length: cells }, () => " ");
  const write = (cell: number, label: string): void => {
    const free = text.slice(Math.max(0, cell - 1), cell + label.length + 1).every((each) => each === " ");
    if (!free || cell + label.length > cells) return;
    for (const [index, letter] of [...label].entries()) text[cell + index] = letter;
  };
  for (const cell of cuts) write(cell, "cut");
  const stepS = cells * cellMs > 60_000 ? 10 : 5;
  for (let s = 0; (s * 1000) / cellMs < cells; s += stepS) write(Math.round((s * 1000) / cellMs), `${s} s`);
  return [{ text: `${" ".repeat(LABEL)}${text.join("").trimEnd()}`, style: "dim" }];
}
