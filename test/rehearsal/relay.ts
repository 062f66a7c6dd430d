/**
 * The real relay in a process of its own, as it is deployed, with its log at hand. Nothing here may change how it
 * behaves: it is given environment variables, and it is stopped by signals.
 */
import { join } from "node:path";
import { z } from "zod";
import { keyFrom, mintStreamToken, type Profile, packProfile } from "../../relay/contract.ts";
import { SHORT_LIVED } from "./short-lived.ts";

export const ACCOUNT_SID = `AC${"5".repeat(32)}`;
export const AUTH_TOKEN = "0123456789abcdef0123456789abcdef";
export const TOKEN_SECRET = "a-secret-of-the-rehearsal-known-to-everybody";

const LogLine = z.looseObject({ level: z.string(), event: z.string(), call: z.string().optional() });
export type LogLine = z.infer<typeof LogLine>;

export type RelayOptions = {
  /** Where the stand-in for the model listens. */
  readonly modelUrl: string;
  readonly modelKey: string;
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that is to run the relay in its turn: `["sh", "-c", 'exec "$@"', "sh"]`. */
  readonly under?: readonly string[];
  readonly onLog?: (line: LogLine) => void;
};

export type RunningRelay = {
  readonly pid: number;
  readonly port: number;
  /** ws://127.0.0.1:port, as tokens and signatures name it. */
  readonly url: string;
  readonly lines: readonly LogLine[];
  /** All that the process has written to its standard output, as it came. */
  output(): string;
  /** All that the process has written to its standard error. */
  errors(): string;
  waitForLog(matches: (line: LogLine) => boolean, withinMs: number): Promise<LogLine>;
  /** Resolves with the exit code once all that it has written is here. */
  kill(signal?: NodeJS.Signals): Promise<number>;
};

const ROOT = join(import.meta.dir, "..", "..");
/** It takes 0.2 s where nothing else runs. */
const LISTENS_WITHIN_MS = 30_000;

/** @param port the relay must be told its own address before it listens, so the port is chosen by the caller */
export async function startRelay(port: number, options: RelayOptions): Promise<RunningRelay> {
  const url = `ws://127.0.0.1:${port}`;
  const child = Bun.spawn([...(options.under ?? []), process.execPath, join(ROOT, "relay", "main.ts")], {
    // Not the project's folder: Bun would load the .env that may lie there, with a real key in it.
    cwd: options.dataDir,
    env: {
      PATH: process.env.PATH ?? "",
      ...SHORT_LIVED,
      PORT: String(port),
      RELAY_URL: url,
      STREAM_TOKEN_SECRET: TOKEN_SECRET,
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      OPENAI_API_KEY: options.modelKey,
      OPENAI_REALTIME_URL: options.modelUrl,
      DATA_DIR: options.dataDir,
      // The machine of a rehearsal may stand still, or have a full disk, and that is not what is rehearsed.
      MAX_STALL_MS: "off",
      MIN_DISK_MB: "0",
      // Callers of a rehearsal may say nothing for long, and some of its models never do.
      SILENCE_ASK_SECONDS: "off",
      SILENCE_END_SECONDS: "off",
      ...options.env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let output = "";
  let errors = "";
  const wake = () => {
    for (const ask of waiting) ask();
  };
  const reading = eachLine(child.stdout, (text) => {
    output += `${text}\n`;
    const line = LogLine.parse(JSON.parse(text));
    lines.push(line);
    options.onLog?.(line);
    wake();
  });
  const complaining = eachLine(child.stderr, (text) => {
    errors += `${text}\n`;
  });
  // What it wrote last may still be in the pipes when it has ended.
  let isOver = false;
  const ended = child.exited.then(async (code) => {
    await Promise.all([reading, complaining]);
    isOver = true;
    wake();
    return code;
  });

  const waitForLog: RunningRelay["waitForLog"] = (matches, withinMs) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle(() => reject(new Error(`no such log line in ${withinMs} ms`))),
        withinMs,
      );
      const settle = (how: () => void) => {
        clearTimeout(timer);
        waiting.delete(ask);
        how();
      };
      const ask = () => {
        const found = lines.find(matches);
        if (found !== undefined) settle(() => resolve(found));
        else if (isOver) settle(() => reject(new Error(`the relay has exited: ${errors}`)));
      };
      waiting.add(ask);
      ask();
    });
  try {
    await waitForLog(({ event }) => event === "relay.listening", LISTENS_WITHIN_MS);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return {
    pid: child.pid,
    port,
    url,
    lines,
    output: () => output,
    errors: () => errors,
    waitForLog,
    kill: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
  };
}

/** A stream's URL and parameters, as the edge would have made them. */
export async function ticketFor(
  relay: { readonly url: string },
  callSid: string,
  given: { profile?: Profile; attempt?: number; secret?: string; accountSid?: string; nowS?: number } = {},
): Promise<{ url: string; parameters: Record<string, string> }> {
  const { parameters, hash } = packProfile(given.profile ?? {});
  const grant = {
    relay: relay.url,
    callSid,
    accountSid: given.accountSid ?? ACCOUNT_SID,
    attempt: given.attempt ?? 0,
    profileHash: hash,
  };
  const key = await keyFrom(given.secret ?? TOKEN_SECRET);
  const token = await mintStreamToken(key, grant, given.nowS ?? Math.floor(Date.now() / 1000));
  return {
    url: `${relay.url}/media-stream/${token}`,
    parameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
  };
}

/** Below what a kernel hands out by itself (Linux from 32768, others from 49152), so that no client's socket is in the way. */
const PORTS = { first: 10_000, count: 22_000 } as const;
/** Processes that look at the same time begin in different places. */
let nextPort = (process.pid * 1009) % PORTS.count;

/** A port that nobody has, for a process that must know its address before it listens. Not the same one twice. */
export function freePort(): number {
  for (let tries = 0; tries < PORTS.count; tries++) {
    const port = PORTS.first + nextPort;
    nextPort = (nextPort + 1) % PORTS.count;
    if (isFree(port)) return port;
  }
  throw new Error("no port is free");
}

/** On every address: what listens on one alone would be in the way of what listens on all. */
function isFree(port: number): boolean {
  for (const hostname of ["127.0.0.1", "0.0.0.0", "::"]) {
    try {
      Bun.listen({ hostname, port, socket: { data: () => {} } }).stop(true);
    } catch (thrown) {
      // Anything else is about this machine: not all have IPv6.
      if (thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE") return false;
    }
  }
  return true;
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") take(line);
  }
  if (rest !== "") take(rest);
}
