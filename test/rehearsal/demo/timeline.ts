/**
 * The call as it is told on the screen: one entry for each thing that happens, in order of when it began. An entry
 * may still be growing (somebody is speaking); it is done when nothing can be added to it.
 */
import { answersOf, bargeInOf, TRUNCATED_WITHIN_MS } from "./checks.ts";
import type { Utterance } from "./hearing.ts";
import { figure, type Line, type Span, type Style, seconds, span } from "./paint.ts";
import { row } from "./screen.ts";
import { type News, numberIn, type Seen, textIn, USED_BEFORE } from "./seen.ts";
import { toolEntry } from "./tool-entries.ts";

type Entry = {
  readonly atMs: number;
  readonly role: Span;
  text(): Line;
  isDone(): boolean;
};

/**
 * The ear is asked every 20 ms who has begun to speak, a log line takes a moment through its pipe, and the relay's own
 * voice is recognised by its first 100 ms.
 */
const SETTLED_AFTER_MS = 200;

const OK = span("✓", "good");
const NO = span("✗", "bad");

export class Timeline {
  readonly #seen: Seen;
  readonly #caller: string;
  readonly #entries: Entry[] = [];
  readonly #told = new Set<Utterance>();
  #isOver = false;

  /** @param caller the name that the allowlist knows the caller by */
  constructor(seen: Seen, caller: string) {
    this.#seen = seen;
    this.#caller = caller;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  dialled(from: string, to: string): void {
    this.#add(0, "caller", "caller", [span(`${from} dials ${to}`)]);
  }

  /** Nothing more will be heard: every entry is as done as it will be. */
  close(): void {
    this.#isOver = true;
  }

  /** The rows of the entries that are done and have none before them that is not. They are told once. */
  takeDone(width: number): Line[] {
    this.#tellUtterances();
    const lines: Line[] = [];
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      const isSettled = first.isDone() && first.atMs <= this.#seen.nowMs - SETTLED_AFTER_MS;
      if (!this.#isOver && !isSettled) break;
      this.#entries.shift();
      lines.push(...rowsOf(width, first));
    }
    return lines;
  }

  /** The rows of all that is left. */
  pending(width: number): Line[] {
    return this.#entries.flatMap((entry) => rowsOf(width, entry));
  }

  take(news: News): void {
    switch (news.from) {
      case "carrier":
        return this.#carrier(news);
      case "edge":
        return this.#edge(news);
      case "relay":
        return this.#relay(news);
      case "model":
        return this.#model(news);
      default:
        return news satisfies never;
    }
  }

  #carrier({ event, atMs }: Extract<News, { from: "carrier" }>): void {
    switch (event.kind) {
      case "said":
        return this.#add(atMs, "twilio", "caller", [span(`“${event.text}”`)]);
      case "application-error":
        return this.#add(atMs, "twilio", "dim", [
          span(`error ${event.code}: ${event.reason}; asks the fallback address`),
        ]);
      case "stream-refused":
        return this.#add(atMs, "twilio", "dim", [
          span(`the stream was refused: HTTP ${event.status ?? "none"}`),
        ]);
      case "stream-closed":
        return this.#add(atMs, "line", "dim", [
          span(event.by === "caller" ? "the caller hung up" : `closed by the ${event.by} (${event.code})`),
          span(
            event.droppedSamples > 0 ? `, with ${figure(event.droppedSamples / 8)} ms unheard` : "",
            "dim",
          ),
        ]);
      default:
        return;
    }
  }

  #edge({ line, atMs }: Extract<News, { from: "edge" }>): void {
    switch (line.event) {
      case "call_admitted": {
        // The Functions' log and their answer come by different ways: the token is shown when both are there.
        const token = (): Line => {
          const bytes = this.#seen.tokenBytes;
          return bytes === undefined
            ? []
            : [span("   token minted "), OK, span(` ${bytes} bytes, 60 s`, "dim")];
        };
        this.#enter({
          atMs,
          role: span("edge", "edge"),
          text: () => [
            span("signature "),
            OK,
            span("   allowlist "),
            OK,
            span(` ${this.#caller}`, "dim"),
            span("   attested "),
            OK,
            ...token(),
          ],
          isDone: () => this.#seen.tokenBytes !== undefined,
        });
        return;
      }
      case "webhook_refused":
        return this.#add(atMs, "edge", "edge", [
          span("signature "),
          NO,
          span(` ${textIn(line, "why")}: HTTP 403, no TwiML`),
        ]);
      case "call_finished":
        return this.#add(atMs, "edge", "edge", [
          span("/voice/ended asks the relay: "),
          span(textIn(line, "ending"), "bold"),
          span(" → hangs up "),
          OK,
        ]);
      default: {
        const why =
          textIn(line, "why") ||
          textIn(line, "ending") ||
          textIn(line, "wrong") ||
          textIn(line, "streamError");
        const isGood = line.level === "info";
        if (line.event === "stream_status") return;
        return this.#add(atMs, "edge", "edge", [
          isGood ? OK : NO,
          span(` ${line.event}${why === "" ? "" : `: ${why}`}`),
        ]);
      }
    }
  }

  #relay({ line, atMs }: Extract<News, { from: "relay" }>): void {
    const ofTool = toolEntry(this.#seen, line);
    if (ofTool !== undefined) return this.#enter({ atMs, role: span("tool", "tool"), ...ofTool });
    switch (line.event) {
      case "tool.done":
        return;
      case "call.admitted":
        return this.#add(atMs, "relay", "relay", [
          span("token "),
          OK,
          span("   Twilio's signature "),
          OK,
          span("   single use, on disk "),
          OK,
        ]);
      case "call.started":
        return this.#add(atMs, "relay", "relay", [
          span("start matches the token: call "),
          OK,
          span("   account "),
          OK,
          span("   profile "),
          OK,
        ]);
      case "handshake.refused": {
        const why = textIn(line, "why");
        if (why === USED_BEFORE) {
          return this.#add(atMs, "relay", "relay", [span("the same token a second time: refused "), OK]);
        }
        return this.#add(atMs, "relay", "relay", [NO, span(` ${why}: HTTP 401`)]);
      }
      case "session.ready":
        return this.#add(atMs, "model", "model", [
          span("session configured "),
          OK,
          span(` ${figure(numberIn(line, "afterMs"))} ms after the handshake`, "dim"),
        ]);
      case "session.lost": {
        const what = line.wasUp === true ? "the session is lost" : "no session";
        return this.#add(atMs, "relay", "relay", [NO, span(` ${what}: ${textIn(line, "detail")}`)]);
      }
      case "hang_up.asked":
        return this.#add(atMs, "relay", "relay", [
          span("end_call: hangs up when the goodbye has been heard"),
        ]);
      case "call.ended": {
        const ending = textIn(line, "ending");
        if (ending === "assistant_hung_up" || ending === "caller_hung_up") return;
        return this.#add(atMs, "relay", "relay", [NO, span(` the call ended as ${ending}`)]);
      }
      default:
        if (line.level === "info" || line.level === "debug") return;
        return this.#add(atMs, "relay", "relay", [NO, span(` ${line.event}`)]);
    }
  }

  #model({ event, atMs }: Extract<News, { from: "model" }>): void {
    switch (event.what) {
      case "refused_handshake":
        return this.#add(atMs, "model", "model", [NO, span(` refuses the handshake: HTTP ${event.status}`)]);
      case "error":
        return this.#add(atMs, "model", "model", [NO, span(` error ${event.code ?? ""} ${event.message}`)]);
      case "truncate":
        if (event.audioEndMs === 0) return;
        this.#enter({
          atMs,
          role: span("barge-in", "cut"),
          text: () => this.#bargeIn(),
          isDone: () =>
            this.#seen.carrier("cleared").length > 0 || bargeInOf(this.#seen)?.heard.state !== "coming",
        });
        return;
      default:
        return;
    }
  }

  #bargeIn(): Line {
    const { heardMs = 0, toldMs = 0, droppedMs } = bargeInOf(this.#seen) ?? {};
    const apart = Math.abs(heardMs - toldMs);
    return [
      span("heard "),
      span(`${figure(heardMs, 1)} ms`, "bold"),
      span("   model told "),
      span(`${figure(toldMs)} ms`, "bold"),
      span("   "),
      span(`${figure(apart, 1)} ms apart `),
      droppedMs !== undefined && apart <= TRUNCATED_WITHIN_MS ? OK : NO,
      droppedMs === undefined
        ? span("   nothing was cleared", "bad")
        : span(`   ${figure(droppedMs)} ms dropped`, "dim"),
    ];
  }

  /** Words are told when they begin to be heard, which may be a little after the model has sent them. */
  #tellUtterances(): void {
    for (const utterance of this.#seen.hearing.utterances) {
      if (this.#told.has(utterance) || utterance.startMs === undefined) continue;
      this.#told.add(utterance);
      this.#enter({
        atMs: utterance.startMs,
        role: span(utterance.who, utterance.who),
        text: () => this.#words(utterance),
        isDone: () =>
          utterance.who === "caller"
            ? this.#seen.nowMs >= utterance.lastWordMs
            : utterance.state !== "coming",
      });
    }
  }

  #words(utterance: Utterance): Line {
    if (utterance.who === "caller") {
      const share = (this.#seen.nowMs - utterance.startMs) / (utterance.lastWordMs - utterance.startMs);
      return captions(utterance.words, share, this.#isOver ? "broken off" : share < 1 ? "coming" : "whole");
    }
    if (utterance.who === "relay") {
      const said = captions(utterance.words, this.#seen.hearing.shareOf(utterance), utterance.state);
      return [span("“"), ...said, span("”")];
    }
    const words = this.#seen.hearing.sayingOf(utterance)?.words ?? "";
    const afterMs = answersOf(this.#seen).find(({ answer }) => answer === utterance)?.afterMs;
    return [
      ...captions(words, this.#seen.hearing.shareOf(utterance), utterance.state),
      ...(afterMs === undefined ? [] : [span(` (after ${seconds(afterMs)})`, "dim")]),
    ];
  }

  #add(atMs: number, role: string, style: Style, text: Line): void {
    this.#enter({ atMs, role: span(role, style), text: () => text, isDone: () => true });
  }

  #enter(entry: Entry): void {
    this.#entries.push(entry);
    this.#entries.sort((one, other) => one.atMs - other.atMs);
  }
}

const rowsOf = (width: number, entry: Entry): Line[] =>
  row(width, (entry.atMs / 1000).toFixed(2), [entry.role], entry.text());

/** The words so far, to the word; of what was cut off, also what was not heard. */
function captions(words: string, share: number, state: "coming" | "whole" | "cut" | "broken off"): Line {
  if (state === "whole" || share >= 1) return [span(words)];
  const spaces = [...words.matchAll(/ /g)].map(({ index }) => index);
  const at = spaces.findLast((space) => space <= words.length * share) ?? 0;
  if (state === "coming") {
    const end = spaces.find((space) => space > at);
    return end === undefined ? [span(words)] : [span(words.slice(0, end)), span(" …", "dim")];
  }
  return [span(words.slice(0, at)), span(" ┃", "cut"), span(words.slice(at), "unheard")];
}
