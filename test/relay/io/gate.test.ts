/**
 * The gate by itself, where the running relay cannot be asked: wss addresses, and what is used up when.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyFrom, mintStreamToken } from "../../../relay/contract.ts";
import type { Clock } from "../../../relay/io/clock.ts";
import { type Admission, Gate } from "../../../relay/io/gate.ts";
import { Store } from "../../../relay/io/store.ts";
import { TokenTime } from "../../../relay/io/token-time.ts";
import { Secret } from "../../../relay/secret.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID, AUTH_TOKEN, TOKEN_SECRET } from "../../rehearsal/relay.ts";

const RELAY = "wss://relay.example.com";
const key = await keyFrom(TOKEN_SECRET);
const SECOND_SECRET = "another secret, as while one is being replaced";
const secondKey = await keyFrom(SECOND_SECRET);

let folder: string;
let store: Store;
let nowS: number;
/** The clock and the time that has passed, moved by hand; they agree unless a test sets the clock. */
let passedMs: number;
const clock: Clock = { monotonicMs: () => passedMs, unixS: () => nowS };
const pass = (seconds: number) => {
  nowS += seconds;
  passedMs += seconds * 1000;
};
let time: TokenTime;
const newTime = async () => new TokenTime(clock, await store.latestS(), () => {});
beforeEach(async () => {
  nowS = 1_790_000_000;
  passedMs = 0;
  folder = mkdtempSync(join(tmpdir(), "gate-"));
  store = Store.open(folder);
  time = await newTime();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

type Terms = ConstructorParameters<typeof Gate>[0];
/** As the server asks: check, then enter. */
const gate = (changes: Partial<Terms> = {}) => {
  const terms = {
    relayUrl: RELAY,
    keys: [key],
    accountSid: ACCOUNT_SID,
    authToken: new Secret(AUTH_TOKEN),
    ...changes,
  };
  const asked = new Gate(terms, store, time);
  return {
    async admit(token: string, signature: string | null): Promise<Admission> {
      const admission = await asked.check(token, signature);
      if (!admission.ok || (await asked.enter(admission.claims))) return admission;
      return { ok: false, why: "token used before" };
    },
  };
};
const mint = (changes: { callSid?: string; attempt?: number; accountSid?: string } = {}, by = key) =>
  mintStreamToken(
    by,
    {
      relay: RELAY,
      callSid: newSid("CA"),
      accountSid: ACCOUNT_SID,
      attempt: 0,
      profileHash: "h".repeat(43),
      ...changes,
    },
    nowS,
  );
const signed = (url: string, authToken = AUTH_TOKEN) => signatureFor(authToken, url, {}, undefined) ?? null;
const streamUrl = (token: string, base = RELAY) => `${base}/media-stream/${token}`;

describe("Twilio's signature covers the stream's URL", () => {
  for (const base of ["wss://relay.example.com", "wss://relay.example.com:443"]) {
    for (const end of ["", "/"]) {
      for (const relayUrl of [RELAY, `${RELAY}:443`, `${RELAY}/`, "wss://RELAY.example.com"]) {
        test(`signed for ${base}/…${end} it fits RELAY_URL=${relayUrl}`, async () => {
          const token = await mint();
          const admission = await gate({ relayUrl }).admit(token, signed(streamUrl(token, base) + end));
          expect(admission).toMatchObject({ ok: true });
        });
      }
    }
  }

  const wrong = {
    "the same path on another host": (token: string) => streamUrl(token, "wss://relay.example.org"),
    "the same URL with https": (token: string) => streamUrl(token, "https://relay.example.com"),
    "port 80, which Twilio's own library tries": (token: string) => streamUrl(token, `${RELAY}:80`),
    "the URL with a query": (token: string) => `${streamUrl(token)}?a=b`,
    "the URL without its token": () => `${RELAY}/media-stream/`,
    "the URL with another call's token": () => streamUrl("e30.e30.e30"),
  };
  for (const [what, url] of Object.entries(wrong)) {
    test(`signed for ${what}, it is refused`, async () => {
      const token = await mint();
      expect(await gate().admit(token, signed(url(token)))).toEqual({
        ok: false,
        why: "not signed by Twilio",
      });
    });
  }

  test("with a token that is good, no signature and an empty one are refused", async () => {
    const token = await mint();
    expect(await gate().admit(token, null)).toEqual({ ok: false, why: "no signature of Twilio's" });
    expect(await gate().admit(token, "")).toEqual({ ok: false, why: "not signed by Twilio" });
  });

  test("it is not asked for where the relay has no auth token, which config.ts allows on localhost alone", async () => {
    const open = gate({ authToken: undefined });
    expect(await open.admit(await mint(), null)).toMatchObject({ ok: true });
  });
});

describe("a token", () => {
  const admit = (token: string, terms: Parameters<typeof gate>[0] = {}) =>
    gate(terms).admit(token, signed(streamUrl(token)));

  test("admits once, with its claims", async () => {
    const callSid = newSid("CA");
    const token = await mint({ callSid });
    expect(await admit(token)).toMatchObject({ ok: true, claims: { sub: callSid, attempt: 0 } });
    expect(await admit(token)).toEqual({ ok: false, why: "token used before" });
  });

  test("is not used up by being checked", async () => {
    const token = await mint();
    const asked = new Gate(
      { relayUrl: RELAY, keys: [key], accountSid: ACCOUNT_SID, authToken: new Secret(AUTH_TOKEN) },
      store,
      time,
    );
    for (let times = 0; times < 2; times++) {
      expect(await asked.check(token, signed(streamUrl(token)))).toMatchObject({ ok: true });
    }
    expect(await admit(token)).toMatchObject({ ok: true });
  });

  test("is not used up by attempts without Twilio's signature, nor by one for another account", async () => {
    const token = await mint();
    for (const signature of [null, "", "AAAA", signed(streamUrl(token), "not the auth token")]) {
      expect(await gate().admit(token, signature)).toMatchObject({ ok: false });
    }
    expect(await admit(token, { accountSid: `AC${"1".repeat(32)}` })).toEqual({
      ok: false,
      why: "token for another account",
    });
    expect(await admit(token)).toMatchObject({ ok: true });
  });

  test("of the older of two secrets still admits, and of a third does not", async () => {
    const keys = [key, secondKey];
    expect(await admit(await mint({}, secondKey), { keys })).toMatchObject({ ok: true });
    expect(await admit(await mint({}, await keyFrom("x".repeat(32))), { keys })).toEqual({
      ok: false,
      why: "token unknown key",
    });
  });

  test("of an earlier attempt of the call is refused once a later one was used", async () => {
    const callSid = newSid("CA");
    expect(await admit(await mint({ callSid, attempt: 1 }))).toMatchObject({ ok: true });
    expect(await admit(await mint({ callSid, attempt: 0 }))).toMatchObject({ ok: false });
    expect(await admit(await mint({ callSid, attempt: 1 }))).toMatchObject({ ok: false });
    expect(await admit(await mint({ callSid, attempt: 2 }))).toMatchObject({ ok: true });
  });

  test("that has expired is not revived by a clock that is set back, also across a restart", async () => {
    const old = await mint();
    const asked = gate();
    pass(120);
    expect(await admit(old)).toMatchObject({ ok: false, why: "token expired" });
    const url = streamUrl(old);
    expect(await asked.admit(old, signed(url))).toMatchObject({ why: "token expired" });
    expect(await admit(await mint())).toMatchObject({ ok: true });
    nowS -= 120;
    expect(await asked.admit(old, signed(url))).toMatchObject({ why: "token expired" });
    store.close();
    store = Store.open(folder);
    time = await newTime();
    expect(await admit(old)).toMatchObject({ ok: false, why: "token expired" });
  });

  test("that was never used is not revived by a process whose clock is wrong, where another knows better", async () => {
    const old = await mint();
    const slow = gate();
    pass(120);
    const other = new TokenTime(clock, 0, () => {});
    const recorded = await store.use({
      jti: "another process's",
      callSid: newSid("CA"),
      attempt: 0,
      issuedS: other.nowS(),
      expiresS: other.nowS() + 60,
    });
    expect(recorded.isFirst).toBe(true);
    [nowS, passedMs] = [nowS - 120, 0];
    expect(await slow.admit(old, signed(streamUrl(old)))).toEqual({ ok: false, why: "token used before" });
    // And now it knows too.
    expect(await slow.admit(old, signed(streamUrl(old)))).toEqual({ ok: false, why: "token expired" });
  });

  test("that is fresh is admitted once a clock that was alone ahead is right again", async () => {
    const during = await mint();
    nowS += 3600 * 24 * 365;
    expect(await admit(during)).toMatchObject({ ok: false, why: "token expired" });
    nowS -= 3600 * 24 * 365;
    expect(await admit(during)).toMatchObject({ ok: true });
    expect(await admit(await mint())).toMatchObject({ ok: true });
  });

  test("that is fresh is admitted while the clock is an hour behind, for the time that has passed is known", async () => {
    const right = await mint();
    nowS -= 3600;
    passedMs += 10_000;
    expect(await admit(right)).toMatchObject({ ok: true });
  });

  test("finds its key at every step of a rotation in the documented order: relay first, then edge, then drop", async () => {
    const steps: ReadonlyArray<{ relay: Parameters<typeof gate>[0]; edge: typeof key }> = [
      { relay: { keys: [key] }, edge: key },
      { relay: { keys: [secondKey, key] }, edge: key },
      { relay: { keys: [secondKey, key] }, edge: secondKey },
      { relay: { keys: [secondKey] }, edge: secondKey },
    ];
    for (const [at, { relay, edge }] of steps.entries()) {
      // One that was minted just before this step arrives just after it; the last step waits for a token's life.
      const before = steps[at - 1];
      if (before !== undefined && at < 3) {
        expect(await admit(await mint({}, before.edge), relay)).toMatchObject({ ok: true });
      }
      expect(await admit(await mint({}, edge), relay)).toMatchObject({ ok: true });
    }
    expect(await admit(await mint({}, key), steps[3]?.relay)).toEqual({
      ok: false,
      why: "token unknown key",
    });
  });
});
