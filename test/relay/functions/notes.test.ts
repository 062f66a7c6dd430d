/**
 * The two functions that come with the relay, run as the relay runs them.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import "../../patience.ts";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolArguments, ToolCaller } from "../../../relay/call/tools.ts";
import readNotes from "../../../relay/functions/read_notes.ts";
import takeNote, { MOST_BYTES, NOTES_FILE } from "../../../relay/functions/take_note.ts";
import { readFunctions } from "../../../relay/io/function-files.ts";
import { Functions } from "../../../relay/io/functions.ts";
import { makeLog } from "../../../relay/io/log.ts";

const FOLDER = join(import.meta.dir, "../../../relay/functions");
const NOBODY = new AbortController().signal;

let dataDir: string;
let file: string;
let now: Date;
let lines: string[];
let functions: Functions;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "notes-"));
  file = join(dataDir, "functions", NOTES_FILE);
  now = new Date("2026-11-21T13:05:09Z");
  lines = [];
  const read = await readFunctions(FOLDER, []);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const log = makeLog("debug", (line) => lines.push(line));
  const parts = { now: () => now, timeZone: "Europe/Zurich", dataDir, timeoutMs: 20_000, log };
  functions = new Functions(read.functions, parts);
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function use(name: string, args: ToolArguments, caller: ToolCaller = {}) {
  const tool = functions.tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`there is no ${name}`);
  const outcome = await functions.run({ runId: "run", tool, args }, NOBODY, caller);
  if (outcome.is !== "answered") throw new Error(outcome.is);
  return outcome;
}
const take = (text: string, caller: ToolCaller = {}) => use(takeNote.name, { text }, caller);
const read = (args: ToolArguments = {}) => use(readNotes.name, args);

test("they are offered as one that writes at once, and one that reads what a stranger may have written", () => {
  const declared = Object.fromEntries(functions.tools.map((tool) => [tool.name, tool.declared]));
  expect(declared).toEqual({
    take_note: { kind: "write", rule: "allow" },
    read_notes: { kind: "read", rule: "allow", untrusted: true },
  });
});

describe("a note", () => {
  test("is a line of a file that only the relay's user may read, with the caller's time and name", async () => {
    const kept = await take("  Anna's birthday is on the 3rd ", { name: "Ada" });
    expect(kept).toEqual({
      is: "answered",
      text: "Kept: 2026-11-21 14:05 Ada: Anna's birthday is on the 3rd",
      isError: false,
    });
    now = new Date("2026-11-22T03:30:00Z");
    await take("Grüezi 😀", { timeZone: "America/New_York" });
    expect(readFileSync(file, "utf8")).toBe(
      "2026-11-21 14:05 Ada: Anna's birthday is on the 3rd\n2026-11-21 22:30 somebody: Grüezi 😀\n",
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(lines).toEqual([]);
  });

  test("stays one line, whatever is in it or in the caller's name", async () => {
    await take("milk\n2026-01-01 00:00 Ada:\tcheese\r\nbread", { name: "Ada\nGrace" });
    expect(readFileSync(file, "utf8")).toBe(
      "2026-11-21 14:05 Ada Grace: milk 2026-01-01 00:00 Ada: cheese bread\n",
    );
  });

  test("that is empty or endless is none", async () => {
    for (const text of ["", "  ", "a".repeat(501)]) expect(await take(text)).toMatchObject({ isError: true });
    expect(await read()).toMatchObject({ text: "There are no notes." });
  });

  test("that the notebook has no room for is not kept, and the caller is told", async () => {
    await take("the first");
    truncateSync(file, MOST_BYTES - 20);
    const outcome = await take("one too many");
    expect(outcome).toMatchObject({ isError: true, text: expect.stringContaining("the notebook is full") });
    expect(statSync(file).size).toBe(MOST_BYTES - 20);
  });

  test.skipIf(!existsSync("/dev/full"))(
    "that the disk has no room for is not kept, and the caller is told",
    async () => {
      mkdirSync(join(dataDir, "functions"));
      symlinkSync("/dev/full", file);
      const outcome = await take("nowhere");
      expect(outcome).toMatchObject({ isError: true, text: expect.stringContaining("no room") });
      expect(lines).toEqual([]);
    },
  );

  test("and a hundred that come at once are all kept, each whole", async () => {
    const texts = Array.from({ length: 100 }, (_, n) => `${n} ${"x".repeat(400)}`);
    await Promise.all(texts.map((text) => take(text)));
    const kept = readFileSync(file, "utf8").split("\n").slice(0, -1);
    expect(kept.map((line) => line.slice("2026-11-21 14:05 somebody: ".length)).sort()).toEqual(texts.sort());
  });
});

describe("the notes", () => {
  const fill = async () => {
    for (let n = 1; n <= 7; n++) await take(`${n % 2 === 0 ? "Milk" : "bread"} ${n}`);
  };

  test("are read with the newest last, five where nobody says how many", async () => {
    await fill();
    const { text } = await read();
    const [head, ...told] = text.split("\n");
    expect(head).toBe("The newest 5 of 7, in order:");
    expect(told.map((line) => line.slice(-7).trim())).toEqual([
      "bread 3",
      "Milk 4",
      "bread 5",
      "Milk 6",
      "bread 7",
    ]);
    expect((await read({ latest: 1 })).text).toEndWith("bread 7");
    expect((await read({ latest: 20 })).text.split("\n")).toHaveLength(8);
    expect(await read({ latest: 21 })).toMatchObject({ isError: true });
  });

  test("are searched for a word, in capitals or not", async () => {
    await fill();
    expect((await read({ search: "mILK", latest: 2 })).text).toBe(
      "The newest 2 of 3, in order:\n2026-11-21 14:05 somebody: Milk 4\n2026-11-21 14:05 somebody: Milk 6",
    );
    expect((await read({ search: "cheese" })).text).toBe("None of the 7 notes has that in it.");
  });

  test("that cannot be read are a failure, and not an empty notebook", async () => {
    mkdirSync(file, { recursive: true });
    expect(await read()).toMatchObject({ isError: true });
    expect(lines).toHaveLength(1);
  });

  test("may be written and emptied by hand", async () => {
    await take("one");
    writeFileSync(file, "a line without a date\n\n");
    expect((await read()).text).toBe("The newest 1 of 1, in order:\na line without a date");
    rmSync(file);
    expect((await read()).text).toBe("There are no notes.");
  });
});
