/** Which relay a call is joined to again, and how often: by the edge's own code, without a runtime around it. */
import { describe, expect, test } from "bun:test";
import { backToTheRelay, toTheNextRelay } from "../../../functions/edge/rejoin.ts";
import { inOrderFor, readRelays } from "../../../functions/edge/relays.ts";
import { farewell } from "../../../functions/edge/sentences.ts";
import { readSettings, type Settings } from "../../../functions/edge/settings.ts";
import { keyFrom, unpackProfile, verifyState, verifyStreamToken } from "../../../relay/contract.ts";
import { ACCOUNT, AUTH_TOKEN, CALL, CALLER, OUR_NUMBER, SECRET } from "../signed.ts";

const NOW_S = 1_800_000_000;
const IDENTITY = { accountSid: ACCOUNT, authToken: AUTH_TOKEN, baseUrl: "https://edge.example.com" };
const FIELDS = { AccountSid: ACCOUNT, CallSid: CALL, From: CALLER, To: OUR_NUMBER };
const key = await keyFrom(SECRET);

async function settingsOf(count: number): Promise<Settings> {
  const env = {
    DOMAIN_NAME: "edge.example.com",
    RELAY_URL: Array.from({ length: count }, (_, index) => `wss://relay${index}.example.com`).join(","),
    STREAM_TOKEN_SECRET: SECRET,
    TRANSFER_NUMBERS: "anna=+15551230001",
  };
  const read = await readSettings(env, `{"${CALLER}":{"language":"fr"}}`);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}
type Reply = Awaited<ReturnType<typeof backToTheRelay>>;
const orderOf = ({ relays }: Settings) => inOrderFor(relays, CALL).map(({ name }) => name);
const APOLOGY: Reply = { kind: "twiml", verbs: farewell("unavailable", "fr") };

/** Where a reply sends the call, as token, state and profile all say it. */
async function sentTo(reply: Reply) {
  const [verb] = reply.kind === "twiml" ? reply.verbs : [];
  if (verb?.verb !== "connect") return "nowhere";
  const { origin, pathname } = new URL(verb.stream.url);
  const relay = origin.replace(/^http/, "ws");
  const token = await verifyStreamToken([key], pathname.split("/").at(-1) ?? "", relay, NOW_S);
  const state = await verifyState([key], verb.action.split("state=")[1] ?? "", NOW_S);
  const profile = unpackProfile(
    Object.fromEntries(verb.stream.parameters.map(({ name, value }) => [name, value])),
  );
  if (!token.ok || !state.ok || !profile.ok) throw new Error("not the TwiML of an admitted call");
  expect(token.claims.profile).toBe(profile.hash);
  expect(token.claims.attempt).toBe(state.claims.attempt);
  expect(state.claims.relay).toBe(relay);
  const { attempt, remints } = state.claims;
  return { relay, attempt, remints, news: profile.profile.news };
}

const next = async (settings: Settings, before: { relay: string; attempt: number; remints: number }) =>
  sentTo(await toTheNextRelay(IDENTITY, settings, FIELDS, before, NOW_S));
const NEWS = { transfer: { to: "anna", result: "no-answer" } } as const;
const back = (settings: Settings, before: { relay: string; attempt: number }) =>
  backToTheRelay(IDENTITY, settings, FIELDS, before, NEWS, NOW_S);

describe("a call that its relay did not take", () => {
  test("goes to the next, twice in a row at most, and to none a second time", async () => {
    for (const [count, most] of [
      [1, 0],
      [2, 1],
      [3, 2],
      [5, 2],
    ] as const) {
      const settings = await settingsOf(count);
      const order = orderOf(settings);
      let before = { relay: order[0] ?? "", attempt: 0, remints: 0 };
      const path: string[] = [];
      for (let steps = 0; steps < 9; steps++) {
        const at = await next(settings, before);
        if (at === "nowhere") break;
        path.push(at.relay);
        expect([at.attempt, at.remints]).toEqual([before.attempt + 1, before.remints + 1]);
        before = at;
      }
      expect(path).toEqual(order.slice(1, most + 1));
    }
  });

  test("that had come back to the last of its order is sent round to the first", async () => {
    const settings = await settingsOf(3);
    const order = orderOf(settings);
    const last = { relay: order[2] ?? "", attempt: 7, remints: 0 };
    const first = await next(settings, last);
    expect(first).toMatchObject({ relay: order[0], attempt: 8, remints: 1 });
    const second = await next(settings, first === "nowhere" ? last : first);
    expect(second).toMatchObject({ relay: order[1], attempt: 9, remints: 2 });
    expect(await next(settings, second === "nowhere" ? last : second)).toBe("nowhere");
  });

  test("and is none of ours any more goes to the first that is", async () => {
    const settings = await settingsOf(1);
    const gone = { relay: "wss://gone.example.com", attempt: 0, remints: 0 };
    expect(await next(settings, gone)).toMatchObject({ relay: orderOf(settings)[0], attempt: 1, remints: 1 });
    expect(await next(settings, { ...gone, remints: 2 })).toBe("nowhere");
  });

  test("for good is an apology in the caller's language", async () => {
    const settings = await settingsOf(1);
    const before = { relay: orderOf(settings)[0] ?? "", attempt: 0, remints: 0 };
    expect(await toTheNextRelay(IDENTITY, settings, FIELDS, before, NOW_S)).toEqual(APOLOGY);
  });
});

describe("a call that was away as it was meant to be", () => {
  test("comes back to the relay that had it with the news, as often as that happens", async () => {
    const settings = await settingsOf(3);
    const relay = orderOf(settings)[2] ?? "";
    for (const attempt of [0, 1, 2, 42, 98]) {
      expect(await sentTo(await back(settings, { relay, attempt }))).toEqual({
        relay,
        attempt: attempt + 1,
        remints: 0,
        news: NEWS,
      });
    }
  });

  test("has a hundred streams and no more", async () => {
    const settings = await settingsOf(3);
    const relay = orderOf(settings)[0] ?? "";
    expect(await back(settings, { relay, attempt: 99 })).toEqual(APOLOGY);
    expect(
      await toTheNextRelay(IDENTITY, settings, FIELDS, { relay, attempt: 99, remints: 0 }, NOW_S),
    ).toEqual(APOLOGY);
  });

  test("comes back to the first of its order when its relay is none of ours any more", async () => {
    const settings = await settingsOf(2);
    const gone = { relay: "wss://gone.example.com", attempt: 0 };
    expect(await sentTo(await back(settings, gone))).toMatchObject({
      relay: orderOf(settings)[0],
      remints: 0,
    });
  });

  test("is hung up when its caller has been taken off the list", async () => {
    const settings = await settingsOf(1);
    const relay = orderOf(settings)[0] ?? "";
    const stranger = { ...FIELDS, From: "+15559998888" };
    expect(await backToTheRelay(IDENTITY, settings, stranger, { relay, attempt: 0 }, NEWS, NOW_S)).toEqual({
      kind: "twiml",
      verbs: [{ verb: "hangup" }],
    });
  });
});

test("the order is that of every other webhook", async () => {
  const settings = await settingsOf(3);
  const read = readRelays("wss://relay0.example.com,wss://relay1.example.com,wss://relay2.example.com");
  expect(orderOf(settings)).toEqual(read.ok ? inOrderFor(read.relays, CALL).map(({ name }) => name) : []);
});
