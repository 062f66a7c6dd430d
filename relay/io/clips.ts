/**
 * Reads what the relay says by itself, once, when it starts: a clip that is missing must be found out then, and not by
 * a caller to whom nothing else can be said any more. The words and how they were recorded: scripts/clips.ts.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CLIPS, type Clip, type Clips, type ClipsIn, type Recording } from "../call/clips.ts";

/** What stops the start, in words for whoever started it. */
export class ClipsError extends Error {}

/** Beside this folder, wherever relay/ was copied to. */
const ROOM = join(import.meta.dir, "..", "clips");
const BYTES_PER_MS = 8;
/** A barge-in then throws away little that was sent for nothing. */
const PIECE_BYTES = 200 * BYTES_PER_MS;
const SHORTEST_MS = 400;
/** One who waits for an answer is not to wait for the excuse as well. */
const LONGEST_MS: Readonly<Record<Clip, number>> = { one_moment: 1_500, sorry: 8_000, budget_spent: 8_000 };
const DEFAULT_LANGUAGE = "en";

const Words = z.record(
  z.string(),
  z.object({ one_moment: z.string(), sorry: z.string(), budget_spent: z.string() }),
);

/**
 * @param room the folder with words.json and a folder for each language in it
 * @throws ClipsError with all that is wrong
 */
export async function readClips(room: string = ROOM): Promise<ClipsIn> {
  const problems: string[] = [];
  const byLanguage = new Map<string, Clips>();
  for (const language of await languagesOf(room)) {
    const recordings = await Promise.all(CLIPS.map((clip) => recordingOf(room, language, clip, problems)));
    const [one_moment = [], sorry = [], budget_spent = []] = recordings;
    byLanguage.set(language, { one_moment, sorry, budget_spent });
  }
  const english = byLanguage.get(DEFAULT_LANGUAGE);
  if (english === undefined) problems.push(`${join(room, "words.json")} has no "${DEFAULT_LANGUAGE}"`);
  if (problems.length > 0 || english === undefined) throw new ClipsError(problems.join("; "));
  // A language's own subtag comes first, and its case means nothing (RFC 5646, 2.1.1 and 2.2.1).
  return (language = DEFAULT_LANGUAGE) =>
    byLanguage.get(language.toLowerCase().split("-")[0] ?? "") ?? english;
}

async function languagesOf(room: string): Promise<readonly string[]> {
  const file = join(room, "words.json");
  try {
    return Object.keys(Words.parse(JSON.parse(await readFile(file, "utf8"))));
  } catch (thrown) {
    throw new ClipsError(
      `${file} cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`,
    );
  }
}

async function recordingOf(
  room: string,
  language: string,
  clip: Clip,
  problems: string[],
): Promise<Recording> {
  const file = join(room, language, `${clip}.ulaw`);
  try {
    const bytes = await readFile(file);
    const ms = bytes.length / BYTES_PER_MS;
    const longestMs = LONGEST_MS[clip];
    if (ms < SHORTEST_MS || ms > longestMs)
      problems.push(`${file} lasts ${Math.round(ms)} ms, and may last ${SHORTEST_MS} to ${longestMs} ms`);
    return piecesOf(bytes);
  } catch (thrown) {
    problems.push(`${file} cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`);
    return [];
  }
}

function piecesOf(bytes: Buffer): Recording {
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  return Array.from({ length: count }, (_, index) =>
    bytes.toString("base64", index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
  );
}
