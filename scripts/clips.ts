/**
 * Makes what the relay says by itself (relay/clips): raw, headerless G.711 mu-law, 8 kHz, mono, as Twilio plays it.
 * The words stand in relay/clips/words.json and nowhere else. What it leaves is committed, so that nobody needs a
 * synthesiser to run a relay: `bun scripts/clips.ts`, after a word was changed.
 *
 * Needs Debian's libttspico-utils (non-free), espeak-ng and sox. Pico speaks more like a person and has a voice for
 * five of the languages; the other two are espeak-ng's, with a voice as near to the others as it has.
 *
 * Licence: Pico's voices are SVOX AG's, 2008-2009, under Apache 2.0; espeak-ng makes no claim to what it speaks. The
 * words are this project's own, under its MIT licence.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

const ROOM = resolve(import.meta.dir, "../relay/clips");
/** How loud speech arrives from a telephone. */
const LEVEL_DB = -18;
const BYTES_PER_MS = 8;

type Speaker = (words: string, wav: string, isBrisk: boolean) => readonly string[];

const pico =
  (language: string): Speaker =>
  (words, wav, isBrisk) => {
    const level = isBrisk ? 120 : 108;
    return ["pico2wave", `--lang=${language}`, `--wave=${wav}`, `<speed level="${level}">${words}</speed>`];
  };

const espeak =
  (voice: string): Speaker =>
  (words, wav, isBrisk) => ["espeak-ng", "-v", voice, "-s", isBrisk ? "175" : "150", "-w", wav, words];

const SPEAKERS: ReadonlyMap<string, Speaker> = new Map([
  ["en", pico("en-US")],
  ["de", pico("de-DE")],
  ["fr", pico("fr-FR")],
  ["es", pico("es-ES")],
  ["it", pico("it-IT")],
  ["pt", espeak("pt+f2")],
  ["nl", espeak("nl+f2")],
]);

const words = z
  .record(z.string(), z.record(z.string(), z.string()))
  .parse(await Bun.file(join(ROOM, "words.json")).json());
const scratch = await mkdtemp(join(tmpdir(), "clips-"));
try {
  for (const [language, sentences] of Object.entries(words)) {
    const speaker = SPEAKERS.get(language);
    if (speaker === undefined)
      throw new Error(`nobody speaks "${language}": name a voice in ${import.meta.file}`);
    await mkdir(join(ROOM, language), { recursive: true });
    for (const [clip, sentence] of Object.entries(sentences)) {
      const bytes = await record(speaker, clip, sentence, join(ROOM, language, `${clip}.ulaw`));
      console.log(`${language}/${clip}: ${bytes / BYTES_PER_MS} ms`);
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** @returns its bytes */
async function record(speaker: Speaker, clip: string, sentence: string, file: string): Promise<number> {
  const spoken = join(scratch, "spoken.wav");
  const line = join(scratch, "line.wav");
  // Said in one breath: whoever is waiting for words is not to wait for these as well.
  const isBrisk = clip === "one_moment";
  await run(speaker(isBrisk ? sentence.replaceAll(",", "") : sentence, spoken, isBrisk));
  // The telephone's band, then silence off both ends, then 50 ms put back, so that a cut never clicks.
  const trim = ["silence", "1", "0.02", "0.5%", "reverse"];
  await run([
    "sox",
    "-D",
    "-G",
    spoken,
    "-r",
    "8000",
    line,
    "sinc",
    "300-3400",
    ...trim,
    ...trim,
    "pad",
    "0.05",
    "0.05",
  ]);
  const stats = await run(["sox", line, "-n", "stats"]);
  const rmsDb = Number(/^RMS lev dB\s+(-?[\d.]+)/m.exec(stats)?.[1]);
  if (!Number.isFinite(rmsDb)) throw new Error(`sox measured no level:\n${stats}`);
  // gain -l limits the peaks instead of clipping them; -D leaves out the dither, so that the bytes come out the same.
  const raw = ["-t", "raw", "-r", "8000", "-c", "1", "-e", "mu-law"];
  await run(["sox", "-D", line, ...raw, file, "gain", "-l", `${LEVEL_DB - rmsDb}`]);
  return Bun.file(file).size;
}

/** @returns what it said on its standard error, where sox puts its figures */
async function run(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}\n${said}`);
  return said;
}
