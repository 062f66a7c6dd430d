/**
 * `npm run demo -- --live` as its owner runs it, towards a stand-in that plays the real service: a proof may not spend
 * money. Once more where the demo says itself that the machine stood still in the middle of the call.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClipName, wordsOf } from "../rehearsal/audio/clips.ts";
import { Part } from "../rehearsal/demo/assistant.ts";
import type { SessionRecord } from "../rehearsal/model/records.ts";
import { type Model, startModel } from "../rehearsal/model/server.ts";
import { allGone, descendantsOf, start, unlessStalled } from "../rehearsal-tests/demo/processes.ts";
import type { Progress } from "./rows.ts";

const DEMO = "test/rehearsal/demo/main.ts";
const KEY = "sk-of-a-proof";
/** It gives itself up sooner. */
const LIMIT_MS = 300_000;
/** What the caller says, turn by turn, and of which a service that is called live knows nothing by itself. */
export const CALLER: readonly ClipName[] = [
  "caller-day",
  "caller-wait",
  "caller-milk",
  "caller-yes",
  "caller-thanks",
];

export type LiveOutcome = {
  readonly code: number;
  /** What the demo should have printed, and did not. */
  readonly unsaid: readonly string[];
  readonly keyIsTold: boolean;
  /** What the service saw amiss: a wrong key, an error, a truncation that it refused, a socket left open. */
  readonly amiss: readonly string[];
  readonly output: string;
};

/** Of the demo's own words. */
const SAID = [
  /with your key: about 10 US cents/,
  /✓ all 14 as expected/,
  /tokens +audio [\d,]*[1-9][\d,]* in, [\d,]*[1-9][\d,]* out · text/,
  /tool +todoist_find_tasks +read, allowed ✓ +5 tasks after [\d,]+ ms\n/,
  /tool +todoist_create_task +confirmed ✓ → done once after [\d,]+ ms\n/,
  /row 1 +todoist_create_task +\{"content":"milk"\}/,
];

export function callLive(progress: Progress): Promise<LiveOutcome> {
  const isTried = ({ code, unsaid, amiss, keyIsTold }: LiveOutcome) =>
    keyIsTold || (code === 0 && unsaid.length + amiss.length === 0);
  return unlessStalled(isTried, () => {
    progress("npm run demo -- --live, towards a stand-in");
    return callOnce();
  });
}

/** One that plays the real service, and transcribes as late as that does. */
export function startService(key: string): Promise<Model> {
  const part = new Part();
  return startModel({
    key,
    script: (occasion) => part.reply(occasion),
    hears: CALLER.map(wordsOf),
    transcribesAfterMs: 400,
  });
}

const BEGUN = "start matches the token";
const ALL_GONE = "stopped by SIGINT; nothing was left running";

/** Ctrl-C in the middle of a rehearsed call, whose stand-ins are all the demo's own. */
export async function interruptRehearsed(): Promise<{ readonly code: number; readonly isGone: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), "interrupted-"));
  const demo = start(DEMO, ["--out", folder]);
  const limit = setTimeout(() => demo.signal("SIGKILL"), LIMIT_MS);
  try {
    await demo.whenPrinted(BEGUN, LIMIT_MS);
    const others = descendantsOf(demo.pid);
    demo.signal("SIGINT");
    const code = await demo.ended;
    const isGone = await allGone(others).then(
      () => demo.output().includes(ALL_GONE),
      () => false,
    );
    return { code, isGone: isGone && others.length > 0 };
  } finally {
    clearTimeout(limit);
    demo.signal("SIGTERM");
    await demo.ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function callOnce(): Promise<LiveOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "live-"));
  const service = await startService(KEY);
  try {
    const env = { OPENAI_API_KEY: KEY, OPENAI_REALTIME_URL: service.url };
    const demo = start(DEMO, ["--live", "--out", folder], { env });
    const limit = setTimeout(() => demo.signal("SIGKILL"), LIMIT_MS);
    const code = await demo.ended;
    clearTimeout(limit);
    const output = demo.output();
    return {
      code,
      unsaid: SAID.filter((line) => !line.test(output)).map(String),
      keyIsTold: output.includes(KEY),
      amiss: amissAt(service),
      output,
    };
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function amissAt(service: Model): string[] {
  const [session, ...others] = service.sessions;
  if (session === undefined || others.length > 0) return [`${service.sessions.length} sessions`];
  const open = service.openSockets();
  return [...amissIn(session), ...(open === 0 ? [] : [`${open} sockets left open`])];
}

function amissIn({ headers, errors, truncations }: SessionRecord): string[] {
  const isTruncatedOnce = truncations.length === 1 && truncations[0]?.refused === null;
  return [
    ...(headers.authorization === `Bearer ${KEY}` ? [] : ["another key"]),
    ...errors.map((error) => JSON.stringify(error)),
    ...(isTruncatedOnce ? [] : [`${truncations.length} truncations`]),
  ];
}
