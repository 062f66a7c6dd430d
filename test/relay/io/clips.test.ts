/**
 * What the relay says by itself, as it is read when the relay starts: the committed recordings, and folders in which
 * something is wrong.
 */
import { afterEach, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { CLIPS, type Recording } from "../../../relay/call/clips.ts";
import { ClipsError, readClips } from "../../../relay/io/clips.ts";

const ROOT = resolve(import.meta.dir, "../../..");
const ROOM = join(ROOT, "relay", "clips");
const BYTES_PER_MS = 8;
/** Mu-law's two zeros and what is next to them: nobody hears it. */
const isQuiet = (byte: number): boolean => (byte | 0x80) >= 0xfa;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "clips-"));
  folders.push(folder);
  return folder;
}

async function copiedRoom(): Promise<string> {
  const room = join(await scratch(), "clips");
  await cp(ROOM, room, { recursive: true });
  return room;
}

const bytesOf = (recording: Recording): Buffer =>
  Buffer.concat(recording.map((piece) => Buffer.from(piece, "base64")));

/** What the reader complains of. */
async function complaintOf(room: string): Promise<string> {
  try {
    await readClips(room);
  } catch (thrown) {
    if (thrown instanceof ClipsError) return thrown.message;
    throw thrown;
  }
  return "nothing";
}

describe("the recordings that are committed", () => {
  const languages = ["en", "de", "fr", "es", "it", "pt", "nl"];

  test("there is every clip in every language that the edge speaks, and each is its own", async () => {
    const clipsIn = await readClips();
    const all = languages.flatMap((language) =>
      CLIPS.map((clip) => bytesOf(clipsIn(language)[clip]).toString("base64")),
    );
    expect(new Set(all).size).toBe(languages.length * CLIPS.length);
  });

  test("every piece but the last of a clip is 200 ms long, and together they are the file", async () => {
    const clipsIn = await readClips();
    for (const language of languages) {
      for (const clip of CLIPS) {
        const recording = clipsIn(language)[clip];
        const lengths = recording.map((piece) => Buffer.from(piece, "base64").length);
        expect(lengths.slice(0, -1)).toEqual(lengths.slice(0, -1).fill(1_600));
        expect(lengths.at(-1)).toBeGreaterThan(0);
        const file = await Bun.file(join(ROOM, language, `${clip}.ulaw`)).bytes();
        expect(bytesOf(recording).equals(file)).toBe(true);
      }
    }
  });

  test("each begins and ends in silence, has a voice between, and a moment is not long", async () => {
    const clipsIn = await readClips();
    for (const language of languages) {
      for (const clip of CLIPS) {
        const bytes = bytesOf(clipsIn(language)[clip]);
        const edge = 45 * BYTES_PER_MS;
        expect([language, clip, bytes.subarray(0, edge).every(isQuiet)]).toEqual([language, clip, true]);
        expect([language, clip, bytes.subarray(-edge).every(isQuiet)]).toEqual([language, clip, true]);
        const loud = bytes.filter((byte) => !isQuiet(byte)).length;
        expect(loud).toBeGreaterThan(bytes.length / 2);
      }
      expect(bytesOf(clipsIn(language).one_moment).length).toBeLessThan(1_500 * BYTES_PER_MS);
    }
  });

  test("a caller's language is told by its own subtag, and English is spoken to everybody else", async () => {
    const clipsIn = await readClips();
    expect(clipsIn("de-CH")).toBe(clipsIn("de"));
    expect(clipsIn("PT-br")).toBe(clipsIn("pt"));
    expect(clipsIn("de")).not.toBe(clipsIn("en"));
    expect(clipsIn(undefined)).toBe(clipsIn("en"));
    expect(clipsIn("ja-JP")).toBe(clipsIn("en"));
    expect(clipsIn("")).toBe(clipsIn("en"));
  });

  test("they are found where relay/ was copied to, with its packages and nothing else", async () => {
    const elsewhere = await scratch();
    await cp(join(ROOT, "relay"), join(elsewhere, "relay"), {
      recursive: true,
      filter: (path) => !path.endsWith("node_modules"),
    });
    await symlink(join(ROOT, "node_modules"), join(elsewhere, "node_modules"));
    const ask = `import { readClips } from "./relay/io/clips.ts";
      console.log((await readClips())("nl").sorry.join("").length);`;
    const child = Bun.spawn([process.execPath, "--no-env-file", "-e", ask], {
      cwd: elsewhere,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [said, complained] = [await child.stdout.text(), await child.stderr.text()];
    expect({ code: await child.exited, complained }).toEqual({ code: 0, complained: "" });
    expect(Number(said)).toBe((await readClips())("nl").sorry.join("").length);
  });
});

describe("what stops the start", () => {
  test("a clip that is missing, by its file", async () => {
    const room = await copiedRoom();
    await rm(join(room, "it", "sorry.ulaw"));
    expect(await complaintOf(room)).toContain(join("it", "sorry.ulaw"));
  });

  test("a clip that was cut off, and one that takes too long, both at once", async () => {
    const room = await copiedRoom();
    await Bun.write(join(room, "fr", "budget_spent.ulaw"), new Uint8Array(100));
    await Bun.write(join(room, "en", "one_moment.ulaw"), new Uint8Array(1_600 * BYTES_PER_MS));
    const complaint = await complaintOf(room);
    expect(complaint).toContain(`${join("fr", "budget_spent.ulaw")} lasts 13 ms`);
    expect(complaint).toContain(`${join("en", "one_moment.ulaw")} lasts 1600 ms`);
  });

  test("words that are no JSON, that lack a clip's, or that are not there in English", async () => {
    const room = await copiedRoom();
    const file = join(room, "words.json");
    const words = z.record(z.string(), z.record(z.string(), z.string())).parse(await Bun.file(file).json());
    await Bun.write(file, "{");
    expect(await complaintOf(room)).toContain("words.json cannot be read");
    await Bun.write(file, JSON.stringify({ ...words, de: { one_moment: "Einen Moment, bitte." } }));
    expect(await complaintOf(room)).toContain("sorry");
    await Bun.write(file, JSON.stringify({ de: words.de }));
    expect(await complaintOf(room)).toContain('words.json has no "en"');
  });
});
