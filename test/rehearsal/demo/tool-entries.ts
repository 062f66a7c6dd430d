/**
 * What is done with tools, as it is told on the screen: by the relay's log, which has their names and what came of them;
 * how much of an answer reached the model, and how often something was done, by those who know it.
 */
import type { LogLine } from "../relay.ts";
import { tasksIn } from "./assistant.ts";
import { figure, type Line, span } from "./paint.ts";
import { numberIn, type Seen, textIn } from "./seen.ts";

export type ToolEntry = { text(): Line; isDone(): boolean };

/** What the log tells of a run may be a little ahead of the answer itself. */
const TOLD_WITHIN_MS = 2_000;

const AGREES = { voice: "said yes", keypad: "pressed 1" } as const;

const OK = span("✓", "good");
const NO = span("✗", "bad");

/** Undefined: there is nothing to tell, or others tell it. */
export function toolEntry(seen: Seen, line: LogLine): ToolEntry | undefined {
  const tool = textIn(line, "tool");
  const by = line.by === "keypad" ? "keypad" : "voice";
  switch (line.event) {
    case "tool.asked":
      // What is held is told when it is held.
      return line.rule === "allow" ? allowed(seen, tool) : undefined;
    case "tool.consent":
      switch (line.is) {
        case "held":
          return told([span(`${tool}   held until the caller has heard it and ${AGREES[by]} `), OK]);
        case "agreed":
          return ran(seen, tool, "confirmed ", () => timesDone(seen, tool));
        default:
          return told([span(`${tool}   not done: ${textIn(line, "is")}`)]);
      }
    case "tool.not_confirmed":
      return told([span(`confirm refused: ${textIn(line, "why")}`)]);
    case "tool.refused":
      return told([NO, span(` ${tool}   refused: ${textIn(line, "why")}`)]);
    case "tool.filler":
      return told([span("takes a moment: the assistant is asked to say so")]);
    case "mcp.unreachable":
      return told([
        NO,
        span(` ${textIn(line, "server")}: ${textIn(line, "why")}; the call goes on without its tools`),
      ]);
    default:
      return undefined;
  }
}

const told = (text: Line): ToolEntry => ({ text: () => text, isDone: () => true });

function allowed(seen: Seen, tool: string): ToolEntry {
  const kind = seen.toolLines("tool.registered", tool)[0]?.what.kind;
  if (kind === "write") return ran(seen, tool, "write, allowed ", () => timesDone(seen, tool));
  return ran(seen, tool, kind === "read" ? "read, allowed " : "allowed ", () => tasksTold(seen, tool));
}

/**
 * @param why it could begin
 * @param came what is known of it besides that it was answered
 */
function ran(seen: Seen, tool: string, why: string, came: () => string | undefined): ToolEntry {
  // Of several runs of one tool at once, the first to end is told as the first that began.
  const before = seen.toolLines("tool.done", tool).length;
  const done = () => seen.toolLines("tool.done", tool)[before];
  const head: Line = [span(`${tool}   ${why}`), OK];
  return {
    text: () => {
      const end = done();
      if (end === undefined) return [...head, span(" …", "dim")];
      const after = span(` after ${figure(numberIn(end.what, "afterMs"))} ms`, "dim");
      const outcome = textIn(end.what, "outcome");
      if (outcome !== "answered") return [...head, span("   "), NO, span(` ${outcome}`), after];
      return [...head, span(came() ?? "   answered"), after];
    },
    isDone: () => {
      const end = done();
      return end !== undefined && (came() !== undefined || seen.nowMs >= end.atMs + TOLD_WITHIN_MS);
    },
  };
}

function tasksTold(seen: Seen, tool: string): string | undefined {
  const tasks = seen.told(tool).map(tasksIn).at(-1)?.length ?? 0;
  return tasks === 0 ? undefined : `   ${tasks} task${tasks === 1 ? "" : "s"}`;
}

function timesDone({ executions }: Seen, tool: string): string | undefined {
  const times = executions.filter((each) => each.tool === tool).length;
  return times === 0 ? undefined : ` → done ${times === 1 ? "once" : `${times} times`}`;
}
