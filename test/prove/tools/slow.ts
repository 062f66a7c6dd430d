/**
 * Tools that take their time: what the caller hears meanwhile, and what becomes of it when the tool answers late, never,
 * or to nobody. The relay is the real one, in a process of its own; what was asked when is the model's record, what was
 * heard when is the ear's, and both are on one clock (heardAt).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clip } from "../../rehearsal/audio/clips.ts";
import type { Network } from "../../rehearsal/carrier/network.ts";
import { nowAt } from "../../rehearsal/model/records.ts";
import type { Script } from "../../rehearsal/model/script.ts";
import { startTools, type Tools } from "../../rehearsal/tools/server.ts";
import {
  callSidIn,
  entryOf,
  heardAt,
  inLanes,
  type OnTheLine,
  PATIENCE_MS,
  type Scene,
  sceneIn,
  startScene,
  until,
} from "./scene.ts";

/** Each with a tool of its own, whose behaviour makes the scene. */
const SCENES = {
  late: "todoist_find_tasks",
  never: "gmail_find_email",
  left: "todoist_create_task",
} as const;
export type SceneName = keyof typeof SCENES;
const isScene = (name: string): name is SceneName => Object.hasOwn(SCENES, name);

/** @param callSid so that whose request it was is in no doubt at the tools' server */
const argumentsFor = (scene: SceneName, callSid: string): Readonly<Record<string, unknown>> =>
  ({ late: {}, never: { query: "from:anna" }, left: { content: callSid } })[scene];
/** Long after the filler. */
const LATE_MS = 3_500;
const NEVER_MS = 3_600_000;
export const TIMEOUT_S = 3;

/** Byte values. */
const FILLER = 51;
const ANSWER = 52;
const APOLOGY = 53;
const SPOKEN_MS = 600;

/** What a model needs from being asked to its first sound. */
export const MODEL_MS = 300;
const ANNOUNCE_MS = 40;

/**
 * However often the caller is heard to speak: where this process stands still, a word may come in two, and what it
 * interrupts is said again.
 */
const SCRIPT: Script = ({ cause, metadata, instructions, conversation, outputs }) => {
  // Before the scene is looked for: a filler has instructions of its own.
  if (metadata.reason === "filler") return [{ tag: FILLER, ms: SPOKEN_MS, words: "One moment, please." }];
  const scene = sceneIn(instructions);
  if (!isScene(scene)) return [];
  const hasCalled = conversation.some(({ kind }) => kind === "function_call");
  if (cause === "speech" && !hasCalled) {
    return [{ call: SCENES[scene], arguments: argumentsFor(scene, callSidIn(instructions)) }];
  }
  const before = conversation.findLast((item) => item.kind === "function_call_output");
  const said = outputs.at(-1)?.output ?? before?.output;
  if (said === undefined) return [{ tag: 60, ms: 200 }];
  return [
    { tag: said.includes(`within ${TIMEOUT_S} seconds`) ? APOLOGY : ANSWER, ms: SPOKEN_MS, words: said },
  ];
};

export type Waited = {
  /** From the tool's call to the wish for something to be said meanwhile, and to its first sound at the ear. */
  readonly fillerAskedMs: number;
  readonly fillerHeardMs: number;
  readonly fillers: number;
  /** From the tool's call until what came of it was in the conversation. */
  readonly outcomeMs: number;
  /** The answer, or that none came, as it was to be: heard to its end. */
  readonly outcomeHeard: boolean;
  readonly modelErrors: number;
};
export type Left = {
  /** From the caller's hanging up to the end of the request at the tool's server. */
  readonly abortedMs: number;
  readonly done: number;
};
export type SlowResult = {
  readonly late: readonly Waited[];
  readonly never: readonly Waited[];
  readonly left: readonly Left[];
  /** Tools that were still at work when all calls were over. */
  readonly stillRunning: number;
};

export async function waitForTools(
  { calls, lanes, network }: { readonly calls: number; readonly lanes: number; readonly network: Network },
  progress: (words: string) => void,
): Promise<SlowResult> {
  const folder = mkdtempSync(join(tmpdir(), "slow-"));
  const tools = await startTools({
    dbPath: join(folder, "tools.sqlite"),
    behaviours: {
      [SCENES.late]: { beforeMs: LATE_MS },
      [SCENES.never]: { beforeMs: NEVER_MS },
      [SCENES.left]: { beforeMs: NEVER_MS },
    },
  });
  try {
    const scene = await startScene({
      model: { script: SCRIPT, thinkMs: MODEL_MS - ANNOUNCE_MS, announceMs: ANNOUNCE_MS },
      servers: { zapier: entryOf(tools) },
      offering: ["zapier"],
      env: { TOOL_POLICY: `${SCENES.left}=allow`, TOOL_TIMEOUTS: `${SCENES.never}=${TIMEOUT_S}` },
    });
    try {
      const each = async <Result>(name: SceneName, play: (on: OnTheLine) => Promise<Result>) =>
        inLanes(new Array(calls).fill(name), lanes, async (_, at) => {
          progress(`${name}: ${at} of ${calls}`);
          const on = await scene.dial({ scene: name, network: { ...network, seed: network.seed + at } });
          await on.line.say(clip("caller-yes"));
          const result = await play(on);
          on.line.hangUp();
          await on.line.ended;
          return result;
        });
      const [late, never, left] = await Promise.all([
        each("late", (on) => waited(scene, on, ANSWER)),
        each("never", (on) => waited(scene, on, APOLOGY)),
        each("left", (on) => leftAlone(tools, on)),
      ]);
      const stillRunning = tools.calls.filter(({ end }) => end === "under way").length;
      return { late, never, left, stillRunning };
    } finally {
      await scene.stop();
    }
  } finally {
    await tools.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function waited({ model }: Scene, { line, session }: OnTheLine, outcomeTag: number): Promise<Waited> {
  const ofSession = () => model.events.filter((event) => event.session === session.index);
  const output = await model.waitFor(
    () => ofSession().find(({ what }) => what === "tool_output"),
    PATIENCE_MS,
  );
  const heardAll = () => line.ear.heardOf(outcomeTag) >= SPOKEN_MS * 8;
  // If it never is, that is what is measured.
  await until("what came of the tool", heardAll).catch(() => {});
  // The response that called it says nothing else: it is over as soon as it has called.
  const calling = session.responses.find(({ itemIds }) =>
    session.items.some(({ id, kind }) => kind === "function_call" && itemIds.includes(id)),
  );
  const fillers = session.responses.filter(({ metadata }) => metadata.reason === "filler");
  const beganAt = calling?.doneAt ?? Number.NaN;
  return {
    fillerAskedMs: (fillers[0]?.createdAt ?? Number.NaN) - beganAt,
    fillerHeardMs: (heardAt(line, FILLER) ?? Number.NaN) - beganAt,
    fillers: fillers.length,
    outcomeMs: output.at - beganAt,
    outcomeHeard: heardAll(),
    modelErrors: session.errors.length,
  };
}

async function leftAlone(tools: Tools, { line, callSid }: OnTheLine): Promise<Left> {
  const isIts = ({ arguments: { content } }: Tools["calls"][number]) => content === callSid;
  const call = await tools.waitFor(() => tools.calls.find(isIts), PATIENCE_MS);
  line.hangUp();
  const hungUpAt = nowAt();
  await tools.waitFor(() => call.end !== "under way", PATIENCE_MS);
  const abortedMs = nowAt() - hungUpAt;
  await line.ended;
  const rows = tools.executions().filter(({ arguments: given }) => given.includes(callSid));
  return { abortedMs, done: rows.length + Number(call.done) };
}
