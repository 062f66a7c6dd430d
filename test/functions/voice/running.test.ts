/**
 * The built Functions under the real twilio-run, asked as Twilio asks. One process serves all of these tests.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  keyFrom,
  mintState,
  packProfile,
  unpackProfile,
  verifyEndingToken,
  verifyState,
  verifyStreamToken,
} from "../../../relay/contract.ts";
import { PATIENCE_MS } from "../../patience.ts";
import {
  ACCOUNT,
  AUTH_TOKEN,
  CALL,
  CALLER,
  HIDDEN,
  incomingForm,
  OUR_NUMBER,
  post,
  postSigned,
  SECRET,
  signatureOf,
} from "../signed.ts";
import { startTwilioRun, type TwilioRun } from "../twilio-run.ts";

const ADA = {
  name: "Ada",
  language: "en",
  greeting: "Hello Ada & <all>!",
  instructions: "Short answers. ".repeat(60),
};
const LISTED_ONLY = "+15550001111";
const STRANGER = "+15559998888";
const OTHER_CALL = `CA${"9".repeat(32)}`;

const key = await keyFrom(SECRET);
const nowS = () => Math.floor(Date.now() / 1000);

/** What the relay knows of a call; it gives that to whoever shows the token for it. */
const endings = new Map<string, unknown>();
const relayServer = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const callSid = /^\/calls\/(CA[0-9a-f]{32})\/ending$/.exec(new URL(request.url).pathname)?.[1];
    const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const verified = await verifyEndingToken([key], token, RELAY, nowS());
    if (!verified.ok || verified.claims.sub !== callSid) return new Response(null, { status: 401 });
    const ending = endings.get(callSid);
    return ending === undefined ? new Response(null, { status: 404 }) : Response.json(ending);
  },
});
const RELAY = `ws://127.0.0.1:${relayServer.port}`;

let edge: TwilioRun;
beforeAll(async () => {
  edge = await startTwilioRun(
    {
      ACCOUNT_SID: ACCOUNT,
      AUTH_TOKEN,
      RELAY_URL: RELAY,
      STREAM_TOKEN_SECRET: SECRET,
      ALLOWED_NUMBERS: ` ${LISTED_ONLY}, ${CALLER} `,
    },
    JSON.stringify({ [CALLER]: ADA }),
  );
});
afterAll(async () => {
  await relayServer.stop(true);
  await edge?.stop();
});

const at = (path: string) => `${edge.base}${path}`;
const incoming = (changes: Parameters<typeof incomingForm>[0] = {}) =>
  postSigned(at("/voice/incoming"), incomingForm(changes));
const APOLOGY =
  '<Say language="en-US">Your assistant is not available right now, please call back.</Say><Hangup/>';
const document = (verbs: string) => `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
/** The log's lines of one event. They come through a pipe, maybe after the answer: wait until there are enough. */
async function logged(event: string, atLeast: number): Promise<Array<Record<string, unknown>>> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const lines = edge.output().split("\n").slice(0, -1);
    const found = lines.filter((line) => line.includes(`"event":"${event}"`));
    if (found.length >= atLeast || performance.now() > deadline) return found.map((line) => JSON.parse(line));
    await Bun.sleep(5);
  }
}

/** The parts of the TwiML of an admitted call; anything around or between them fails the match. */
function partsOf(text: string) {
  const match =
    /^<\?xml version="1\.0" encoding="UTF-8"\?><Response><Connect action="([^"]+)\?state=([^"]+)"><Stream url="([^"]+)\/media-stream\/([^"]+)" statusCallback="([^"]+)">((?:<Parameter name="[^"]+" value="[^"]+"\/>)+)<\/Stream><\/Connect>(.*)<\/Response>$/.exec(
      text,
    );
  if (match === null) throw new Error(`not the TwiML of an admitted call: ${text}`);
  const [, action = "", state = "", relay = "", token = "", statusCallback = "", inner = "", rest = ""] =
    match;
  const parameters = [...inner.matchAll(/name="([^"]+)" value="([^"]+)"/g)].map(
    ([, name = "", value = ""]) => ({
      name,
      value,
    }),
  );
  return { action, state, relay, token, statusCallback, parameters, rest };
}

describe("an admitted call", () => {
  test("is connected to the relay with a token, its caller's profile, a way back and an apology", async () => {
    const answer = await incoming();
    expect([answer.status, answer.type]).toEqual([200, "text/xml"]);
    const { action, state, relay, token, statusCallback, parameters, rest } = partsOf(answer.text);
    expect([action, relay, statusCallback, rest]).toEqual([
      at("/voice/ended"),
      RELAY,
      at("/voice/stream-status"),
      APOLOGY,
    ]);

    const stream = await verifyStreamToken([key], token, RELAY, nowS());
    if (!stream.ok) throw new Error(stream.why);
    expect(stream.claims).toMatchObject({ sub: CALL, account: ACCOUNT, attempt: 0 });
    expect(token.length).toBeLessThan(600);
    expect(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).not.toMatch(/555|Ada|answers/);

    const unpacked = unpackProfile(Object.fromEntries(parameters.map(({ name, value }) => [name, value])));
    expect(unpacked).toEqual({ ok: true, profile: ADA, hash: stream.claims.profile });
    expect(parameters.length).toBeGreaterThan(1);

    const carried = await verifyState([key], state, nowS());
    expect(carried.ok && carried.claims).toMatchObject({ sub: CALL, attempt: 0, remints: 0, relay: RELAY });
  });

  test("from ALLOWED_NUMBERS alone has an empty profile", async () => {
    const { parameters } = partsOf((await incoming({ From: LISTED_ONLY, Caller: LISTED_ONLY })).text);
    expect(parameters).toEqual([...packProfile({}).parameters]);
  });

  test("gets a token of its own each time, also for the same webhook", async () => {
    const answers = await Promise.all([incoming(), incoming()]);
    const [first, second] = answers.map(({ text }) => partsOf(text).token);
    expect(first).not.toBe(second);
  });
});

describe("a webhook that is not Twilio's", () => {
  test("gets 403 and no TwiML: unsigned, signed again, re-split, doubled, of another account, or by GET", async () => {
    const url = at("/voice/incoming");
    const form = incomingForm();
    const signature = signatureOf(url, form);
    const { From, FromCity, FromCountry, To, ...others } = form;
    const resplit = { ...others, From: `${From}FromCity${FromCity}FromCountry${FromCountry}To${To}` };
    expect(signatureOf(url, resplit)).toBe(signature);
    const headers = { "x-twilio-signature": signature };
    const query = new URLSearchParams({ ...form });
    const doubled = `${new URLSearchParams({ ...form })}&From=${encodeURIComponent(CALLER)}`;

    const answers = await Promise.all([
      post(url, form, {}),
      postSigned(url, form, "f".repeat(32)),
      post(url, resplit, headers),
      post(`${url}?${query}`, { request: "x" }, headers),
      post(url, { ...form, From: LISTED_ONLY }, headers),
      incoming({ AccountSid: `AC${"0".repeat(32)}` }),
      ...[
        {
          method: "POST",
          body: doubled,
          headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
        },
        {
          method: "GET",
          url: `${url}?${query}`,
          headers: { "x-twilio-signature": signatureOf(`${url}?${query}`, {}) },
        },
        {
          method: "POST",
          body: JSON.stringify({ ...form, From: [CALLER] }),
          headers: { ...headers, "content-type": "application/json" },
        },
      ].map(async ({ url: other = url, ...init }) => {
        const response = await fetch(other, init);
        return { status: response.status, text: await response.text() };
      }),
    ]);
    for (const answer of answers) expect([answer.status, answer.text]).toEqual([403, ""]);

    const refused = await logged("webhook_refused", answers.length);
    expect(refused).toHaveLength(answers.length);
    const signed = refused.filter(({ why }) => why === "wrong signature");
    expect(signed[0]?.address).toBe(url);
    expect(signed[0]?.parameters).toEqual(expect.arrayContaining(["AccountSid", "CallSid", "From", "To"]));
  });

  test("gets 403 at every door but the fallback's", async () => {
    const form = incomingForm();
    const doors = ["incoming", "pin", "ended", "transferred", "message", "stream-status", "call-status"];
    const paths = doors.map((door) => `/voice/${door}`);
    const answers = await Promise.all(
      paths.map((path) => post(at(path), form, { "x-twilio-signature": "x" })),
    );
    for (const answer of answers) expect([answer.status, answer.text]).toEqual([403, ""]);
  });
});

describe("a caller who may not come in", () => {
  test("is rejected, which costs nothing and tells nothing: a stranger, hidden, empty, SIP", async () => {
    const froms = [STRANGER, "anonymous", "", HIDDEN, "sip:ada@example.com", CALLER.slice(1), `${CALLER}0`];
    const answers = await Promise.all(froms.map((From) => incoming({ From })));
    for (const answer of answers) {
      expect(answer).toEqual({ status: 200, type: "text/xml", text: document("<Reject/>") });
    }
    const reasons = (await logged("call_turned_away", froms.length)).map(
      ({ why, caller }) => `${why} ${caller}`,
    );
    expect(reasons.sort()).toEqual(
      [
        "no caller id 87",
        ...Array.from({ length: 4 }, () => "no caller id "),
        "not on the list 70",
        "not on the list 88",
      ].sort(),
    );
  });
});

describe("the end of a stream", () => {
  const LOST =
    '<Say language="en-US">Sorry, I lost the connection to your assistant. Please call back.</Say><Hangup/>';
  /** A whole call of its own: admitted, then asked how it ended. */
  async function endOf(ending: unknown, CallSid: string) {
    const { action, state } = partsOf((await incoming({ CallSid })).text);
    if (ending !== undefined) endings.set(CallSid, ending);
    return postSigned(`${action}?state=${state}`, incomingForm({ CallSid, CallStatus: "in-progress" }));
  }

  test("is a hang-up when the call was finished, and an apology that fits when it was not", async () => {
    const cases = [
      [{ ending: "assistant hung up", outcome: "finished", attempt: 0 }, "<Hangup/>"],
      [{ ending: "model lost", outcome: "failed", attempt: 0 }, LOST],
      [{ ending: "model_refused", outcome: "told", attempt: 0 }, "<Hangup/>"],
      [{ ending: "finished" }, APOLOGY],
    ] as const;
    const answers = await Promise.all(
      cases.map(([ending], index) => endOf(ending, `CA${String(index).repeat(32)}`)),
    );
    expect(answers.map(({ text }) => text)).toEqual(cases.map(([, verbs]) => document(verbs)));
    for (const { status, type } of answers) expect([status, type]).toEqual([200, "text/xml"]);
    expect(await logged("call_finished", 1)).toEqual([
      { level: "info", event: "call_finished", callSid: `CA${"0".repeat(32)}`, ending: "assistant hung up" },
    ]);
  });

  test("without a state of this call's is an apology, and asks no relay", async () => {
    endings.set(CALL, { ending: "finished", outcome: "finished", attempt: 0 });
    const mint = (callSid: string, signer = key) =>
      mintState(signer, { callSid, attempt: 0, remints: 0, relay: RELAY }, nowS());
    const states = [
      await mint(OTHER_CALL),
      await mint(CALL, await keyFrom("another secret of thirty-two bytes")),
      await mintState(key, { callSid: CALL, attempt: 0, remints: 0, relay: RELAY }, nowS() - 25 * 3600),
      "x",
    ];
    const urls = [at("/voice/ended"), ...states.map((state) => `${at("/voice/ended")}?state=${state}`)];
    const answers = await Promise.all(urls.map((url) => postSigned(url, incomingForm())));
    for (const answer of answers)
      expect(answer).toEqual({ status: 200, type: "text/xml", text: document(APOLOGY) });
    expect((await logged("state_refused", urls.length)).map(({ why }) => String(why)).sort()).toEqual(
      ["for another call", "unknown key", "expired", "not canonical", "not canonical"].sort(),
    );

    const good = await mint(CALL);
    const stolen = await post(`${at("/voice/ended")}?state=${good}`, incomingForm(), {
      "x-twilio-signature": signatureOf(at("/voice/ended"), incomingForm()),
    });
    expect([stolen.status, stolen.text]).toEqual([403, ""]);
  });
});

describe("a stream's status", () => {
  test("is logged without the address that Twilio may quote, and answered with nothing", async () => {
    const { token } = partsOf((await incoming()).text);
    const status = (StreamEvent: string, more = {}) =>
      postSigned(at("/voice/stream-status"), { AccountSid: ACCOUNT, CallSid: CALL, StreamEvent, ...more });
    const answers = await Promise.all([
      status("stream-started"),
      status("stream-stopped"),
      status("stream-error", { StreamError: `31920 Handshake Error at ${RELAY}/media-stream/${token}` }),
      status("stream-paused"),
    ]);
    for (const answer of answers) expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await logged("stream_failed", 1)).toEqual([
      {
        level: "error",
        event: "stream_failed",
        callSid: CALL,
        streamError: "31920 Handshake Error at [removed]",
      },
    ]);
    expect((await logged("stream_status", 2)).map(({ streamEvent }) => streamEvent).sort()).toEqual([
      "stream-started",
      "stream-stopped",
    ]);
    expect(await logged("stream_status_unknown", 1)).toHaveLength(1);
  });
});

describe("the end of a call", () => {
  test("is logged with how it ended and how long it was, and answered with nothing", async () => {
    const over = (CallStatus: string, more = {}) =>
      postSigned(at("/voice/call-status"), { AccountSid: ACCOUNT, CallSid: CALL, CallStatus, ...more });
    const answers = [await over("completed", { CallDuration: "61" }), await over("busy")];
    for (const answer of answers) expect([answer.status, answer.text]).toEqual([204, ""]);
    const line = { level: "info", event: "call_over", callSid: CALL };
    expect(await logged("call_over", 2)).toEqual([
      { ...line, status: "completed", seconds: 61 },
      { ...line, status: "busy" },
    ]);
    expect((await over(`completed ${CALLER}`)).status).toBe(403);
  });
});

describe("the fallback", () => {
  test("apologises to anybody, by POST and by GET, signed or not", async () => {
    const answers = await Promise.all([
      post(at("/voice/fallback"), { ErrorCode: "11200" }, {}),
      fetch(at("/voice/fallback")).then(async (response) => ({
        status: response.status,
        type: (response.headers.get("content-type") ?? "").split(";")[0],
        text: await response.text(),
      })),
    ]);
    for (const answer of answers)
      expect(answer).toEqual({ status: 200, type: "text/xml", text: document(APOLOGY) });
  });
});

describe("what is served", () => {
  test("is the seven doors and nothing else: neither the allowlist nor a room behind the doors", async () => {
    const statuses = await Promise.all(
      [
        "/callers.json",
        "/callers.private.json",
        "/callers.example.json",
        "/edge/settings",
        "/voice/incoming.protected",
      ].map(async (path) => (await fetch(at(path))).status),
    );
    expect(statuses).toEqual([403, 404, 404, 404, 404]);
  });

  test("and nothing that was printed on the way holds a number, a name, a token or a secret", async () => {
    const output = edge.output();
    expect((await logged("call_admitted", 4)).length).toBeGreaterThan(3);
    for (const secret of [
      ...[CALLER, OUR_NUMBER, LISTED_ONLY, STRANGER].map((number) => number.slice(1, -2)),
      "Ada",
      "Short answers",
      AUTH_TOKEN,
      SECRET,
      "eyJ",
      "media-stream/",
      "sip:",
    ]) {
      expect(output).not.toContain(secret);
    }
    expect(await logged("bug", 0)).toEqual([]);
  });
});
