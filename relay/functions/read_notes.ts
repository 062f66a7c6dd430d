/**
 * "What did I want to remember?" Reads what take_note.ts has kept.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineFunction, z } from "../function.ts";
import { NOTES_FILE } from "./take_note.ts";

export default defineFunction({
  name: "read_notes",
  description:
    "Read the notes that were kept with take_note, the newest last, each with its date and who left it.",
  schema: z.object({
    search: z.string().trim().max(100).optional().describe("Only notes with this word or name in them"),
    latest: z.int().min(1).max(20).default(5).describe("How many, counted back from the newest"),
  }),
  // What somebody noted down may have been read to them from a stranger's mail.
  policy: { kind: "read", rule: "allow", untrusted: true },
  run: async ({ search = "", latest }, { dataDir }) => {
    const kept = (await textOf(join(dataDir, NOTES_FILE))).split("\n").filter((line) => line !== "");
    if (kept.length === 0) return "There are no notes.";
    const found = kept.filter((line) => line.toLowerCase().includes(search.toLowerCase()));
    if (found.length === 0) return `None of the ${kept.length} notes has that in it.`;
    const told = found.slice(-latest);
    return [`The newest ${told.length} of ${found.length}, in order:`, ...told].join("\n");
  },
});

const textOf = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
