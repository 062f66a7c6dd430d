/**
 * The real relay's door: each attempt has one thing wrong with it and is refused alike, with a bare 401 and no model
 * session. The last test proves that the door opens at all, and that the first session ever is its own.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { keyFrom, mintEndingToken } from "../../../relay/contract.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { AUTH_TOKEN, TOKEN_SECRET, ticketFor } from "../../rehearsal/relay.ts";
import { type Answer, knock } from "./knock.ts";
import { nowS, Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start({ env: { MAX_CALLS: "100" } });
});
afterAll(() => rig.stop());

const sign = (url: string, authToken = AUTH_TOKEN) => ({
  "X-Twilio-Signature": signatureFor(authToken, url, {}, undefined) ?? "",
});
/** What the answer says, without the clock's time. */
const told = ({ status, headers: { date: _, ...headers }, body }: Answer) => ({ status, headers, body });
const NOTHING = { status: 401, headers: { "content-length": "0" }, body: "" };

/** Why the newest refusal was, by the relay's own log. */
async function whyAfter(knocking: () => Promise<Answer>): Promise<{ answer: Answer; why: unknown }> {
  const before = rig.relay.lines.length;
  const answer = await knocking();
  await rig.relay.waitForLog(() => rig.relay.lines.length > before, PATIENCE_MS);
  const lines = rig.relay.lines.slice(before);
  expect(lines.map(({ event }) => event)).toEqual(["handshake.refused"]);
  return { answer, why: lines[0]?.why };
}

type Ticket = NonNullable<Parameters<typeof ticketFor>[2]>;
const ticket = (given: Ticket = {}, relay: { url: string } = rig.relay) =>
  ticketFor(relay, newSid("CA"), given);

/** The same token with its header or claims changed, signed by nobody. */
function altered(
  url: string,
  change: (header: Record<string, unknown>) => object,
  signature?: string,
): string {
  const [header = "", claims = "", ownSignature = ""] = url.slice(url.lastIndexOf("/") + 1).split(".");
  const text = JSON.stringify(change(JSON.parse(Buffer.from(header, "base64url").toString())));
  const token = `${Buffer.from(text).toString("base64url")}.${claims}.${signature ?? ownSignature}`;
  return `${url.slice(0, url.lastIndexOf("/") + 1)}${token}`;
}

const TOKENS: Readonly<Record<string, { url: () => Promise<string>; why: string }>> = {
  "a token that is expired": {
    url: async () => (await ticket({ nowS: nowS() - 70 })).url,
    why: "token expired",
  },
  "a token from the future": {
    url: async () => (await ticket({ nowS: nowS() + 30 })).url,
    why: "token not yet valid",
  },
  "a token for another account": {
    url: async () => (await ticket({ accountSid: `AC${"6".repeat(32)}` })).url,
    why: "token for another account",
  },
  "a token for another relay": {
    url: async () => {
      const { url } = await ticket({}, { url: "wss://relay.example.com" });
      return url.replace("wss://relay.example.com", rig.relay.url);
    },
    why: "token for another audience",
  },
  "a token signed with another secret": {
    url: async () => (await ticket({ secret: "not the secret that edge and relay share" })).url,
    why: "token unknown key",
  },
  "a token signed with another secret under the name of ours": {
    url: async () => {
      const [ours, theirs] = [(await ticket()).url, (await ticket({ secret: "x".repeat(40) })).url];
      const kid = JSON.parse(
        Buffer.from(ours.split("/").at(-1)?.split(".")[0] ?? "", "base64url").toString(),
      ).kid;
      return altered(theirs, (header) => ({ ...header, kid }));
    },
    why: "token bad signature",
  },
  "a token with alg none and no signature": {
    url: async () => altered((await ticket()).url, (header) => ({ ...header, alg: "none" }), ""),
    why: "token not canonical",
  },
  "a token with alg none that keeps its signature": {
    url: async () => altered((await ticket()).url, (header) => ({ ...header, alg: "none" })),
    why: "token header not ours",
  },
  "a token that is too long": {
    url: async () => `${(await ticket()).url}${"A".repeat(2048)}`,
    why: "token too long",
  },
  "no token": { url: async () => `${rig.relay.url}/media-stream/`, why: "token not canonical" },
  "a token of another kind, for asking how a call ended": {
    url: async () => {
      const ask = { relay: rig.relay.url, callSid: newSid("CA") };
      const token = await mintEndingToken(await keyFrom(TOKEN_SECRET), ask, nowS());
      return `${rig.relay.url}/media-stream/${token}`;
    },
    why: "token header not ours",
  },
};

describe("a handshake, signed by Twilio, is refused with", () => {
  for (const [what, { url, why }] of Object.entries(TOKENS)) {
    test(what, async () => {
      const address = await url();
      const refused = await whyAfter(() => knock(address, sign(address)));
      expect(told(refused.answer)).toEqual(NOTHING);
      expect(refused.why).toBe(why);
      expect(rig.model.events).toEqual([]);
    });
  }
});

type Headers = Readonly<Record<string, string | undefined>>;
const SIGNATURES: Readonly<Record<string, { headers: (url: string) => Headers; why: string }>> = {
  "without Twilio's signature": { headers: () => ({}), why: "no signature of Twilio's" },
  "with an empty signature": { headers: () => ({ "X-Twilio-Signature": "" }), why: "not signed by Twilio" },
  "with a signature of another account's": {
    headers: (url) => sign(url, "f".repeat(32)),
    why: "not signed by Twilio",
  },
  "with a signature over another URL": {
    headers: (url) => sign(url.replace(/[^/]+$/, "e30.e30.e30")),
    why: "not signed by Twilio",
  },
  "with a signature over the address as https": {
    headers: (url) => sign(url.replace("ws://", "https://")),
    why: "not signed by Twilio",
  },
  "with a good signature beside a wrong one": {
    headers: (url) => ({ "X-Twilio-Signature": `${sign(url)["X-Twilio-Signature"]}, AAAA` }),
    why: "not signed by Twilio",
  },
  "that is no upgrade": {
    headers: (url) => ({ ...sign(url), Upgrade: undefined, Connection: undefined }),
    why: "not an upgrade",
  },
};

describe("a handshake with a good token is refused", () => {
  for (const [what, { headers, why }] of Object.entries(SIGNATURES)) {
    test(`${what}, and its token is not used up`, async () => {
      const { url } = await ticket();
      const refused = await whyAfter(() => knock(url, headers(url)));
      expect(told(refused.answer)).toEqual(NOTHING);
      expect(refused.why).toBe(why);
      expect(rig.model.events).toEqual([]);
      unused.push(url);
    });
  }

  test("with something after the token", async () => {
    const { url } = await ticket();
    for (const after of ["/", "/more", "%20", "."]) {
      const refused = await whyAfter(() => knock(url + after, sign(url + after)));
      expect(told(refused.answer)).toEqual(NOTHING);
    }
    expect(rig.model.events).toEqual([]);
  });
});

/** Good tokens whose handshakes were refused for their signature. */
const unused: string[] = [];

describe("what a stranger learns", () => {
  test("is the same from every address that is not there, and from every method", async () => {
    const base = rig.relay.url.replace(/^ws/, "http");
    const ask = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(base + path, { headers });
      return [path, response.status, await response.text()];
    };
    for (const path of ["/", "/calls", "/media-stream", "/calls/x/ending", "/../relay.sqlite"]) {
      expect(await ask(path)).toEqual([path, 404, ""]);
    }
    // This machine itself may read them, and a stranger comes through whatever proxy is on it.
    expect(await ask("/metrics")).toEqual(["/metrics", 200, expect.stringContaining("relay_")]);
    expect(await ask("/metrics", { "X-Forwarded-For": "198.51.100.7" })).toEqual(["/metrics", 404, ""]);
    const { url } = await ticket();
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = await fetch(url.replace(/^ws/, "http"), { method, headers: sign(url) });
      expect([method, response.status, await response.text()]).toEqual([method, 405, ""]);
    }
    expect(rig.model.events).toEqual([]);
  });
});

describe("a Host header that is no host", () => {
  for (const host of ["", "a b", "[", "x:99999", "100%"]) {
    test(`${JSON.stringify(host)} is a bad request, and neither a bug nor an open door`, async () => {
      const before = rig.relay.lines.length;
      const { url } = await ticket();
      expect((await knock(url, { ...sign(url), Host: host })).status).toBe(400);
      expect((await knock(new URL("/healthz", url).href, { Host: host })).status).toBe(400);
      // The log is written in order: whatever those two had led to would stand before this.
      await knock(new URL("/media-stream/none", url).href, {});
      await rig.relay.waitForLog(() => rig.relay.lines.length > before, PATIENCE_MS);
      expect(rig.relay.lines.slice(before).map(({ event }) => event)).toEqual(["handshake.refused"]);
    });
  }
});

describe("the door opens", () => {
  test("to a good token with Twilio's signature, once: the first model session ever is this one's", async () => {
    const callSid = newSid("CA");
    const { url, parameters } = await ticketFor(rig.relay, callSid);
    const stream = await rig.stream({ callSid, url, parameters });
    expect(await stream.opening).toEqual({ opened: true });
    await rig.model.waitFor(() => rig.model.sessions.length === 1, PATIENCE_MS);
    expect(told(await knock(url, sign(url)))).toEqual(NOTHING);
    stream.hangUp();
    await stream.ended;
    await rig.modelIsLeft();
    expect(rig.model.sessions).toHaveLength(1);
  });

  test("to every token whose earlier attempt had no good signature", async () => {
    expect(unused).toHaveLength(Object.keys(SIGNATURES).length);
    for (const url of unused) expect((await knock(url, sign(url))).status).toBe(101);
  });

  test("to exactly one of 64 that come with the same token at once", async () => {
    const { url } = await ticket();
    const answers = await Promise.all(Array.from({ length: 64 }, () => knock(url, sign(url))));
    const refused = answers.filter(({ status }) => status !== 101);
    expect(refused.map(told)).toEqual(Array.from({ length: 63 }, () => NOTHING));
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`to a token once also when the relay is stopped by ${signal} and started again`, async () => {
      const used = (await ticket()).url;
      const fresh = (await ticket()).url;
      expect((await knock(used, sign(used))).status).toBe(101);
      await rig.restart(signal);
      expect(told(await knock(used, sign(used)))).toEqual(NOTHING);
      expect((await knock(fresh, sign(fresh))).status).toBe(101);
    });
  }
});
