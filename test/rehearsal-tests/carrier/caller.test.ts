/** How the caller behaves, judged by what the ear hears. */

import { afterAll, expect, test } from "bun:test";
import { PATIENCE_MS } from "../../patience.ts";
import { afterHeard, whenPlayedOut, whenQuiet } from "../../rehearsal/carrier/caller.ts";
import { openStream } from "../../rehearsal/carrier/carrier.ts";
import { failureOf } from "./failure.ts";
import { ACCOUNT_SID, AUTH_TOKEN } from "./small-edge.ts";
import { serveRelay } from "./small-relay.ts";

const relay = serveRelay();
afterAll(() => relay.stop());

async function connect() {
  const line = openStream({ url: `${relay.url}/m`, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN });
  return { line, stream: await relay.nextStream() };
}

const speech = (ms: number): Uint8Array => new Uint8Array(ms * 8).fill(0x20);
const hush = (ms: number): Uint8Array => new Uint8Array(ms * 8).fill(0xff);

test("quiet is a pause longer than those between words, and the silence in sent audio is quiet too", async () => {
  const { line, stream } = await connect();
  stream.media(Buffer.concat([speech(100), hush(100), speech(100), hush(20_000)]));
  await whenQuiet(line, 200);
  // After the second pause of the two, which never ends.
  expect(line.ear.playedSamples / 8).toBeWithin(490, 15_000);
  line.hangUp();
});

test("quiet from before does not count: something must have been heard since", async () => {
  const { line, stream } = await connect();
  stream.media(speech(60));
  await whenQuiet(line, 40);
  expect(String(await failureOf(whenQuiet(line, 40, 150)))).toContain(
    "40 ms of quiet after speech did not come: 150 ms",
  );
  stream.media(speech(60));
  await whenQuiet(line, 40);
  expect(line.ear.heardOf(0x20)).toBe(960);
  line.hangUp();
});

test("an interruption falls in the middle of the sentence, after as much speech as was asked for", async () => {
  const { line, stream } = await connect();
  stream.media(speech(100));
  await whenPlayedOut(line);
  stream.media(Buffer.concat([hush(100), speech(20_000)]));
  await afterHeard(line, 200);
  stream.clear();
  await line.waitFor("cleared", PATIENCE_MS);
  // Counted in frames of 20 ms, so up to one less; and more by what a slow machine adds.
  expect(line.ear.heardOf(0x20) / 8 - 100).toBeWithin(180, 15_000);
  line.hangUp();
});

test("waiting ends with the line", async () => {
  const { line } = await connect();
  const waiting = failureOf(afterHeard(line, 100));
  line.hangUp();
  expect(String(await waiting)).toContain("100 ms of speech did not come: the line ended");
});
