/** The carrier as a process of its own: options in, JSON lines out. */

import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { z } from "zod";
import { PATIENCE_MS } from "../../patience.ts";
import { stamp, stampOf } from "../../rehearsal/carrier/stamp.ts";
import { ACCOUNT_SID, AUTH_TOKEN, FROM, response, serveEdge, TO } from "./small-edge.ts";
import { serveRelay } from "./small-relay.ts";

const relay = serveRelay();
const edge = serveEdge({
  "/voice": response(`<Say>Hello</Say><Connect><Stream url="${relay.url}/m"/></Connect>`),
});
afterAll(async () => {
  await edge.stop();
  await relay.stop();
});

const MAIN = join(import.meta.dir, "../../rehearsal/carrier/main.ts");
const account = { accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN };
const PATIENCE_S = PATIENCE_MS / 1000;
const Line = z.looseObject({ kind: z.string() });

function start(options: unknown) {
  const child = Bun.spawn([process.execPath, MAIN], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const tell = (line: unknown): void => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
    child.stdin.flush();
  };
  tell(options);
  const lines = async () =>
    (await new Response(child.stdout).text())
      .trim()
      .split("\n")
      .map((line) => Line.parse(JSON.parse(line)));
  return { child, tell, lines };
}

test("a call is placed, spoken into and hung up by lines on stdin, and reported whole", async () => {
  const { child, tell, lines } = start({
    mode: "call",
    ...account,
    voiceUrl: `${edge.url}/voice`,
    from: FROM,
    to: TO,
    pace: { sayMsPerCharacter: 1, secondMs: 10 },
  });
  const stream = await relay.nextStream();
  tell({ do: "say", mulaw: Buffer.alloc(320, 0x42).toString("base64") });
  tell({ do: "press", digit: "5" });
  stream.media(new Uint8Array(80_000).fill(0x20));
  await stream.until(
    () => stream.heard().includes(Buffer.alloc(320, 0x42)) && stream.of("dtmf").length === 1,
  );
  tell({ do: "ear" });
  tell({ do: "hangUp" });
  const printed = await lines();
  expect(await child.exited).toBe(0);
  const kinds = printed.map(({ kind }) => kind);
  for (const kind of ["dialled", "document", "said", "stream-opened", "dtmf", "ear", "stream-closed"]) {
    expect(kinds).toContain(kind);
  }
  const report = printed.at(-1);
  expect(report).toMatchObject({ kind: "report", endedBy: "caller", said: ["Hello"] });
  const { ear } = z
    .object({ ear: z.object({ mulaw: z.string(), heardOf: z.record(z.string(), z.number()) }) })
    .parse(report);
  const heard = Buffer.from(ear.mulaw, "base64");
  expect(heard.filter((byte) => byte === 0x20)).toHaveLength(ear.heardOf["32"] ?? -1);
});

test("load opens every line, speaks stamped frames, and reports what came back and how late", async () => {
  const streams = Array.from({ length: 8 }, (_, index) => ({ url: `${relay.url}/m/${index}` }));
  const { child, lines } = start({ mode: "load", ...account, streams, spacingMs: 0, seconds: 1 });
  const opened = await Promise.all(streams.map(() => relay.nextStream()));
  for (const stream of opened) {
    await stream.until(() => stream.of("media").length > 0);
    expect(stampOf(stream.heard())).toBeNumber();
    const frame = new Uint8Array(800).fill(0x20);
    stamp(frame);
    stream.media(frame);
  }
  const printed = await lines();
  expect(await child.exited).toBe(0);
  expect(printed.map(({ kind }) => kind)).toEqual(["all-open", "report"]);
  const report = z
    .object({
      opened: z.number(),
      refused: z.number(),
      lost: z.number(),
      sentMedia: z.number(),
      receivedMedia: z.number(),
      latency: z.object({ count: z.number(), p50Ms: z.number() }).optional(),
    })
    .parse(printed.at(-1));
  expect(report).toMatchObject({ opened: 8, refused: 0, lost: 0, receivedMedia: 8 });
  expect(report.sentMedia).toBe(opened.reduce((sum, stream) => sum + stream.of("media").length, 0));
  // Fifty a second, but for those of the moment in which the machine may stand still at the end.
  expect(report.sentMedia).toBeGreaterThanOrEqual(8 * 10);
  expect(report.sentMedia).toBeLessThan(8 * 50 * PATIENCE_S);
  // The moments of two processes, on one clock.
  expect(report.latency?.p50Ms ?? 0).toBeWithin(0, 1000 * PATIENCE_S);
});

test.each([
  ["an unknown mode", { mode: "party" }],
  ["an option too many", { mode: "stream", ...account, url: "ws://127.0.0.1:1/m", loud: true }],
  ["no streams to load", { mode: "load", ...account, streams: [], seconds: 1 }],
])("%s is refused with exit code 2", async (_, options) => {
  const { child } = start(options);
  expect(await new Response(child.stderr).text()).toStartWith("options:");
  expect(await child.exited).toBe(2);
});

test("a stamp is read back from the start of a frame, and from nowhere else", () => {
  const frame = new Uint8Array(160).fill(0x20);
  expect(stampOf(frame)).toBeUndefined();
  stamp(frame, 1_763_650_000_123.25);
  expect(stampOf(frame)).toBe(1_763_650_000_123.25);
  expect(stampOf(frame.subarray(1))).toBeUndefined();
  expect(stampOf(frame.subarray(0, 11))).toBeUndefined();
});
