/**
 * The caller's part, played as a person would: listens, speaks, interrupts, agrees, and hangs up after having waited for
 * something in vain. It goes by the ear and the line; what a person would understand of the words it takes from what is
 * known of them.
 */
import { type ClipName, clip, wordsOf } from "../audio/clips.ts";
import { afterHeard, whenQuiet } from "../carrier/caller.ts";
import { openStream, type PlacedCall } from "../carrier/carrier.ts";
import { ACCOUNT_SID, AUTH_TOKEN } from "../relay.ts";
import type { Seen } from "./seen.ts";

/**
 * How much of the call there is: all of it; the greeting is interrupted already and nothing is asked for; or the day is
 * asked for, and that is all.
 */
export type Course = "whole" | "hasty" | "brief";

export type Manner = {
  readonly course: Course;
  /** For the first sound after the line is open. */
  readonly patienceMs: number;
  /** For the first sound after a turn, which may need a tool first: "one moment" takes two seconds and a half to come. */
  readonly answerMs: number;
  /** This much quiet, and the other has finished. */
  readonly pauseMs: number;
  /** How far into the long answer, or into the greeting where there is no time for an answer. */
  readonly interruptAfterMs: number;
  /** How often the caller agrees, where they are asked again. */
  readonly mostYeses: number;
};

const USUAL: Manner = {
  course: "whole",
  patienceMs: 5_000,
  answerMs: 5_000,
  pauseMs: 500,
  interruptAfterMs: 2_900,
  mostYeses: 1,
};
/** A real model thinks longer, pauses within its sentences, and may ask before the relay has told it to. */
const LIVE: Partial<Manner> = {
  patienceMs: 10_000,
  answerMs: 10_000,
  pauseMs: 1_200,
  interruptAfterMs: 3_000,
  mostYeses: 3,
};

export const mannerFor = (course: Course, isLive: boolean): Manner => ({
  ...USUAL,
  course,
  ...(course === "hasty" && { interruptAfterMs: 1_000 }),
  ...(isLive && LIVE),
});

const ADMITTED_WITHIN_MS = 20_000;
const SENTENCE_WITHIN_MS = 30_000;
/** From the first sound of an interruption until the assistant must have fallen silent. */
const SILENT_WITHIN_MS = 1_500;
const GOODBYE_WITHIN_MS = 20_000;
/** "One moment, please": so long it may be. */
const MOMENT_MS = 15_000;
/** After the last words on the line. */
const OVER_WITHIN_MS = 10_000;

/** Plays the call to its end, and notes in `seen` what was waited for in vain, if anything. */
export async function converse(call: PlacedCall, seen: Seen, manner: Manner): Promise<void> {
  try {
    await perform(call, seen, manner);
  } catch (error) {
    if (!(error instanceof Missed)) throw error;
    seen.missed = error.message;
    call.hangUp();
  }
  await call.ended;
}

class Missed extends Error {}

async function perform(call: PlacedCall, seen: Seen, manner: Manner): Promise<void> {
  const { course, patienceMs, answerMs, pauseMs, interruptAfterMs, mostYeses } = manner;
  const waitFor = async <Value>(what: string, work: Promise<Value>): Promise<Value> => {
    try {
      return await work;
    } catch {
      throw new Missed(what);
    }
  };
  /** Whoever is told to wait waits, and whoever is told that it is over says no more. */
  const listenOn = async (what: string) => {
    while (isToldToWait(seen)) {
      await waitFor(`${what} after a moment`, afterHeard(call, 20, MOMENT_MS));
      await waitFor(`${what} to end`, whenQuiet(call, pauseMs, SENTENCE_WITHIN_MS));
    }
    if (!isSentAway(seen)) return;
    await waitFor("the call to be ended", call.waitFor("ended", OVER_WITHIN_MS));
    throw new Missed(what);
  };
  const heardOut = async (what: string) => {
    await waitFor(`${what} to begin`, afterHeard(call, 20, answerMs));
    await waitFor(`${what} to end`, whenQuiet(call, pauseMs, SENTENCE_WITHIN_MS));
    await listenOn(what);
  };
  const say = async (name: ClipName) => {
    seen.hearing.says(wordsOf(name), clip(name));
    await call.say(clip(name));
  };
  const interrupt = async (what: string) => {
    await waitFor(`${what} to begin`, afterHeard(call, 20, answerMs));
    await waitFor(`${what} to go on`, afterHeard(call, interruptAfterMs, interruptAfterMs + answerMs));
    const sinceMs = call.nowMs();
    const said = say("caller-wait");
    await waitFor(
      "the assistant to fall silent when interrupted",
      call.waitFor("cleared", SILENT_WITHIN_MS, sinceMs),
    );
    await said;
  };

  await waitFor("a line to the relay", call.waitFor("stream-opened", ADMITTED_WITHIN_MS));
  if (course === "hasty") await interrupt("the greeting");
  else {
    await waitFor("the assistant to greet", afterHeard(call, 20, patienceMs));
    await tryTokenAgain(call, seen);
    await waitFor("the greeting to end", whenQuiet(call, pauseMs, SENTENCE_WITHIN_MS));
    await listenOn("the greeting");
    await say("caller-day");
    if (course === "whole") await interrupt("the answer");
  }
  await heardOut(course === "brief" ? "the answer" : "the short answer");
  if (course === "whole") {
    await say("caller-milk");
    await heardOut("the assistant to ask back");
    for (let yeses = 1; yeses <= mostYeses; yeses++) {
      await say("caller-yes");
      await heardOut("the answer to a yes");
      if (!isAskedFor(seen)) break;
    }
  }
  await say("caller-thanks");
  await waitFor("the assistant to say goodbye", afterHeard(call, 20, answerMs));
  await waitFor("the assistant to hang up", call.waitFor("stream-closed", GOODBYE_WITHIN_MS));
}

/** "One moment, please", by the assistant or by the relay itself. */
function isToldToWait({ hearing }: Seen): boolean {
  const last = hearing.heardInOrder.at(-1);
  if (last?.who === "relay") return last.clip === "one_moment";
  return last !== undefined && hearing.sayingOf(last)?.words === wordsOf("assistant-moment");
}

/** The relay has said that there is no going on. */
function isSentAway({ hearing }: Seen): boolean {
  const last = hearing.heardInOrder.at(-1);
  return last?.who === "relay" && last.clip !== "one_moment";
}

/** Something still waits for the caller's yes. */
const isAskedFor = ({ relay }: Seen): boolean =>
  relay.findLast(({ what }) => what.event === "tool.consent")?.what.is === "held";

/** While the call is up, somebody shows its token once more, rightly signed: single use means that this is refused. */
async function tryTokenAgain(call: PlacedCall, seen: Seen): Promise<void> {
  const url = seen.streamUrl;
  if (url === undefined) return;
  const { callSid } = call;
  const second = openStream({
    url,
    parameters: seen.parameters,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    callSid,
  });
  const opening = await second.opening;
  seen.replay = { status: opening.opened ? 101 : opening.status };
  if (opening.opened) second.hangUp();
  await second.ended;
}
