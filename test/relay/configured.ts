/**
 * A good environment and what becomes of it with changes, for the tests of the configuration.
 */
import { type Configured, configFrom, type Env, printFindings } from "../../relay/config.ts";

export const TODAY = new Date("2026-11-20T12:00:00Z");
export const SECRET = "the secret that edge and relay share";
export const NEEDED = {
  RELAY_URL: "wss://relay.example.com",
  STREAM_TOKEN_SECRET: SECRET,
  TWILIO_ACCOUNT_SID: `AC${"5".repeat(32)}`,
  TWILIO_AUTH_TOKEN: "0123456789abcdef0123456789abcdef",
  OPENAI_API_KEY: "sk-rehearsal",
};

export const configured = (env: Env = {}, today = TODAY) => configFrom({ ...NEEDED, ...env }, today);
export async function good(env: Env = {}, today = TODAY): Promise<Extract<Configured, { ok: true }>> {
  const read = await configured(env, today);
  if (!read.ok) throw new Error(printFindings(read.problems));
  return read;
}
export async function problems(env: Env): Promise<string[]> {
  const read = await configured(env);
  return read.ok ? [] : read.problems.map(({ variable, problem }) => `${variable} ${problem}`);
}
