/**
 * The picture in the README: the call, as a terminal shows it at the end of a real run of the demo, as an SVG. It draws
 * what a recording holds and adds nothing to it, and draws no demo that did not end well.
 *
 *   script -qec "stty cols 110; npm run demo" demo.recording
 *   bun scripts/demo-picture.ts demo.recording docs/demo.svg
 */
import { parseArgs } from "node:util";

type Cell = { readonly char: string; readonly style: string };

const FIRST = "phone assistant";
const AFTER_THE_CALL = "what had to happen";
const COLOURS: Readonly<Record<string, string>> = {
  "31": "#ff7b72",
  "32": "#7ee787",
  "33": "#e3b341",
  "35": "#d2a8ff",
  "36": "#79c0ff",
  "94": "#8ba9ff",
};
/** A control sequence, or a character. */
const PIECE = new RegExp(`${String.fromCharCode(27)}[[]([0-9;?]*)([A-Za-z])|[^]`, "gu");
const [CHAR_PX, LINE_PX, PAD_PX] = [8.43, 19, 18];

const [from, to] = parseArgs({ allowPositionals: true }).positionals;
if (from === undefined || to === undefined) {
  console.error("bun scripts/demo-picture.ts <recording> <picture.svg>");
  process.exit(2);
}
const screen = shownBy(await Bun.file(from).text());
const first = screen.findIndex((cells) => textOf(cells).includes(FIRST));
const last = screen.findIndex((cells) => textOf(cells).includes(AFTER_THE_CALL)) - 1;
if (first < 0 || last < first || !screen.some((cells) => /✓ all \d+ as expected/.test(textOf(cells)))) {
  console.error(`${from} is no recording of a demo that ended as it should.`);
  process.exit(1);
}
await Bun.write(to, pictureOf(screen.slice(first, last)));

/** The little of a terminal that the demo uses: colours, a line's begin, up, and erase what follows. */
function shownBy(recording: string): Cell[][] {
  const rows: Cell[][] = [[]];
  let [row, column, style] = [0, 0, ""];
  for (const [piece, codes = "", command] of recording.matchAll(PIECE)) {
    if (command === "m") style = codes === "0" || codes === "" ? "" : `${style};${codes}`;
    else if (command === "A") row = Math.max(0, row - Number(codes || "1"));
    else if (command === "J") {
      rows.length = row + 1;
      rows[row] = (rows[row] ?? []).slice(0, column);
    } else if (command !== undefined) continue;
    else if (piece === "\r") column = 0;
    else if (piece === "\n") row += 1;
    else {
      rows[row] ??= [];
      const cells = rows[row] ?? [];
      while (cells.length < column) cells.push({ char: " ", style: "" });
      cells[column] = { char: piece, style };
      column += 1;
    }
    rows[row] ??= [];
  }
  return Array.from(rows, (cells) => cells ?? []);
}

function textOf(cells: readonly Cell[]): string {
  return cells.map(({ char }) => char).join("");
}

function pictureOf(rows: ReadonlyArray<readonly Cell[]>): string {
  const columns = Math.max(...rows.map((cells) => textOf(cells).trimEnd().length));
  const [width, height] = [columns * CHAR_PX + 2 * PAD_PX, rows.length * LINE_PX + 2 * PAD_PX];
  const lines = rows.flatMap((cells, at) => spansOf(cells).map((span) => drawn(span, at)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="${Math.ceil(height)}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
<title>npm run demo: one rehearsed telephone call</title>
<rect width="100%" height="100%" rx="10" fill="#0d1117"/>
${lines.join("\n")}
</svg>
`;
}

type Span = { readonly column: number; readonly text: string; readonly style: string };

function spansOf(cells: readonly Cell[]): Span[] {
  const spans: Span[] = [];
  for (const [column, { char, style }] of cells.entries()) {
    const before = spans.at(-1);
    if (before?.style === style) spans[spans.length - 1] = { ...before, text: before.text + char };
    else spans.push({ column, text: char, style });
  }
  return spans.filter(({ text }) => text.trim() !== "");
}

function drawn({ column, text, style }: Span, row: number): string {
  const codes = style.split(";");
  const colour = codes.map((code) => COLOURS[code]).findLast((one) => one !== undefined) ?? "#e6edf3";
  const weight = codes.includes("1") ? ' font-weight="bold"' : "";
  const dim = codes.includes("2") ? ' opacity="0.6"' : "";
  const [x, y] = [(PAD_PX + column * CHAR_PX).toFixed(1), PAD_PX + (row + 0.8) * LINE_PX];
  const length = ` textLength="${(text.length * CHAR_PX).toFixed(1)}"`;
  return `<text x="${x}" y="${y.toFixed(1)}" fill="${colour}"${weight}${dim}${length} xml:space="preserve">${Bun.escapeHTML(text)}</text>`;
}
