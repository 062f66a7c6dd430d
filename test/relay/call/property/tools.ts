/** The tools of an invented call: each answers after a while, or fails, or never does; and some when nobody waits any more. */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { ToolOutcome } from "../../../../relay/call/tools.ts";
import type { Chance } from "../chance.ts";
import type { Agenda } from "../simulated-world.ts";

/** @param quick how often a tool answers at once */
export function performTool(
  effect: Extract<Effect, { to: "tool" }>,
  agenda: Agenda,
  chance: Chance,
  give: (input: Input) => void,
): void {
  // An abort may cross with what comes of it.
  if ("abort" in effect || chance.often(0.08)) return;
  const { runId } = effect.run;
  const outcome = anyOutcome(runId, chance);
  const afterMs = chance.often(0.5) ? chance.between(1, 500) : chance.between(500, 10_000);
  agenda.at(agenda.now + afterMs, () => give({ from: "tool", runId, outcome }));
}

export function anyOutcome(runId: string, chance: Chance): ToolOutcome {
  const luck = chance.next();
  if (luck < 0.75) return { is: "answered", text: `What came of ${runId}.`, isError: luck < 0.1 };
  if (luck < 0.87) return { is: "lost" };
  return { is: "not_done", why: chance.one(["unreachable", "unauthorized", "gone", "refused"]) };
}
