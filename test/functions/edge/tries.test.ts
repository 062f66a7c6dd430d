import { afterAll, describe, expect, test } from "bun:test";
import { inOrderFor, type Relay, readRelay } from "../../../functions/edge/relays.ts";
import { triesOf } from "../../../functions/edge/tries.ts";
import { callerIdOf, keyFrom, newTryId, verifyTriesToken } from "../../../relay/contract.ts";
import { Stopwatch } from "../../patience.ts";
import { CALLER, SECRET } from "../signed.ts";

const NOW_S = 1_800_000_000;
const key = await keyFrom(SECRET);
const caller = await callerIdOf(key, CALLER);

/** Two relays over real HTTP, which answer what a test tells them to. */
let reply: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 500 });
let asked: string[] = [];
const servers = [0, 1].map((place) =>
  Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      asked.push(`${place}`);
      return reply(request);
    },
  }),
);
afterAll(() => Promise.all(servers.map((server) => server.stop(true))));
const relays = servers.map(({ port }) => relayAt(`ws://127.0.0.1:${port}`));

function relayAt(url: string): Relay {
  const read = readRelay(url);
  if (!read.ok) throw new Error(read.wrong);
  return read.relay;
}
const tries = await triesOf({ key, relays }, CALLER, NOW_S);
const answering = (answer: unknown, status = 200) => {
  reply = () => Response.json(answer, { status });
};

describe("a caller's tries", () => {
  test("are asked for, spent and given back with a token for each, and the number stays here", async () => {
    const seen: unknown[] = [];
    reply = async (request) => {
      const url = new URL(request.url);
      const [scheme, token = ""] = (request.headers.get("authorization") ?? "").split(" ");
      const verified = await verifyTriesToken([key], token, `ws://${url.host}`, NOW_S);
      if (!verified.ok) throw new Error(verified.why);
      const { sub, act, jti } = verified.claims;
      seen.push([request.method, url.pathname, scheme, sub, act, jti]);
      expect([...request.headers.values(), request.url].join("\n")).not.toContain(CALLER.slice(1));
      return Response.json({ allowed: true, left: 9 });
    };
    const [askId, tryId] = [newTryId(), newTryId()];
    expect(await tries.ask(askId)).toEqual({ ok: true, left: 9 });
    expect(await tries.spend(tryId)).toEqual({ ok: true, allowed: true });
    expect(await tries.refund(tryId)).toEqual({ ok: true });
    const path = `/callers/${caller}/tries`;
    expect(seen).toEqual([
      ["GET", path, "Bearer", caller, "ask", askId],
      ["POST", path, "Bearer", caller, "spend", tryId],
      ["DELETE", path, "Bearer", caller, "refund", tryId],
    ]);
  });

  test("are counted at one relay for each caller, whatever order the relays are named in", async () => {
    answering({ left: 3 });
    asked = [];
    await tries.ask(newTryId());
    await (await triesOf({ key, relays: relays.toReversed() }, CALLER, NOW_S)).ask(newTryId());
    expect(new Set(asked).size).toBe(1);
    expect(relays[Number(asked[0])]?.name).toBe(inOrderFor(relays, caller)[0]?.name ?? "");
  });

  test("are unknown when the relay makes no sense: no answer counts for permission", async () => {
    const nonsense = { ok: false, how: "nonsense" };
    for (const answer of [null, [], "10", {}, { left: "3" }, { left: -1 }, { left: 1.5 }, { left: null }]) {
      answering(answer);
      expect(await tries.ask(newTryId())).toMatchObject(nonsense);
    }
    for (const answer of [
      { left: 3 },
      { allowed: true },
      { allowed: "true", left: 3 },
      { allowed: 1, left: 3 },
    ]) {
      answering(answer);
      expect(await tries.spend(newTryId())).toMatchObject(nonsense);
    }
    reply = () => new Response("<html>it works!</html>");
    expect(await tries.ask(newTryId())).toEqual({ ok: false, how: "nonsense", detail: "not JSON" });
  });

  test("are unknown when the relay refuses us or is out of order", async () => {
    answering({ allowed: true, left: 3 }, 401);
    for (const act of ["ask", "spend", "refund"] as const) {
      expect(await tries[act](newTryId())).toEqual({ ok: false, how: "refused" });
    }
    for (const status of [201, 204, 403, 404, 429, 500, 503]) {
      reply = () => new Response(null, { status });
      const unreachable = { ok: false, how: "unreachable", detail: `HTTP ${status}` } as const;
      expect(await tries.ask(newTryId())).toEqual(unreachable);
      expect(await tries.spend(newTryId())).toEqual(unreachable);
      expect(await tries.refund(newTryId())).toEqual(status < 300 ? { ok: true } : unreachable);
    }
  });

  test("are unknown when nobody listens, and after two seconds without an answer", async () => {
    const gone = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const dead = await triesOf({ key, relays: [relayAt(`ws://127.0.0.1:${gone.port}`)] }, CALLER, NOW_S);
    await gone.stop(true);
    expect(await dead.ask(newTryId())).toMatchObject({ ok: false, how: "unreachable" });
    reply = () => new Promise(() => {});
    const watch = new Stopwatch();
    expect(await tries.spend(newTryId())).toEqual({ ok: false, how: "unreachable", detail: "TimeoutError" });
    expect(watch.stop()).toBeLessThan(3000);
  });
});
