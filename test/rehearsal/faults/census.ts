/**
 * What is alive in a relay's heap, asked of the relay itself (relay/io/census.ts), and what of that is no call's: what
 * exists once for the first call ever, prototypes and all, is left over by none.
 */
import { z } from "zod";
import { ask, quiet, until } from "./drive.ts";
import type { House } from "./house.ts";
import { TONE } from "./role.ts";
import { type Stage, setStage } from "./stage.ts";

const WITHIN_MS = 30_000;
const Census = z.object({
  calls: z.number(),
  runners: z.number(),
  twilioSockets: z.number(),
  modelSockets: z.number(),
});
export type Census = z.infer<typeof Census>;

/** undefined: there is no relay to ask. */
export async function censusOf({ relay }: Stage): Promise<Census | undefined> {
  const taken = () => relay.lines.filter(({ event }) => event === "relay.census");
  const before = taken().length;
  try {
    process.kill(relay.pid, "SIGUSR2");
    await relay.waitForLog(() => taken().length > before, WITHIN_MS);
  } catch {
    return undefined;
  }
  return Census.parse(taken().at(-1));
}

/** After a call in which nothing failed. */
export async function quietCensus(house: House): Promise<Census> {
  const stage = await setStage(house);
  try {
    const call = stage.dial();
    await until("a greeting", () => call.ear.heardOf(TONE.greeting) > 0);
    await quiet(call);
    await ask(stage, "check");
    await until("an answer", () => call.ear.heardOf(TONE.check) > 0);
    call.hangUp();
    await call.ended;
    await stage.model.waitFor(() => stage.model.openSockets() === 0, WITHIN_MS);
    const census = await censusOf(stage);
    if (census === undefined) throw new Error("the relay gave no census");
    return census;
  } finally {
    await stage.stop();
  }
}
