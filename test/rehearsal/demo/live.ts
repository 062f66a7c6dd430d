/**
 * `--live`: the real model with the owner's key. What it needs, what it costs, and what the assistant is told so that
 * the caller's recorded lines make sense. The only place of the demo that looks into .env, and only when asked.
 */
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";

export type LiveTerms = {
  readonly url: string;
  readonly key: string;
  /** What of the owner's settings the relay is given besides. */
  readonly relayEnv: Readonly<Record<string, string>>;
  /** Of the caller's profile. */
  readonly instructions: string;
};

/** A minute with ten responses, at the prices of gpt-realtime-2.1 in October 2026. */
export const LIVE_COSTS = "about 10 US cents";

const OPENAI = "wss://api.openai.com/v1/realtime";
const PASSED_ON = [
  "OPENAI_MODEL",
  "VOICE",
  "TURN_DETECTION",
  "VAD_THRESHOLD",
  "VAD_SILENCE_MS",
  "VAD_EAGERNESS",
  "NOISE_REDUCTION",
];

const INSTRUCTIONS = [
  "This is a rehearsal. When asked for the day, find the tasks and read out all five in full sentences, with a word on",
  "each. When interrupted and asked for the first one, tell only that. When the caller says thank you and goodbye, say",
  "goodbye in a few words and use end_call.",
].join(" ");

export async function liveTerms(
  env: Readonly<Record<string, string | undefined>>,
  envFile = join(resolve(import.meta.dir, "..", "..", ".."), ".env"),
): Promise<LiveTerms | undefined> {
  const file = Bun.file(envFile);
  const own: Readonly<Record<string, string | undefined>> = (await file.exists())
    ? parseEnv(await file.text())
    : {};
  const read = (name: string): string => (env[name] ?? own[name] ?? "").trim();
  const key = read("OPENAI_API_KEY");
  if (key === "") return undefined;
  const passed = PASSED_ON.map((name) => [name, read(name)] as const).filter(([, value]) => value !== "");
  return {
    url: read("OPENAI_REALTIME_URL") || OPENAI,
    key,
    relayEnv: Object.fromEntries(passed),
    instructions: INSTRUCTIONS,
  };
}

export const NO_KEY = `--live needs an OpenAI key: OPENAI_API_KEY in the environment or in .env (made at
platform.openai.com/api-keys). A call costs ${LIVE_COSTS}. Without --live nothing is needed, and nothing is spent.`;
