/**
 * Whether what was told of a write is what became of it. It judges by the tools' file and by the proxy's book, as
 * writes.ts has read them, and asks nobody else.
 */
import type { Kind, Write } from "./writes.ts";

/** In which a connection may stand and be reset before the proxy reads from it. */
const UNREAD_KINDS: readonly Kind[] = ["reset on accept", "server away, proxy there"];

export type Judged = {
  /** Done more than once. */
  readonly twice: number;
  /** Told otherwise than it was. */
  readonly untrue: readonly string[];
  readonly counts: {
    readonly answered: number;
    readonly failed: number;
    readonly notDone: number;
    /** Unknown, and done. */
    readonly lostDone: number;
    /** Unknown, and not done. */
    readonly lostUndone: number;
    /** Unknown, over a connection that stood and was reset unread. */
    readonly lostUnread: number;
    /** Unknown, and done: a reset was sent right behind the whole answer. */
    readonly lostOverrun: number;
  };
  /** Unknown and unread, though nothing was reset before it was read. */
  readonly unreadElsewhere: number;
  readonly byKind: ReadonlyMap<Kind, ReadonlyMap<string, number>>;
};

export function judge(writes: readonly Write[]): Judged {
  const count = (is: (write: Write) => boolean) => writes.filter(is).length;
  const byKind = new Map<Kind, Map<string, number>>();
  for (const write of writes) {
    const words = wordFor(write);
    const counts = byKind.get(write.kind) ?? new Map<string, number>();
    byKind.set(write.kind, counts.set(words, (counts.get(words) ?? 0) + 1));
  }
  return {
    twice: count(({ executions }) => executions > 1),
    untrue: writes.flatMap((write) => {
      const why = untruthOf(write);
      return why === undefined ? [] : [`${write.kind}: ${why} (${JSON.stringify(write)})`];
    }),
    counts: {
      answered: count(({ outcome }) => outcome.is === "answered" && !outcome.isError),
      failed: count(({ outcome }) => outcome.is === "answered" && outcome.isError),
      notDone: count(({ outcome }) => outcome.is === "not_done"),
      lostDone: count(
        ({ outcome, executions, overrun }) => outcome.is === "lost" && executions > 0 && !overrun,
      ),
      lostUndone: count(
        ({ outcome, executions, left }) => outcome.is === "lost" && executions === 0 && left === "whole",
      ),
      lostUnread: count(({ outcome, left }) => outcome.is === "lost" && left === "unread"),
      lostOverrun: count(({ outcome, overrun }) => outcome.is === "lost" && overrun),
    },
    unreadElsewhere: count(
      ({ kind, outcome, left }) => outcome.is === "lost" && left === "unread" && !UNREAD_KINDS.includes(kind),
    ),
    byKind,
  };
}

/** What is not true of what was told; undefined: all of it is. */
function untruthOf({
  outcome,
  left,
  answered,
  answerBegun,
  overrun,
  executions,
  kind,
}: Write): string | undefined {
  switch (outcome.is) {
    case "answered":
      if (!answerBegun) return "answered, though nothing of an answer had come";
      if (outcome.isError)
        return kind === "refused by the tool" && executions === 0 ? undefined : "failed, though it was done";
      return executions === 1 ? undefined : `answered, though it was done ${executions} times`;
    case "not_done":
      return executions === 0 ? undefined : "not done, though it was done";
    case "lost":
      if (left === "never") return "unknown, though the request had never left";
      return answered && !overrun ? "unknown, though all of the answer had come" : undefined;
    default:
      return outcome satisfies never;
  }
}

function wordFor({ outcome, executions, left, overrun }: Write): string {
  if (outcome.is === "answered") return outcome.isError ? "failed" : "answered";
  if (outcome.is === "not_done") return `not done (${outcome.why})`;
  if (left === "unread") return "unknown, reset unread";
  if (overrun) return "unknown, overrun by a reset";
  return executions > 0 ? "unknown, and done" : "unknown, and not done";
}
