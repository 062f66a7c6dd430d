/**
 * Environment to frozen configuration, once, at start. Every problem is reported at once, each with the variable,
 * what is wrong and how to mend it; the value of a secret is never shown.
 */
import type { BlockList } from "node:net";
import { z } from "zod";
import type { Settings } from "./call/session.ts";
import { type Key, keyFrom, WeakSecretError } from "./contract.ts";
import { proxiesFrom } from "./io/address.ts";
import { LEVELS, type Level } from "./io/log.ts";
import { isKnownVoice, retirementOf, VOICES } from "./models.ts";
import { Secret } from "./secret.ts";
import type { TurnDetection } from "./wire/realtime.ts";

export type Config = {
  readonly port: number;
  readonly relayUrl: string;
  readonly keys: readonly Key[];
  readonly accountSid: string;
  readonly authToken: Secret | undefined;
  readonly apiKey: Secret;
  readonly realtimeUrl: string;
  readonly settings: Settings;
  readonly maxCalls: number;
  readonly drainMs: number;
  readonly dataDir: string;
  /** A whole URL, for it may hold a password; undefined: the records are a file in dataDir. */
  readonly redisUrl: Secret | undefined;
  readonly reusePort: boolean;
  readonly trustedProxies: BlockList;
  readonly logLevel: Level;
};

/** One thing that is wrong or doubtful, and the way out of it. */
export type Finding = { readonly variable: string; readonly problem: string; readonly mend: string };

export type Configured =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly problems: readonly Finding[] };

export type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_INSTRUCTIONS =
  "You are a helpful personal assistant. Be warm, quick and exact. When you do not know something, say so.";
const DEFAULT_GREETING = "Hello, this is your assistant. How can I help?";

/** @param today decides whether a model's retirement is near; nothing here reads a clock */
export async function configFrom(env: Env, today: Date): Promise<Configured> {
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  const reader = new Reader(env, problems);

  const relayUrl = reader.read("RELAY_URL", RelayUrl, "RELAY_URL=wss://relay.example.com");
  const isLocal = relayUrl !== undefined && isLoopback(new URL(relayUrl));
  const authToken = reader.read(
    "TWILIO_AUTH_TOKEN",
    isLocal ? AuthToken.optional() : AuthToken,
    "TWILIO_AUTH_TOKEN=<from the front page of the Twilio console>",
  );
  if (isLocal && authToken === undefined) {
    warnings.push({
      variable: "TWILIO_AUTH_TOKEN",
      problem: "is not set, so handshakes are not checked for Twilio's signature (only allowed on localhost)",
      mend: "set it to the auth token on the front page of the Twilio console",
    });
  }
  const keys = await reader.keys();
  const model = reader.read(
    "OPENAI_MODEL",
    z.string().default("gpt-realtime-2.1"),
    "OPENAI_MODEL=gpt-realtime-2.1",
  );
  const retirement = model === undefined ? undefined : retirementOf(model, today);
  if (model !== undefined && retirement !== undefined) {
    const finding = {
      variable: "OPENAI_MODEL",
      problem: `"${model}" ${retirement.isOver ? "was shut down" : "will be shut down"} by OpenAI on ${retirement.on}`,
      mend: `use OPENAI_MODEL=${retirement.instead}`,
    };
    (retirement.isOver ? problems : warnings).push(finding);
  }
  const temperature = reader.read("TEMPERATURE", Num(0, 2).optional(), "TEMPERATURE=0.8, or leave it out");
  const accountSid = reader.read(
    "TWILIO_ACCOUNT_SID",
    z.string().regex(/^AC[0-9a-f]{32}$/, "is not an account SID (AC and 32 hex digits)"),
    "TWILIO_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef, from the front page of the Twilio console",
  );
  const apiKey = reader.read(
    "OPENAI_API_KEY",
    HeaderSecret,
    "OPENAI_API_KEY=<made at platform.openai.com/api-keys>",
  );
  const realtimeUrl = reader.read(
    "OPENAI_REALTIME_URL",
    RealtimeUrl.default("wss://api.openai.com/v1/realtime"),
    "OPENAI_REALTIME_URL=wss://api.openai.com/v1/realtime",
  );
  const settings: Settings = {
    model: model ?? "",
    voice:
      reader.read("VOICE", Voice, `VOICE=marin (one of ${VOICES.join(", ")}; marin and cedar sound best)`) ??
      "",
    instructions:
      reader.read(
        "ASSISTANT_INSTRUCTIONS",
        z.string().max(20_000).default(DEFAULT_INSTRUCTIONS),
        "ASSISTANT_INSTRUCTIONS=You are …",
      ) ?? "",
    greeting: reader.read("GREETING", Greeting, "GREETING=Hello, how can I help?, or GREETING=off"),
    turnDetection: reader.turnDetection(),
    noiseReduction: reader.read("NOISE_REDUCTION", NoiseReduction, "NOISE_REDUCTION=near, far or off"),
    transcriptionModel: reader.read(
      "TRANSCRIPTION_MODEL",
      z.string().default("off").transform(unlessOff),
      "TRANSCRIPTION_MODEL=gpt-transcribe, or off",
    ),
    temperature,
  };
  const port = reader.read("PORT", Whole(0, 65_535).default(5050), "PORT=5050");
  const maxCalls = reader.read("MAX_CALLS", Whole(1, 100_000).default(20), "MAX_CALLS=20");
  const drainS = reader.read("DRAIN_SECONDS", Whole(0, 24 * 3600).default(300), "DRAIN_SECONDS=300");
  const dataDir = reader.read("DATA_DIR", z.string().default("data"), "DATA_DIR=data");
  const redisUrl = reader.read("REDIS_URL", RedisUrl.optional(), "REDIS_URL=rediss://redis.example.com:6379");
  if (redisUrl !== undefined && isOpenToListeners(new URL(redisUrl))) {
    warnings.push({
      variable: "REDIS_URL",
      problem: "begins with redis://, so that the records and the password cross the network in the clear",
      mend: "use rediss:// (TLS), or a Redis on this machine",
    });
  }
  const reusePort = reader.read("REUSE_PORT", Switch, "REUSE_PORT=on, or off");
  const trustedProxies = reader.read(
    "TRUSTED_PROXY",
    Proxies,
    "TRUSTED_PROXY=10.0.0.1, or several addresses and ranges: 10.0.0.1,172.16.0.0/12",
  );
  const logLevel = reader.read(
    "LOG_LEVEL",
    z.enum(LEVELS).default("info"),
    `LOG_LEVEL=${LEVELS.join(" | ")}`,
  );

  if (
    problems.length > 0 ||
    relayUrl === undefined ||
    accountSid === undefined ||
    apiKey === undefined ||
    realtimeUrl === undefined ||
    port === undefined ||
    maxCalls === undefined ||
    drainS === undefined ||
    dataDir === undefined ||
    reusePort === undefined ||
    trustedProxies === undefined ||
    logLevel === undefined
  ) {
    return { ok: false, problems };
  }
  const config: Config = {
    port,
    relayUrl,
    keys,
    accountSid,
    authToken,
    apiKey,
    realtimeUrl,
    settings: Object.freeze(settings),
    maxCalls,
    drainMs: drainS * 1000,
    dataDir,
    redisUrl: redisUrl === undefined ? undefined : new Secret(redisUrl),
    reusePort,
    trustedProxies,
    logLevel,
  };
  return { ok: true, config: Object.freeze(config), warnings };
}

/** Reads variables one by one and remembers all that was wrong with them. */
class Reader {
  readonly #env: Env;
  readonly #problems: Finding[];

  constructor(env: Env, problems: Finding[]) {
    this.#env = env;
    this.#problems = problems;
  }

  /** The parsed value; undefined if it is wrong (then it is among the problems) or may be left out. */
  read<T>(variable: string, schema: z.ZodType<T>, example: string): T | undefined {
    const text = this.#env[variable]?.trim();
    const parsed = schema.safeParse(text === "" ? undefined : text);
    if (parsed.success) return parsed.data;
    const problem = text ? (parsed.error.issues[0]?.message ?? "is wrong") : "is missing";
    this.#problems.push({ variable, problem, mend: `set it like this: ${example}` });
    return undefined;
  }

  /** STREAM_TOKEN_SECRET: one, or while one is being replaced two, the newest first. */
  async keys(): Promise<readonly Key[]> {
    const variable = "STREAM_TOKEN_SECRET";
    const secrets = (this.#env[variable] ?? "").split(",").map((secret) => secret.trim());
    const given = secrets.filter((secret) => secret !== "");
    const same = "set the same on the edge (.env.functions)";
    if (given.length === 0) {
      const mend = `make one with: openssl rand -hex 32; ${same}`;
      this.#problems.push({ variable, problem: "is missing", mend });
    }
    if (given.length > 2) {
      this.#problems.push({
        variable,
        problem: `holds ${given.length} secrets`,
        mend: `keep the newest two at most; ${COMMA}`,
      });
    }
    const keys: Key[] = [];
    for (const secret of given) {
      try {
        keys.push(await keyFrom(secret));
      } catch (error) {
        if (!(error instanceof WeakSecretError)) throw error;
        const [problem, mend] =
          given.length > 1
            ? [`has a part that ${error.message}`, `${COMMA}; ${same}`]
            : [error.message, same];
        this.#problems.push({ variable, problem, mend });
      }
    }
    return keys;
  }

  turnDetection(): TurnDetection {
    const type = this.read(
      "TURN_DETECTION",
      z.enum(["server", "semantic"]).default("server"),
      "TURN_DETECTION=server (by silence) or semantic (by meaning)",
    );
    const threshold = this.read("VAD_THRESHOLD", Num(0, 1).default(0.5), "VAD_THRESHOLD=0.5");
    const prefix = this.read("VAD_PREFIX_MS", Whole(0, 5000).default(300), "VAD_PREFIX_MS=300");
    const silence = this.read("VAD_SILENCE_MS", Whole(100, 10_000).default(500), "VAD_SILENCE_MS=500");
    const eagerness = this.read(
      "VAD_EAGERNESS",
      z.enum(["low", "medium", "high", "auto"]).default("auto"),
      "VAD_EAGERNESS=auto",
    );
    if (type === "semantic") return { type: "semantic_vad", eagerness: eagerness ?? "auto" };
    return {
      type: "server_vad",
      threshold: threshold ?? 0,
      prefix_padding_ms: prefix ?? 0,
      silence_duration_ms: silence ?? 0,
    };
  }
}

const unlessOff = (text: string): string | undefined => (text === "off" ? undefined : text);

const COMMA = "a comma separates two secrets, so one that holds a comma is read as two";

const hidden = (text: string): Secret => new Secret(text);
/** Every signature is worth what this is worth. Twilio's are 32 characters; a placeholder rarely is. */
const AuthToken = z
  .string()
  .regex(/^\S{32,}$/, "is not an auth token of 32 characters")
  .transform(hidden);
/** It goes into an HTTP header, where dialling would throw for a curly quote or a line's end. */
const HeaderSecret = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "holds a character that no key has")
  .transform(hidden);
const Switch = z
  .enum(["on", "off"])
  .default("off")
  .transform((text) => text === "on");
const Num = (least: number, most: number) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (text !== "" && value >= least && value <= most) return value;
    context.addIssue({ code: "custom", message: `is not a number from ${least} to ${most}` });
    return z.NEVER;
  });
const Whole = (least: number, most: number) =>
  Num(least, most).refine((value) => Number.isInteger(value), {
    message: `is not a whole number from ${least} to ${most}`,
  });
const Greeting = z.string().max(500).default(DEFAULT_GREETING).transform(unlessOff);
const NoiseReduction = z
  .enum(["near", "far", "off"])
  .default("near")
  .transform((text) => (text === "near" ? "near_field" : text === "far" ? "far_field" : undefined));
const Voice = z
  .string()
  .default("marin")
  .transform((text, context) => {
    if (isKnownVoice(text)) return text;
    if (/^voice_\w+$/.test(text)) return { id: text };
    context.addIssue({ code: "custom", message: `"${text}" is not a voice of the Realtime API` });
    return z.NEVER;
  });

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

const RelayUrl = z.string().transform((text, context) => {
  const refuse = (message: string) => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return refuse("is not a URL");
  if (url.username || url.password || url.search || url.hash || url.pathname !== "/") {
    return refuse("must be scheme and host alone, with no path or query");
  }
  if (isLoopback(url) && (url.protocol === "ws:" || url.protocol === "wss:"))
    return `${url.protocol}//${url.host}`;
  if (url.protocol !== "wss:") return refuse("must begin with wss:// (Twilio opens no other stream)");
  if (url.port !== "") return refuse("must be on port 443 (Twilio connects to no other)");
  return `${url.protocol}//${url.host}`;
});
const RealtimeUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === "wss:" || (url.protocol === "ws:" && isLoopback(url))))
    return text;
  context.addIssue({ code: "custom", message: "is not a wss:// URL (ws:// is for localhost alone)" });
  return z.NEVER;
});

const RedisUrl = z.string().refine(
  (text) => URL.canParse(text) && /^rediss?:\/\/[^/]/.test(text),
  // The value is a secret, and Bun would take what is no URL for a host.
  "is not a redis:// or rediss:// URL",
);
const isOpenToListeners = (url: URL): boolean => url.protocol === "redis:" && !isLoopback(url);
const Proxies = z
  .string()
  .default("")
  .transform((text, context) => {
    const proxies = proxiesFrom(text);
    if (proxies !== undefined) return proxies;
    context.addIssue({ code: "custom", message: "is not a list of IP addresses and ranges" });
    return z.NEVER;
  });

/** All findings as a person reads them, one a line. */
export const printFindings = (findings: readonly Finding[]): string =>
  findings.map(({ variable, problem, mend }) => `  ${variable} ${problem}.\n      ${mend}`).join("\n");
