/**
 * One cell of the matrix: a call is brought to a phase, a fault strikes, and what comes of it is compared with what is to
 * come of it. The cell is red for every one of these that is not so, and for whatever must never happen.
 */
import { SAMPLES_PER_MS } from "../carrier/mulaw.ts";
import { type Census, censusOf } from "./census.ts";
import { ask, bringTo, quiet, type Struck, until } from "./drive.ts";
import type { Expected, Outcome, Phase } from "./expected.ts";
import type { Fault } from "./fault.ts";
import { Hearing, type Sound } from "./hearing.ts";
import type { House } from "./house.ts";
import { CALLERS_WORDS, GREETING_WORDS, LENGTH_MS, TONE, type Tone } from "./role.ts";
import { READ_TOOL, SAY_MS_PER_CHARACTER, type Stage, setStage, WRITE_TOOL } from "./stage.ts";
import {
  calledOf,
  complaintsAbout,
  type Figures,
  figuresOf,
  heardMs,
  isWhole,
  nameOf,
  newWords,
} from "./verdict.ts";

export type Cell = Figures & {
  readonly fault: string;
  readonly phase: Phase;
  /** What is not as it was to be. */
  readonly wrong: readonly string[];
  /** Only that something came too late, which may be the machine's doing. */
  readonly isLateOnly: boolean;
  /** How it went, for whoever has to find out why. */
  readonly story: readonly string[];
};

/** Beyond what is expected, for a cell that fails. */
const OVERTIME_MS = 8_000;
/** A call that cannot be helped is over by then, whatever was tried. */
const OVER_WITHIN_MS = 40_000;
const LEFT_WITHIN_MS = 8_000;
/** "Everything of that call is closed within 1 s". */
const CLOSED_WITHIN_MS = 1_000;
/** The collector takes whatever on the stack looks like an address for one: what is left over by chance is so once. */
const CENSUSES = 3;
const ANSWERED_WITHIN_MS = 5_000;
const TOOL_TOLD_WITHIN_MS = 8_000;

export type Measure = {
  /** What is alive in a relay whose calls are over (census.ts); without it nobody looks. */
  readonly quiet?: Census;
  /** All bounds on time are so many times as long, where it is not time that is measured. */
  readonly slack?: number;
};

export async function runCell(
  house: House,
  fault: Fault,
  phase: Phase,
  { quiet, slack = 1 }: Measure = {},
): Promise<Cell> {
  const expected = fault.expected[phase];
  if ("not" in expected) throw new Error(`${fault.name}, ${phase}: ${expected.not}`);
  const { withinS, silentS } = expected;
  const stage = await setStage(house).catch((thrown: unknown) => String(thrown));
  if (typeof stage === "string") {
    // One cell that cannot even begin is no reason to lose all others.
    const late = `it did not begin: ${stage}`;
    const figures = { firstS: undefined, silentS: Number.NaN };
    return { fault: fault.name, phase, wrong: [late], isLateOnly: true, story: [late], ...figures };
  }
  const slackened = { ...expected, withinS: withinS * slack, silentS: silentS * slack };
  const trial = new Trial({ house, quiet, slack, stage, fault, phase, expected: slackened });
  try {
    await trial.run();
  } catch (thrown) {
    trial.late.push(thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    trial.tell();
    await stage.stop();
  }
  const { wrong, late, story, figures } = trial;
  const isLateOnly = wrong.length === 0 && late.length > 0;
  return { fault: fault.name, phase, wrong: [...wrong, ...late], isLateOnly, story, ...figures };
}

type Given = {
  readonly house: House;
  readonly quiet: Census | undefined;
  readonly slack: number;
  readonly stage: Stage;
  readonly fault: Fault;
  readonly phase: Phase;
  readonly expected: Expected;
};

class Trial {
  readonly wrong: string[] = [];
  readonly late: string[] = [];
  story: readonly string[] = [];
  figures: Figures = { firstS: undefined, silentS: Number.NaN };
  readonly #house: House;
  readonly #quiet: ReadonlyMap<string, number> | undefined;
  readonly #slack: number;
  readonly #stage: Stage;
  readonly #fault: Fault;
  readonly #phase: Phase;
  readonly #expected: Expected;
  #hearing: Hearing | undefined;
  #struckMs = Number.NaN;
  #settled: number | undefined;

  constructor({ house, quiet, slack, stage, fault, phase, expected }: Given) {
    this.#house = house;
    this.#quiet = quiet && new Map(Object.entries(quiet));
    this.#slack = slack;
    this.#stage = stage;
    this.#fault = fault;
    this.#phase = phase;
    this.#expected = expected;
  }

  async run(): Promise<void> {
    const stage = this.#stage;
    const struck = await bringTo(this.#phase, stage, this.#fault);
    this.#struckMs = struck.atMs;
    const { call } = stage;
    this.#hearing = new Hearing(call, this.#house.clips, SAY_MS_PER_CHARACTER);
    const { outcome } = this.#expected;
    const goesOn = outcome === "goes on" || (await this.#isOver(outcome));
    if (goesOn) await this.#goesOn(struck);
    const endedMs = performance.now();
    await call.ended;
    await this.#measure(struck, endedMs, goesOn);
    if (!goesOn) this.#ended(outcome);
    await this.#closed();
    this.#never();
    if (goesOn) this.#remembered();
  }

  // --- how it goes on, or ends ----------------------------------------------------------------------------------

  /** @returns whether the call goes on instead, where that may be */
  async #isOver(outcome: Outcome): Promise<boolean> {
    const { call } = this.#stage;
    const isShort = outcome === "leaves" || outcome === "is left";
    const withinMs = (isShort ? LEFT_WITHIN_MS : OVER_WITHIN_MS) * this.#slack;
    const isBack = () =>
      outcome === "leaves or goes on" &&
      newWords(this.#sounds, this.#struckMs).some(({ what }) => what !== nameOf("goodbye"));
    try {
      await until("the end of the call", () => call.timeline.closed || isBack(), withinMs);
    } catch {
      this.late.push(`the call was not over in ${withinMs / 1000} s`);
      call.hangUp();
    }
    return !call.timeline.closed && isBack();
  }

  async #goesOn(struck: Struck): Promise<void> {
    const { call } = this.#stage;
    const sinceMs = Math.max(struck.atMs, (await struck.spokeUntilMs) ?? 0);
    const isSettled = () => call.timeline.closed || this.#settledMs(sinceMs) !== undefined;
    const deadlineMs = this.#expected.withinS * 1000 + this.#expected.silentS * 1000 + OVERTIME_MS;
    await until("words of the assistant's after it", isSettled, deadlineMs).catch(() => {});
    this.#settled = this.#settledMs(sinceMs);
    await quiet(call);
    if (this.#fault.asksForTools) await this.#answered("read", "told", TOOL_TOLD_WITHIN_MS);
    await this.#answered("check", "check", ANSWERED_WITHIN_MS);
    if (call.timeline.closed) this.wrong.push("the line was closed, and it was not the caller who did it");
    call.hangUp();
  }

  async #answered(wish: "read" | "check", tone: Tone, withinMs: number): Promise<void> {
    const { call } = this.#stage;
    await quiet(call);
    if (call.timeline.closed) return;
    const heardBefore = heardMs(this.#sounds, tone);
    await ask(this.#stage, wish);
    const isAnswered = () => call.timeline.closed || heardMs(this.#sounds, tone) > heardBefore + 200;
    await until(tone, isAnswered, withinMs * this.#slack).catch(() => {
      this.late.push(`a question after it (${wish}) was not answered in ${withinMs / 1000} s`);
    });
  }

  /** Since when the assistant has the word again: since it began anew, or had said what it was saying. */
  #settledMs(sinceMs: number): number | undefined {
    const sounds = this.#sounds;
    const was: Tone | undefined =
      this.#phase === "greeting" ? "greeting" : this.#phase === "assistant speaks" ? "answer" : undefined;
    if (was !== undefined && isWhole(sounds, was))
      return sounds.findLast(({ what }) => what === nameOf(was))?.toMs;
    return newWords(sounds, sinceMs)[0]?.fromMs;
  }

  get #sounds(): Sound[] {
    return this.#hearing?.sounds() ?? [];
  }

  // --- the verdict ----------------------------------------------------------------------------------------------

  async #measure({ atMs, spokeUntilMs }: Struck, endedMs: number, goesOn: boolean): Promise<void> {
    const untilMs = (await spokeUntilMs) ?? 0;
    const fromMs = Math.max(atMs, untilMs);
    const toMs = goesOn ? (this.#settled ?? endedMs) : endedMs;
    const spoken = untilMs > atMs ? [{ fromMs: atMs, toMs: untilMs }] : [];
    const span = { struckMs: atMs, fromMs, toMs: Math.max(fromMs, toMs) };
    this.figures = figuresOf(this.#sounds, this.#expected, span, spoken);
    this.late.push(...complaintsAbout(this.figures, this.#expected));
  }

  #ended(outcome: Outcome): void {
    const { call } = this.#stage;
    const said = call.said();
    const byCaller = call.timeline.all("ended").some(({ by }) => by === "caller");
    if (byCaller && outcome !== "is left") return;
    switch (outcome) {
      case "told":
        if (this.#hearing?.heardWhole("sorry") !== true) this.wrong.push("the apology was not heard whole");
        if (said.length > 0) this.wrong.push(`and Twilio's voice said besides: ${said.join(" ")}`);
        return;
      case "apology":
        if (said.length === 0) this.wrong.push("the line was closed without a word");
        return;
      case "leaves":
      case "leaves or goes on":
        if (!isWhole(this.#sounds, "goodbye") && said.length === 0) {
          const heard = Math.round(heardMs(this.#sounds, "goodbye"));
          this.wrong.push(`of the goodbye ${heard} ms of ${LENGTH_MS.goodbye} were heard`);
        }
        if (outcome === "leaves" && said.length > 0)
          this.wrong.push(`said after the goodbye: ${said.join(" ")}`);
        return;
      case "is left":
      case "goes on":
        return;
      default:
        outcome satisfies never;
    }
  }

  async #closed(): Promise<void> {
    const { model, tools } = this.#stage;
    const open = (): string[] => [
      ...(model.openSockets() > 0 ? [`${model.openSockets()} model sockets`] : []),
      ...tools.calls.filter(({ end }) => end === "under way").map(({ tool }) => `the tool ${tool}`),
    ];
    const withinMs = CLOSED_WITHIN_MS * this.#slack;
    await until("all is closed", () => open().length === 0, withinMs).catch(() => {
      this.late.push(`open ${withinMs / 1000} s after the end: ${open().join(", ")}`);
    });
    const left = await this.#left();
    if (left !== undefined) this.wrong.push(`alive in the relay after the end: ${left}`);
  }

  /** What of a call is still alive in the relay's heap, however often it is asked; undefined: nothing, or there is no relay. */
  async #left(): Promise<string | undefined> {
    const quiet = this.#quiet;
    if (quiet === undefined) return undefined;
    let left: string | undefined;
    for (let asked = 0; asked < CENSUSES; asked += 1) {
      const census = await censusOf(this.#stage);
      if (census === undefined) return undefined;
      const kinds = Object.entries(census).filter(([kind, count]) => count > (quiet.get(kind) ?? 0));
      if (kinds.length === 0) return undefined;
      left = kinds.map(([kind, count]) => `${count} ${kind}`).join(", ");
    }
    return left;
  }

  #never(): void {
    const { tools, lines, model } = this.#stage;
    const writes = tools.executions().filter(({ tool }) => tool === WRITE_TOOL).length;
    const asked = this.#phase === "tool runs" ? 1 : 0;
    if (writes !== asked) this.wrong.push(`the write was done ${writes} times`);
    // Counted, and not from its first moment to its last: a line that stood still leaves a gap in it.
    const greetedMs = this.#stage.call.ear.heardOf(TONE.greeting) / SAMPLES_PER_MS;
    if (greetedMs > LENGTH_MS.greeting + 200)
      this.wrong.push(`greeted twice (${Math.round(greetedMs)} ms in all)`);
    if (lines.some(({ event }) => event === "bug")) this.wrong.push("a bug in the relay's log");
    const complaints = this.#stage.complaints();
    if (complaints !== "")
      this.wrong.push(`the relay wrote to its standard error: ${complaints.slice(0, 200)}`);
    const reads = tools.calls.filter(({ tool }) => tool === READ_TOOL).length;
    if (reads > 1) this.wrong.push(`the read was asked for ${reads} times`);
    if (model.scriptErrors.length > 0) this.wrong.push(`script: ${model.scriptErrors.splice(0)[0]?.message}`);
  }

  /** Every session that began after the caller had spoken knows what was said. */
  #remembered(): void {
    const late = this.#stage.model.sessions.filter(
      ({ openedAt, updates }) => openedAt - performance.timeOrigin > this.#struckMs && updates > 0,
    );
    const hasGreeted = this.#phase !== "handshake" && this.#phase !== "start" && this.#phase !== "greeting";
    for (const { items, index } of late) {
      const known = JSON.stringify(items);
      const forgotten = [
        ...(hasGreeted && !known.includes(GREETING_WORDS) ? ["the greeting"] : []),
        ...(["assistant speaks", "tool runs", "hanging up"].includes(this.#phase) &&
        !known.includes(CALLERS_WORDS)
          ? ["what the caller had said"]
          : []),
      ];
      if (forgotten.length > 0)
        this.wrong.push(`session ${index} does not know of ${forgotten.join(" and ")}`);
    }
  }

  tell(): void {
    const { lines, callSid } = this.#stage;
    const rel = (ms: number): string => `${((ms - this.#struckMs) / 1000).toFixed(2)} s`;
    const heard = this.#sounds.map(
      ({ what, fromMs, toMs }) => `${calledOf(what)} ${rel(fromMs)}–${rel(toMs)}`,
    );
    const call = this.#hearing === undefined ? undefined : this.#stage.call;
    const line = (call?.timeline.events ?? [])
      .filter(({ kind }) => !["mark", "document", "cleared"].includes(kind))
      .map((event) => {
        const at = rel((call?.timeline.startedMs ?? 0) + event.atMs);
        const more =
          "text" in event
            ? ` "${event.text}"`
            : "status" in event
              ? ` ${event.status}`
              : "code" in event
                ? ` ${event.code}`
                : "";
        return `${at} ${event.kind}${more}`;
      });
    const log = lines
      .filter(({ event }) => !/^(?:tool\.registered|tools\.|relay\.(?:census|warning)|mcp\.)/.test(event))
      .map(({ time: _, call: __, story: ___, level, ...rest }) => `${level} ${JSON.stringify(rest)}`);
    this.story = [`call ${callSid}`, `heard: ${heard.join(", ")}`, `line: ${line.join(", ")}`, ...log];
  }
}
