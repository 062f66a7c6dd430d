/**
 * The terminal: lines that stay, and below them a few that are redrawn while the call goes on. Where the output is
 * a file or a pipe there are only the lines that stay, so that a plain log reads like one.
 */
import { type Line, painted, wrapped } from "./paint.ts";

const WIDEST = 96;
const NARROWEST = 60;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** What of a stream is needed: process.stdout is one. */
export type Out = {
  readonly isTTY?: boolean | undefined;
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
};

export class Screen {
  readonly isTerminal: boolean;
  readonly #colours: boolean;
  readonly #write: (text: string) => void;
  readonly #out: Out;
  #liveRows = 0;
  #shown = "";

  constructor(out: Out = process.stdout, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#out = out;
    this.isTerminal = out.isTTY === true && env.TERM !== "dumb" && out.columns > NARROWEST;
    // https://no-color.org: any value that is not empty.
    this.#colours = this.isTerminal && (env.NO_COLOR ?? "") === "";
    this.#write = (text) => {
      out.write(text);
    };
  }

  /** Columns that a line may take; one is left free, or some terminals would wrap. */
  get width(): number {
    const columns = this.isTerminal ? this.#out.columns : WIDEST + 1;
    return Math.max(NARROWEST, Math.min(WIDEST, columns - 1));
  }

  print(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    this.#write(`${this.#erase()}${this.#text(lines)}`);
  }

  /**
   * Replaces what was live before. Never taller than the terminal, whose scrolled-off rows cannot be redrawn.
   * @param draw asked only where somebody sees it
   */
  live(draw: () => readonly Line[]): void {
    if (!this.isTerminal) return;
    const rows = draw().slice(-Math.max(1, this.#out.rows - 1));
    const text = this.#text(rows);
    if (text === this.#shown) return;
    this.#write(`${HIDE_CURSOR}${this.#erase()}${text}`);
    this.#liveRows = rows.length;
    this.#shown = text;
  }

  /** Leaves the terminal as it was found. */
  close(): void {
    if (this.isTerminal) this.#write(`${this.#erase()}${SHOW_CURSOR}`);
  }

  #erase(): string {
    const rows = this.#liveRows;
    this.#liveRows = 0;
    this.#shown = "";
    return rows === 0 ? "" : `\x1b[${rows}A\r\x1b[J`;
  }

  #text(lines: readonly Line[]): string {
    return lines.map((line) => `${painted(line, this.#colours)}\n`).join("");
  }
}

const STAMP = 7;
const ROLE = 11;

/** A row of the timeline: when, who, what; what is too long goes on below itself. */
export function row(width: number, stamp: string, role: Line, text: Line): Line[] {
  const indent = STAMP + 2 + ROLE;
  const name = role.map(({ text: word }) => word).join("");
  const rows = wrapped(text, width - indent);
  return rows.map((each, index) =>
    index === 0
      ? [
          { text: `${stamp.padStart(STAMP)}  `, style: "dim" },
          ...role,
          { text: " ".repeat(Math.max(1, ROLE - [...name].length)), style: "plain" },
          ...each,
        ]
      : [{ text: " ".repeat(indent), style: "plain" }, ...each],
  );
}
