/**
 * What a call is rehearsed on: the real edge and the real relay as processes, the tools, and a model, either the
 * stand-in or a tap in front of the real one. Everything is started on a free port, in folders of its own, and is gone after
 * `strike`, also when it is called half-way through `open`.
 *
 * The build goes into a folder of its own too: `dist/` may be serving `npm run dev`, and it holds the owner's
 * allowlist, which is none of the demo's business.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../../../scripts/build.ts";
import { joined } from "../audio/clips.ts";
import { type EdgeLine, type RunningEdge, startEdge } from "../edge.ts";
import type { Item } from "../model/conversation.ts";
import type { Notable } from "../model/records.ts";
import { startModel } from "../model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type LogLine,
  type RunningRelay,
  startRelay,
  TOKEN_SECRET,
} from "../relay.ts";
import type { Execution } from "../tools/store.ts";
import { Part } from "./assistant.ts";
import type { Breakage } from "./breaks.ts";
import type { LiveTerms } from "./live.ts";
import type { Told, Witness } from "./seen.ts";
import { startTap, type Usage } from "./tap.ts";
import { TodoList } from "./todo-list.ts";
import type { Saying } from "./voice.ts";

export const CALLER = "+15551234567";
export const OUR_NUMBER = "+15557654321";
export const CALLER_NAME = "Ada";
export const CALLER_LANGUAGE = "en";

const RELAY_ENDS_WITHIN_MS = 5_000;
/** After a hang-up everything of the call is closed within a second. */
const SOCKETS_CLOSE_WITHIN_MS = 1_000;
/** So that a yes must be waited for: the model has heard it, and calls `confirm`, before it is there in writing. */
const TRANSCRIBES_AFTER_MS = 400;

export type StageTerms = {
  readonly breakage: Breakage;
  readonly live: LiveTerms | undefined;
  readonly onEdge: (line: EdgeLine) => void;
  readonly onRelay: (line: LogLine) => void;
  readonly onModel: (event: Notable) => void;
  /** What the caller said last. */
  readonly lastWords: () => string | undefined;
};

/** The stand-in or the tap. */
type ModelSide = {
  readonly url: string;
  readonly port: number;
  readonly key: string;
  openSockets(): number;
  said(responseId: string): Saying | undefined;
  told(): readonly Told[];
  /** The caller's audio as the model got it; undefined where nobody kept it. */
  input(): Uint8Array | undefined;
  /** What was billed; undefined where nothing is. */
  usage(): Usage | undefined;
  stop(): Promise<void>;
};

export type OpenStage = { readonly edge: RunningEdge; readonly relay: RunningRelay };

export class Stage implements Witness {
  readonly #terms: StageTerms;
  #folder: Promise<string> | undefined;
  #opening: Promise<TodoList> | undefined;
  #list: TodoList | undefined;
  #model: Promise<ModelSide> | undefined;
  #relay: Promise<RunningRelay> | undefined;
  #edge: Promise<RunningEdge> | undefined;
  #modelSide: ModelSide | undefined;
  #struck = false;

  constructor(terms: StageTerms) {
    this.#terms = terms;
  }

  said(responseId: string): Saying | undefined {
    return this.#modelSide?.said(responseId);
  }

  told(): readonly Told[] {
    return this.#modelSide?.told() ?? [];
  }

  executions(): readonly Execution[] {
    return this.#list?.executions() ?? [];
  }

  /** Of the caller's audio, what reached the model. */
  get modelInput(): Uint8Array | undefined {
    return this.#modelSide?.input();
  }

  get usage(): Usage | undefined {
    return this.#modelSide?.usage();
  }

  async open(): Promise<OpenStage> {
    this.#folder = mkdtemp(join(tmpdir(), "demo-"));
    const folder = await this.#folder;
    this.#model = this.#terms.live === undefined ? this.#standIn() : this.#tap(this.#terms.live);
    this.#opening = TodoList.open(folder);
    [this.#modelSide, this.#list] = await Promise.all([this.#model, this.#opening]);
    if (this.#struck) throw new Error("interrupted");
    this.#relay = this.#startRelay(this.#modelSide, this.#list, folder);
    this.#edge = this.#startEdge(this.#relay, folder);
    const [relay, edge] = await Promise.all([this.#relay, this.#edge]);
    return { edge, relay };
  }

  /**
   * Ends everything that was begun, and tells what would not go.
   * @param leaveIn the folder in which the tools' database is left; undefined: nowhere
   */
  async strike(leaveIn?: string): Promise<readonly string[]> {
    this.#struck = true;
    const [list, model, relay, edge, folder] = await Promise.all([
      settled(this.#opening),
      settled(this.#model),
      settled(this.#relay),
      settled(this.#edge),
      settled(this.#folder),
    ]);
    const found: string[] = [];
    const deadline = performance.now() + SOCKETS_CLOSE_WITHIN_MS;
    while ((model?.openSockets() ?? 0) > 0 && performance.now() < deadline) await Bun.sleep(10);
    const sockets = model?.openSockets() ?? 0;
    if (sockets > 0) found.push(`${sockets} socket(s) to the model`);
    await Promise.all([relay && endRelay(relay, found), edge?.stop()]);
    await model?.stop();
    const sessions = list?.openSessions() ?? 0;
    if (sessions > 0) found.push(`${sessions} session(s) at the MCP server`);
    await list?.stop();
    const left = [
      edge && { name: "the edge", pid: -edge.pid, port: edge.port },
      relay && { name: "the relay", pid: relay.pid, port: relay.port },
      model && { name: "the model", pid: undefined, port: model.port },
      list && { name: "the MCP server", pid: undefined, port: list.port },
    ];
    for (const each of left) {
      if (each === undefined) continue;
      if (each.pid !== undefined && isAlive(each.pid)) found.push(`${each.name}'s process`);
      if (await isListening(each.port)) found.push(`${each.name}'s port`);
    }
    try {
      if (leaveIn !== undefined) await list?.leaveIn(leaveIn);
    } finally {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    }
    return found;
  }

  async #standIn(): Promise<ModelSide> {
    const { breakage, onModel, lastWords } = this.#terms;
    const part = new Part();
    const model = await startModel({
      script: (occasion) => part.reply(occasion),
      hears: lastWords,
      transcribesAfterMs: TRANSCRIBES_AFTER_MS,
      fault: breakage.model ?? {},
      keepInput: true,
      onEvent: onModel,
    });
    return {
      ...model,
      usage: () => undefined,
      told: () => toldIn(model.sessions[0]?.items ?? []),
      input: () => joined(...(model.sessions[0]?.input ?? [])),
      said: (id) =>
        part.saying(model.sessions[0]?.responses.findIndex((response) => response.id === id) ?? -1),
    };
  }

  async #tap(live: LiveTerms): Promise<ModelSide> {
    const tap = await startTap({ upstream: live.url, onEvent: this.#terms.onModel });
    return { ...tap, key: live.key, input: () => undefined };
  }

  /** The relay must know its own address before it listens, so the port is found first, and may be lost again. */
  async #startRelay(model: ModelSide, list: TodoList, folder: string): Promise<RunningRelay> {
    const { breakage, live, onRelay } = this.#terms;
    for (let tries = 1; ; tries++) {
      try {
        return await startRelay(freePort(), {
          modelUrl: model.url,
          modelKey: model.key,
          dataDir: folder,
          env: {
            DRAIN_SECONDS: "0",
            // A yes must then be heard in words, and not only be a turn of the caller's.
            TRANSCRIPTION_MODEL: "gpt-transcribe",
            ...list.env,
            ...live?.relayEnv,
            ...breakage.relayEnv,
          },
          onLog: onRelay,
        });
      } catch (error) {
        if (tries === 3 || this.#struck) throw error;
      }
    }
  }

  async #startEdge(starting: Promise<RunningRelay>, folder: string): Promise<RunningEdge> {
    const { breakage, live, onEdge } = this.#terms;
    const callers = join(folder, "callers.json");
    const profile = {
      name: CALLER_NAME,
      language: CALLER_LANGUAGE,
      ...(live && { instructions: live.instructions }),
    };
    await Bun.write(callers, JSON.stringify({ [CALLER]: profile }));
    const dist = join(folder, "dist");
    await build(dist, callers);
    const relay = await starting;
    if (this.#struck) throw new Error("interrupted");
    return startEdge({
      dist,
      env: {
        ACCOUNT_SID,
        AUTH_TOKEN,
        RELAY_URL: relay.url,
        STREAM_TOKEN_SECRET: TOKEN_SECRET,
        // The caller is attested, as a call within the US is: caller ID alone is a warning in the log.
        STIR_POLICY: "require",
        ...breakage.edgeEnv,
      },
      onLog: onEdge,
    });
  }
}

function toldIn(items: readonly Item[]): readonly Told[] {
  const tools = new Map<string, string>();
  return items.flatMap((item): Told[] => {
    if (item.kind === "function_call") tools.set(item.callId, item.name);
    if (item.kind !== "function_call_output") return [];
    return [{ tool: tools.get(item.callId) ?? "", output: item.output }];
  });
}

async function endRelay(relay: RunningRelay, found: string[]): Promise<void> {
  const ending = relay.kill("SIGTERM");
  const timer = setTimeout(() => relay.kill("SIGKILL"), RELAY_ENDS_WITHIN_MS);
  const code = await ending;
  clearTimeout(timer);
  if (code !== 0) found.push(`the relay, which ended with ${code}`);
  const calls = relay.lines.find(({ event }) => event === "relay.stopping")?.calls;
  if (calls !== 0) found.push(`${String(calls ?? "unknown")} call(s) in the relay`);
}

async function settled<Value>(work: Promise<Value> | undefined): Promise<Value | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}

/** @param pid negative for a whole process group */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
