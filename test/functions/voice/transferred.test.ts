/**
 * A caller who is put through, under the real twilio-run: the relay says to whom by a name, the edge looks the name up
 * among those of this caller and dials, and whoever is not reached leads back to the assistant, which is told.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { farewell, spoken } from "../../../functions/edge/sentences.ts";
import { twiml } from "../../../functions/edge/twiml.ts";
import {
  keyFrom,
  mintPinState,
  mintState,
  mintTransferState,
  type Profile,
  unpackProfile,
  verifyState,
  verifyStreamToken,
  verifyTransferState,
} from "../../../relay/contract.ts";
import { canariesIn } from "../../canaries.ts";
import { until } from "../../patience.ts";
import { startStandIn } from "../relay-stand-in.ts";
import {
  ACCOUNT,
  AUTH_TOKEN,
  CALLER,
  incomingForm,
  post,
  postSigned,
  SECRET,
  signatureOf,
} from "../signed.ts";
import { startTwilioRun, type TwilioRun } from "../twilio-run.ts";

const NUMBERS = { anna: "+15551230001", desk: "+15551230002", zoe: "+15551230003" };
const TRANSFER_NUMBERS = `anna=${NUMBERS.anna}, Front Desk = ${NUMBERS.desk}, Zoë=${NUMBERS.zoe}`;
/** May be put through to some, to nobody, and to everybody. */
const GRACE = "+15550001111";
const EVE = "+15550002222";
const CALLERS = `{
  "${CALLER}": { "name": "Ada", "language": "fr" },
  "${GRACE}": {
    "transfers": ["ANNA", "Bob"]
  },
  "${EVE}": { "transfers": [] }
}`;

const key = await keyFrom(SECRET);
const relay = startStandIn(key);
let edge: TwilioRun;
beforeAll(async () => {
  const env = { ACCOUNT_SID: ACCOUNT, AUTH_TOKEN, RELAY_URL: relay.url, STREAM_TOKEN_SECRET: SECRET };
  edge = await startTwilioRun({ ...env, TRANSFER_NUMBERS }, CALLERS);
});
afterAll(async () => {
  await relay.stop();
  await edge?.stop();
});

const nowS = () => Math.floor(Date.now() / 1000);
let calls = 0;
const newCall = () => `CA${(++calls).toString(16).padStart(32, "0")}`;
const APOLOGY = twiml(farewell("unavailable"));
const FRENCH_APOLOGY = twiml(farewell("unavailable", "fr"));
const HANG_UP = twiml([{ verb: "hangup" }]);

type Stream = {
  readonly attempt: number;
  readonly remints: number;
  readonly state: string;
  readonly profile: Profile;
};

/** A stream that is opened at the relay: token, state and profile as they belong together. */
async function streamOf(text: string, callSid: string): Promise<Stream> {
  const state = /\/voice\/ended\?state=([\w.-]+)"/.exec(text)?.[1] ?? "";
  const token = /\/media-stream\/([\w.-]+)"/.exec(text)?.[1] ?? "";
  const parameters = [...text.matchAll(/<Parameter name="(\w+)" value="([\w-]+)"\/>/g)];
  const carried = await verifyState([key], state, nowS());
  const stream = await verifyStreamToken([key], token, relay.url, nowS());
  const unpacked = unpackProfile(
    Object.fromEntries(parameters.map(([, name = "", value = ""]) => [name, value])),
  );
  if (!carried.ok || !stream.ok || !unpacked.ok)
    throw new Error(`not the TwiML of an admitted call: ${text}`);
  expect(stream.claims).toMatchObject({
    sub: callSid,
    profile: unpacked.hash,
    attempt: carried.claims.attempt,
  });
  expect(token.length).toBeLessThanOrEqual(500);
  const { attempt, remints } = carried.claims;
  return { attempt, remints, state, profile: unpacked.profile };
}

async function dial(callSid: string, From = CALLER): Promise<Stream> {
  const form = incomingForm({ CallSid: callSid, From, Caller: From });
  return streamOf((await postSigned(`${edge.base}/voice/incoming`, form)).text, callSid);
}

const inProgress = (CallSid: string, From: string, changes = {}) =>
  incomingForm({ CallSid, From, Caller: From, CallStatus: "in-progress", ...changes });

/** The relay says that the caller is to be put through, and the stream ends. */
const putThrough = async (callSid: string, { state, attempt }: Stream, to: unknown, From = CALLER) => {
  relay.endings.set(callSid, { ending: "transferred", outcome: "transfer", attempt, to });
  return (await postSigned(`${edge.base}/voice/ended?state=${state}`, inProgress(callSid, From))).text;
};

const dialled = (text: string) => {
  const [, action = "", state = "", number = ""] =
    /^<\?xml version="1.0" encoding="UTF-8"\?><Response><Dial action="([^"?]+)\?state=([\w.-]+)" timeout="25" answerOnBridge="true"><Number>(\+\d+)<\/Number><\/Dial><\/Response>$/.exec(
      text,
    ) ?? [];
  if (number === "") throw new Error(`no Dial and nothing else: ${text}`);
  return { action, state, number };
};

const DialCallSid = `CA${"f".repeat(32)}`;
const over = async (
  action: string,
  state: string,
  callSid: string,
  DialCallStatus: string,
  changes = {},
  From = CALLER,
) =>
  (
    await postSigned(
      `${action}?state=${state}`,
      inProgress(callSid, From, { DialCallStatus, DialCallSid, DialBridged: "false", ...changes }),
    )
  ).text;

describe("a caller", () => {
  test("is told to the relay with the names of whom to put them through to, and no number", async () => {
    expect((await dial(newCall())).profile).toEqual({
      name: "Ada",
      language: "fr",
      transfers: ["anna", "Front Desk", "Zoë"],
    });
    expect((await dial(newCall(), GRACE)).profile).toEqual({ transfers: ["anna"] });
    expect((await dial(newCall(), EVE)).profile).toEqual({});
  });

  test("whose relay says so is put through, and the state says to whom and for which stream", async () => {
    for (const [to, number] of [
      ["anna", NUMBERS.anna],
      ["Front Desk", NUMBERS.desk],
      ["Zoë", NUMBERS.zoe],
    ] as const) {
      const callSid = newCall();
      const there = dialled(await putThrough(callSid, await dial(callSid), to));
      expect([there.action, there.number]).toEqual([`${edge.base}/voice/transferred`, number]);
      const carried = await verifyTransferState([key], there.state, nowS());
      expect(carried.ok && carried.claims).toMatchObject({ sub: callSid, to, attempt: 0, relay: relay.url });
      expect(Buffer.from(there.state.split(".")[1] ?? "", "base64url").toString()).not.toContain("555");
    }
  });

  test("is not put through to whom they may not reach, but back to the assistant, which is told", async () => {
    for (const [to, From] of [
      ["Front Desk", GRACE],
      ["Bob", GRACE],
      ["anna", EVE],
      ["Anna", CALLER],
      ["ANNA", CALLER],
      ["constructor", CALLER],
    ] as const) {
      const callSid = newCall();
      const text = await putThrough(callSid, await dial(callSid, From), to, From);
      expect(text).not.toContain("<Dial");
      const { attempt, remints, profile } = await streamOf(text, callSid);
      expect([attempt, remints, profile.news]).toEqual([1, 0, { transfer: { to, result: "failed" } }]);
    }
  });

  test("is not put through to anything that is no name, nor by an ending that is none", async () => {
    for (const to of [
      undefined,
      "",
      NUMBERS.anna,
      "+15559999999",
      'anna"/>',
      "a".repeat(41),
      ["anna"],
      { anna: 1 },
    ]) {
      const callSid = newCall();
      expect(await putThrough(callSid, await dial(callSid), to)).toBe(FRENCH_APOLOGY);
    }
    const callSid = newCall();
    const stream = await dial(callSid);
    // Of another stream of this call: this one never came about, and there is no other relay.
    const other = await putThrough(callSid, { ...stream, attempt: 1 }, "anna");
    expect(other).toContain(`${twiml([spoken("oneMoment", "fr")]).replace("</Response>", "")}<Redirect>`);
    relay.endings.set(callSid, { ending: "x", outcome: "finished", attempt: 0, to: "anna" });
    const url = `${edge.base}/voice/ended?state=${stream.state}`;
    expect((await postSigned(url, inProgress(callSid, CALLER))).text).toBe(HANG_UP);
  });

  test("who has been taken off the list meanwhile is hung up", async () => {
    const callSid = newCall();
    expect(await putThrough(callSid, await dial(callSid), "anna", "+15559998888")).toBe(HANG_UP);
  });
});

describe("when the Dial is over", () => {
  const throughTo = async (to: string) => {
    const callSid = newCall();
    return { callSid, ...dialled(await putThrough(callSid, await dial(callSid), to)) };
  };

  test("and they talked, the call is over", async () => {
    for (const status of ["completed", "answered"]) {
      const { callSid, action, state } = await throughTo("anna");
      const talked = { DialBridged: "true", DialCallDuration: "61" };
      expect(await over(action, state, callSid, status, talked)).toBe(HANG_UP);
    }
  });

  test("and nobody was reached, the caller is back with the assistant, which knows; and may be put through again", async () => {
    const callSid = newCall();
    let stream = await dial(callSid);
    for (const [index, result] of ["no-answer", "busy", "failed", "canceled"].entries()) {
      const { action, state } = dialled(await putThrough(callSid, stream, "anna"));
      stream = await streamOf(await over(action, state, callSid, result), callSid);
      expect([stream.attempt, stream.remints]).toEqual([index + 1, 0]);
      expect(stream.profile).toMatchObject({ name: "Ada", transfers: ["anna", "Front Desk", "Zoë"] });
      expect(stream.profile.news).toEqual({
        transfer: { to: "anna", result: expect.stringMatching(result) },
      });
    }
    const { action, state } = dialled(await putThrough(callSid, stream, "Front Desk"));
    expect(await over(action, state, callSid, "completed")).toBe(HANG_UP);
  });

  test("because the caller hung up meanwhile, nothing is begun", async () => {
    for (const result of ["no-answer", "canceled", "completed"]) {
      const { callSid, action, state } = await throughTo("anna");
      expect(await over(action, state, callSid, result, { CallStatus: "completed" })).toBe(HANG_UP);
    }
  });

  test("and it is said again, the same stream is named again, which opens once", async () => {
    const { callSid, action, state } = await throughTo("anna");
    const texts = await Promise.all([1, 2, 3].map(() => over(action, state, callSid, "busy")));
    const streams = await Promise.all(texts.map((text) => streamOf(text, callSid)));
    expect(streams.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  });

  test("nobody is dialled or brought back by a state that is not of this call's transfer", async () => {
    const { callSid, action } = await throughTo("anna");
    const transfer = { callSid, attempt: 0, relay: relay.url, to: "anna" };
    const states = [
      await mintState(key, { callSid, attempt: 0, remints: 0, relay: relay.url }, nowS()),
      await mintPinState(key, { callSid, tries: 0 }, nowS()),
      await mintTransferState(key, { ...transfer, callSid: newCall() }, nowS()),
      await mintTransferState(await keyFrom("another secret of thirty-two bytes"), transfer, nowS()),
      await mintTransferState(key, transfer, nowS() - 25 * 3600),
      "x",
    ];
    for (const state of states) expect(await over(action, state, callSid, "busy")).toBe(APOLOGY);
    const without = inProgress(callSid, CALLER, { DialCallStatus: "busy" });
    expect((await postSigned(action, without)).text).toBe(APOLOGY);
    // Nor is the end of a stream told with the state of a transfer.
    const asked = relay.asked.length;
    const swapped = await mintTransferState(key, transfer, nowS());
    const ended = await postSigned(`${edge.base}/voice/ended?state=${swapped}`, inProgress(callSid, CALLER));
    expect([ended.text, relay.asked.length]).toEqual([APOLOGY, asked]);
  });

  test("only Twilio says so: with a signature for another address or none it is 403", async () => {
    const { callSid, action, state } = await throughTo("anna");
    const form = inProgress(callSid, CALLER, { DialCallStatus: "busy" });
    for (const signature of [
      "",
      "x",
      signatureOf(action, form),
      signatureOf(`${action}?state=${state}x`, form),
    ]) {
      const answer = await post(`${action}?state=${state}`, form, { "x-twilio-signature": signature });
      expect([answer.status, answer.text]).toEqual([403, ""]);
    }
    const odd = await postSigned(
      `${action}?state=${state}`,
      inProgress(callSid, CALLER, { DialCallStatus: "gone" }),
    );
    expect([odd.status, odd.text]).toEqual([403, ""]);
  });

  test("after the thousandth stream there is none: an apology in the caller's language", async () => {
    const callSid = newCall();
    const last = await mintTransferState(
      key,
      { callSid, attempt: 999, relay: relay.url, to: "anna" },
      nowS(),
    );
    const before = await mintTransferState(
      key,
      { callSid, attempt: 998, relay: relay.url, to: "anna" },
      nowS(),
    );
    const action = `${edge.base}/voice/transferred`;
    expect((await streamOf(await over(action, before, callSid, "busy"), callSid)).attempt).toBe(999);
    expect(await over(action, last, callSid, "busy")).toBe(FRENCH_APOLOGY);
  });
});

describe("what was printed on the way", () => {
  test("tells of each, and of the caller's list that names somebody who is not there, by its line", async () => {
    await until(() => edge.lines.some(({ event }) => event === "transfer_refused"));
    expect(edge.lines.filter(({ event }) => event === "transfer_unknown")).toEqual([
      {
        level: "warn",
        event: "transfer_unknown",
        variable: "assets/callers.private.json",
        line: 4,
        wrong: "transfers: a name that TRANSFER_NUMBERS does not have; nobody is put through to it",
        mend: "write it as it stands in TRANSFER_NUMBERS, or take it out",
      },
    ]);
    const first = edge.lines.find(({ event }) => event === "call_transferred");
    expect(first).toMatchObject({ level: "info", caller: "67", to: "01" });
    const results = new Set(
      edge.lines.flatMap(({ event, result }) => (event === "transfer_ended" ? [result] : [])),
    );
    expect([...results].map(String).sort()).toEqual(
      ["busy", "caller gone", "canceled", "completed", "failed", "no-answer"].sort(),
    );
  });

  test("holds no number and no name of whoever was dialled, in no spelling, and no token", () => {
    const canaries = { ...NUMBERS, caller: CALLER, grace: GRACE, eve: EVE };
    expect(canariesIn(edge.output(), canaries)).toEqual([]);
    expect(edge.output()).not.toMatch(/eyJ|anna|Front Desk|Zoë|Bob/);
    expect(edge.lines.filter(({ event }) => event === "bug")).toEqual([]);
    expect(relay.asked).not.toContain("refused");
  });
});
