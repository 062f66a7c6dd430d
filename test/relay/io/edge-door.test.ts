/**
 * A caller's tries at a PIN, counted by a real relay for whoever has a token for that very question; what it says of
 * how a call ended is asked.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  callerIdOf,
  keyFrom,
  mintEndingToken,
  mintTriesToken,
  newTryId,
  triesPath,
} from "../../../relay/contract.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { TOKEN_SECRET } from "../../rehearsal/relay.ts";
import { fullAt } from "./full-disk.ts";
import { type Asked, nowS, Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.stop());

const key = await keyFrom(TOKEN_SECRET);
let callers = 0;
const newCaller = () => callerIdOf(key, `+1555${String(callers++).padStart(7, "0")}`);

const METHODS = { ask: "GET", spend: "POST", refund: "DELETE" } as const;
type Act = keyof typeof METHODS;
type Given = {
  on?: Rig;
  tryId?: string;
  method?: string;
  tokenFor?: string;
  tokenAct?: Act;
  secret?: string;
  relay?: string;
  atS?: number;
  authorization?: string;
};

async function ask(act: Act, caller: string, given: Given = {}): Promise<Asked> {
  const { relay } = given.on ?? rig;
  const token = await mintTriesToken(
    given.secret === undefined ? key : await keyFrom(given.secret),
    {
      relay: given.relay ?? relay.url,
      caller: given.tokenFor ?? caller,
      act: given.tokenAct ?? act,
      tryId: given.tryId ?? newTryId(),
    },
    given.atS ?? nowS(),
  );
  const response = await fetch(`${relay.url.replace(/^ws/, "http")}${triesPath(caller)}`, {
    method: given.method ?? METHODS[act],
    headers: { authorization: given.authorization ?? `Bearer ${token}` },
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? "" : JSON.parse(text) };
}

const left = (count: number) => ({ status: 200, body: { left: count } });
const spent = (allowed: boolean, count: number) => ({ status: 200, body: { allowed, left: count } });

describe("a caller's tries", () => {
  test("are ten, are spent one by one, and are then refused, also by a relay that was started again", async () => {
    const caller = await newCaller();
    expect(await ask("ask", caller)).toEqual(left(10));
    for (let count = 9; count >= 0; count--) expect(await ask("spend", caller)).toEqual(spent(true, count));
    expect(await ask("spend", caller)).toEqual(spent(false, 0));
    await rig.restart("SIGKILL");
    expect(await ask("spend", caller)).toEqual(spent(false, 0));
    expect(await ask("ask", caller)).toEqual(left(0));
    expect(await ask("spend", await newCaller())).toEqual(spent(true, 9));
  });

  test("spent under one name are one, given back they are there again, and giving back twice gives one", async () => {
    const caller = await newCaller();
    const tryId = newTryId();
    for (let times = 0; times < 3; times++) {
      expect(await ask("spend", caller, { tryId })).toEqual(spent(true, 9));
    }
    await ask("spend", caller);
    for (let times = 0; times < 2; times++) {
      expect(await ask("refund", caller, { tryId })).toEqual(left(9));
    }
    expect(await ask("ask", caller)).toEqual(left(9));
  });

  test("that are spent 64 at once let ten through", async () => {
    const caller = await newCaller();
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask("spend", caller)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.filter(({ body }) => JSON.stringify(body).includes('"allowed":true'))).toHaveLength(10);
  });
});

describe("nothing is said, and no try spent, for", () => {
  const REFUSED = { status: 401, body: "" };
  const cases: Readonly<Record<string, Given>> = {
    "a token for another caller": { tokenFor: "x".repeat(43) },
    "a token that has expired": { atS: nowS() - 60 },
    "a token from the future": { atS: nowS() + 3600 },
    "a token signed with another secret": { secret: "not the secret that edge and relay share" },
    "a token for another relay": { relay: "wss://relay.example.com" },
    "a token for asking": { tokenAct: "ask" },
    "a token for giving back": { tokenAct: "refund" },
    "no token": { authorization: "" },
    "another scheme": { authorization: "Basic dXNlcjpwYXNz" },
  };
  for (const [what, given] of Object.entries(cases)) {
    test(what, async () => {
      const caller = await newCaller();
      expect(await ask("spend", caller, given)).toEqual(REFUSED);
      expect(await ask("ask", caller)).toEqual(left(10));
    });
  }

  test("a token for spending that is used to ask or to give back", async () => {
    const caller = await newCaller();
    for (const act of ["ask", "refund"] as const) {
      expect(await ask(act, caller, { tokenAct: "spend" })).toEqual(REFUSED);
    }
  });

  test("a token of another kind", async () => {
    const token = await mintEndingToken(key, { relay: rig.relay.url, callSid: newSid("CA") }, nowS());
    expect(await ask("spend", await newCaller(), { authorization: `Bearer ${token}` })).toEqual(REFUSED);
  });

  test("another method, or a path that is longer", async () => {
    const caller = await newCaller();
    for (const method of ["PUT", "PATCH", "OPTIONS", "HEAD"]) {
      expect(await ask("spend", caller, { method })).toEqual({ status: 405, body: "" });
    }
    const response = await fetch(`${rig.relay.url.replace(/^ws/, "http")}${triesPath(caller)}/more`);
    expect([response.status, await response.text()]).toEqual([404, ""]);
  });
});

test("a try that the disk cannot record is answered 503, so that the edge looks at no PIN", async () => {
  const full = await Rig.start({ under: fullAt(160) });
  try {
    const statuses = new Set<number>();
    for (let tries = 0; tries < 80 && !statuses.has(503); tries++) {
      statuses.add((await ask("spend", await newCaller(), { on: full })).status);
    }
    expect(statuses).toEqual(new Set([200, 503]));
    await full.relay.waitForLog(({ event }) => event === "store.failed", PATIENCE_MS);
    const failed = full.relay.lines.filter(({ event }) => event === "store.failed");
    expect(failed).toMatchObject([{ level: "error", code: expect.stringMatching(/^SQLITE_/) }]);
    expect(full.relay.errors()).toBe("");
  } finally {
    await full.stop();
  }
});
