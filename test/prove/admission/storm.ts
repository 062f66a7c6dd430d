/**
 * Live calls while strangers storm the door: bad handshakes as fast as they come, each on a connection of its own, with
 * handshakes that trickle in, frames that trickle in, and sockets that say nothing. Every frame of the live calls is
 * counted at both ends (test/bench), and the attacker is another process.
 *
 * What is left in the heap is compared with a relay that had calls and no storm: a heap that was once counted
 * (io/census.ts) is collected more slowly for ever after, which would be measured as the storm's.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../../bench/child.ts";
import { Listening, Measured } from "../../bench/load.ts";
import { residentBytes } from "../../bench/usage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RunningRelay,
  startRelay,
  TOKEN_SECRET,
  ticketFor,
} from "../../rehearsal/relay.ts";
import { type Census, censusOf } from "../census.ts";
import type { Progress } from "../rows.ts";
import { Attacked } from "./attacker.ts";
import { knockAt, signatureOf, upgradeRequest } from "./door.ts";
import { base64url, claimsOf, forge, headerOf } from "./forge.ts";
import { hostileTokens } from "./hostile/tokens.ts";

export type StormPlan = {
  readonly calls: number;
  readonly seconds: number;
  readonly storms: number;
  readonly inFlight: number;
  readonly idle: number;
  readonly slow: number;
  readonly trickled: number;
  /** Before each measurement: compilers and heaps settle. */
  readonly settleMs: number;
  /** Before memory is read: what is no longer needed is let go of only some half a minute after the last work. */
  readonly restMs: number;
  /** Of each heap, the least of which holds: what is let go may still be seen on the stack. */
  readonly counts: number;
};

export type StormOutcome = {
  readonly calm: Wave;
  readonly storms: ReadonlyArray<Wave & { readonly attacked: Attacked; readonly callers: Callers }>;
  /** Resident memory before the first storm, and some seconds after each. */
  readonly residentMb: readonly number[];
  /** In a relay that had as many calls and no storm, and in this one. */
  readonly before: Census;
  readonly after: Census;
};
type Wave = Pick<Measured, "up" | "down" | "loadLateMs" | "cpuMsPerCallSecond">;
/** Who came in the middle of the storm with a good token. */
type Callers = { readonly came: number; readonly letIn: number; readonly slowestMs: number };

const HALF_A_DAY_S = 43_200;
const WARM_UP_S = 1;
const BETWEEN_CALLERS_MS = 500;
const EACH_KIND = 100;
/** What a storm may leave no more of than calls do. */
const COUNTED = ["calls", "runners", "twilioSockets", "modelSockets"] as const;

export async function measureStorm(plan: StormPlan, progress: Progress): Promise<StormOutcome> {
  const load = startChild("./load.ts");
  try {
    const { modelUrl } = Listening.parse(await load.next());
    const callsAt = async (relay: RunningRelay, seconds: number) => {
      const streams = await Promise.all(
        Array.from({ length: plan.calls }, async () => {
          const callSid = newSid("CA");
          const ticket = await ticketFor(relay, callSid);
          return { ...ticket, callSid, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN };
        }),
      );
      const { settleMs } = plan;
      load.tell({ pid: relay.pid, streams, deltas: "steady", settleMs, measureMs: seconds * 1000 });
    };
    const measured = async () => Measured.parse(await load.next());
    const before = await withRelay(modelUrl, async (relay) => {
      await callsAt(relay, WARM_UP_S);
      await measured();
      return censusOf(relay, plan.counts);
    });
    return await withRelay(modelUrl, async (relay) => {
      await callsAt(relay, WARM_UP_S);
      await measured();
      progress(`${plan.calls} calls, and nobody else`);
      await callsAt(relay, plan.seconds);
      const calm = await measured();
      await Bun.sleep(plan.restMs);
      const residentMb = [residentBytes(relay.pid) / 2 ** 20];
      const storms: StormOutcome["storms"][number][] = [];
      for (let number = 1; number <= plan.storms; number++) {
        progress(`storm ${number} of ${plan.storms}, over ${plan.calls} calls`);
        await callsAt(relay, plan.seconds);
        // It begins when the calls are up, and before they are measured.
        await Bun.sleep(plan.settleMs / 3);
        const stormS = plan.seconds + (plan.settleMs * 2) / 3 / 1000;
        const [attacked, callers, wave] = await Promise.all([
          attack(relay, plan, stormS),
          callInMeanwhile(relay, stormS * 700),
          measured(),
        ]);
        storms.push({ ...wave, attacked, callers });
        await Bun.sleep(plan.restMs);
        residentMb.push(residentBytes(relay.pid) / 2 ** 20);
      }
      return { calm, storms, residentMb, before, after: await censusOf(relay, plan.counts) };
    });
  } finally {
    await load.stop();
  }
}

async function withRelay<T>(modelUrl: string, body: (relay: RunningRelay) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), "storm-"));
  try {
    const env = { MAX_CALLS: "100", GREETING: "off", DRAIN_SECONDS: "0" };
    const relay = await startRelay(freePort(), { modelUrl, modelKey: "sk-storm", dataDir, env });
    try {
      return await body(relay);
    } finally {
      await relay.kill("SIGKILL");
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function attack(
  relay: RunningRelay,
  { inFlight, idle, slow, trickled }: StormPlan,
  seconds: number,
): Promise<Attacked> {
  const attacker = startChild("../prove/admission/attacker.ts");
  try {
    await attacker.next();
    attacker.tell({
      port: relay.port,
      seconds,
      inFlight,
      idle,
      slow,
      requests: await badRequests(relay),
      trickled: await Promise.all(
        Array.from({ length: trickled }, async () => {
          const { url } = await ticketFor(relay, newSid("CA"));
          return upgradeRequest(new URL(url).pathname, signatureOf(url));
        }),
      ),
    });
    return Attacked.parse(await attacker.next());
  } finally {
    await attacker.stop();
  }
}

/**
 * All hostile tokens that fit a request line, expired ones with a good HMAC among them; good tokens of this minute; and
 * forged ones, rubbish and nothing in a token's place. Each with a signature that Twilio could have made, with a wrong
 * one and with none; but the good ones never with Twilio's. The hostile ones are half a day old: one that was only too
 * early would be good before the storm is over.
 */
async function badRequests(relay: RunningRelay): Promise<readonly string[]> {
  const nowS = Math.floor(Date.now() / 1000);
  const terms = {
    secret: TOKEN_SECRET,
    relay: relay.url,
    accountSid: ACCOUNT_SID,
    callSid: newSid("CA"),
    nowS,
  };
  const hostile = await hostileTokens({ ...terms, nowS: nowS - HALF_A_DAY_S });
  const header = await headerOf(terms);
  const of = (count: number, make: () => string) => Array.from({ length: count }, make);
  const good = of(EACH_KIND, () => forge(header, claimsOf(terms), TOKEN_SECRET));
  const bad = [
    ...[...hostile.values()].filter((token) => /^[A-Za-z0-9._=-]{3,2048}$/.test(token)),
    ...of(EACH_KIND, () => forge(header, claimsOf(terms), base64url(randomBytes(32)))),
    ...of(EACH_KIND, () => base64url(randomBytes(400))),
    ...of(EACH_KIND, () => ""),
  ];
  const request = (token: string, signature?: string) => upgradeRequest(`/media-stream/${token}`, signature);
  const twilios = (token: string) => signatureOf(`${relay.url}/media-stream/${token}`);
  const wrong = twilios("e30.e30.e30");
  return [
    ...bad.flatMap((token) => [request(token), request(token, wrong), request(token, twilios(token))]),
    ...good.flatMap((token) => [request(token), request(token, wrong), request(token, "AAAA")]),
  ];
}

async function callInMeanwhile(relay: RunningRelay, forMs: number): Promise<Callers> {
  const until = performance.now() + forMs;
  let [came, letIn, slowestMs] = [0, 0, 0];
  while (performance.now() < until) {
    await Bun.sleep(BETWEEN_CALLERS_MS);
    const { url } = await ticketFor(relay, newSid("CA"));
    const startedAt = performance.now();
    const knock = { port: relay.port, path: new URL(url).pathname, signature: signatureOf(url) };
    came++;
    if ((await knockAt(knock)) === 101) letIn++;
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
  }
  return { came, letIn, slowestMs };
}

/** Of what there is more than there should be. */
export const leftOver = (before: Census, after: Census): readonly string[] =>
  COUNTED.filter((kind) => after[kind] > before[kind]);
