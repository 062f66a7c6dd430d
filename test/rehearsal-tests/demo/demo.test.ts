/**
 * The demo as a stranger runs it, and the beginning of one with `--live` towards a stand-in that plays the real service,
 * because a test may not spend money; all of that one: `npm run prove -- --only call/live`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE_MS, TEST_MS, until } from "../../patience.ts";
import { CALLER, startService } from "../../prove/live.ts";
import { type ClipName, clip } from "../../rehearsal/audio/clips.ts";
import { linear } from "../../rehearsal/demo/recording.ts";
import type { Model } from "../../rehearsal/model/server.ts";
import { Store } from "../../rehearsal/tools/store.ts";
import { allGone, descendantsOf, type Run, runUntil, type Started, start } from "./processes.ts";

const DEMO = "test/rehearsal/demo/main.ts";
const KEY = "sk-of-a-test";
/** A run takes half a minute and gives itself up after more than one; it may be the third. */
const RUN_MS = 3 * TEST_MS;
/** What begins every control sequence of a terminal. */
const ESCAPE = String.fromCharCode(27);

let folder = "";
let rehearsed: Promise<Run>;
let service: Model | undefined;
const all: Started[] = [];
const started = (...given: Parameters<typeof start>): Started => {
  const one = start(...given);
  all.push(one);
  return one;
};
const isExpected = ({ code }: Run) => code === 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "demo-test-"));
  rehearsed = runUntil(isExpected, async () => started(DEMO, ["--out", join(folder, "rehearsed")]));
});
afterAll(async () => {
  for (const each of all) each.signal("SIGTERM");
  await Promise.all(all.map(({ ended }) => ended));
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("the rehearsed call", () => {
  test(
    "ends with 0, and shows what each layer checked and everything as expected",
    async () => {
      const { code, output } = await rehearsed;
      expect(code, output).toBe(0);
      for (const line of [
        /edge +signature ✓ +allowlist ✓ Ada +attested ✓ +token minted ✓ \d{3} bytes/,
        /relay +token ✓ +Twilio's signature ✓ +single use, on disk ✓/,
        /relay +the same token a second time: refused ✓/,
        /relay +start matches the token: call ✓ +account ✓ +profile ✓/,
        /assistant +Hello, this is your assistant\. How can I help\?\n/,
        /caller +Tell me what my day looks like, please\.\n/,
        /tool +todoist_find_tasks +read, allowed ✓ +5 tasks after [\d,]+ ms\n/,
        /assistant +You have five things today\..* ┃[ \n]/,
        /caller +Wait, stop\. Just the first one\.\n/,
        /barge-in +heard [\d,.]+ ms +model told [\d,]+ ms +[\d.]+ ms apart ✓ +[\d,]+ ms dropped/,
        /assistant +The first one is: call the dentist at nine\. \(after \d+\.\d\d s\)/,
        /caller +Add milk to my list, please\.\n/,
        /tool +todoist_create_task +held until the caller has heard it and said yes ✓\n/,
        /assistant +I would add milk to your list\. Shall I\? \(after \d+\.\d\d s\)/,
        /caller +Yes, please\.\n/,
        /tool +todoist_create_task +confirmed ✓ → done once after [\d,]+ ms\n/,
        /assistant +Milk is on your list\. \(after \d+\.\d\d s\)/,
        /assistant +You are welcome\. Goodbye!/,
        /edge +\/voice\/ended asks the relay: assistant_hung_up → hangs up ✓/,
        /first audio +[\d,]+ ms after the handshake/,
        /✓ the day was looked up +default: a read; 5 of 5 tasks told, [\d,]+ ms/,
        /✓ adding milk was held, and asked back +default: a write; ([\d,]+) of \1 bytes heard/,
        /✓ nothing was done before the yes +0 rows/,
        /✓ it was done after it, exactly once +1 row now/,
        /row 1 +todoist_create_task +\{"content":"milk"\} +\d{4}-\d\d-\d\dT[\d:.]+Z/,
        /✓ all 20 as expected/,
      ]) {
        expect(output).toMatch(line);
      }
      expect(output).not.toContain("✗");
      expect(output).not.toContain(ESCAPE);
    },
    RUN_MS,
  );

  test(
    "leaves the database of its tools, with the task and one row for it",
    async () => {
      await rehearsed;
      const store = new Store(join(folder, "rehearsed", "tools.sqlite"));
      const [rows, tasks] = [store.executions(), store.tasks()];
      store.close();
      expect(rows.map(({ tool, arguments: given }) => [tool, given])).toEqual([
        ["todoist_create_task", '{"content":"milk"}'],
      ]);
      expect(tasks).toHaveLength(6);
      expect(tasks.at(-1)?.content).toBe("milk");
    },
    RUN_MS,
  );

  test(
    "tells its timeline in order, within the page",
    async () => {
      const lines = (await rehearsed).output.split("\n");
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(96);
      const stamps = lines
        .map((line) => /^ +(\d+\.\d\d) {2}\S/.exec(line)?.[1])
        .filter((stamp) => stamp !== undefined);
      expect(stamps.length).toBeGreaterThan(20);
      expect(stamps.map(Number)).toEqual(stamps.map(Number).sort((one, other) => one - other));
    },
    RUN_MS,
  );

  test(
    "leaves a recording with the caller left and the assistant right, cut where it was cut",
    async () => {
      await rehearsed;
      const wav = await readFile(join(folder, "rehearsed", "call.wav"));
      expect(wav.subarray(0, 4).toString()).toBe("RIFF");
      expect([
        wav.readUInt16LE(20),
        wav.readUInt16LE(22),
        wav.readUInt32LE(24),
        wav.readUInt16LE(34),
      ]).toEqual([1, 2, 8000, 16]);
      const frames = wav.readUInt32LE(40) / 4;
      expect(wav.length).toBe(44 + frames * 4);
      expect(frames / 8000).toBeGreaterThan(27);
      const side = (offset: number) =>
        Int16Array.from({ length: frames }, (_, at) => wav.readInt16LE(44 + at * 4 + offset));
      const [left, right] = [side(0), side(2)];
      const of = (name: ClipName) => Int16Array.from(clip(name), (code) => linear(code));

      const placesOf = (sounds: readonly Int16Array[], channel: Int16Array) =>
        sounds.map((sound) => at(channel, sound) / 8000);
      const [day = -1, wait = -1, milk = -1, yes = -1, thanks = -1] = placesOf(CALLER.map(of), left);
      const [greeting = -1, first = -1, question = -1, done = -1, goodbye = -1] = placesOf(
        [
          of("assistant-greeting"),
          of("assistant-first"),
          of("assistant-milk"),
          of("assistant-done"),
          of("assistant-goodbye"),
        ],
        right,
      );
      const course = [greeting, day, wait, first, milk, question, yes, done, thanks, goodbye];
      expect(greeting).toBeGreaterThan(0);
      expect(course).toEqual(course.toSorted((one, other) => one - other));
      // A second of the long answer is there; its end is not, and it stopped just after the caller began.
      const long = of("assistant-day");
      const begun = at(right, long.subarray(0, 8000)) / 8000;
      expect(begun).toBeGreaterThan(day);
      expect(at(right, long.subarray(-8000))).toBe(-1);
      expect(
        right
          .subarray(Math.ceil((wait + 0.3) * 8000), Math.floor(first * 8000))
          .some((sample) => sample !== 0),
      ).toBe(false);
    },
    RUN_MS,
  );
});

/** Where the sound begins in the channel, or −1. */
function at(channel: Int16Array, sound: Int16Array): number {
  const bytes = (samples: Int16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const found = bytes(channel).indexOf(bytes(sound));
  return found < 0 ? -1 : found / 2;
}

describe("a live call", () => {
  test(
    "talks to the service that it was given, with the key that it was given; Ctrl-C ends everything that was started",
    async () => {
      const called = await startService(KEY);
      service = called;
      const demo = started(DEMO, ["--live", "--out", join(folder, "interrupted")], {
        env: { OPENAI_API_KEY: KEY, OPENAI_REALTIME_URL: called.url },
      });
      await demo.whenPrinted("start matches the token", PATIENCE_MS);
      await until(() => (called.sessions[0]?.updates ?? 0) > 0);
      const others = descendantsOf(demo.pid);
      expect(others.length).toBeGreaterThanOrEqual(2);
      demo.signal("SIGINT");
      expect(await demo.ended).toBe(130);
      expect(demo.output()).toContain("stopped by SIGINT; nothing was left running");
      await allGone(others);
      expect(demo.output()).toMatch(/with your key: about 10 US cents/);
      expect(demo.output()).not.toContain(KEY);
      const [session] = called.sessions;
      expect([session?.headers.authorization, session?.errors]).toEqual([`Bearer ${KEY}`, []]);
      await until(() => called.openSockets() === 0);
    },
    RUN_MS,
  );

  test("does not begin without a key", async () => {
    const without = started(DEMO, ["--live"], { env: { OPENAI_API_KEY: " " } });
    expect(await without.ended).toBe(2);
    expect(without.output()).toMatch(/^--live needs an OpenAI key/);
  });
});
