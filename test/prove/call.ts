/**
 * The group `call`: that a phone call works, end to end, as exactly and as calmly as it is promised.
 */
import { FULL, runBench } from "../bench/bench.ts";
import { MIXES, measureBargeIn, NETWORKS } from "./barge-in.ts";
import { measureCrowd } from "./crowd.ts";
import { inspectBuild } from "./dist.ts";
import { callLive, interruptRehearsed } from "./live.ts";
import { BREAKS, inFreshClone, runTests, searchTree } from "./project.ts";
import { proveProperties } from "./properties.ts";
import { type Proof, quantile } from "./rows.ts";

const INTERRUPTIONS = 200;
const LINES = 25;
const WORST_P95_MS = 40;
const SEQUENCES = 100_000;
const LEAST_VISITS = 100;
const OFTEN_TRIED = [
  "test/relay/call/property/property.test.ts",
  "test/relay/call/policy-properties.test.ts",
  "test/relay/call/memory-property.test.ts",
];
const CROWD = { calls: 200, seconds: 60, waves: 3 } as const;

const strangers: Proof = {
  name: "clone",
  run: async (progress) => {
    const clone = await inFreshClone(progress);
    return [
      {
        what: "npm ci && npm run demo, in a fresh clone",
        bound: "exit 0",
        measured: `exit ${clone.demo.code}, ${clone.demo.seconds} s`,
        ok: clone.demo.code === 0,
      },
      {
        what: "npm test, in a fresh clone",
        bound: "exit 0",
        measured: `exit ${clone.test.code}, ${clone.test.lastLine}, ${clone.test.seconds} s`,
        ok: clone.test.code === 0,
      },
      ...BREAKS.map((name) => {
        const broken = clone.breaks[name];
        return {
          what: `npm run demo -- --break ${name}`,
          bound: "exit 1, and named",
          measured: `exit ${broken?.code}, ${broken?.named ? "named" : "not named"}`,
          ok: broken?.code === 1 && broken.named,
        };
      }),
      {
        what: "without its tools the call goes on, and lacks nothing else",
        bound: "yes",
        measured: clone.goesOnWithoutTools ? "yes" : "no",
        ok: clone.goesOnWithoutTools,
      },
      {
        what: "without its model the caller hears the relay itself, and no voice besides",
        bound: "yes",
        measured: clone.isHeardWithoutModel ? "yes" : "no",
        ok: clone.isHeardWithoutModel,
      },
    ];
  },
};

const live: Proof = {
  name: "live",
  run: async (progress) => {
    const { code, unsaid, keyIsTold, amiss, output } = await callLive(progress);
    const isGood = code === 0 && unsaid.length + amiss.length === 0 && !keyIsTold;
    if (!isGood) console.log(output.slice(-4_000));
    progress("Ctrl-C");
    const interrupted = await interruptRehearsed();
    return [
      {
        what: "npm run demo -- --live, towards a stand-in that plays the real service",
        bound: "exit 0, all said, nothing amiss, the key not told",
        measured: `exit ${code}, ${unsaid.length} unsaid, ${amiss.join("; ") || "nothing amiss"}, the key ${keyIsTold ? "told" : "not told"}`,
        ok: isGood,
      },
      {
        what: "Ctrl-C in the middle of a rehearsed call",
        bound: "exit 130, nothing left running",
        measured: `exit ${interrupted.code}, ${interrupted.isGone ? "nothing" : "something"} left running`,
        ok: interrupted.code === 130 && interrupted.isGone,
      },
    ];
  },
};

const refusals: Proof = {
  name: "refusals",
  run: async () => {
    const { code, lastLine, output } = await runTests([
      "test/relay/io",
      "test/functions",
      "test/relay/contract.test.ts",
    ]);
    if (code !== 0) console.log(output.slice(-4_000));
    return [
      {
        what: "webhooks, tokens, handshakes and profiles refused",
        bound: "0 failed",
        measured: lastLine,
        ok: code === 0,
      },
    ];
  },
};

const properties: Proof = {
  name: "properties",
  run: async (progress) => {
    const { sequences, steps, seed, visits, endings, failures, planted } = await proveProperties(progress);
    const least = (counts: Readonly<Record<string, number>>) => Math.min(...Object.values(counts));
    const list = (counts: Readonly<Record<string, number>>) =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
    console.log(`\nvisits per state: ${list(visits)}\ncalls per ending: ${list(endings)}`);
    for (const { name, by } of planted) console.log(`planted: ${name}: ${by}`);
    for (const failure of failures) console.log(`failure: ${failure}`);
    progress("with all their tries");
    const others = [];
    for (const file of OFTEN_TRIED) {
      const ran = await runTests([file], { ALL_TRIES: "1" });
      if (ran.code !== 0) console.log(ran.output.slice(-4_000));
      others.push(ran);
    }
    return [
      {
        what: "sequences through step without a broken invariant",
        bound: `≥ ${SEQUENCES}, 0 failures`,
        measured: `${sequences}, ${steps} steps, seed ${seed}, ${failures.length} failures`,
        ok: sequences >= SEQUENCES && failures.length === 0,
      },
      {
        what: "visits of the least visited state",
        bound: `≥ ${LEAST_VISITS}`,
        measured: String(least(visits)),
        ok: least(visits) >= LEAST_VISITS,
      },
      {
        what: "calls with the rarest ending",
        bound: `≥ ${LEAST_VISITS}`,
        measured: String(least(endings)),
        ok: least(endings) >= LEAST_VISITS,
      },
      {
        what: "bugs planted by hand and found",
        bound: "all of at least 15",
        measured: `${planted.filter(({ found }) => found).length} of ${planted.length}`,
        ok: planted.length >= 15 && planted.every(({ found }) => found),
      },
      {
        what: "the same of calls that nobody asks for deadlines, and what holds of policy and of memory, with all tries",
        bound: "0 failed",
        measured: others.map(({ lastLine }) => lastLine).join("; "),
        ok: others.every(({ code }) => code === 0),
      },
    ];
  },
};

const ear: Proof = {
  name: "ear",
  run: async (progress) => {
    const rows = [];
    for (const mix of MIXES) {
      for (const network of NETWORKS) {
        const result = await measureBargeIn(
          { mix, network, interruptions: INTERRUPTIONS, lines: LINES },
          progress,
        );
        const errors = result.errorsMs.map(Math.abs);
        const [p50, p95, most] = [quantile(errors, 0.5), quantile(errors, 0.95), Math.max(...errors)];
        const { interruptions, refused, modelErrors, wrongItems, playedAfterClear } = result;
        rows.push({
          what: `barge-in: ${mix.name}, ${network.oneWayMs} ms + ${network.jitterMs} ms jitter each way`,
          bound: `p95 ≤ ${WORST_P95_MS} ms, 0 refused, 0 wrong`,
          measured:
            `p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, max ${most.toFixed(1)} ms; n ${interruptions}, ` +
            `${refused} refused, ${wrongItems} wrong, ${playedAfterClear} samples after clear`,
          ok:
            interruptions >= INTERRUPTIONS &&
            p95 <= WORST_P95_MS &&
            refused + modelErrors + wrongItems + playedAfterClear === 0,
        });
      }
    }
    return rows;
  },
};

const crowd: Proof = {
  name: "crowd",
  run: async (progress) => {
    const { waves, before, after } = await measureCrowd(CROWD, progress);
    const sum = (of: (wave: (typeof waves)[number]) => number) =>
      waves.reduce((total, wave) => total + of(wave), 0);
    const slowest = Math.max(...waves.map(({ closedMs }) => closedMs));
    const resident = waves.map(({ residentMb }) => residentMb);
    const growth = (resident.at(-1) ?? Number.NaN) - (resident[0] ?? Number.NaN);
    const { calls, seconds } = CROWD;
    return [
      {
        what: `${calls} calls at once for ${seconds} s, ${waves.length} times: frames lost or out of order`,
        bound: "0",
        measured: `${sum(({ lost }) => lost)} lost, ${sum(({ wrong }) => wrong)} wrong of ${sum(({ frames }) => frames)}`,
        ok: sum(({ lost, wrong }) => lost + wrong) === 0,
      },
      {
        what: "everything closed after hang-up",
        bound: "≤ 1000 ms",
        measured: `${slowest.toFixed(0)} ms`,
        ok: slowest <= 1000,
      },
      {
        what: "calls, sockets and timers in the heap afterwards",
        bound: "as before",
        measured: JSON.stringify(after),
        ok: JSON.stringify(after) === JSON.stringify(before),
      },
      {
        what: "resident memory after the last wave, over the first",
        bound: "≤ 5 MB",
        measured: `${growth.toFixed(1)} MB (${resident.map((mb) => mb.toFixed(1)).join(", ")})`,
        ok: growth <= 5,
      },
    ];
  },
};

const bench: Proof = {
  name: "bench",
  run: async (progress) => {
    const { bounds } = await runBench(FULL, progress);
    return bounds.map(({ what, measured, most, holds }) => ({
      what,
      bound: `≤ ${most}`,
      measured: measured.toFixed(2),
      ok: holds,
    }));
  },
};

const build: Proof = {
  name: "build",
  run: async (progress) => {
    const { entries, expected, largestBytes, withTwilio, alone } = await inspectBuild(progress);
    return [
      {
        what: "what the build leaves in dist/functions",
        bound: "exactly the entries",
        measured: entries.join(" "),
        ok: entries.join() === expected.join(),
      },
      {
        what: "the largest entry",
        bound: "< 300 KB",
        measured: `${(largestBytes / 1000).toFixed(1)} KB`,
        ok: largestBytes < 300_000,
      },
      {
        what: "entries with twilio's own code in them",
        bound: "0",
        measured: String(withTwilio),
        ok: withTwilio === 0,
      },
      {
        what: "the entries alone, with runtime-handler and twilio from the registry",
        bound: "a signed call is answered with a stream",
        measured: alone,
        ok: alone === "a stream",
      },
    ];
  },
};

const tree: Proof = {
  name: "tree",
  run: async () => {
    const found = await searchTree();
    return Object.entries(found).map(([what, hits]) => ({
      what: `git grep: ${what}`,
      bound: "none",
      measured: hits.length === 0 ? "none" : hits.slice(0, 3).join(" | "),
      ok: hits.length === 0,
    }));
  },
};

export const CALL: readonly Proof[] = [tree, build, live, refusals, properties, ear, crowd, bench, strangers];
