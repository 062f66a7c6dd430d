/**
 * A real relay between stand-ins, for the tests of the running process: a model, a relay with a data folder of its
 * own, streams as Twilio opens them, and what the edge would ask afterwards.
 */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endingPath, keyFrom, mintEndingToken } from "../../../relay/contract.ts";
import { PATIENCE_MS, Stopwatch } from "../../patience.ts";
import { type OpenedStream, type OpenStreamOptions, openStream } from "../../rehearsal/carrier/carrier.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
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
  ticketFor,
} from "../../rehearsal/relay.ts";

export const nowS = (): number => Math.floor(Date.now() / 1000);

/** What "everything of the call is closed within a second" means here, by a {@link Stopwatch}. */
export const CLOSED_WITHIN_MS = 1_000;

type Ticket = NonNullable<Parameters<typeof ticketFor>[2]>;
export type Asked = { readonly status: number; readonly body: unknown };

export class Rig {
  #model: Model;
  readonly #options: RelayOptions;
  #relay: RunningRelay;

  private constructor(model: Model, options: RelayOptions, relay: RunningRelay) {
    this.#model = model;
    this.#options = options;
    this.#relay = relay;
  }

  static async start(
    given: { model?: ModelOptions; env?: Record<string, string>; under?: readonly string[] } = {},
  ): Promise<Rig> {
    const model = await startModel(given.model);
    const dataDir = mkdtempSync(join(tmpdir(), "relay-"));
    const options: RelayOptions = {
      modelUrl: model.url,
      modelKey: model.key,
      dataDir,
      env: { DRAIN_SECONDS: "0", ...given.env },
      ...(given.under !== undefined && { under: given.under }),
    };
    return new Rig(model, options, await startRelay(freePort(), options));
  }

  get relay(): RunningRelay {
    return this.#relay;
  }

  get model(): Model {
    return this.#model;
  }

  /** Another one at the same address, to which the next call's session goes. */
  async replaceModel(options: ModelOptions): Promise<void> {
    const { port } = this.#model;
    await this.#model.stop();
    this.#model = await startModel({ ...options, port });
  }

  get dataDir(): string {
    return this.#options.dataDir;
  }

  /** Another process with the same address and the same data. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.#relay.kill(signal);
    this.#relay = await startRelay(this.#relay.port, this.#options);
  }

  async stop(): Promise<void> {
    await this.#relay.kill("SIGKILL");
    await this.model.stop();
    rmSync(this.#options.dataDir, { recursive: true, force: true });
  }

  /** A stream as the edge and Twilio would open it together. */
  async stream(
    given: Partial<OpenStreamOptions> & { ticket?: Ticket; callSid?: string } = {},
  ): Promise<OpenedStream> {
    const { ticket, ...rest } = given;
    const callSid = given.callSid ?? newSid("CA");
    const { url, parameters } = await ticketFor(this.relay, callSid, ticket);
    return openStream({ url, parameters, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN, ...rest, callSid });
  }

  /** A call that is up: the assistant has begun to speak. */
  async call(given: Parameters<Rig["stream"]>[0] = {}): Promise<OpenedStream> {
    const stream = await this.stream(given);
    await stream.waitFor("heard-first-audio", PATIENCE_MS);
    return stream;
  }

  /** How a call ended, asked as the edge asks. */
  async ending(
    callSid: string,
    given: { tokenFor?: string; secret?: string; relay?: string; atS?: number; authorization?: string } = {},
  ): Promise<Asked> {
    const key = await keyFrom(given.secret ?? TOKEN_SECRET);
    const ask = { relay: given.relay ?? this.relay.url, callSid: given.tokenFor ?? callSid };
    const token = await mintEndingToken(key, ask, given.atS ?? nowS());
    const response = await fetch(`${this.relay.url.replace(/^ws/, "http")}${endingPath(callSid)}`, {
      headers: { authorization: given.authorization ?? `Bearer ${token}` },
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? "" : JSON.parse(text) };
  }

  /** The log's lines of one call, by the CallSid that its first line names. */
  linesOf(callSid: string): readonly LogLine[] {
    const admitted = this.relay.lines.find(
      (line) => line.event === "call.admitted" && line.callSid === callSid,
    );
    return this.relay.lines.filter((line) => admitted?.call !== undefined && line.call === admitted.call);
  }

  /** Waits until the log has come so far with this call; its lines by then. The log comes later than what it tells. */
  async linesUpTo(event: string, callSid: string): Promise<readonly LogLine[]> {
    const isIt = (line: LogLine) => line.event === event && this.linesOf(callSid)[0]?.call === line.call;
    await this.relay.waitForLog(isIt, PATIENCE_MS);
    return this.linesOf(callSid);
  }

  /** Waits for the call's end in the log; the lines of the call so far. */
  ended(callSid: string): Promise<readonly LogLine[]> {
    return this.linesUpTo("call.ended", callSid);
  }

  /** All sockets to the model are closed. */
  modelIsFree(): Promise<unknown> {
    return this.model.waitFor(() => this.model.openSockets() === 0, PATIENCE_MS);
  }

  /** And within a second of now. */
  async modelIsLeft(): Promise<void> {
    await inASecond(() => this.modelIsFree());
  }
}

/** Does it and waits for it, and it takes no longer than a second of this machine's. */
export async function inASecond<Value>(work: () => Promise<Value>): Promise<Value> {
  const watch = new Stopwatch();
  try {
    return await work();
  } finally {
    expect(watch.stop()).toBeLessThan(CLOSED_WITHIN_MS);
  }
}

/** Every close of a call's `call.ended` lines, in order: there must be one. */
export const endingsIn = (lines: readonly LogLine[]): readonly unknown[] =>
  lines.flatMap((line) => (line.event === "call.ended" ? [line.ending] : []));
