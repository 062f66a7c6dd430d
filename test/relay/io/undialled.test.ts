/**
 * A model that cannot even be dialled, because dialling throws: the configuration refuses every address known to do
 * that, and a throw from a socket's handler would end the process with all its calls. So it ends that call alone.
 */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { BlockList } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyFrom, mintStreamToken, packProfile } from "../../../relay/contract.ts";
import { systemClock } from "../../../relay/io/clock.ts";
import { Health } from "../../../relay/io/health.ts";
import { makeLog } from "../../../relay/io/log.ts";
import { RelayServer } from "../../../relay/io/server.ts";
import { Store } from "../../../relay/io/store.ts";
import { TokenTime } from "../../../relay/io/token-time.ts";
import { Secret } from "../../../relay/secret.ts";
import "../../patience.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID, TOKEN_SECRET } from "../../rehearsal/relay.ts";
import { BRAKES, CLIPS, NO_TOOLS, SETTINGS } from "../call/call-in-hand.ts";

const NO_CONVERSATIONS = {
  keep: () => Promise.resolve(),
  recall: () => Promise.resolve(undefined),
  forget: () => Promise.resolve(),
};
const RELAY_URL = "ws://localhost";
const dataDir = mkdtempSync(join(tmpdir(), "relay-"));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test("a call whose model cannot be dialled ends as a bug, alone, and its socket with it", async () => {
  const key = await keyFrom(TOKEN_SECRET);
  const store = Store.open(dataDir);
  const lines: string[] = [];
  const log = makeLog("info", (line) => lines.push(line));
  const server = new RelayServer(
    {
      port: 0,
      reusePort: false,
      gate: { relayUrl: RELAY_URL, keys: [key], accountSid: ACCOUNT_SID, authToken: undefined },
      maxCalls: 1,
      trustedProxies: new BlockList(),
      model: { url: "no address", model: SETTINGS.model, apiKey: new Secret("none") },
      settings: SETTINGS,
      brakes: BRAKES,
    },
    {
      records: store,
      conversations: NO_CONVERSATIONS,
      health: new Health(log),
      time: new TokenTime(systemClock, 0, log),
      clock: systemClock,
      log,
      clips: () => CLIPS,
      budget: undefined,
      tools: { toolbox: NO_TOOLS, run: () => Promise.resolve({ is: "not_done", why: "gone" }) },
      vitals: { trouble: undefined },
      metricsDoor: { answer: () => Promise.resolve(new Response()) },
      refused: () => {},
    },
  );
  // The second shows that the first left no call behind: there is room for one.
  for (const callSid of [newSid("CA"), newSid("CA")]) {
    const token = await mintStreamToken(
      key,
      {
        relay: RELAY_URL,
        callSid,
        accountSid: ACCOUNT_SID,
        attempt: 0,
        profileHash: packProfile({}).hash,
      },
      systemClock.unixS(),
    );
    const socket = new WebSocket(`ws://localhost:${server.port}/media-stream/${token}`);
    const closed = await new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
    expect(closed).toBe(1011);
    expect(await store.lastOf(callSid)).toMatchObject({ ending: "bug" });
  }
  expect(server.liveCalls).toBe(0);
  expect(lines.map((line) => JSON.parse(line).event)).toEqual([
    "call.admitted",
    "bug",
    "call.admitted",
    "bug",
  ]);
  await server.stop(0);
  store.close();
});
