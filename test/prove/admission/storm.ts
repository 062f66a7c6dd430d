/**
 * Live calls while strangers storm the door: bad handshakes as fast as they come, each on a connection of its own, with
 * handshakes that trickle in, frames that trickle in, and sockets that say nothing. Every frame of the live calls is
 * counted at both ends (test/bench), and the attacker is another process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
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
import type { Progress } from "../rows.ts";
import { Attacked } from "./attacker.ts";
import { knockAt, signatureOf, upgradeRequest } from "./door.ts";
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
  /** After each storm: freed memory goes back in the background. */
  readonly restMs: number;
};

export type StormOutcome = {
  readonly calm: Wave;
  readonly storms: ReadonlyArray<Wave & { readonly attacked: Attacked; readonly callers: Callers }>;
  /** Resident memory before the first storm, and some seconds after each. */
  readonly residentMb: readonly number[];
  readonly before: Census;
  readonly after: Census;
};
type Wave = Pick<Measured, "up" | "down" | "loadLateMs" | "cpuMsPerCallSecond">;
/** Who came in the middle of the storm with a good token. */
type Callers = { readonly came: number; readonly letIn: number; readonly slowestMs: number };

const Census = z.object({
  calls: z.number(),
  runners: z.number(),
  twilioSockets: z.number(),
  modelSockets: z.number(),
});
export type Census = z.infer<typeof Census>;

const HALF_A_DAY_S = 43_200;
const WARM_UP_S = 1;
const BETWEEN_CALLERS_MS = 500;

export async function measureStorm(plan: StormPlan, progress: Progress): Promise<StormOutcome> {
  const dataDir = mkdtempSync(join(tmpdir(), "storm-"));
  const load = startChild("./load.ts");
  try {
    const { modelUrl } = Listening.parse(await load.next());
    const relay = await startRelay(freePort(), {
      modelUrl,
      modelKey: "sk-storm",
      dataDir,
      env: { MAX_CALLS: "100", GREETING: "off", DRAIN_SECONDS: "0" },
    });
    try {
      const begin = async (seconds: number) => {
        const streams = await Promise.all(
          Array.from({ length: plan.calls }, async () => {
            const callSid = newSid("CA");
            const ticket = await ticketFor(relay, callSid);
            return { ...ticket, callSid, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN };
          }),
        );
        load.tell({
          pid: relay.pid,
          streams,
          deltas: "steady",
          settleMs: plan.settleMs,
          measureMs: seconds * 1000,
        });
      };
      const end = async () => Measured.parse(await load.next());
      await begin(WARM_UP_S);
      await end();
      progress(`${plan.calls} calls, and nobody else`);
      await begin(plan.seconds);
      const calm = await end();
      await Bun.sleep(plan.restMs);
      const before = await censusOf(relay);
      const residentMb = [residentBytes(relay.pid) / 2 ** 20];
      const storms: StormOutcome["storms"][number][] = [];
      for (let number = 1; number <= plan.storms; number++) {
        progress(`storm ${number} of ${plan.storms}, over ${plan.calls} calls`);
        await begin(plan.seconds);
        // It begins when the calls are up, and before they are measured.
        await Bun.sleep(plan.settleMs / 3);
        const stormS = plan.seconds + (plan.settleMs * 2) / 3 / 1000;
        const [attacked, callers, measured] = await Promise.all([
          attack(relay, plan, stormS),
          callInMeanwhile(relay, stormS * 700),
          end(),
        ]);
        storms.push({ ...measured, attacked, callers });
        await Bun.sleep(plan.restMs);
        residentMb.push(residentBytes(relay.pid) / 2 ** 20);
      }
      return { calm, storms, residentMb, before, after: await censusOf(relay) };
    } finally {
      await relay.kill("SIGKILL");
    }
  } finally {
    await load.stop();
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
 * All hostile tokens that fit a request line, with a signature that Twilio could have made, with a wrong one, and with
 * none. Half a day old: one that was only too early would be good before the storm is over.
 */
async function badRequests(relay: RunningRelay): Promise<readonly string[]> {
  const terms = { secret: TOKEN_SECRET, relay: relay.url, accountSid: ACCOUNT_SID, callSid: newSid("CA") };
  const tokens = await hostileTokens({ ...terms, nowS: Math.floor(Date.now() / 1000) - HALF_A_DAY_S });
  const base = `${relay.url}/media-stream/`;
  return [...tokens.values()]
    .filter((token) => /^[A-Za-z0-9._=-]{3,2048}$/.test(token))
    .flatMap((token) =>
      [undefined, "AAAA", signatureOf(base + token)].map((signature) =>
        upgradeRequest(`/media-stream/${token}`, signature),
      ),
    );
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

async function censusOf(relay: RunningRelay): Promise<Census> {
  const before = relay.lines.filter(({ event }) => event === "relay.census").length;
  process.kill(relay.pid, "SIGUSR2");
  const isNew = () => relay.lines.filter(({ event }) => event === "relay.census").length > before;
  await relay.waitForLog(isNew, 10_000);
  return Census.parse(relay.lines.findLast(({ event }) => event === "relay.census"));
}
