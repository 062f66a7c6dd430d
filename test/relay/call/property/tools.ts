/** The tools of an invented call: each answers after a while, or fails, or never does; and some when nobody waits any more. */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { ToolOutcome } from "../../../../relay/call/tools.ts";
import type { Chance } from "../chance.ts";
import type { Agenda } from "../simulated-world.ts";
import { REQUESTS, TRANSFER_TO } from "./tool-terms.ts";

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

/** What a model may call, by what it was told is held and what the caller said last. */
export function anyCall(
  chance: Chance,
  ids: readonly string[],
  words: string,
  hasTools: boolean,
): readonly [name: string, text: string] {
  const held = ids.at(-1);
  if (held !== undefined && chance.often(words.startsWith("Yes") ? 0.85 : 0.3)) {
    const id = chance.often(0.8) ? held : chance.one([ids[0] ?? held, "r99", "r1"]);
    return ["confirm", JSON.stringify({ id })];
  }
  const luck = chance.next();
  if (luck < 0.06) return ["cancel", held === undefined || chance.often(0.6) ? "{}" : `{"id":"${held}"}`];
  if (luck < (hasTools ? 0.12 : 0.7)) return ["end_call", "{}"];
  if (luck < (hasTools ? 0.16 : 0.85))
    return ["transfer_call", JSON.stringify({ to: chance.one([TRANSFER_TO, "elsewhere"]) })];
  if (luck < 0.19 || !hasTools) return ["other", "{}"];
  const [name, text] = chance.one(REQUESTS);
  return luck < 0.22 ? [name, text.slice(0, -1)] : [name, text];
}
