import { afterAll, describe, expect, test } from "bun:test";
import { askRelay } from "../../../functions/edge/ask.ts";
import { askEnding, firstToAnswer } from "../../../functions/edge/endings.ts";
import { type Relay, readRelay } from "../../../functions/edge/relays.ts";
import { keyFrom, verifyEndingToken } from "../../../relay/contract.ts";
import { Stopwatch } from "../../patience.ts";
import { CALL, SECRET } from "../signed.ts";

const NOW_S = 1_800_000_000;
const key = await keyFrom(SECRET);

/** The relay's side of the question, over real HTTP: it answers what a test tells it to. */
let reply: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 500 });
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => reply(request) });
afterAll(() => server.stop(true));

const relay = relayAt(`ws://127.0.0.1:${server.port}`);
const ask = () => askEnding(key, { relay, callSid: CALL, attempt: 0 }, NOW_S);
const answering = (answer: unknown, status = 200) => {
  reply = () => Response.json(answer, { status });
  return ask();
};

function relayAt(url: string): Relay {
  const read = readRelay(url);
  if (!read.ok) throw new Error(read.wrong);
  return read.relay;
}

describe("asking a relay how a call ended", () => {
  test("carries a token for that call and that relay, in a header and not in the address", async () => {
    const seen = { method: "", url: "", authorization: "" };
    reply = (request) => {
      seen.method = request.method;
      seen.url = request.url;
      seen.authorization = request.headers.get("authorization") ?? "";
      return Response.json({ ending: "assistant hung up", outcome: "finished", attempt: 0 });
    };
    expect(await ask()).toEqual({ how: "finished", ending: "assistant hung up" });
    expect(seen.method).toBe("GET");
    expect(seen.url).toBe(`${relay.httpOrigin}/calls/${CALL}/ending`);
    const [scheme, token = ""] = seen.authorization.split(" ");
    expect(scheme).toBe("Bearer");
    const verified = await verifyEndingToken([key], token, relay.name, NOW_S);
    expect(verified.ok && verified.claims.sub).toBe(CALL);
  });

  test("passes on what the relay says of it", async () => {
    for (const outcome of ["finished", "told", "handover", "failed"] as const) {
      expect(await answering({ ending: "model-lost", outcome, attempt: 0 })).toEqual({
        how: outcome,
        ending: "model-lost",
      });
    }
    expect(await answering({ ending: "x", outcome: "finished", attempt: 0, more: true })).toMatchObject({
      how: "finished",
    });
  });

  test("passes on of a call that broke whether there is anything to go on with", async () => {
    const again = { ending: "line_lost", outcome: "again", attempt: 0 };
    for (const started of [true, false]) {
      expect(await answering({ ...again, started })).toEqual({ how: "again", ending: "line_lost", started });
    }
    // Of a relay that is older than the question.
    expect(await answering(again)).toEqual({ how: "again", ending: "line_lost", started: false });
    expect(await answering({ ...again, started: "yes" })).toEqual({
      how: "nonsense",
      detail: "not an ending",
    });
  });

  test("takes a stream that the relay still holds for up as one that broke: Twilio asks when it is over", async () => {
    for (const started of [true, false]) {
      const live = { ending: "live", outcome: "live", attempt: 0, started };
      expect(await answering(live)).toEqual({ how: "again", ending: "live", started: true });
    }
  });

  test("passes on to whom the caller is to be put through, by a name and nothing else", async () => {
    const transfer = { ending: "transferred", outcome: "transfer", attempt: 0 };
    expect(await answering({ ...transfer, to: "Front Desk" })).toEqual({ how: "transfer", to: "Front Desk" });
    expect(await answering({ ...transfer, attempt: 1, to: "anna" })).toEqual({ how: "unknown" });
    for (const to of [undefined, "", "+15551234567", 'anna"/><Number>', "a".repeat(41), ["anna"], null]) {
      expect(await answering({ ...transfer, to })).toEqual({ how: "nonsense", detail: "not an ending" });
    }
    expect(await answering({ ending: "x", outcome: "finished", attempt: 0, to: "anna" })).toEqual({
      how: "finished",
      ending: "x",
    });
  });

  test("tells apart a relay that knows nothing, one that refuses us, and one that is out of order", async () => {
    expect(await answering({}, 404)).toEqual({ how: "unknown" });
    expect(await answering({}, 401)).toEqual({ how: "refused" });
    for (const status of [403, 429, 500, 503]) {
      expect(await answering({}, status)).toEqual({ how: "unreachable", detail: `HTTP ${status}` });
    }
  });

  test("takes an answer about another attempt for none: its stream never came about", async () => {
    expect(await answering({ ending: "x", outcome: "finished", attempt: 1 })).toEqual({ how: "unknown" });
  });

  test("takes nothing for finished that is not exactly that", async () => {
    for (const answer of [
      null,
      [],
      "finished",
      {},
      { outcome: "finished" },
      { ending: "x", outcome: "FINISHED", attempt: 0 },
      { ending: "x", outcome: "finished", attempt: "0" },
      { ending: "x", outcome: "finished" },
      { ending: "+15551234567", outcome: "finished", attempt: 0 },
      { ending: "x\ny", outcome: "finished", attempt: 0 },
    ]) {
      expect(await answering(answer)).toEqual({ how: "nonsense", detail: "not an ending" });
    }
    reply = () => new Response("<html>it works!</html>");
    expect(await ask()).toEqual({ how: "nonsense", detail: "not JSON" });
  });

  test("says why a relay could not be reached, by the code of the error", async () => {
    const nobody = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const { port } = nobody;
    nobody.stop(true);
    const relay = { name: `ws://127.0.0.1:${port}`, httpOrigin: `http://127.0.0.1:${port}` };
    const answer = await askRelay(relay, { method: "GET", path: "/", token: "t" });
    expect(answer).toMatchObject({
      kind: "none",
      how: "unreachable",
      detail: expect.stringMatching(/Refused|REFUSED/),
    });
  });

  test("follows no redirect: the token is for this relay and for nobody else", async () => {
    let asked = 0;
    reply = (request) => {
      asked += 1;
      return Response.redirect(new URL("/elsewhere", request.url).href, 302);
    };
    expect(await ask()).toMatchObject({ how: "unreachable" });
    expect(asked).toBe(1);
  });

  test("uses no connection twice: the relay behind a kept one may have been replaced since", async () => {
    let connections = 0;
    const server = Bun.listen<{ asked: number }>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          connections += 1;
          socket.data = { asked: 0 };
        },
        data: (socket) => {
          socket.data.asked += 1;
          if (socket.data.asked > 1) socket.terminate();
          else socket.write("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}");
        },
      },
    });
    const asked = relayAt(`ws://127.0.0.1:${server.port}`);
    // What spends a try is not sent again by itself, whatever becomes of it.
    for (let time = 1; time <= 3; time++) {
      const answer = await askRelay(asked, { method: "POST", path: "/", token: "t" });
      expect(answer).toEqual({ kind: "answer", status: 200, body: {} });
    }
    expect(connections).toBe(3);
    server.stop(true);
  });

  test("gives up after two seconds, also on an answer that begins and never ends", async () => {
    reply = () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('{"ending":')),
        }),
      );
    const [startedMs, watch] = [performance.now(), new Stopwatch()];
    expect(await ask()).toEqual({ how: "unreachable", detail: "TimeoutError" });
    expect(performance.now() - startedMs).toBeGreaterThan(1900);
    expect(watch.stop()).toBeLessThan(3000);
  });

  test("gives up after one second where the caller waits for it again and again", async () => {
    reply = () => new Promise(() => {});
    const [startedMs, watch] = [performance.now(), new Stopwatch()];
    const asked = { relay, callSid: CALL, attempt: 0, isMaybeAway: true };
    expect(await askEnding(key, asked, NOW_S)).toEqual({ how: "unreachable", detail: "TimeoutError" });
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    expect(watch.stop()).toBeLessThan(1900);
  });

  test("says so when nobody listens there", async () => {
    const gone = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const dead = relayAt(`ws://127.0.0.1:${gone.port}`);
    await gone.stop(true);
    expect(await askEnding(key, { relay: dead, callSid: CALL, attempt: 0 }, NOW_S)).toMatchObject({
      how: "unreachable",
    });
  });
});

describe("of several relays", () => {
  test("the first that answers is the next in the row, and not the quickest; none is one that makes no sense", async () => {
    const answers = new Map<string, () => Response | Promise<Response>>();
    const servers = ["404", "503", "401", "nonsense", "again"].map((how) => {
      const own = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: () => answers.get(how)?.() ?? new Response(null, { status: Number(how) }),
      });
      return { how, own, relay: relayAt(`ws://127.0.0.1:${own.port}`) };
    });
    answers.set("nonsense", () => new Response("<html>it works!</html>"));
    const again = { ending: "unknown", outcome: "again", attempt: 0, started: true };
    answers.set("again", () => Response.json(again));
    answers.set("404", () => Bun.sleep(50).then(() => new Response(null, { status: 404 })));
    const first = async (...hows: string[]) => {
      const asked = hows.flatMap((how) => servers.find((server) => server.how === how)?.relay ?? []);
      const found = await firstToAnswer(key, asked, { callSid: CALL, attempt: 0 }, NOW_S);
      return servers.find((server) => server.relay === found)?.how;
    };
    expect(await first("503", "404", "again")).toBe("404");
    expect(await first("401", "nonsense", "again", "404")).toBe("again");
    expect(await first("401", "503", "nonsense")).toBeUndefined();
    expect(await first()).toBeUndefined();
    await Promise.all(servers.map((server) => server.own.stop(true)));
  });
});
