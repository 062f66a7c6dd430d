/**
 * The real relay in a process of its own, with a stand-in for the model before it and servers of tools behind it: what
 * the proofs of tools play their scenes on. It starts things and puts them away; what a scene is about is the proofs'.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Profile } from "../../../relay/contract.ts";
import { type OpenedStream, type OpenStreamOptions, openStream } from "../../rehearsal/carrier/carrier.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import type { SessionRecord } from "../../rehearsal/model/records.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type LogLine,
  type RunningRelay,
  startRelay,
  ticketFor,
} from "../../rehearsal/relay.ts";

/** It decides only how soon a scene fails that fails anyway. */
export const PATIENCE_MS = 30_000;

/** As an entry of mcp.json. */
export type ServerEntry = { readonly url: string; readonly headers?: Readonly<Record<string, string>> };

export type SceneOptions = {
  readonly model: ModelOptions;
  readonly servers: Readonly<Record<string, ServerEntry>>;
  /** Those whose tools are there before anybody calls: a call takes what is known when it begins. */
  readonly offering?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

export type DialOptions = Partial<Pick<OpenStreamOptions, "network" | "sabotage">> & {
  /** What the script finds in its instructions, to know which scene it is in. */
  readonly scene: string;
  readonly profile?: Profile;
};

export type OnTheLine = {
  readonly line: OpenedStream;
  readonly callSid: string;
  /** Once the model has taken the call's settings. */
  readonly session: SessionRecord;
};

export type Scene = {
  readonly model: Model;
  readonly relay: RunningRelay;
  dial(options: DialOptions): Promise<OnTheLine>;
  stop(): Promise<void>;
};

export const entryOf = ({ url, key }: { readonly url: string; readonly key: string }): ServerEntry => ({
  url,
  headers: { Authorization: `Bearer ${key}` },
});

export async function startScene({
  model: given,
  servers,
  offering = [],
  env,
}: SceneOptions): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "scene-"));
  const removed = () => rmSync(folder, { recursive: true, force: true });
  const model = await startModel(given);
  let relay: RunningRelay | undefined;
  try {
    const file = join(folder, "mcp.json");
    await Bun.write(file, JSON.stringify({ mcpServers: servers }));
    relay = await startRelay(freePort(), {
      modelUrl: model.url,
      modelKey: model.key,
      dataDir: folder,
      env: {
        GREETING: "off",
        FUNCTIONS_DIR: "off",
        DRAIN_SECONDS: "0",
        LOG_LEVEL: "debug",
        MCP_CONFIG: file,
        ...env,
      },
    });
    for (const label of offering) {
      const isOffered = ({ event, server }: LogLine) => event === "tool.registered" && server === label;
      await relay.waitForLog(isOffered, PATIENCE_MS);
    }
  } catch (error) {
    await relay?.kill("SIGKILL");
    await model.stop();
    removed();
    throw error;
  }
  const running = relay;
  return {
    model,
    relay: running,
    dial: async ({ scene, profile = {}, ...rest }) => {
      const callSid = newSid("CA");
      const ticket = await ticketFor(running, callSid, {
        profile: { ...profile, instructions: `scene ${scene}, call ${callSid}.` },
      });
      const line = openStream({
        ...ticket,
        callSid,
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        ...rest,
      });
      const isIts = ({ settings, updates }: SessionRecord) =>
        updates > 0 && settings.instructions.includes(callSid);
      const session = await model.waitFor(() => model.sessions.find(isIts), PATIENCE_MS);
      return { line, callSid, session };
    },
    stop: async () => {
      await running.kill("SIGKILL");
      removed();
      await model.stop();
    },
  };
}

/** Which scene a script is in, by its instructions. */
export const sceneIn = (instructions: string): string => /\bscene ([\w:-]+),/.exec(instructions)?.[1] ?? "";

export const callSidIn = (instructions: string): string => /\bCA[0-9a-f]{32}\b/.exec(instructions)?.[0] ?? "";

/** For what nobody tells: an ear, a process. */
export async function until(what: string, isSo: () => boolean, withinMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come in ${withinMs} ms`);
    await Bun.sleep(5);
  }
}

/**
 * When the ear got the first sample of this byte value, on the machine's clock, which is the model's too (records.ts);
 * undefined: it got none.
 */
export function heardAt({ ear, timeline }: OpenedStream, tag: number): number | undefined {
  const sample = ear.bytes().indexOf(tag);
  if (sample < 0) return undefined;
  return performance.timeOrigin + timeline.startedMs + ear.answeredAtMs + sample / 8;
}

/** A list in a few lanes at a time, each starting a little after the one before. */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  lanes: number,
  run: (item: Item, at: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  // One for all lanes: each takes the next.
  const left = items.entries();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      await Bun.sleep(lane * 53);
      for (const [at, item] of left) results.push(await run(item, at));
    }),
  );
  return results;
}
