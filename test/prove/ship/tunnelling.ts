/**
 * `npm run dev -- --tunnel` in a project folder of its own, with the stand-ins for cloudflared and ngrok in its PATH and
 * an account at the stand-in for Twilio's API. What the proof and the small tests have in common.
 */
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeProjectFolder } from "../../rehearsal/project-folder.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { type AtTerminal, startAtTerminal } from "../../rehearsal/terminal.ts";
import { MOOD, SEEN_FILE } from "../../rehearsal/tunnel/public-side.ts";
import { newNumber, type PhoneNumber } from "../../rehearsal/twilio-api/account.ts";
import { startTwilioApi, type TwilioApi } from "../../rehearsal/twilio-api/api.ts";
import { type Started, start } from "../../rehearsal-tests/demo/processes.ts";

const ROOT = join(import.meta.dir, "../../..");
export const ACCOUNT = `AC${"5".repeat(32)}`;
export const AUTH_TOKEN = "0123456789abcdef".repeat(2);
export const CALLER = "+15550100009";
export const NUMBER = "+15550100001";
const SECRET = "a-secret-of-the-tests-known-to-everybody";
/** As it was before: everything set, so that everything has to come back. */
const BEFORE = {
  voice_url: "https://before.example.com/voice",
  voice_method: "GET",
  voice_fallback_url: "https://before.example.com/fallback",
  voice_fallback_method: "GET",
  status_callback: "https://before.example.com/status",
  trunk_sid: `TK${"a".repeat(32)}`,
} satisfies Partial<PhoneNumber>;

export type Tunneller = "cloudflared" | "ngrok";

export type Workshop = {
  readonly folder: string;
  readonly api: TwilioApi;
  /** The first of the account's. */
  readonly number: () => PhoneNumber;
  /** On ports of its own, which stay the same. */
  dev(have: readonly Tunneller[], flags: readonly string[], mood?: string): Started;
  /** At a pseudo-terminal. */
  devAtTerminal(have: readonly Tunneller[], flags: readonly string[]): AtTerminal;
  /** Of the tunnel that came up last. */
  publicSide(): Promise<{ readonly host: string; readonly port: number; readonly pid: number }>;
  readonly journal: string;
  stop(): Promise<void>;
};

const Seen = z.object({ host: z.string(), port: z.number(), pid: z.number() });

export async function openWorkshop(): Promise<Workshop> {
  const project = await makeProjectFolder();
  const folder = project.path;
  const api = await startTwilioApi({
    accountSid: ACCOUNT,
    authToken: AUTH_TOKEN,
    numbers: [newNumber(NUMBER, BEFORE), newNumber("+15550100002")],
  });
  await project.writeEnv(".env", {
    RELAY_URL: "ws://localhost:5050",
    STREAM_TOKEN_SECRET: SECRET,
    TWILIO_ACCOUNT_SID: ACCOUNT,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    OPENAI_API_KEY: "sk-of-a-test",
    OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime",
    PHONE_NUMBER: NUMBER,
    DATA_DIR: "kept",
    // The machine of a test may stand still, and the relay is then not well for a while.
    MAX_STALL_MS: "off",
  });
  await project.writeEnv(".env.functions", {
    RELAY_URL: "ws://localhost:5050",
    STREAM_TOKEN_SECRET: SECRET,
    ALLOWED_NUMBERS: CALLER,
    ACCOUNT_SID: ACCOUNT,
    AUTH_TOKEN,
  });
  const bins = await layBins(folder);
  const seen = join(folder, "public-side.json");
  const [port, edgePort] = [freePort(), freePort()];
  const script = join(folder, "scripts/dev.ts");
  const all = (flags: readonly string[]) => [
    ...["--port", String(port), "--edge-port", String(edgePort), "--tunnel"],
    ...flags,
  ];
  const envWith = (have: readonly Tunneller[], mood = "up"): Record<string, string> => ({
    ...api.env,
    NO_PROXY: "localhost,127.0.0.1",
    // Nothing of what this machine may have installed.
    PATH: [...have.map((each) => bins[each]), bins.node].join(":"),
    HOME: folder,
    [SEEN_FILE]: seen,
    [MOOD]: mood,
  });
  return {
    folder,
    api,
    journal: join(folder, "kept", "dev-tunnel.json"),
    number: () => {
      const [first] = api.numbers;
      if (first === undefined) throw new Error("the account has no number");
      return first;
    },
    dev: (have, flags, mood) => start(script, all(flags), { cwd: folder, env: envWith(have, mood) }),
    devAtTerminal: (have, flags) =>
      startAtTerminal([process.execPath, "--no-env-file", script, ...all(flags)], {
        cwd: folder,
        env: envWith(have),
      }),
    publicSide: async () => Seen.parse(JSON.parse(await readFile(seen, "utf8"))),
    stop: async () => {
      await api.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As the real ones are found: executables in folders of PATH. */
async function layBins(folder: string): Promise<Record<Tunneller | "node", string>> {
  const lay = async (name: Tunneller) => {
    const bin = join(folder, "bins", name);
    await mkdir(bin, { recursive: true });
    const source = join(ROOT, "test/rehearsal/tunnel", `${name}.ts`);
    await writeFile(
      join(bin, name),
      `#!/bin/sh\nexec '${process.execPath}' --no-env-file '${source}' "$@"\n`,
    );
    await chmod(join(bin, name), 0o755);
    return bin;
  };
  const node = join(folder, "bins", "node");
  await mkdir(node, { recursive: true });
  for (const name of ["node", "ps"]) {
    const found = Bun.which(name);
    if (found !== null) await symlink(found, join(node, name));
  }
  return { cloudflared: await lay("cloudflared"), ngrok: await lay("ngrok"), node };
}

/** What of a number says where its calls go. */
export const voiceSide = (number: PhoneNumber) => {
  const { voice_url, voice_method, voice_fallback_url, voice_fallback_method } = number;
  const { status_callback, status_callback_method, voice_application_sid, trunk_sid } = number;
  return {
    ...{ voice_url, voice_method, voice_fallback_url, voice_fallback_method },
    ...{ status_callback, status_callback_method, voice_application_sid, trunk_sid },
  };
};
