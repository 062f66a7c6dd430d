/**
 * A callers file that was broken after the build, on the machine that answers calls: nobody is admitted, not even by
 * ALLOWED_NUMBERS, and the owner reads the line.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../patience.ts";
import { buildForTest } from "../../rehearsal/built.ts";
import { type RunningEdge, startEdge } from "../../rehearsal/edge.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, incomingForm, postSigned, SECRET } from "../signed.ts";

const APOLOGY =
  '<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-US">Your assistant is not available right now, please call back.</Say><Hangup/></Response>';

let folder = "";
let edge: RunningEdge;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "broken-"));
  const dist = join(folder, "dist");
  const callers = join(folder, "callers.json");
  await Bun.write(callers, `{"${CALLER}": {}}`);
  await buildForTest(dist, callers);
  const broken = `{\n  "${CALLER}": {},\n  "+15550001111": { "pin": "48291357" }\n}`;
  await Bun.write(join(dist, "assets", "callers.private.json"), broken);
  const env = {
    ACCOUNT_SID: ACCOUNT,
    AUTH_TOKEN,
    RELAY_URL: "wss://relay.example.com",
    STREAM_TOKEN_SECRET: SECRET,
    ALLOWED_NUMBERS: CALLER,
  };
  edge = await startEdge({ dist, env });
});
afterAll(async () => {
  await edge?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("a callers file with one mistake admits nobody, and the mistake is logged by its line", async () => {
  const { text } = await postSigned(`${edge.base}/voice/incoming`, incomingForm());
  expect(text).toBe(APOLOGY);
  await until(() => edge.lines.length > 0);
  expect(edge.lines).toEqual([
    {
      level: "error",
      event: "misconfigured",
      variable: "assets/callers.private.json",
      line: 3,
      wrong: "pin: is the PIN itself, not its hash",
      mend: "make the hash with: npm run pin",
    },
  ]);
  expect(edge.output()).not.toContain("48291357");
});
