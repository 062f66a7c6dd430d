/**
 * A folder with the two examples in it, an account at the stand-in for Twilio's API, and `npm run setup` run in it: by a
 * person at a terminal, or by flags. What the proof and the small tests have in common.
 */
import { cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QUESTIONS } from "../../../relay/cli/setup/questions.ts";
import { type AtTerminal, CTRL_U, ENTER, startAtTerminal } from "../../rehearsal/terminal.ts";
import { newNumber } from "../../rehearsal/twilio-api/account.ts";
import { startTwilioApi, type TwilioApi } from "../../rehearsal/twilio-api/api.ts";

export const ROOT = join(import.meta.dir, "../../..");
const COMMAND = [process.execPath, "--no-env-file", join(ROOT, "relay/cli/setup.ts")] as const;
const FILES = [".env", ".env.functions"] as const;

export const OWNER = {
  accountSid: `AC${"5".repeat(32)}`,
  authToken: "c0ffeec0ffeec0ffeec0ffeec0ffee00",
  openaiKey: "sk-canary-of-setup",
  relayUrl: "wss://relay.example.org",
  phoneNumber: "+15550100002",
  caller: "+15550100009",
  pin: "482913",
} as const;

/** What nobody may ever see on a screen. */
export const SECRETS: readonly string[] = [OWNER.authToken, OWNER.openaiKey, OWNER.pin];

export type Place = {
  readonly folder: string;
  readonly api: TwilioApi;
  readonly env: Readonly<Record<string, string | undefined>>;
  stop(): Promise<void>;
};

export async function makePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "setup-"));
  for (const file of FILES) await cp(join(ROOT, `${file}.example`), join(folder, `${file}.example`));
  const api = await startTwilioApi({
    accountSid: OWNER.accountSid,
    authToken: OWNER.authToken,
    numbers: [
      newNumber("+15550100001", { friendly_name: "the shop" }),
      newNumber(OWNER.phoneNumber, { friendly_name: "at home" }),
      newNumber("+15550100003", { capabilities: { voice: false, sms: true, mms: false, fax: false } }),
    ],
  });
  return {
    folder,
    api,
    env: { PATH: process.env.PATH, HOME: tmpdir(), ...api.env },
    stop: async () => {
      await api.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const sitDown = ({ folder, env }: Place, ...flags: string[]): AtTerminal =>
  startAtTerminal([...COMMAND, ...flags], { cwd: folder, env });

export async function withFlags({ folder, env }: Place, ...flags: string[]) {
  const child = Bun.spawn([...COMMAND, ...flags], {
    cwd: folder,
    env: { ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

export const FLAGS: readonly string[] = [
  ["--account-sid", OWNER.accountSid],
  ["--auth-token", OWNER.authToken],
  ["--phone-number", OWNER.phoneNumber],
  ["--openai-api-key", OWNER.openaiKey],
  ["--relay-url", OWNER.relayUrl],
  ["--allowed-numbers", OWNER.caller],
  ["--caller-pin", OWNER.pin],
].flat();

const DOWN = "\x1b[B";
const title = (name: string): string => QUESTIONS.find((question) => question.name === name)?.title ?? name;

/** What a person is asked in a fresh checkout, in order, and what they type. */
export const CONVERSATION: readonly (readonly [seen: string, typed: string])[] = [
  [title("accountSid"), OWNER.accountSid + ENTER],
  [title("authToken"), OWNER.authToken + ENTER],
  ["None of these yet", DOWN + ENTER],
  [title("openaiKey"), OWNER.openaiKey + ENTER],
  [title("relayUrl"), OWNER.relayUrl + ENTER],
  [title("allowedNumbers"), OWNER.caller + ENTER],
  [title("callerPin"), OWNER.pin + ENTER],
  [title("zapierToken"), ENTER],
];

/** Each answer first in a way that is wrong, with what is then said. */
export const STUMBLING: readonly (readonly [seen: string, typed: string])[] = [
  [title("accountSid"), `SK123${ENTER}`],
  ["TWILIO_ACCOUNT_SID is not an account SID", ""],
  [title("accountSid"), `${CTRL_U}${OWNER.accountSid}${ENTER}`],
  [title("authToken"), `short${ENTER}`],
  ["TWILIO_AUTH_TOKEN is not an auth token of 32 characters", ""],
  [title("authToken"), `${"0".repeat(32)}${ENTER}`],
  ["copy Account SID and Auth Token anew", ""],
  [title("accountSid"), ENTER],
  [title("authToken"), OWNER.authToken + ENTER],
  ["None of these yet", DOWN + ENTER],
  [title("openaiKey"), `“sk-curly”${ENTER}`],
  ["OPENAI_API_KEY holds a character that no key has", ""],
  [title("openaiKey"), OWNER.openaiKey + ENTER],
  [title("relayUrl"), `https://relay.example.org/${ENTER}`],
  ["RELAY_URL must begin with wss://", ""],
  [title("relayUrl"), `${CTRL_U}${OWNER.relayUrl}${ENTER}`],
  [title("allowedNumbers"), `15550100009${ENTER}`],
  ["ALLOWED_NUMBERS entry 1 of 1 has no + before its country code", ""],
  [title("allowedNumbers"), `${CTRL_U}${OWNER.caller}${ENTER}`],
  [title("callerPin"), `123456${ENTER}`],
  ["among the first that anybody tries", ""],
  [title("callerPin"), OWNER.pin + ENTER],
  [title("zapierToken"), ENTER],
];

/** To its end. @param until stop after so many answers */
export async function talk(
  terminal: AtTerminal,
  conversation: readonly (readonly [string, string])[],
  until = conversation.length,
): Promise<void> {
  for (const [seen, typed] of conversation.slice(0, until)) {
    await terminal.see(seen);
    if (typed !== "") terminal.type(typed);
  }
}

/** Name → content and mode, of all that lies in the folder. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const entries = names.map(async (name) => {
    const path = join(folder, name);
    const { mode, mtimeMs } = await stat(path);
    return [name, `${(mode & 0o777).toString(8)} ${mtimeMs}\n${await readFile(path, "utf8")}`] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
