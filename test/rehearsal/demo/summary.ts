/**
 * What stands around the call on the screen: the header, which says what is real and what is not, and the summary,
 * which says whether all happened that was to happen.
 */
import type { Execution } from "../tools/store.ts";
import { BREAKS, type BreakName } from "./breaks.ts";
import type { Check } from "./checks.ts";
import { answersOf, bargeInOf } from "./checks.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { figure, type Line, type Span, type Style, seconds, span, wrapped } from "./paint.ts";
import type { Seen } from "./seen.ts";
import type { Usage } from "./tap.ts";
import type { Picture } from "./waveform.ts";

const BLANK: Line = [];
const LABEL = 13;

/** A label, and text that goes on below itself. */
function labelled(width: number, label: string, text: Line, style: Style = "dim"): Line[] {
  return wrapped(text, width - LABEL - 2).map((line, index) => [
    span(`  ${(index === 0 ? label : "").padEnd(LABEL)}`, style),
    ...line,
  ]);
}

/** @param costs of a call with the real model, where this is one */
export function header(width: number, costs: string | undefined, broken: BreakName | undefined): Line[] {
  const isLive = costs !== undefined;
  const title = isLive ? "one telephone call with the real model" : "one rehearsed telephone call";
  const standIns = `Twilio's network · ${isLive ? "" : "OpenAI's Realtime API · "}Zapier, by an MCP server over SQLite · the caller, in recorded speech`;
  return [
    BLANK,
    [span("  phone assistant ", "bold"), span(`· ${title}`, "dim")],
    BLANK,
    ...labelled(width, "real", [span("the Functions as built, under twilio-run · the relay, as deployed")]),
    ...labelled(width, "stand-ins", [span(standIns)]),
    ...(isLive ? labelled(width, "live", [span(`OpenAI's Realtime API, with your key: ${costs}`)]) : []),
    ...(broken === undefined
      ? []
      : labelled(width, "broken", [span(`on purpose: ${BREAKS[broken].what}`, "bad")], "bad")),
    BLANK,
    ...section(width, "the call"),
  ];
}

/** A title with a line to the edge of the page. */
export const section = (width: number, title: string): Line[] => [
  [span(`  ── ${title} ${"─".repeat(Math.max(0, width - title.length - 8))}`, "dim")],
  BLANK,
];

const MARKS: Readonly<Record<Check["state"], Span>> = {
  ok: span("✓", "good"),
  failed: span("✗", "bad"),
  "not reached": span("·", "dim"),
};
const WHAT = 42;

export function checkList(width: number, checks: readonly Check[]): Line[] {
  return checks.flatMap(({ what, state, detail }) => {
    const text = state === "not reached" ? "not reached" : detail;
    return wrapped([span(text, state === "failed" ? "bad" : "dim")], width - WHAT - 4).map(
      (line, index): Line =>
        index === 0
          ? [
              span("  "),
              MARKS[state],
              span(` ${what.padEnd(WHAT)}`, state === "not reached" ? "dim" : "plain"),
              ...line,
            ]
          : [span(" ".repeat(WHAT + 4)), ...line],
    );
  });
}

/** What was done for the caller, as it stands in the file. */
export function rowsLeft(width: number, rows: readonly Execution[], file: string): Line[] {
  if (rows.length === 0) return [];
  return [
    ...section(width, "what was done, as the database has it"),
    ...rows.flatMap(({ id, tool, arguments: given, at }) =>
      labelled(width, `row ${id}`, [
        span(tool, "bold"),
        span(`   ${given}   `),
        span(new Date(at).toISOString(), "dim"),
      ]),
    ),
    ...labelled(width, "database", [span(file, "bold"), span("  table executions", "dim")]),
    BLANK,
  ];
}

/** What was measured, where it was. */
export function figures(width: number, seen: Seen, usage: Usage | undefined): Line[] {
  const rows: Array<readonly [string, string]> = [];
  const opened = seen.carrier("stream-opened")[0];
  const [first] = seen.hearing.heard;
  if (opened !== undefined && first?.startMs !== undefined) {
    rows.push(["first audio", `${figure(first.startMs - opened.atMs)} ms after the handshake`]);
  }
  const answers = answersOf(seen).map(({ afterMs }) => seconds(afterMs));
  if (answers.length > 0) {
    rows.push([
      "answers",
      `${answers.join(" · ")} after the caller's last word, the wait for silence included`,
    ]);
  }
  const bargeIn = bargeInOf(seen);
  if (bargeIn?.toldMs !== undefined) {
    rows.push([
      "barge-in",
      `${figure(bargeIn.heardMs, 1)} ms heard, ${figure(bargeIn.toldMs)} ms told to the model`,
    ]);
  }
  const ended = seen.carrier("ended")[0];
  if (ended !== undefined) rows.push(["call", `${seconds(ended.atMs, 1)} from dial to hang-up`]);
  if (usage !== undefined) {
    const { audioIn, audioOut, textIn, textOut } = usage;
    const tokens = `audio ${figure(audioIn)} in, ${figure(audioOut)} out · text ${figure(textIn)} in, ${figure(textOut)} out`;
    rows.push(["tokens", tokens]);
  }
  return rows.flatMap(([label, text]) => labelled(width, label, [span(text)]));
}

export function pictureOf(seen: Seen): Picture {
  const { call, hearing } = seen;
  if (call === undefined) return { caller: new Uint8Array(), assistant: new Uint8Array(), cutsMs: [] };
  const cuts = hearing.heard.filter(({ state }) => state === "cut");
  return {
    caller: call.spoken(),
    assistant: call.ear.bytes(),
    cutsMs: cuts.map(({ endMs = 0 }) => endMs - call.ear.answeredAtMs),
  };
}

export type Kept = { readonly name: string; readonly ms: number };

export function recordingLines(width: number, kept: Kept | undefined): Line[] {
  if (kept === undefined) {
    return labelled(width, "recording", [
      span("none: nothing was said on the line but by Twilio's own voice", "dim"),
    ]);
  }
  const { name, ms } = kept;
  return labelled(width, "recording", [
    span(name, "bold"),
    span(`  ${seconds(ms, 1)}, caller left, assistant right`, "dim"),
  ]);
}

/** @param missed what the caller waited for in vain, if anything */
export function verdict(
  width: number,
  checks: readonly Check[],
  diagnosis: Diagnosis | undefined,
  missed: string | undefined,
): Line[] {
  const failed = checks.filter(({ state }) => state !== "ok");
  if (failed.length === 0 && missed === undefined) {
    return [BLANK, [span("  ✓ ", "good"), span(`all ${checks.length} as expected`, "bold")], BLANK];
  }
  const words =
    diagnosis === undefined
      ? labelled(width, "what", [
          span(missed === undefined ? "See the checks above." : `The caller waited for ${missed}.`),
        ])
      : [
          ...labelled(width, "what", [span(diagnosis.what)]),
          ...labelled(width, "noticed by", [span(diagnosis.noticed)]),
          ...labelled(width, "heard", [span(diagnosis.heard)]),
          ...(diagnosis.mend === undefined ? [] : labelled(width, "mend", [span(diagnosis.mend)])),
        ];
  const title = diagnosis?.name ?? "not one of the seven that the demo can break";
  return [BLANK, [span("  ✗ broken: ", "bad"), span(title, "bad")], BLANK, ...words, BLANK];
}

/** Said of a call that went wrong on a machine that was busy with other things. */
export function stoodStill(width: number, ms: number): Line[] {
  const words = `stood still for ${figure(ms)} ms in the middle of it, which may be all that was wrong: run it again`;
  return [...labelled(width, "machine", [span(words)]), BLANK];
}
