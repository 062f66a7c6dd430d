/**
 * Environment variables into checked settings, with every problem at once: the variable, what is wrong, the mend.
 *
 * In three parts, because a webhook needs no more than it uses: a broken allowlist must not turn the end of a
 * running call into an apology. A problem's text goes to the log, so it never quotes a value.
 */
import { AccountSid, type Key, keyFrom, WeakSecretError } from "../../relay/contract.ts";
import { CALLERS_FILE, type Callers, callersFromFile, callersFromList, type ReadCallers } from "./callers.ts";
import { isLoopback, type Relay, readRelay } from "./relays.ts";

export type Problem = { readonly variable: string; readonly wrong: string; readonly mend: string };

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

export type Settings = { readonly key: Key; readonly relay: Relay; readonly callers: Callers };

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

export async function readKey(env: Env): Promise<Checked<Key>> {
  const problem = (wrong: string, mend: string): Checked<Key> => ({
    ok: false,
    problems: [{ variable: "STREAM_TOKEN_SECRET", wrong, mend }],
  });
  const secret = textOf(env, "STREAM_TOKEN_SECRET");
  if (secret === "") {
    return problem("is not set", "make one with: openssl rand -hex 32, and give the same to edge and relay");
  }
  // The relay takes two while one replaces the other. Here two would be signed with as if they were one.
  if (secret.includes(",")) return problem("holds a comma", "the edge has one secret: the newest");
  try {
    return { ok: true, value: await keyFrom(secret) };
  } catch (error) {
    if (!(error instanceof WeakSecretError)) throw error;
    return problem(error.message, "give the same to edge and relay");
  }
}

/** @param callersFile the content of the private asset, where there is one */
export async function readSettings(env: Env, callersFile: string | undefined): Promise<Checked<Settings>> {
  const key = await readKey(env);
  const callers = readAllowlist(textOf(env, "ALLOWED_NUMBERS"), callersFile);

  const relayUrl = textOf(env, "RELAY_URL");
  const relay =
    relayUrl === ""
      ? ({ ok: false, wrong: "is not set", mend: "write it as in wss://relay.example.com" } as const)
      : readRelay(relayUrl);

  if (key.ok && callers.ok && relay.ok) {
    return { ok: true, value: { key: key.value, callers: callers.value, relay: relay.relay } };
  }
  return {
    ok: false,
    problems: [
      ...(relay.ok ? [] : [{ variable: "RELAY_URL", wrong: relay.wrong, mend: relay.mend }]),
      ...problemsOf(key),
      ...problemsOf(callers),
    ],
  };
}

const CREDENTIALS =
  "on Twilio, let the service add your credentials to its environment; for local runs, put it into .env.functions";

function readAllowlist(list: string, file: string | undefined): Checked<Callers> {
  const listed = callersFromList(list);
  const filed: ReadCallers = file === undefined ? { ok: true, callers: new Map() } : callersFromFile(file);
  if (!listed.ok || !filed.ok) {
    const problems = [
      ...(listed.ok ? [] : listed.problems.map((problem) => asProblem("ALLOWED_NUMBERS", problem))),
      ...(filed.ok ? [] : filed.problems.map((problem) => asProblem(CALLERS_FILE, problem))),
    ];
    return { ok: false, problems };
  }
  const callers = new Map([...listed.callers, ...filed.callers]);
  if (callers.size > 0) return { ok: true, value: callers };
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

const asProblem = (variable: string, { wrong, mend }: { wrong: string; mend: string }): Problem => ({
  variable,
  wrong,
  mend,
});

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
