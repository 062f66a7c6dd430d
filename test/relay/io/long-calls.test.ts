/**
 * Calls that last too long or in which nobody says anything, in a running relay with a model that takes what is right.
 * On a machine that stands still a question may be skipped; what is asked when is test/relay/call/limits-in-call.test.ts's.
 */
import { afterEach, expect, test } from "bun:test";
import { TEST_MS } from "../../patience.ts";
import type { Script } from "../../rehearsal/model/script.ts";
import { noise } from "./noise.ts";
import { Rig } from "./rig.ts";

/** A word each time that it is asked for one. */
const script: Script = () => [{ say: noise(5, 400), words: "noise" }];

const toStop: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of toStop.splice(0)) await stop();
});
async function startRig(env: Record<string, string>): Promise<Rig> {
  const rig = await Rig.start({ model: { script }, env });
  toStop.push(() => rig.stop());
  return rig;
}

/** Why the responses of the one session were asked for; and that nothing was refused. */
function reasonsIn({ model }: Rig): unknown[] {
  const [session] = model.sessions;
  expect(session?.errors).toEqual([]);
  return (session?.responses ?? []).map(({ metadata }) => metadata.reason);
}
const noticesOf = async (rig: Rig, callSid: string): Promise<unknown[]> =>
  (await rig.ended(callSid)).flatMap(({ event, notice }) => (event === "limit.reached" ? [notice] : []));

test(
  "a caller who says nothing is asked, taken leave of, and hung up",
  async () => {
    const rig = await startRig({ SILENCE_ASK_SECONDS: "1", SILENCE_END_SECONDS: "2" });
    const { callSid } = await rig.call();
    expect((await noticesOf(rig, callSid)).at(-1)).toBe("nobody_there");
    expect([reasonsIn(rig)[0], reasonsIn(rig).at(-1)]).toEqual(["greeting", "notice"]);
    expect((await rig.ending(callSid)).body).toMatchObject({ ending: "nobody_there", outcome: "finished" });
  },
  TEST_MS,
);

test(
  "a call that lasts as long as it may is warned, taken leave of, and hung up",
  async () => {
    const rig = await startRig({ MAX_CALL_MINUTES: "0.1" });
    const { callSid } = await rig.call();
    expect((await noticesOf(rig, callSid)).at(-1)).toBe("time_is_up");
    expect([reasonsIn(rig)[0], reasonsIn(rig).at(-1)]).toEqual(["greeting", "notice"]);
    expect((await rig.ending(callSid)).body).toMatchObject({ ending: "time_is_up", outcome: "finished" });
  },
  TEST_MS,
);
