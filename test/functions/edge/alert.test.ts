/** The text message to the owner: what it holds, and that whatever goes wrong with it is logged and nothing else. */
import { afterAll, afterEach, describe, expect, spyOn, test } from "bun:test";
import { alertOwner, type Texter } from "../../../functions/edge/alert.ts";
import { Stopwatch } from "../../patience.ts";
import { CALLER, OUR_NUMBER } from "../signed.ts";

const OWNER = "+15550004444";
let calls = 0;
const newCall = () => `CA${(++calls).toString(16).padStart(32, "0")}`;
/** Of a call of its own. */
const alertOf = (callSid = newCall()) => ({
  callSid,
  from: OUR_NUMBER,
  to: OWNER,
  caller: CALLER,
  why: "model_refused",
});

const spies = [spyOn(console, "log"), spyOn(console, "error")];
for (const spy of spies) spy.mockImplementation(() => {});
afterEach(() => {
  for (const spy of spies) spy.mockClear();
});
afterAll(() => {
  for (const spy of spies) spy.mockRestore();
});
/** What was logged since. */
const logged = () =>
  spies.flatMap((spy) => spy.mock.calls).map(([line]): unknown => JSON.parse(String(line)));

/** Keeps what it is to send. */
function texterOf(create: () => Promise<unknown> = async () => ({ sid: "SM" })) {
  const sent: Array<{ from: string; to: string; body: string }> = [];
  const texter = (): Texter => ({
    messages: {
      create: (message) => {
        sent.push(message);
        return create();
      },
    },
  });
  return { sent, texter };
}

/** As twilio's client throws them. */
const refusal = Object.assign(new Error(`The 'To' number ${OWNER} is not a valid phone number.`), {
  status: 400,
  code: 21211,
});

describe("the text message to the owner", () => {
  test("goes out from the number that was called, and says what ended, with two digits of who called", async () => {
    const { sent, texter } = texterOf();
    const alert = alertOf();
    await alertOwner(texter, alert);
    expect(sent).toEqual([
      {
        from: OUR_NUMBER,
        to: OWNER,
        body: "Your phone assistant could not go on with a call from …67: model_refused.",
      },
    ]);
    expect(logged()).toEqual([{ level: "info", event: "owner_alerted", callSid: alert.callSid, to: "44" }]);
  });

  test("of a caller with no number names none", async () => {
    const { sent, texter } = texterOf();
    await alertOwner(texter, { ...alertOf(), caller: "sip:ada@example.com" });
    expect(sent.map(({ body }) => body)).toEqual([
      "Your phone assistant could not go on with a call: model_refused.",
    ]);
  });

  test("is not tried where what was called cannot send one", async () => {
    const callSid = newCall();
    for (const from of ["sip:ada@example.com", "client:ada", "+1555"]) {
      await alertOwner(() => expect.unreachable(), { ...alertOf(callSid), from });
    }
    const detail = "what was called is no number";
    const line = { level: "error", event: "owner_not_alerted", callSid, detail };
    expect(logged()).toEqual([line, line, line]);
  });

  test("goes out once for a call, however often its last webhook comes", async () => {
    const { sent, texter } = texterOf();
    const alert = alertOf();
    for (let times = 0; times < 3; times++) await alertOwner(texter, alert);
    await alertOwner(texter, alertOf());
    expect(sent).toHaveLength(2);
  });

  test("that is refused, or for which there is no client at all, is logged by a code and costs nothing", async () => {
    const reset = Object.assign(new Error("connect ECONNRESET 192.0.2.1:443"), { code: "ECONNRESET" });
    for (const [thrown, detail] of [
      [refusal, "21211"],
      [reset, "ECONNRESET"],
      [new TypeError(`no ${OWNER}`), "TypeError"],
      ["no", "string"],
    ] as const) {
      const alerts = [alertOf(), alertOf()] as const;
      await alertOwner(texterOf(() => Promise.reject(thrown)).texter, alerts[0]);
      await alertOwner(() => {
        throw thrown;
      }, alerts[1]);
      expect(logged()).toEqual(
        alerts.map(({ callSid }) => ({ level: "error", event: "owner_not_alerted", callSid, detail })),
      );
      for (const spy of spies) spy.mockClear();
    }
  });

  test("that hangs is left behind after a moment, also when it fails afterwards", async () => {
    const { promise, reject } = Promise.withResolvers<unknown>();
    const watch = new Stopwatch();
    const alert = alertOf();
    await alertOwner(texterOf(() => promise).texter, alert, 30);
    expect(watch.stop()).toBeLessThan(1_000);
    reject(refusal);
    await Promise.resolve();
    const detail = "no answer in time";
    expect(logged()).toEqual([
      { level: "error", event: "owner_not_alerted", callSid: alert.callSid, detail },
    ]);
  });
});
