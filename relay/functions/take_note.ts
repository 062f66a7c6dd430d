/**
 * "Make a note: …". A line a note in functions/notes.txt of DATA_DIR, which anybody can read, copy or empty by hand.
 * One notebook for all who may call. It is the only place where the relay keeps words of a call, and only those that
 * it was asked to keep: with TOOL_POLICY=take_note=deny, or without this file, it keeps none.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { defineFunction, FunctionError, z } from "../function.ts";

export const NOTES_FILE = "notes.txt";
export const MOST_BYTES = 256 * 1024;

export default defineFunction({
  name: "take_note",
  description:
    "Keep a short note for later, when the caller asks for it: a thought, a thing to remember, something to look up. It reminds nobody by itself; read_notes reads it out again.",
  schema: z.object({
    text: z.string().trim().min(1).max(500).describe("What to note down, in the caller's own words"),
  }),
  policy: { kind: "write", rule: "allow" },
  run: async ({ text }, { now, timeZone, callerName, dataDir }) => {
    // Swedish is the language that writes dates as ISO does.
    const time = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
    const note = `${time.format(now())} ${callerName ?? "somebody"}: ${text}`.replaceAll(/\s+/g, " ");
    const line = Buffer.from(`${note}\n`);
    const file = await open(join(dataDir, NOTES_FILE), "a", 0o600);
    try {
      if ((await file.stat()).size + line.length > MOST_BYTES) {
        throw new FunctionError("The note was not kept: the notebook is full. Its owner has to empty it.");
      }
      // One write at the file's end, so that the notes of two calls never mix.
      const { bytesWritten } = await file.write(line).catch(() => ({ bytesWritten: 0 }));
      if (bytesWritten < line.length) {
        throw new FunctionError("The note was not kept: the disk has no room for it.");
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return `Kept: ${note}`;
  },
});
