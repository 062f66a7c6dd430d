/**
 * Whether a call that came back was remembered: what had been said in its earlier sessions must stand in what its new
 * session was given, each word once and in its order. It reads the stand-in's books, which hold what was really said
 * and heard, and nothing of the relay's.
 */
import type { Notable, SessionRecord } from "../../rehearsal/model/records.ts";
import type { Model } from "../../rehearsal/model/server.ts";
import { hasMark, wordsIn } from "./talk.ts";

export type Recollection = {
  /** Sessions that had one before them. */
  readonly resumed: number;
  /** Words that these had to know, counted for each of them. */
  readonly known: number;
  readonly missing: readonly string[];
  /** A word that stands there more than once, or before one that was said earlier. */
  readonly muddled: readonly string[];
};

/**
 * A call remembers its newest part, of 160 lines (relay/call/memory.ts), among them those that were cut off or came too
 * late to be due: of what was said before these nothing is.
 */
const MOST_LINES = 150;
/** A line of which no word is due. */
const NOT_DUE = "";
/** A response is heard when it has been played; the stand-in speaks faster than that. */
const PLAYED_AFTER_MS = 700;

/** @param graceMs what was said so shortly before a session ended may be lost with it */
export function recollectionOf(model: Model, mark: string, graceMs: number): Recollection {
  const sessions = model.sessions
    .filter((session) => hasMark(session, mark))
    .toSorted((one, other) => one.openedAt - other.openedAt);
  const ours = new Map<number, Notable[]>(sessions.map(({ index }) => [index, []]));
  for (const event of model.events) ours.get(event.session)?.push(event);
  const missing: string[] = [];
  const muddled: string[] = [];
  let known = 0;
  const said: string[] = [];
  for (const [at, session] of sessions.entries()) {
    if (at > 0) {
      const given = wordsIn(seedOf(session));
      const has = new Set(given);
      const due = said.slice(-MOST_LINES).filter((word) => word !== NOT_DUE);
      known += due.length;
      missing.push(...due.filter((word) => !has.has(word)).map((word) => `${word} in session ${at}`));
      if (has.size < given.length) muddled.push(`a word twice in session ${at}`);
      for (const by of ["a", "c"]) {
        const own = given.filter((word) => word.startsWith(by));
        if (own.join() !== own.toSorted().join()) muddled.push(`${by} out of order in session ${at}`);
      }
    }
    const settled = settledIn(session, ours.get(session.index) ?? [], graceMs);
    const others = Math.max(0, linesIn(session, ours.get(session.index) ?? []) - settled.length);
    said.push(...settled, ...Array.from({ length: others }, () => NOT_DUE));
  }
  return { resumed: Math.max(0, sessions.length - 1), known, missing, muddled };
}

/** What the client told the session of its own accord. */
export const seedOf = ({ received }: SessionRecord): string =>
  JSON.stringify(
    received.filter(({ type }) => type === "session.update" || type === "conversation.item.create"),
  );

function settledIn(session: SessionRecord, events: readonly Notable[], graceMs: number): string[] {
  const endedAt = (session.closedAt ?? Number.POSITIVE_INFINITY) - graceMs;
  const cut = new Set(session.truncations.map(({ itemId }) => itemId));
  return events.flatMap((event) => {
    if (event.what === "transcribed" && event.at < endedAt) return wordsOf(session, event.itemId);
    if (event.what !== "response_done" || event.status !== "completed") return [];
    const response = session.responses.find(({ id }) => id === event.responseId);
    if (response?.firstSoundAt === undefined || response.itemIds.some((id) => cut.has(id))) return [];
    const heardAt = response.firstSoundAt + response.soundMs + PLAYED_AFTER_MS;
    return heardAt < endedAt ? wordsIn(event.words) : [];
  });
}

/** Each side's, whatever became of them. */
const linesIn = ({ responses }: SessionRecord, events: readonly Notable[]): number =>
  events.filter((event) => event.what === "transcribed" && !event.failed).length +
  responses.filter(({ firstSoundAt }) => firstSoundAt !== undefined).length;

const wordsOf = ({ items }: SessionRecord, itemId: string): string[] => {
  const item = items.find(({ id }) => id === itemId);
  return item?.kind === "message" ? item.content.flatMap(({ words }) => wordsIn(words)) : [];
};
