/** What a call that is brought back is told, as TwiML, token, state and profile: by the edge's own code, with no runtime. */
import { describe, expect, test } from "bun:test";
import type { Before } from "../../../functions/edge/comeback.ts";
import type { Moment } from "../../../functions/edge/moment.ts";
import { type Broken, bringBack } from "../../../functions/edge/rejoin.ts";
import { inOrderFor } from "../../../functions/edge/relays.ts";
import { farewell, spoken } from "../../../functions/edge/sentences.ts";
import { readSettings, type Settings } from "../../../functions/edge/settings.ts";
import { keyFrom, unpackProfile, verifyState, verifyStreamToken } from "../../../relay/contract.ts";
import { ACCOUNT, AUTH_TOKEN, CALL, CALLER, OUR_NUMBER, SECRET } from "../signed.ts";

const NOW_S = 1_800_000_000;
const IDENTITY = { accountSid: ACCOUNT, authToken: AUTH_TOKEN, baseUrl: "https://edge.example.com" };
const FIELDS = { AccountSid: ACCOUNT, CallSid: CALL, From: CALLER, To: OUR_NUMBER };
const NEWS = { transfer: { to: "anna", result: "no-answer" } } as const;
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
const settings = await settingsOf(3);
const [, , LAST = ""] = inOrderFor(settings.relays, CALL).map(({ name }) => name);

const momentOf = (changes: Partial<Moment> = {}): Moment => ({
  identity: IDENTITY,
  settings,
  fields: FIELDS,
  nowS: NOW_S,
  texter: () => expect.unreachable(),
  ...changes,
});
const bring = (happened: Broken, before: Partial<Before>, changes: Partial<Moment> = {}) =>
  bringBack(
    momentOf(changes),
    happened,
    { attempt: 4, remints: 0, relay: LAST, ...before },
    {
      why: "x",
      ...(happened.what === "planned" && { news: NEWS }),
    },
  );

type Reply = Awaited<ReturnType<typeof bringBack>>;
const verbsOf = (reply: Reply) => (reply.kind === "twiml" ? reply.verbs : []);
async function stateIn(url: string) {
  const state = await verifyState([key], url.split("state=")[1] ?? "", NOW_S);
  if (!state.ok) throw new Error(state.why);
  const { iss, aud, iat, nbf, exp, ...claims } = state.claims;
  return claims;
}

describe("a call that is brought back", () => {
  test("is joined with a token, a state and a profile that say the same, and nothing is said", async () => {
    const verbs = verbsOf(await bring({ what: "broke", started: true }, { remints: 2, passed: 2 }));
    const [verb, ...rest] = verbs;
    if (verb?.verb !== "connect") throw new Error("not joined");
    // Only if Twilio goes on without asking `action`.
    expect(rest).toEqual([...farewell("unavailable", "fr")]);
    const { origin, pathname } = new URL(verb.stream.url);
    const relay = origin.replace(/^http/, "ws");
    const token = await verifyStreamToken([key], pathname.split("/").at(-1) ?? "", relay, NOW_S);
    const profile = unpackProfile(
      Object.fromEntries(verb.stream.parameters.map(({ name, value }) => [name, value])),
    );
    if (!token.ok || !profile.ok) throw new Error("not the TwiML of an admitted call");
    expect(token.claims).toMatchObject({ sub: CALL, attempt: 5, profile: profile.hash });
    expect(profile.profile).toEqual({ language: "fr", transfers: ["anna"] });
    expect(relay).toBe(LAST);
    expect(await stateIn(verb.action)).toEqual({
      sub: CALL,
      attempt: 5,
      remints: 1,
      relay: LAST,
      passed: 0,
      broke: [NOW_S],
    });
  });

  test("because nobody else was reached, knows so", async () => {
    const [verb] = verbsOf(await bring({ what: "planned" }, { remints: 2 }));
    if (verb?.verb !== "connect") throw new Error("not joined");
    const profile = unpackProfile(
      Object.fromEntries(verb.stream.parameters.map(({ name, value }) => [name, value])),
    );
    expect(profile.ok && profile.profile.news).toEqual(NEWS);
    expect(await stateIn(verb.action)).toEqual({ sub: CALL, attempt: 5, remints: 0, relay: LAST });
  });

  test("is hung up when its caller has been taken off the list", async () => {
    const stranger = { ...FIELDS, From: "+15559998888" };
    for (const happened of [{ what: "planned" }, { what: "no answer" }, { what: "not taken" }] as const) {
      expect(await bring(happened, { attempt: 999 }, { fields: stranger })).toEqual({
        kind: "twiml",
        verbs: [{ verb: "hangup" }],
      });
    }
  });

  test("that leads nowhere ends with the apology that fits, in the caller's language", async () => {
    const nowhere = { attempt: 999 };
    expect(verbsOf(await bring({ what: "broke", started: true }, nowhere))).toEqual([
      ...farewell("lost", "fr"),
    ]);
    expect(verbsOf(await bring({ what: "not taken" }, nowhere))).toEqual([...farewell("unavailable", "fr")]);
    expect(verbsOf(await bring({ what: "planned" }, nowhere))).toEqual([...farewell("unavailable", "fr")]);
  });
});

describe("a call whose only relay gives no answer", () => {
  const before = { remints: 1, passed: 0, broke: [NOW_S - 2], relay: "wss://relay0.example.com" };
  const noAnswer = async (waitingSince?: number, toldAt = NOW_S - 3) =>
    bring(
      { what: "no answer" },
      { ...before, ...(waitingSince !== undefined && { waitingSince, toldAt }) },
      {
        settings: await settingsOf(1),
      },
    );

  test("is told so in the caller's language, and asked about again at once, with nothing minted", async () => {
    const [said, redirect, ...rest] = verbsOf(await noAnswer());
    expect([said, rest]).toEqual([spoken("oneMoment", "fr"), []]);
    if (redirect?.verb !== "redirect") throw new Error("not redirected");
    expect(redirect.url).toStartWith("https://edge.example.com/voice/ended?state=");
    expect(await stateIn(redirect.url)).toEqual({
      sub: CALL,
      attempt: 4,
      ...before,
      waitingSince: NOW_S,
      toldAt: NOW_S,
    });
  });

  test("is then asked about after a pause of a second, and the wait is counted from where it began", async () => {
    const [pause, redirect, ...rest] = verbsOf(await noAnswer(NOW_S - 19));
    expect([pause, rest]).toEqual([{ verb: "pause", lengthS: 1 }, []]);
    if (redirect?.verb !== "redirect") throw new Error("not redirected");
    const carried = { attempt: 4, waitingSince: NOW_S - 19, toldAt: NOW_S - 3 };
    expect(await stateIn(redirect.url)).toMatchObject(carried);
  });

  test("is told again after some seconds: a silent line is taken for a dead one", async () => {
    const [said, redirect] = verbsOf(await noAnswer(NOW_S - 9, NOW_S - 4));
    expect(said).toEqual(spoken("oneMoment", "fr"));
    if (redirect?.verb !== "redirect") throw new Error("not redirected");
    expect(await stateIn(redirect.url)).toMatchObject({ waitingSince: NOW_S - 9, toldAt: NOW_S });
  });

  test("is told after 20 s that it is of no use", async () => {
    expect(verbsOf(await noAnswer(NOW_S - 20))).toEqual([...farewell("unavailable", "fr")]);
  });
});
