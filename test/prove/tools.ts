/**
 * The group `tools`: that things get done over MCP, once each, told truly, and never in silence.
 */
import type { Proof } from "./rows.ts";
import { callEverything, killedMeanwhile } from "./tools/everything.ts";
import { cutWrites, judge, type Write } from "./tools/writes.ts";

const WRITES = 1_000;
const WRITES_SEED = 20_261_121;
/** Fewer of a kind would prove nothing of it. */
const LEAST_OF_A_KIND = 20;

const everything: Proof = {
  name: "everything",
  run: async (progress) => {
    progress("listing and calling");
    const { listed, offered, unfit, called } = await callEverything();
    const answered = called.filter(({ outcome }) => outcome.is === "answered" && !outcome.isError);
    const others = called.filter((one) => !answered.includes(one));
    const missing = listed.filter((name) => !offered.includes(name));
    progress("killing it in the middle of a call");
    const { outputs, heard, modelErrors } = await killedMeanwhile();
    const [before, during, after] = outputs;
    return [
      {
        what: "the official test server: its tools, offered, and fit for the Realtime API",
        bound: "all of them",
        measured: `${offered.length} of ${listed.length}, ${unfit.length} unfit${missing.map((name) => `, without ${name}`).join("")}`,
        ok: listed.length > 0 && missing.length === 0 && unfit.length === 0,
      },
      {
        what: "each of them called, with arguments that fit its schema",
        bound: "answered, none as an error",
        measured: `${answered.length} of ${called.length}${others.map(({ tool, outcome }) => `, ${tool}: ${outcome.is}`).join("")}`,
        ok: called.length === offered.length && others.length === 0,
      },
      {
        what: "killed and started again in the middle of a call, with a tool at work",
        bound: "that one unknown, the next use works",
        measured: `before: ${told(before)}, meanwhile: ${told(during)}, after: ${told(after)}; ${heard} of 3 answers heard, ${modelErrors} errors`,
        ok: isSum(before) && isUnknown(during) && isSum(after) && heard === 3 && modelErrors === 0,
      },
    ];
  },
};

const isUnknown = (output = ""): boolean => output.includes("it is not known whether it was done");
const isSum = (output = ""): boolean => output.includes("42");
/** Its first sentence. */
const told = (output = "nothing"): string => JSON.stringify(output.split(". ", 1)[0]);

const writes: Proof = {
  name: "writes",
  run: async (progress) => {
    const all: Write[] = [];
    let strangers = 0;
    for (const json of [false, true]) {
      const tell = (words: string) => progress(`${words}, ${json ? "as documents" : "as events"}`);
      const result = await cutWrites({ writes: WRITES / 2, seed: WRITES_SEED + Number(json), json }, tell);
      all.push(...result.writes);
      strangers += result.strangers;
    }
    const { twice, untrue, counts, byKind } = judge(all);
    console.log();
    for (const [kind, words] of byKind) {
      console.log(`${kind}: ${[...words].map(([word, count]) => `${word} ${count}`).join("; ")}`);
    }
    for (const why of untrue) console.log(`untrue: ${why}`);
    const { answered, failed, notDone, lostDone, lostUndone, lostUnread, lostOverrun } = counts;
    const unknown = lostDone + lostUndone + lostUnread + lostOverrun;
    const least = Math.min(
      ...[...byKind.values()].map((words) => [...words.values()].reduce((a, b) => a + b)),
    );
    return [
      {
        what: `${all.length} writes, the connection cut at random: done twice`,
        bound: "0",
        measured: `${twice} twice, ${strangers} unasked`,
        ok: all.length >= WRITES && twice + strangers === 0 && least >= LEAST_OF_A_KIND,
      },
      {
        what: "their outcomes told otherwise than they were",
        bound: "0",
        measured: `${untrue.length}; ${answered} answered, ${failed} failed, ${notDone} not done, ${unknown} unknown`,
        ok: untrue.length === 0 && answered > 0 && failed > 0 && notDone > 0,
      },
      {
        what: "unknown: the request had left whole, and no answer came",
        bound: "some done, some not",
        measured: `${lostDone} done, ${lostUndone} not done`,
        ok: lostDone > 0 && lostUndone > 0,
      },
      {
        what: "unknown: the two ends of TCP know different things",
        bound: "counted",
        measured: `${lostUnread} reset unread, ${lostOverrun} answers overrun by a reset`,
        ok: true,
      },
    ];
  },
};

export const TOOLS: readonly Proof[] = [everything, writes];
