/**
 * Environment variables into checked settings, with every problem at once: the variable, what is wrong, the mend.
 *
 * In three parts, because a webhook needs no more than it uses: a broken allowlist must not turn the end of a
 * running call into an apology. A problem's text goes to the log, so it never quotes a value.
 */
import { AccountSid, type Key, keyFrom, WeakSecretError } from "../../relay/contract.ts";
import type { Terms } from "./admission.ts";
import {
  CALLERS_FILE,
  type Callers,
  type CallersProblem,
  callersFromFile,
  callersFromList,
  E164,
  isPhoneNumber,
  type Mention,
  notANumber,
  type ReadCallers,
} from "./callers.ts";
import { isPin, PIN_DIGITS, type Pin } from "./pin.ts";
import { isLoopback, type Relay, readRelays } from "./relays.ts";
import { isNamed, readTransfers, type Transfers } from "./transfers.ts";

export type Problem = {
  readonly variable: string;
  readonly wrong: string;
  readonly mend: string;
  /** Of the callers file. */
  readonly line?: number;
};

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export const problemsOf = <T>(checked: Checked<T>): readonly Problem[] =>
  checked.ok ? [] : checked.problems;

/** Who we are to Twilio: enough to tell a webhook of theirs from anybody else's. */
export type Identity = {
  readonly accountSid: string;
  readonly authToken: string;
  /** Where Twilio reaches this service, without a slash at the end. */
  readonly baseUrl: string;
};

/** Two while one replaces the other: the newest signs, and what either has signed is ours. */
export type Keys = { readonly newest: Key; readonly all: readonly Key[] };

export type Settings = {
  readonly keys: Keys;
  readonly relays: readonly Relay[];
  readonly terms: Terms;
  readonly transfers: Transfers;
  /** Whether a caller whose call cannot go on may leave a message. */
  readonly voicemail: boolean;
  /** E.164: who is sent a text message then. */
  readonly alertSmsTo: string | undefined;
  /** What the owner should know of and nobody has to be turned away for. */
  readonly notes: readonly Problem[];
};

/** The runtime's `context`: its own values, and every variable of the env file. */
export type Env = Readonly<Record<string, unknown>>;

export function readIdentity(env: Env): Checked<Identity> {
  const problems: Problem[] = [];

  const accountSid = textOf(env, "ACCOUNT_SID");
  if (!AccountSid.safeParse(accountSid).success) {
    problems.push({
      variable: "ACCOUNT_SID",
      wrong: accountSid === "" ? "is not set" : "is not AC and 32 hexadecimal digits",
      mend: CREDENTIALS,
    });
  }

  const authToken = textOf(env, "AUTH_TOKEN");
  // Every signature is worth what this is worth. Twilio's are 32 characters; a placeholder rarely is.
  if (!/^\S{32,}$/.test(authToken)) {
    problems.push({
      variable: "AUTH_TOKEN",
      wrong: authToken === "" ? "is not set" : "is not an auth token of 32 characters",
      mend: CREDENTIALS,
    });
  }

  const base = baseUrlFrom(textOf(env, "EDGE_URL"), textOf(env, "DOMAIN_NAME"));
  if ("wrong" in base) problems.push(base);
  if (problems.length > 0 || "wrong" in base) return { ok: false, problems };
  return { ok: true, value: { accountSid, authToken, baseUrl: base.baseUrl } };
}

export async function readKeys(env: Env): Promise<Checked<Keys>> {
  const problem = (wrong: string, mend: string): Checked<Keys> => ({
    ok: false,
    problems: [{ variable: "STREAM_TOKEN_SECRET", wrong, mend }],
  });
  const text = textOf(env, "STREAM_TOKEN_SECRET");
  const secrets = text
    .split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "");
  if (secrets.length === 0) return problem("is not set", SECRET);
  if (secrets.length > 2) return problem(`holds ${secrets.length} secrets`, "keep the newest two at most");
  if (secrets[0] === secrets[1]) return problem("holds the same secret twice", "keep one of them");
  try {
    const [newest, ...older] = await Promise.all(secrets.map(keyFrom));
    if (newest === undefined) return problem("is not set", SECRET);
    return { ok: true, value: { newest, all: [newest, ...older] } };
  } catch (error) {
    if (!(error instanceof WeakSecretError)) throw error;
    return problem(error.message, "give the same to edge and relay");
  }
}

/** @param callersFile the content of the private asset, where there is one */
export async function readSettings(env: Env, callersFile: string | undefined): Promise<Checked<Settings>> {
  const keys = await readKeys(env);
  const callers = readAllowlist(textOf(env, "ALLOWED_NUMBERS"), callersFile);
  const relays = readRelaysFor(env);
  const stirPolicy = readChoice(env, "STIR_POLICY", ["off", "require"]);
  const callerPin = readPin(textOf(env, "CALLER_PIN"));
  const pinPolicy = readChoice(env, "PIN_POLICY", ["always", "unattested"]);
  const transfers = readTransfers(textOf(env, TRANSFERS));
  const voicemail = readChoice(env, "VOICEMAIL", ["off", "on"]);
  const alertSmsTo = readNumber(env, "ALERT_SMS_TO");

  const isOwnersChoice = stirPolicy.ok && callerPin.ok && pinPolicy.ok && voicemail.ok && alertSmsTo.ok;
  if (keys.ok && callers.ok && relays.ok && transfers.ok && isOwnersChoice) {
    const terms: Terms = {
      callers: callers.value.callers,
      stirPolicy: stirPolicy.value,
      callerPin: callerPin.value,
      pinPolicy: pinPolicy.value,
    };
    const notes = unknownTransfers(callers.value.mentions, transfers.transfers);
    return {
      ok: true,
      value: {
        keys: keys.value,
        relays: relays.relays,
        terms,
        transfers: transfers.transfers,
        voicemail: voicemail.value === "on",
        alertSmsTo: alertSmsTo.value,
        notes,
      },
    };
  }
  return {
    ok: false,
    problems: [
      ...(relays.ok ? [] : relays.problems.map((problem) => ({ variable: "RELAY_URL", ...problem }))),
      ...problemsOf(keys),
      ...problemsOf(callers),
      ...problemsOf(stirPolicy),
      ...problemsOf(callerPin),
      ...problemsOf(pinPolicy),
      ...(transfers.ok ? [] : transfers.problems.map((problem) => asProblem(TRANSFERS, problem))),
      ...problemsOf(voicemail),
      ...problemsOf(alertSmsTo),
    ],
  };
}

/** A relay on this machine is for an edge on this machine: from Twilio's network nobody reaches it. */
function readRelaysFor(env: Env): ReturnType<typeof readRelays> {
  const relays = readRelays(textOf(env, "RELAY_URL"));
  const base = baseUrlFrom(textOf(env, "EDGE_URL"), textOf(env, "DOMAIN_NAME"));
  const isPublic = "baseUrl" in base && base.baseUrl.startsWith("https:");
  if (!relays.ok || !isPublic || relays.relays.every(({ name }) => name.startsWith("wss:"))) return relays;
  const wrong = "names a relay on this machine, which Twilio cannot reach";
  const mend = "name the relay's public address, as in wss://relay.example.com";
  return { ok: false, problems: [{ wrong, mend }] };
}

const SECRET = "make one with: npm run secret, and give the same to edge and relay";
const CREDENTIALS =
  "on Twilio, let the service add your credentials to its environment; for local runs, put it into .env.functions";

const TRANSFERS = "TRANSFER_NUMBERS";

/** Names in the callers file that nobody has: a misspelt one is a person who cannot be reached, and nobody would know. */
export const unknownTransfers = (mentions: readonly Mention[], transfers: Transfers): readonly Problem[] =>
  mentions
    .filter(({ name }) => !isNamed(transfers, name))
    .map(({ line }) => ({
      variable: CALLERS_FILE,
      line,
      wrong: `transfers: a name that ${TRANSFERS} does not have; nobody is put through to it`,
      mend: `write it as it stands in ${TRANSFERS}, or take it out`,
    }));

type Allowlist = { readonly callers: Callers; readonly mentions: readonly Mention[] };

function readAllowlist(list: string, file: string | undefined): Checked<Allowlist> {
  const listed = callersFromList(list);
  const filed: ReadCallers =
    file === undefined ? { ok: true, callers: new Map(), mentions: [] } : callersFromFile(file);
  if (!listed.ok || !filed.ok) {
    const problems = [
      ...(listed.ok ? [] : listed.problems.map((problem) => asProblem("ALLOWED_NUMBERS", problem))),
      ...(filed.ok ? [] : filed.problems.map((problem) => asProblem(CALLERS_FILE, problem))),
    ];
    return { ok: false, problems };
  }
  const callers = new Map([...listed.callers, ...filed.callers]);
  if (callers.size > 0) return { ok: true, value: { callers, mentions: filed.mentions } };
  return {
    ok: false,
    problems: [
      {
        variable: "ALLOWED_NUMBERS",
        wrong: `is empty, and ${CALLERS_FILE} names nobody: no call can be let in`,
        mend: "put your own number there, as in +15551234567",
      },
    ],
  };
}

const asProblem = (variable: string, problem: CallersProblem): Problem => ({ variable, ...problem });

/** Not set is the first. A mistyped policy must not pass for a weaker one. */
function readChoice<Choice extends string>(
  env: Env,
  variable: string,
  choices: readonly [Choice, ...Choice[]],
): Checked<Choice> {
  const text = textOf(env, variable);
  const choice = text === "" ? choices[0] : choices.find((one) => one === text);
  if (choice !== undefined) return { ok: true, value: choice };
  const wrong = `is neither ${choices.join(" nor ")}`;
  return {
    ok: false,
    problems: [{ variable, wrong, mend: `write one of them; left out, it is ${choices[0]}` }],
  };
}

function readNumber(env: Env, variable: string): Checked<string | undefined> {
  const text = textOf(env, variable);
  if (text === "") return { ok: true, value: undefined };
  if (isPhoneNumber(text)) return { ok: true, value: text };
  return { ok: false, problems: [{ variable, wrong: notANumber(text), mend: E164 }] };
}

function readPin(text: string): Checked<Pin | undefined> {
  if (text === "") return { ok: true, value: undefined };
  if (isPin(text)) return { ok: true, value: { kind: "digits", digits: text } };
  const wrong = `is not ${PIN_DIGITS.least} to ${PIN_DIGITS.most} digits`;
  const mend = "choose a PIN of digits alone that nobody would guess, or take it out to ask for none";
  return { ok: false, problems: [{ variable: "CALLER_PIN", wrong, mend }] };
}

/** The address that Twilio called is the first thing its signature covers: it must be known, not guessed. */
function baseUrlFrom(edgeUrl: string, domainName: string): { baseUrl: string } | Problem {
  if (edgeUrl !== "") {
    const url = URL.canParse(edgeUrl) ? new URL(edgeUrl) : undefined;
    const mend = "write the address that Twilio calls, as in https://edge.example.com, or take it out";
    if (url === undefined) return { variable: "EDGE_URL", wrong: "is not a URL", mend };
    const plain = url.protocol === "http:" && isLoopback(url.hostname);
    if (url.protocol !== "https:" && !plain) {
      return { variable: "EDGE_URL", wrong: "is not https, and http is for localhost only", mend };
    }
    if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username + url.password !== "") {
      return { variable: "EDGE_URL", wrong: "is more than a scheme and a host", mend };
    }
    return { baseUrl: url.origin };
  }
  const host = URL.canParse(`https://${domainName}`) ? new URL(`https://${domainName}`) : undefined;
  if (host === undefined || domainName === "" || host.pathname !== "/") {
    return {
      variable: "DOMAIN_NAME",
      wrong: "is not a host name, and the runtime should have set it",
      mend: "set EDGE_URL to the address that Twilio calls",
    };
  }
  return { baseUrl: `${isLoopback(host.hostname) ? "http" : "https"}://${domainName}` };
}

function textOf(env: Env, name: string): string {
  const value = env[name];
  return typeof value === "string" ? value.trim() : "";
}
