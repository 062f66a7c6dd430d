/**
 * What had to happen, and whether it did: each judged from what was seen, by the side that could see it. A check that
 * an earlier failure made impossible is "not reached", so that the first cause stands out.
 */

import { wordsOf } from "../audio/clips.ts";
import type { Course } from "./caller.ts";
import { gapsIn, type Heard, type Spoken } from "./hearing.ts";
import { figure } from "./paint.ts";
import type { Seen } from "./seen.ts";
import { textIn } from "./seen.ts";
import {
  doneOnce,
  heardOfIt,
  heardThatItCannot,
  lookedUp,
  nothingBeforeYes,
  putToCaller,
} from "./tool-verdicts.ts";
import { heardSaying, heardWhole, type Verdict } from "./verdicts.ts";

/** `audio_end_ms` against the ear. */
export const TRUNCATED_WITHIN_MS = 40;
/** From the caller's first sound: the VAD needs 60 ms of it, and the network next to nothing here. */
const CLEARED_WITHIN_MS = 1_000;
const CLOSED_WITHIN_MS = 1_000;
const SAMPLES_PER_MS = 8;

export type Check = {
  readonly what: string;
  readonly state: "ok" | "failed" | "not reached";
  readonly detail: string;
};

/** The interruption, from both sides. */
export type BargeIn = {
  readonly heard: Heard;
  /** What the ear had of the interrupted reply when it was cut off; while it was not, what the ear has by now. */
  readonly heardMs: number;
  /** The `audio_end_ms` that the model received. */
  readonly toldMs: number | undefined;
  readonly droppedMs: number | undefined;
  /** From the caller's first sound. */
  readonly clearedAfterMs: number | undefined;
};

export function bargeInOf(seen: Seen): BargeIn | undefined {
  const told = seen.moments("truncate").find(({ what }) => what.audioEndMs > 0);
  const cleared = seen.carrier("cleared")[0];
  const atMs = cleared?.atMs ?? told?.atMs;
  if (atMs === undefined) return undefined;
  const heard = seen.hearing.heard.findLast(({ startMs }) => startMs !== undefined && startMs <= atMs);
  if (heard === undefined) return undefined;
  const by = seen.hearing.spoken.findLast(({ startMs }) => startMs <= atMs);
  return {
    heard,
    heardMs: heard.heardSamples / SAMPLES_PER_MS,
    toldMs: told?.what.audioEndMs,
    droppedMs: cleared && cleared.droppedSamples / SAMPLES_PER_MS,
    clearedAfterMs: cleared && by && cleared.atMs - by.startMs,
  };
}

/** The answer to each of the caller's turns, and how long it took after the last word. */
export function answersOf(
  seen: Seen,
): Array<{ readonly to: Spoken; readonly answer: Heard; readonly afterMs: number }> {
  return seen.hearing.spoken.flatMap((to) => {
    const answer = seen.hearing.heard.find(
      ({ startMs }) => startMs !== undefined && startMs >= to.lastWordMs,
    );
    if (answer?.startMs === undefined) return [];
    return [{ to, answer, afterMs: answer.startMs - to.lastWordMs }];
  });
}

export type Terms = {
  readonly course: Course;
  /** The caller's audio as the model got it, where it was kept. */
  readonly input: Uint8Array | undefined;
  /** What a real model says, in how many answers, and which tools it uses for them, cannot be known. */
  readonly isLive: boolean;
};

type Chain = { readonly holds: () => boolean; readonly check: (what: string, judge: () => Verdict) => void };

/** What nothing can be said of any more is not reached. @param after another one, that this one needs too */
function chainIn(checks: Check[], after?: Chain): Chain {
  let reached = true;
  const holds = () => reached && after?.holds() !== false;
  return {
    holds,
    check: (what, judge) => {
      if (!holds()) {
        checks.push({ what, state: "not reached", detail: "" });
        return;
      }
      const { ok, detail } = judge();
      reached = ok;
      checks.push({ what, state: ok ? "ok" : "failed", detail });
    },
  };
}

export function checksOf(seen: Seen, { course, input, isLive }: Terms): Check[] {
  const checks: Check[] = [];
  const call = chainIn(checks);
  // A call goes on without its tools.
  const tools = chainIn(checks, call);
  const { check } = call;
  const { heard, spoken } = seen.hearing;
  const [first] = heard;

  check("the edge admitted the call", () => admitted(seen));
  check("the relay took the token, once", () => taken(seen));
  check("the start matched the token", () => matched(seen));
  if (course === "hasty") check("the greeting was heard", () => heardAtAll(first));
  else {
    check("the greeting was heard whole", () => heardWhole(seen, first, !isLive));
    check("the caller's turn reached the model", () => reachedModel(seen, spoken[0], input));
    if (!isLive) tools.check("the day was looked up", () => lookedUp(seen));
  }
  if (course === "brief") check("the assistant said that it cannot", () => heardThatItCannot(seen));
  else {
    check("the interruption cleared the playback", () => cleared(seen));
    check("the model was told what was heard", () => told(seen));
    check("nothing was heard of it afterwards", () => silentAfterwards(seen, isLive));
    if (!isLive) {
      check("the short answer was heard whole", () => heardWhole(seen, heardSaying(seen, "assistant-first")));
    }
  }
  if (course === "whole" && !isLive) {
    tools.check("adding milk was held, and asked back", () => putToCaller(seen));
    tools.check("nothing was done before the yes", () => nothingBeforeYes(seen));
    tools.check("it was done after it, exactly once", () => doneOnce(seen));
    tools.check("the caller heard that it was done", () => heardOfIt(seen));
  }
  check("the goodbye was heard to its last byte", () => heardWhole(seen, heard.at(-1), !isLive));
  check("the assistant hung up", () => hungUp(seen));
  check("/voice/ended heard that it was finished", () => finished(seen));
  check("the model refused nothing", () => unrefused(seen));
  check("the model's socket was closed", () => modelClosed(seen));
  chainIn(checks).check("nothing was left open", () => {
    const found = seen.leftovers?.found ?? ["not known"];
    return {
      ok: found.length === 0,
      detail: found.length === 0 ? "processes, ports, sockets, MCP sessions" : found.join(", "),
    };
  });
  return checks;
}

function admitted(seen: Seen): Verdict {
  const line = seen.edgeLine("call_admitted");
  const bytes = seen.tokenBytes;
  const ok = line !== undefined && bytes !== undefined;
  return { ok, detail: ok ? `signature, allowlist, a token of ${bytes} bytes` : "no TwiML that connects it" };
}

function taken(seen: Seen): Verdict {
  if (seen.relayLine("call.admitted") === undefined) {
    return { ok: false, detail: seen.refusal ?? "no handshake reached it" };
  }
  const { replay } = seen;
  if (replay === undefined) return { ok: true, detail: "token, Twilio's signature, single use on disk" };
  return { ok: replay.status === 401, detail: `a second time it answered ${replay.status ?? "nothing"}` };
}

function matched(seen: Seen): Verdict {
  const ok = seen.relayLine("call.started") !== undefined;
  return { ok, detail: ok ? "call, account, profile" : endingOf(seen) };
}

function heardAtAll(heard: Heard | undefined): Verdict {
  const ms = (heard?.heardSamples ?? 0) / SAMPLES_PER_MS;
  return { ok: ms > 0, detail: ms > 0 ? `${figure(ms)} ms of it` : "nothing was heard" };
}

function reachedModel(seen: Seen, spoken: Spoken | undefined, input: Uint8Array | undefined): Verdict {
  const turns = seen.moments("speech_stopped").length;
  if (spoken === undefined || turns === 0) return { ok: false, detail: "it heard no speech" };
  if (input === undefined) return { ok: true, detail: `it heard ${turns} turns` };
  const all = `all ${figure(spoken.sound.length)} bytes of it`;
  if (Buffer.from(input).indexOf(spoken.sound) >= 0) return { ok: true, detail: all };
  // Where this process stood still, the relay took the line for quiet, and told the model so.
  const isThere = Buffer.from(withoutSilence(input)).indexOf(withoutSilence(spoken.sound)) >= 0;
  return { ok: isThere, detail: isThere ? `${all}, with silence between` : "not as it was said" };
}

const withoutSilence = (sound: Uint8Array): Uint8Array => sound.filter((byte) => byte !== 0xff);

function cleared(seen: Seen): Verdict {
  const { clearedAfterMs, droppedMs } = bargeInOf(seen) ?? {};
  if (clearedAfterMs === undefined || droppedMs === undefined) {
    const interrupted = seen.hearing.spoken.some(({ words }) => words === wordsOf("caller-wait"));
    return { ok: false, detail: interrupted ? "the assistant talked on" : "the caller could not interrupt" };
  }
  const detail = `${figure(clearedAfterMs)} ms after the first sound; ${figure(droppedMs)} ms dropped`;
  return { ok: clearedAfterMs <= CLEARED_WITHIN_MS, detail };
}

function told(seen: Seen): Verdict {
  const { heardMs = Number.NaN, toldMs } = bargeInOf(seen) ?? {};
  if (toldMs === undefined) return { ok: false, detail: "no truncation reached it" };
  const apart = Math.abs(heardMs - toldMs);
  return {
    ok: apart <= TRUNCATED_WITHIN_MS,
    detail: `heard ${figure(heardMs, 1)} ms, told ${figure(toldMs)} ms: ${figure(apart, 1)} ms apart`,
  };
}

/** All that was played after the clear belongs to what was said after it, byte for byte. */
function silentAfterwards(seen: Seen, isLive: boolean): Verdict {
  const clear = seen.carrier("cleared")[0];
  const cut = bargeInOf(seen)?.heard;
  const played = seen.call?.ear.playedSamples ?? 0;
  if (clear === undefined || cut === undefined) return { ok: false, detail: "nothing was cleared" };
  const later = seen.hearing.heard.slice(seen.hearing.heard.indexOf(cut) + 1);
  const clips = seen.hearing.played.filter(({ startMs }) => startMs >= clear.atMs);
  const accounted = [...later, ...clips].reduce((sum, { heardSamples }) => sum + heardSamples, 0);
  const stray = played - clear.playedSamples - accounted;
  const saying = seen.hearing.sayingOf(cut);
  const before = saying?.sound.subarray(0, cut.heardSamples) ?? new Uint8Array();
  const record = seen.call?.ear.bytes() ?? new Uint8Array();
  if (!isLive && gapsIn(record, cut.startSample ?? 0, before) === undefined) {
    return { ok: false, detail: "what was heard before the cut is not what was said" };
  }
  return { ok: stray === 0, detail: `${figure(stray)} bytes after the clear` };
}

function hungUp(seen: Seen): Verdict {
  const closed = seen.carrier("stream-closed")[0];
  const ending = endingOf(seen);
  const by = closed?.by ?? "nobody";
  const dropped = closed?.droppedSamples ?? 0;
  return {
    ok: ending === "assistant_hung_up" && by === "relay" && dropped === 0,
    detail: `${ending}, closed by the ${by}`,
  };
}

function finished(seen: Seen): Verdict {
  const line = seen.edgeLine("call_finished");
  const ended = seen.carrier("ended")[0];
  const ok = line !== undefined && ended?.by === "twiml" && seen.carrier("said").length === 0;
  return { ok, detail: ok ? "and hung up" : "it did not" };
}

/** Races that no client can avoid are not refusals: the sorting is the relay's, and its log tells. */
function unrefused(seen: Seen): Verdict {
  const races = seen.relay.filter(
    ({ what }) => what.event === "model.error" && textIn(what, "class") === "race",
  ).length;
  const errors = seen.moments("error").length - races;
  const refused = seen.moments("truncate").filter(({ what }) => what.refused !== null).length;
  const detail =
    errors + refused === 0
      ? "no error, no refused truncation"
      : `${errors} error(s), ${refused} refused truncation(s)`;
  return { ok: errors + refused === 0, detail };
}

function modelClosed(seen: Seen): Verdict {
  const hungUpMs = seen.carrier("stream-closed")[0]?.atMs;
  const closed = seen.moments("closed")[0];
  if (closed === undefined || hungUpMs === undefined) return { ok: false, detail: "it is still open" };
  const afterMs = Math.max(0, closed.atMs - hungUpMs);
  return { ok: afterMs <= CLOSED_WITHIN_MS, detail: `${figure(afterMs)} ms after the line` };
}

const endingOf = (seen: Seen): string => {
  const line = seen.relayLine("call.ended")?.what;
  return line === undefined ? "no end was logged" : textIn(line, "ending");
};
