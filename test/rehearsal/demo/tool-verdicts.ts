/**
 * Whether the tools did what they had to, and no more: the read at once, the write only when the caller had heard what
 * it would be and had said yes, and then once. Done is what a row in the database says was done.
 */
import { wordsOf } from "../audio/clips.ts";
import { CREATE, FIND, tasksIn } from "./assistant.ts";
import { figure } from "./paint.ts";
import { numberIn, type Seen, textIn } from "./seen.ts";
import { DAY } from "./todo-list.ts";
import { heardSaying, heardWhole, type Verdict } from "./verdicts.ts";

const MILK = '{"content":"milk"}';

const no = (detail: string): Verdict => ({ ok: false, detail });

export function lookedUp(seen: Seen): Verdict {
  const away = seen.relayLine("mcp.unreachable")?.what;
  if (away !== undefined) return no(`${textIn(away, "server")} is ${textIn(away, "why")}`);
  const [asked] = seen.toolLines("tool.asked", FIND);
  if (asked === undefined) return no("it was not asked for");
  const [done] = seen.toolLines("tool.done", FIND);
  const tasks = seen.told(FIND).map(tasksIn).at(-1)?.length ?? 0;
  const isAllowed = asked.what.rule === "allow";
  const ms = done === undefined ? Number.NaN : numberIn(done.what, "afterMs");
  return {
    ok: isAllowed && done?.what.outcome === "answered" && tasks === DAY.length,
    detail: `${textIn(asked.what, "why")}; ${tasks} of ${DAY.length} tasks told, ${figure(ms)} ms`,
  };
}

/** Held, and put to the caller in words that were heard to their end before the caller agreed. */
export function putToCaller(seen: Seen): Verdict {
  const [asked] = seen.toolLines("tool.asked", CREATE);
  if (asked === undefined) return no("it was not asked for");
  const held = seen.toolLines("tool.consent", CREATE).some(({ what }) => what.is === "held");
  if (!held) return no(`it was not held: ${textIn(asked.what, "rule")}`);
  const question = heardSaying(seen, "assistant-milk");
  const { ok, detail } = heardWhole(seen, question);
  if (!ok) return no(`asked back: ${detail}`);
  const yes = seen.hearing.spoken.find(({ words }) => words === wordsOf("caller-yes"));
  if (yes === undefined || !((question?.endMs ?? Number.NaN) <= yes.startMs)) {
    return no("the caller did not wait for its end");
  }
  return { ok, detail: `${textIn(asked.what, "why")}; ${detail} heard` };
}

export function nothingBeforeYes({ doneBeforeYes: rows }: Seen): Verdict {
  if (rows === undefined) return no("the yes was not written down");
  return { ok: rows === 0, detail: `${rows} row${rows === 1 ? "" : "s"} when the yes was written down` };
}

export function doneOnce(seen: Seen): Verdict {
  const { executions: rows } = seen;
  const agreed = seen.toolLines("tool.consent", CREATE).filter(({ what }) => what.is === "agreed").length;
  const [row] = rows;
  const isRight = row?.tool === CREATE && row.arguments === MILK;
  if (rows.length === 1 && isRight && agreed === 1) return { ok: true, detail: `1 row now: ${MILK}` };
  if (rows.length === 1 && !isRight) return no(`another thing: ${row?.tool} ${row?.arguments}`);
  return no(`${rows.length} rows, ${agreed} agreed`);
}

export const heardOfIt = (seen: Seen): Verdict => heardWhole(seen, heardSaying(seen, "assistant-done"));

export const heardThatItCannot = (seen: Seen): Verdict =>
  heardWhole(seen, heardSaying(seen, "assistant-unreachable"));
