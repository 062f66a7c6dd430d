/**
 * The whole chain for the proofs of faults: the stand-in for the model, the real edge, and relays that come and go on
 * one port and one folder, as they do on one small machine. It starts and ends processes and keeps all that they log;
 * what a proof is about is the proof's.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ListedProfile } from "../../../relay/contract.ts";
import { buildForTest } from "../../rehearsal/built.ts";
import { type CallOptions, type PlacedCall, placeCall } from "../../rehearsal/carrier/carrier.ts";
import { type RunningEdge, startEdge } from "../../rehearsal/edge.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import { type Model, startModel } from "../../rehearsal/model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type LogLine,
  type RelayOptions,
  type RunningRelay,
  startRelay,
  TOKEN_SECRET,
} from "../../rehearsal/relay.ts";

/** It decides only how soon a proof fails that fails anyway. */
export const PATIENCE_MS = 30_000;
export const OUR_NUMBER = "+15557654321";
/** On the allowlist, with nothing written down of them. */
export const ANYBODY = "+15551234567";

export type StageOptions = {
  readonly model: ModelOptions;
  /** Of every relay that is started. */
  readonly env?: Readonly<Record<string, string>>;
  /** By number. */
  readonly callers?: Readonly<Record<string, ListedProfile>>;
  readonly under?: RelayOptions["under"];
  /** What the relays keep; by default a folder of the stage's own. */
  readonly dataDir?: string;
};

/** A line of a relay's log, with the process and the moment, in ms of performance.now(), at which it was read. */
export type Logged = LogLine & { readonly pid: number; readonly readAtMs: number };

export type Stage = {
  readonly model: Model;
  readonly edge: RunningEdge;
  readonly dataDir: string;
  /** Of all relays that there have been, in the order in which it was read. */
  readonly logged: readonly Logged[];
  /** The one that was started last. */
  readonly relay: RunningRelay;
  /** Beside the one that may be there, with the same port and folder. Resolves once it listens. */
  start(env?: Readonly<Record<string, string>>): Promise<RunningRelay>;
  dial(from: string, more?: Partial<CallOptions>): PlacedCall;
  /** Everything that all relays wrote to standard error. */
  complaints(): string;
  stop(): Promise<void>;
};

export async function startStage(options: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  const dataDir = options.dataDir ?? join(folder, "data");
  mkdirSync(dataDir, { recursive: true });
  const port = freePort();
  const logged: Logged[] = [];
  const relays: RunningRelay[] = [];
  const model = await startModel(options.model);
  let edge: RunningEdge | undefined;
  const start: Stage["start"] = async (env) => {
    let pid = 0;
    const early: Logged[] = [];
    const relay = await startRelay(port, {
      modelUrl: model.url,
      modelKey: model.key,
      dataDir,
      ...(options.under !== undefined && { under: options.under }),
      env: {
        REUSE_PORT: "on",
        FUNCTIONS_DIR: "off",
        TRANSCRIPTION_MODEL: "gpt-transcribe",
        ...options.env,
        ...env,
      },
      onLog: (line) => {
        const entry = { ...line, pid, readAtMs: performance.now() };
        // Until its id is known, which is when it listens.
        if (pid === 0) early.push(entry);
        else logged.push(entry);
      },
    });
    pid = relay.pid;
    logged.push(...early.map((entry) => ({ ...entry, pid })));
    relays.push(relay);
    return relay;
  };
  const last = (): RunningRelay => {
    const relay = relays.at(-1);
    if (relay === undefined) throw new Error("no relay has been started");
    return relay;
  };
  const stop = async () => {
    await Promise.all(relays.map((relay) => relay.kill("SIGKILL")));
    await edge?.stop();
    await model.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { url } = await start();
    const callers = join(folder, "callers.json");
    if (options.callers !== undefined) await Bun.write(callers, JSON.stringify(options.callers));
    await buildForTest(join(folder, "dist"), callers);
    edge = await startEdge({
      dist: join(folder, "dist"),
      env: {
        ACCOUNT_SID,
        AUTH_TOKEN,
        RELAY_URL: url,
        STREAM_TOKEN_SECRET: TOKEN_SECRET,
        ALLOWED_NUMBERS: ANYBODY,
      },
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const { base } = edge;
  return {
    model,
    edge,
    dataDir,
    logged,
    get relay() {
      return last();
    },
    start,
    dial: (from, more = {}) =>
      placeCall({
        voiceUrl: `${base}/voice/incoming`,
        fallbackUrl: `${base}/voice/fallback`,
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        from,
        to: OUR_NUMBER,
        ...more,
      }),
    complaints: () => relays.map((relay) => relay.errors()).join(""),
    stop,
  };
}

/** For what nobody tells. */
export async function until(what: string, isSo: () => boolean, withinMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}

/** When something of a line happened, in ms of performance.now(), the clock of {@link Logged} too. */
export const clockOf = ({ timeline }: PlacedCall, atMs: number): number => timeline.startedMs + atMs;
