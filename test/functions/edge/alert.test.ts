/** The text message to the owner: what it holds, and that whatever goes wrong with it is logged and nothing else. */
import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { alertOwner, type Texter } from "../../../functions/edge/alert.ts";
import { Stopwatch } from "../../patience.ts";
import { CALL, CALLER, OUR_NUMBER } from "../signed.ts";

const OWNER = "+15550004444";
const ALERT = { callSid: CALL, from: OUR_NUMBER, to: OWNER, caller: CALLER, why: "model_refused" };

const spies = [spyOn(console, "log"), spyOn(console, "error")];
for (const spy of spies) spy.mockImplementation(() => {});
afterEach(() => {
  for (const spy of spies) spy.mockClear();
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
    await alertOwner(texter, ALERT);
    expect(sent).toEqual([
      {
        from: OUR_NUMBER,
        to: OWNER,
        body: "Your phone assistant could not go on with a call from …67: model_refused.",
      },
    ]);
    expect(logged()).toEqual([{ level: "info", event: "owner_alerted", callSid: CALL, to: "44" }]);
  });

  test("of a caller with no number names none", async () => {
    const { sent, texter } = texterOf();
    await alertOwner(texter, { ...ALERT, caller: "sip:ada@example.com" });
    expect(sent.map(({ body }) => body)).toEqual([
      "Your phone assistant could not go on with a call: model_refused.",
    ]);
  });

  test("is not tried where what was called cannot send one", async () => {
    for (const from of ["sip:ada@example.com", "client:ada", "+1555"]) {
      await alertOwner(() => expect.unreachable(), { ...ALERT, from });
    }
    const detail = "what was called is no number";
    const line = { level: "error", event: "owner_not_alerted", callSid: CALL, detail };
    expect(logged()).toEqual([line, line, line]);
  });

  test("that is refused, or for which there is no client at all, is logged by a code and costs nothing", async () => {
    const reset = Object.assign(new Error("connect ECONNRESET 192.0.2.1:443"), { code: "ECONNRESET" });
    for (const [thrown, detail] of [
      [refusal, "21211"],
      [reset, "ECONNRESET"],
      [new TypeError(`no ${OWNER}`), "TypeError"],
      ["no", "string"],
    ] as const) {
      await alertOwner(texterOf(() => Promise.reject(thrown)).texter, ALERT);
      await alertOwner(() => {
        throw thrown;
      }, ALERT);
      const line = { level: "error", event: "owner_not_alerted", callSid: CALL, detail };
      expect(logged()).toEqual([line, line]);
      for (const spy of spies) spy.mockClear();
    }
  });

  test("that hangs is left behind after a moment, also when it fails afterwards", async () => {
    const { promise, reject } = Promise.withResolvers<unknown>();
    const watch = new Stopwatch();
    await alertOwner(texterOf(() => promise).texter, ALERT, 30);
    expect(watch.stop()).toBeLessThan(1_000);
    reject(refusal);
    await Promise.resolve();
    const detail = "no answer in time";
    expect(logged()).toEqual([{ level: "error", event: "owner_not_alerted", callSid: CALL, detail }]);
  });
});
