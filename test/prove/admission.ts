/**
 * The group `admission`: that only the right caller gets in, once, whatever is tried, and that trying it disturbs nobody.
 */

import { replayUnderJumps } from "./admission/jumps.ts";
import { replayUnderKills } from "./admission/replays.ts";
import { sampleThroughTwilioRun } from "./admission/runtime-sample.ts";
import { sendAgain } from "./admission/sent-again.ts";
import { leftOver, measureStorm } from "./admission/storm.ts";
import { tryTokenMutations } from "./admission/token-mutations.ts";
import { knockWithHostileTokens, termsNow, verifyHostileTokens } from "./admission/tokens.ts";
import { toldBy, verdictOn } from "./admission/told.ts";
import { tryWebhookMutations } from "./admission/webhooks.ts";
import type { Proof } from "./rows.ts";

const SEED = 20_261_121;
const HOSTILE = 150;
const MUTATIONS = 1_000_000;
const THROUGH_TWILIO_RUN = 500;
const REPLAYS = 100_000;
const KILLS = 100;
/** Of those, the ones under a clock that leaps. */
const UNDER_JUMPS = { attempts: 15_000, kills: 21 } as const;
const FRESH_WITHIN_MS = 1_000;
const STORM = {
  calls: 20,
  seconds: 30,
  storms: 2,
  inFlight: 64,
  idle: 1_000,
  slow: 100,
  trickled: 10,
  settleMs: 3_000,
  restMs: 35_000,
  counts: 4,
} as const;
/** About twenty, of all kinds: keys, numbers, PINs, words. */
const CANARIES = 19;
const STORM_RATE = 10_000;
const P99_ADDED_MS = 10;
/** The first storm ever compiles what refuses; a second that keeps more has leaked. */
const MEMORY_KEPT_MB = { byAll: 16, byTheLast: 5 } as const;
/** 5 s from handshake to a valid `start`, and a little for the timers of two processes. */
const TRICKLED_FOR_MS = 6_000;

const listed = (names: readonly string[]): string =>
  names.length === 0 ? "" : `: ${names.slice(0, 3).join(" | ").slice(0, 300)}`;
const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

/** Whatever was not refused. */
const letInBy = ({ "401": _, "429": __, ...others }: Readonly<Record<string, number>>): number =>
  Object.values(others).reduce((sum, count) => sum + count, 0);

const tokens: Proof = {
  name: "tokens",
  run: async (progress) => {
    const direct = await verifyHostileTokens();
    progress("hostile tokens over the wire");
    const wire = await knockWithHostileTokens();
    const terms = termsNow();
    const { tried, accepted, byRefusal } = await tryTokenMutations(
      terms,
      { count: MUTATIONS, seed: SEED },
      (done) => progress(`${done} of ${MUTATIONS} mutations of a token`),
    );
    return [
      {
        what: "hostile tokens, each by hand and by name, against the contract",
        bound: `≥ ${HOSTILE}, 0 accepted`,
        measured: `${direct.hostile}, ${direct.accepted.length} accepted${listed(direct.accepted)}`,
        ok: direct.hostile >= HOSTILE && direct.accepted.length === 0,
      },
      {
        what: "the same over the wire, each URL signed by Twilio",
        bound: `≥ ${HOSTILE}, 0 let in, no session`,
        measured: `${wire.hostile} in ${wire.knocks} spellings, ${wire.accepted.length} let in${listed(wire.accepted)}, ${wire.sessions} sessions; ${counted(wire.byStatus)}`,
        ok: wire.hostile >= HOSTILE && wire.accepted.length === 0 && wire.sessions === 0,
      },
      {
        what: "good tokens, one of each shape, against the contract and over the wire",
        bound: "all accepted",
        measured: `${direct.good - direct.refused.length} of ${direct.good}, ${wire.good - wire.refused.length} of ${wire.good}${listed([...direct.refused, ...wire.refused])}`,
        ok: direct.refused.length + wire.refused.length === 0,
      },
      {
        what: "mutations of a good token",
        bound: `≥ ${MUTATIONS}, 0 accepted`,
        measured: `${tried}, ${accepted.length} accepted${listed(accepted)}; seed ${SEED}; ${counted(byRefusal)}`,
        ok: tried >= MUTATIONS && accepted.length === 0,
      },
    ];
  },
};

const webhooks: Proof = {
  name: "webhooks",
  run: async (progress) => {
    const outcome = await tryWebhookMutations({ count: MUTATIONS, seed: SEED }, (done) =>
      progress(`${done} of ${MUTATIONS} mutations of a webhook`),
    );
    const { tried, admitted, wellSigned, askedInstead, same, sameRefused, byRefusal } = outcome;
    progress("a sample through twilio-run");
    const sample = await sampleThroughTwilioRun({ count: THROUGH_TWILIO_RUN, seed: SEED });
    return [
      {
        what: "mutations of signed webhooks",
        bound: `≥ ${MUTATIONS}, 0 admitted`,
        measured: `${tried}, ${admitted.length} admitted${listed(admitted)}; ${wellSigned} with a good signature; ${askedInstead} asked for a PIN instead; seed ${SEED}; ${counted(byRefusal)}`,
        ok: tried >= MUTATIONS && admitted.length === 0,
      },
      {
        what: "beside those: the same webhook in another order, encoding or place",
        bound: "> 0, 0 refused",
        measured: `${same}, ${sameRefused.length} refused${listed(sameRefused)}`,
        ok: same > 0 && sameRefused.length === 0,
      },
      {
        what: "a sample through the real twilio-run",
        bound: `≥ ${THROUGH_TWILIO_RUN}, 0 admitted; the original: a stream`,
        measured: `${sample.tried}, ${sample.admitted.length} admitted${listed(sample.admitted)}; the original: ${sample.original}; ${counted(sample.byStatus)}`,
        ok: sample.admitted.length === 0 && sample.original === "a stream",
      },
    ];
  },
};

const replays: Proof = {
  name: "replays",
  run: async (progress) => {
    const jumping = await replayUnderJumps({ ...UNDER_JUMPS, seed: SEED }, progress);
    const killing = await replayUnderKills(
      {
        attempts: REPLAYS - jumping.answered,
        kills: KILLS - jumping.kills,
        seed: SEED,
        sharedPort: true,
      },
      progress,
    );
    const both = [killing, jumping];
    const sum = (of: (each: (typeof both)[number]) => number) =>
      both.reduce((total, each) => total + of(each), 0);
    const [answered, kills] = [sum((each) => each.answered), sum((each) => each.kills)];
    const [twice, logged] = [sum((each) => each.twice), sum((each) => each.admittedTwice)];
    const fresh = both.flatMap(({ freshMs }) => freshMs);
    const slowestMs = Math.max(...fresh);
    const refused = sum((each) => each.freshRefused);
    return [
      {
        what: "replays in races of 64, two processes on one file and one port, killed by SIGKILL in between",
        bound: `≥ ${REPLAYS} with ≥ ${KILLS} kills, 0 accepted twice`,
        measured:
          `${answered} answered and ${sum((each) => each.unanswered)} not, of ${sum((each) => each.tokens)} tokens, with ${kills} kills; ` +
          `${twice} twice by 101, ${logged} by the log`,
        ok: answered >= REPLAYS && kills >= KILLS && twice === 0 && logged === 0,
      },
      {
        what: "of these under a clock that leaps an hour forth and back",
        bound: "0 accepted twice, 0 let in while it is ahead",
        measured: `${jumping.answered} answered, ${jumping.jumps} leaps, ${jumping.kills} kills; ${jumping.twice} twice, ${jumping.letInAhead} let in while ahead`,
        ok: jumping.twice + jumping.admittedTwice + jumping.letInAhead === 0,
      },
      {
        what: "a fresh token after each restart, from the start of the process",
        bound: `≤ ${FRESH_WITHIN_MS} ms, 0 refused`,
        measured: `at most ${slowestMs.toFixed(0)} ms of ${fresh.length}, ${refused} refused`,
        ok: fresh.length > 0 && slowestMs <= FRESH_WITHIN_MS && refused === 0,
      },
    ];
  },
};

const captured: Proof = {
  name: "captured",
  run: async (progress) => {
    progress("captured calls sent again");
    const outcome = await sendAgain({ calls: 20, times: 5 });
    const { again, fresh, attempts, opened, whys, withSignature, calls } = outcome;
    return [
      {
        what: "a captured /voice/incoming sent again",
        bound: "answered with a fresh stream each time",
        measured: `${fresh} of ${again}`,
        ok: again > 0 && fresh === again,
      },
      {
        what: "those streams without Twilio's signature over them",
        bound: "0 opened",
        measured: `${opened} of ${attempts}; ${counted(whys)}`,
        ok: attempts > 0 && opened === 0,
      },
      {
        what: "such a stream with it: nothing else holds the door",
        bound: "opened",
        measured: `${withSignature} of ${Math.floor(calls / 2)}`,
        ok: withSignature === Math.floor(calls / 2),
      },
    ];
  },
};

const storm: Proof = {
  name: "storm",
  run: async (progress) => {
    const { calm, storms, residentMb, before, after } = await measureStorm(STORM, progress);
    const waves = [calm, ...storms];
    const lost = waves.reduce((sum, { up, down }) => sum + up.lost + down.lost, 0);
    const wrong = waves.reduce((sum, { up, down }) => sum + up.wrong + down.wrong, 0);
    const frames = waves.reduce((sum, { up, down }) => sum + up.sent + down.sent, 0);
    const rates = storms.map(({ attacked }) => attacked.perSecond);
    const p99Of = ({ up, down }: (typeof waves)[number]) => Math.max(up.latency.p99Ms, down.latency.p99Ms);
    const stormP99Ms = Math.max(...storms.map(p99Of));
    const addedMs = stormP99Ms - p99Of(calm);
    const late = waves.map(({ loadLateMs }) => loadLateMs.toFixed(1)).join(", ");
    const letIn = storms.reduce((sum, { attacked }) => sum + letInBy(attacked.byStatus), 0);
    const trickled = storms.flatMap(({ attacked }) => attacked.trickledMs);
    const trickledOpened = storms.reduce((sum, { attacked }) => sum + attacked.trickledOpened, 0);
    const callers = storms.map((each) => each.callers);
    const came = callers.reduce((sum, each) => sum + each.came, 0);
    const wereLetIn = callers.reduce((sum, each) => sum + each.letIn, 0);
    const [firstMb = Number.NaN, lastButOneMb = Number.NaN, lastMb = Number.NaN] = [
      residentMb[0],
      residentMb.at(-2),
      residentMb.at(-1),
    ];
    const kept = { byAll: lastMb - firstMb, byTheLast: lastMb - lastButOneMb };
    return [
      {
        what: "bad handshakes, each on a new connection, from another process: forged, expired, good and no tokens",
        bound: `≥ ${STORM_RATE} a second, 0 let in`,
        measured: `${rates.map((rate) => rate.toFixed(0)).join(", ")} a second, ${letIn} let in; ${storms.map(({ attacked }) => counted(attacked.byStatus)).join("; ")}`,
        ok: Math.min(...rates) >= STORM_RATE && letIn === 0,
      },
      {
        what: `${STORM.calls} live calls meanwhile, with ${STORM.idle} idle and ${STORM.slow} trickling sockets: frames lost or out of order`,
        bound: "0",
        measured: `${lost} lost, ${wrong} wrong of ${frames}`,
        ok: lost + wrong === 0 && frames > 0,
      },
      {
        what: "p99 of a frame, added by the storm",
        bound: `≤ ${P99_ADDED_MS} ms`,
        measured: `${addedMs.toFixed(1)} ms (${p99Of(calm).toFixed(1)} → ${stormP99Ms.toFixed(1)}; the load's own lateness ${late} ms)`,
        ok: addedMs <= P99_ADDED_MS,
      },
      {
        what: "callers with a good token in the middle of the storm",
        bound: "all let in",
        measured: `${wereLetIn} of ${came}, the slowest in ${Math.max(...callers.map(({ slowestMs }) => slowestMs)).toFixed(0)} ms`,
        ok: came > 0 && wereLetIn === came,
      },
      {
        what: "sockets that opened and then sent a frame byte by byte",
        bound: `all closed in ≤ ${TRICKLED_FOR_MS} ms`,
        measured: `${trickled.length} of ${trickledOpened}, at most ${Math.max(...trickled).toFixed(0)} ms`,
        ok:
          trickled.length === trickledOpened &&
          trickledOpened > 0 &&
          Math.max(...trickled) <= TRICKLED_FOR_MS,
      },
      {
        what: "resident memory kept by the storms, and by the last of them",
        bound: `≤ ${MEMORY_KEPT_MB.byAll} MB, ≤ ${MEMORY_KEPT_MB.byTheLast} MB; calls and sockets in the heap as without a storm`,
        measured: `${kept.byAll.toFixed(1)} MB, ${kept.byTheLast.toFixed(1)} MB (${residentMb.map((mb) => mb.toFixed(1)).join(", ")}); ${JSON.stringify(after)}`,
        ok:
          kept.byAll <= MEMORY_KEPT_MB.byAll &&
          kept.byTheLast <= MEMORY_KEPT_MB.byTheLast &&
          leftOver(before, after).length === 0,
      },
    ];
  },
};

/** What is promised, and the test that hears it. */
const PIN_FLOW = {
  "right at once":
    "is asked before anything that costs money starts, and hears the assistant once it is right",
  "right at the third try": "comes in at the third try, asked in her own language, by a PIN of her own",
  "wrong three times": "is out after three wrong ones, and nothing was started for them",
  "wrong in eleven calls":
    "who is wrong in ten calls is locked out of the eleventh, also after the relay has started anew",
  "hung up in the middle": "who hangs up in the middle of typing is gone, and the next call begins anew",
  "the relay away": "hears the apology while the relay is away, before the PIN and after it",
} as const;

const pin: Proof = {
  name: "pin",
  run: async (progress) => {
    progress("calls with a PIN");
    const told = await toldBy("test/e2e/pin.test.ts");
    return Object.entries(PIN_FLOW).map(([what, test]) => {
      const verdict = verdictOn(told, test);
      return {
        what: `the PIN, heard: ${what}`,
        bound: "passed",
        measured: verdict,
        ok: verdict === "passed",
      };
    });
  },
};

const leaks: Proof = {
  name: "leaks",
  run: async (progress) => {
    progress("whole and failing calls with canaries in them");
    const told = await toldBy("test/e2e/leaks.test.ts");
    const canaries = (names: readonly string[]) =>
      names.filter((name) => /holds no \w+, in no spelling$/.test(name)).length;
    const [unfound, found] = [canaries(told.passed), canaries(told.failed)];
    const others = {
      "those calls, by what was written of them: every canary had its chance":
        "tells of all these calls: the canaries had every chance",
      "tokens and sound in the same bytes, by their look": "holds no token and no sound",
      "a canary planted in a line of the log": "finds a canary that is planted in a line of the log",
    };
    return [
      {
        what: "canaries searched for in every byte that left edge and relay, in every spelling",
        bound: `≥ ${CANARIES}, 0 found`,
        measured: `${unfound + found}, ${found} found`,
        ok: unfound >= CANARIES && found === 0,
      },
      ...Object.entries(others).map(([what, test]) => {
        const verdict = verdictOn(told, test);
        return { what, bound: "passed", measured: verdict, ok: verdict === "passed" };
      }),
    ];
  },
};

export const ADMISSION: readonly Proof[] = [tokens, webhooks, captured, pin, leaks, replays, storm];
