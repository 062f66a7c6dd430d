/**
 * One relay for several calls, each with a model of its own, and what is to be seen when a call has ended: that the edge
 * is told how, and that the log tells it once, with nothing to complain of.
 */
import { afterAll, beforeAll, expect } from "bun:test";
import { ENDINGS, type Ending } from "../../../relay/call/ending.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import { noise } from "./noise.ts";
import { endingsIn, Rig } from "./rig.ts";

/** Longer than any test: the assistant is in the middle of it when the end comes. */
export const GREETING = { say: noise(3, 20_000), words: "noise" };

export async function expectTold(rig: Rig, callSid: string, ending: Ending): Promise<void> {
  await rig.ended(callSid);
  const { outcome } = ENDINGS[ending];
  const body = { ending, outcome, attempt: 0, started: expect.any(Boolean) };
  expect(await rig.ending(callSid)).toEqual({ status: 200, body });
}

export async function expectStopped(rig: Rig, ended: readonly Ending[]): Promise<void> {
  expect(await rig.relay.kill("SIGTERM")).toBe(0);
  expect(endingsIn(rig.relay.lines)).toEqual([...ended]);
  expect(rig.relay.lines.at(-1)?.event).toBe("relay.stopped");
  expect(rig.relay.errors()).toBe("");
}

/**
 * For the tests of a describe, in each of which one call ends. The last of them stops the relay, and holds that each call
 * ended once.
 */
export function oneRelay(env: Readonly<Record<string, string>> = {}) {
  let rig: Rig;
  const ended: Ending[] = [];
  beforeAll(async () => {
    rig = await Rig.start({ env: { ...env } });
  });
  afterAll(() => rig?.stop());
  return {
    async at(model: ModelOptions, body: (rig: Rig) => Promise<void>): Promise<void> {
      await rig.replaceModel({ script: () => [GREETING], ...model });
      await body(rig);
    },
    async expectEnding(callSid: string, ending: Ending): Promise<void> {
      ended.push(ending);
      await expectTold(rig, callSid, ending);
    },
    expectStopped: () => expectStopped(rig, ended),
  };
}
