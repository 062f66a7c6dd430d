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
import type { Progress } from "./rows.ts";

const ROOT = join(import.meta.dir, "..", "..");
const DEMO = join("test", "rehearsal", "demo", "main.ts");
const KEY = "sk-of-a-proof";
const MOST_RUNS = 3;
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

export async function callLive(progress: Progress): Promise<LiveOutcome> {
  for (let runs = 1; ; runs++) {
    progress(`npm run demo -- --live, towards a stand-in${runs > 1 ? ", again" : ""}`);
    const outcome = await callOnce();
    const isGood = outcome.code === 0 && outcome.unsaid.length + outcome.amiss.length === 0;
    if (
      isGood ||
      outcome.keyIsTold ||
      runs === MOST_RUNS ||
      !/stood still for [\d,]+ ms/.test(outcome.output)
    )
      return outcome;
  }
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
export async function interruptRehearsed(): Promise<{ readonly code: number; readonly isTold: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), "interrupted-"));
  try {
    const child = Bun.spawn([process.execPath, "--no-env-file", DEMO, "--out", folder], {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      timeout: LIMIT_MS,
    });
    let output = "";
    let isInterrupted = false;
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      output += decoder.decode(bytes, { stream: true });
      if (isInterrupted || !output.includes(BEGUN)) continue;
      isInterrupted = true;
      child.kill("SIGINT");
    }
    return { code: await child.exited, isTold: output.includes(ALL_GONE) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function callOnce(): Promise<LiveOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "live-"));
  const service = await startService(KEY);
  try {
    const child = Bun.spawn([process.execPath, "--no-env-file", DEMO, "--live", "--out", folder], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: process.env.HOME ?? "",
        OPENAI_API_KEY: KEY,
        OPENAI_REALTIME_URL: service.url,
      },
      stdin: "ignore",
      timeout: LIMIT_MS,
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    const output = said.join("");
    return {
      code: await child.exited,
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
