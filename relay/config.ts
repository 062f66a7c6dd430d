/**
 * Environment to frozen configuration, once, at start. Every problem is reported at once, each with the variable,
 * what is wrong and how to mend it; the value of a secret is never shown.
 */
import type { BlockList } from "node:net";
import { z } from "zod";
import type { Settings } from "./call/session.ts";
import { type Key, keyFrom, WeakSecretError } from "./contract.ts";
import { formerIn } from "./former-variables.ts";
import { proxiesFrom } from "./io/address.ts";
import { LEVELS, type Level } from "./io/log.ts";
import { type LimitSettings, limitSettingsFrom } from "./limit-settings.ts";
import { isKnownVoice, retirementOf, VOICES } from "./models.ts";
import { Secret } from "./secret.ts";
import { type ReadFile, type ToolSettings, toolSettingsFrom } from "./tool-settings.ts";
import {
  type Env,
  type Finding,
  HeaderSecret,
  isLoopback,
  Num,
  Reader,
  Switch,
  unlessOff,
  Whole,
} from "./variables.ts";
import { type WatchSettings, watchSettingsFrom } from "./watch-settings.ts";
import type { TurnDetection } from "./wire/realtime.ts";

export { type Env, type Finding, printFindings } from "./variables.ts";

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
} & LimitSettings &
  ToolSettings &
  WatchSettings;

export type Configured =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly problems: readonly Finding[] };

const DEFAULT_INSTRUCTIONS =
  "You are a helpful personal assistant. Be warm, quick and exact. When you do not know something, say so.";
const DEFAULT_GREETING = "Hello, this is your assistant. How can I help?";

/**
 * @param today decides whether a model's retirement is near; nothing here reads a clock
 * @param readFile for mcp.json and a file of prices; nothing here reads a file
 */
export async function configFrom(
  env: Env,
  today: Date,
  readFile: ReadFile = async () => undefined,
): Promise<Configured> {
  const reader = new Reader(env);
  const { problems, warnings } = reader;
  warnings.push(...formerIn(env));

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
  const keys = await keysFrom(reader);
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
    turnDetection: turnDetectionFrom(reader),
    noiseReduction: reader.read("NOISE_REDUCTION", NoiseReduction, "NOISE_REDUCTION=near, far or off"),
    transcriptionModel: reader.read(
      "TRANSCRIPTION_MODEL",
      z.string().default("gpt-transcribe").transform(unlessOff),
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
  const watch = watchSettingsFrom(reader);
  const brakes = await limitSettingsFrom(reader, readFile, model, settings.transcriptionModel);
  const tools = await toolSettingsFrom(reader, env, readFile);
  if (tools.mcpServers.length > 0 && settings.transcriptionModel === undefined) {
    warnings.push({
      variable: "TRANSCRIPTION_MODEL",
      problem: "is off, so that nobody reads whether a caller has said yes to what a tool would do",
      mend: "set TRANSCRIPTION_MODEL=gpt-transcribe (billed apart); without it more is asked on the keypad",
    });
  }

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
    ...watch,
    ...brakes,
    ...tools,
  };
  return { ok: true, config: Object.freeze(config), warnings };
}

/** STREAM_TOKEN_SECRET: one, or while one is being replaced two, the newest first. */
async function keysFrom(reader: Reader): Promise<readonly Key[]> {
  const { problems } = reader;
  const variable = "STREAM_TOKEN_SECRET";
  const secrets = (reader.text(variable) ?? "").split(",").map((secret) => secret.trim());
  const given = secrets.filter((secret) => secret !== "");
  const same = "set the same on the edge (.env.functions)";
  if (given.length === 0) {
    const mend = `make one with: openssl rand -hex 32; ${same}`;
    problems.push({ variable, problem: "is missing", mend });
  }
  if (given.length > 2) {
    problems.push({
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
        given.length > 1 ? [`has a part that ${error.message}`, `${COMMA}; ${same}`] : [error.message, same];
      problems.push({ variable, problem, mend });
    }
  }
  return keys;
}

function turnDetectionFrom(reader: Reader): TurnDetection {
  const type = reader.read(
    "TURN_DETECTION",
    z.enum(["server", "semantic"]).default("server"),
    "TURN_DETECTION=server (by silence) or semantic (by meaning)",
  );
  const threshold = reader.read("VAD_THRESHOLD", Num(0, 1).default(0.5), "VAD_THRESHOLD=0.5");
  const prefix = reader.read("VAD_PREFIX_MS", Whole(0, 5000).default(300), "VAD_PREFIX_MS=300");
  const silence = reader.read("VAD_SILENCE_MS", Whole(100, 10_000).default(500), "VAD_SILENCE_MS=500");
  const eagerness = reader.read(
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

const COMMA = "a comma separates two secrets, so one that holds a comma is read as two";

/** Every signature is worth what this is worth. Twilio's are 32 characters; a placeholder rarely is. */
const AuthToken = z
  .string()
  .regex(/^\S{32,}$/, "is not an auth token of 32 characters")
  .transform((text) => new Secret(text));
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
