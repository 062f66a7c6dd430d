/**
 * The relay as Twilio reaches it: under RELAY_URL, by name and certificate, awake, ready, and with a door that takes a
 * token of the edge's with Twilio's signature, and no other. The stream that is opened is a real one and is left at once:
 * the relay dials the model for it, as for every caller, and hangs up before a word is said, so that nothing is spent.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import {
  endingPath,
  type Key,
  MEDIA_STREAM_PATH,
  mintEndingToken,
  mintStreamToken,
  packProfile,
  TOKEN_LIFETIME_S,
} from "../../contract.ts";
import type { Credentials } from "./agreement.ts";
import { aheadS, apart, isApart } from "./clock.ts";
import { RELAY_ENV } from "./given.ts";
import { knock } from "./knock.ts";
import { type Asking, ill, Line, nothing, type Verdict, well } from "./line.ts";
import { certified, codeOf, named, OWNER, WAY } from "./reach.ts";
import { SIGNATURE_HEADER, signatureFor } from "./signature.ts";

export type RelayTerms = {
  readonly credentials: Line<Credentials>;
  /** The edge's, the newest first: it is the edge's tokens that the relay has to take. */
  readonly keys: Line<readonly Key[]>;
};

export type RelayLines = {
  readonly all: readonly Line<unknown>[];
  /** Its door lets in whom the edge sends. */
  readonly stream: Line<void>;
};

const Status = z.object({ status: z.string() });

/** @param isOneOfSeveral then each line names its own */
export function relayLines(url: string, terms: RelayTerms, isOneOfSeveral: boolean): RelayLines {
  const { host, hostname } = new URL(url);
  const http = url.replace(/^ws/, "http");
  const about = (name: string, title: string, lateMend = WAY) =>
    ({
      group: "relay",
      name: isOneOfSeveral ? `${host}/${name}` : name,
      title: isOneOfSeveral ? `${title} of ${host}` : title,
      lateMend,
    }) as const;

  const address = new Line<void>(about("name", "its name"), () => named(hostname));
  const certificate = new Line<void>(about("certificate", "its certificate"), async ({ have, signal }) => {
    await have(address);
    return url.startsWith("wss:") ? certified(url, hostname, signal) : nothing("none on this machine itself");
  });
  const alive = new Line<Response>(about("alive", "it answers"), async ({ have, signal }) => {
    await have(address);
    if (url.startsWith("wss:")) await have(certificate);
    return awake(`${http}/healthz`, signal);
  });
  const ready = new Line<void>(about("ready", "it takes calls"), async ({ have, signal }) => {
    await have(alive);
    return readied(`${http}/readyz`, signal);
  });
  const clock = new Line<void>(about("clock", "its clock"), async ({ have, signal }) => {
    await have(alive);
    const sentMs = Date.now();
    const response = await fetch(`${http}/healthz`, { signal });
    const s = aheadS(response.headers.get("date"), sentMs, Date.now());
    if (s === undefined) return nothing("it tells no time");
    if (!isApart(s)) return well("as this machine has it", undefined);
    return ill(
      `it is ${apart(s)} ${s > 0 ? "ahead of" : "behind"} this machine's: tokens look expired, or not yet good`,
      'set the wrong one of the two right (see "this machine\'s clock"): sudo timedatectl set-ntp true',
    );
  });
  const token = new Line<void>(about("token", "it knows the edge's secret"), async (asking) => {
    await asking.have(alive);
    await asking.have(clock);
    return known(url, http, await asking.have(terms.keys), asking.signal);
  });
  const stream = new Line<void>(about("stream", "a stream opens"), async (asking) => {
    await asking.have(token);
    await asking.have(ready);
    return opens(url, terms, asking, 0);
  });
  const expired = new Line<void>(about("expired", "an expired token is refused"), async (asking) => {
    await asking.have(token);
    return opens(url, terms, asking, 2 * TOKEN_LIFETIME_S);
  });
  return { all: [address, certificate, alive, ready, clock, token, stream, expired], stream };
}

// --- awake and ready --------------------------------------------------------------------------------------------

async function awake(url: string, signal: AbortSignal): Promise<Verdict<Response>> {
  const { host } = new URL(url);
  let response: Response;
  try {
    response = await fetch(url, { redirect: "manual", signal });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return ill(`nobody answers at ${host}`, `start the relay (npm run relay); ${WAY}`);
  }
  const answer = Status.safeParse(await response.json().catch(() => undefined));
  if (response.status === 200 && answer.success && answer.data.status === "ok") {
    return well("/healthz says ok", response);
  }
  const { status } = response;
  if (status === 502 || status === 503 || status === 504 || status === 530) {
    return ill(
      `what stands before the relay answers ${status}: it does not reach the relay`,
      `start the relay (npm run relay), and let the proxy or tunnel lead to its PORT`,
    );
  }
  return ill(
    `something else than the relay answers there (${status})`,
    `let the proxy or tunnel of ${host} lead to the relay's PORT; or ${OWNER}`,
  );
}

const REASONS: Readonly<Record<string, { readonly says: string; readonly mend: string }>> = {
  stopping: {
    says: "it is stopping, and lets its calls finish",
    mend: "wait for the new one, or start it: npm run relay",
  },
  "cannot record": {
    says: "it cannot write down which tokens were used, and lets nobody in",
    mend: 'mend its disk or its Redis: see "Records", and "store.failed" in its log',
  },
  stalled: {
    says: "its event loop stands still for too long",
    mend: "lower MAX_CALLS, or take a larger machine; it recovers by itself",
  },
  memory: { says: "its memory is full", mend: "lower MAX_CALLS, or raise MAX_MEMORY_MB or the memory" },
  disk: { says: "its disk is full", mend: "make room on the disk of DATA_DIR, or lower MIN_DISK_MB" },
};

async function readied(url: string, signal: AbortSignal): Promise<Verdict<void>> {
  const response = await fetch(url, { redirect: "manual", signal });
  const answer = Status.safeParse(await response.json().catch(() => undefined));
  if (response.ok) return well("/readyz says ready", undefined);
  const reason =
    answer.success && Object.hasOwn(REASONS, answer.data.status) ? REASONS[answer.data.status] : undefined;
  if (reason !== undefined) return ill(reason.says, reason.mend);
  return ill(`/readyz answers ${response.status}, and no reason`, "look at the relay's log");
}

// --- the door ---------------------------------------------------------------------------------------------------

const nowS = (): number => Math.floor(Date.now() / 1000);
const someCall = (): string => `CA${randomBytes(16).toString("hex")}`;

/** Asks how a call ended that never was: whoever learns that nothing is known of it has shown a token that is good. */
async function known(
  url: string,
  http: string,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Verdict<void>> {
  const ask = async (key: Key): Promise<number> => {
    const callSid = someCall();
    const token = await mintEndingToken(key, { relay: url, callSid }, nowS());
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${http}${endingPath(callSid)}`, { headers, redirect: "manual", signal })).status;
  };
  const [newest, ...older] = keys;
  if (newest === undefined) return nothing("there is no secret to ask with");
  const status = await ask(newest);
  if (status === 404) return well("it takes a token of the edge's", undefined);
  if (status === 503) return ill("it cannot read its records", 'mend its disk or its Redis: see "Records"');
  if (status !== 401) {
    return ill(
      `a question of the edge's is answered ${status}`,
      "let the proxy before the relay pass on every path, not /media-stream/ alone",
    );
  }
  for (const key of older) {
    if ((await ask(key)) === 404) {
      const mend = `restart the relay, so that it reads STREAM_TOKEN_SECRET of ${RELAY_ENV} anew, before the edge is deployed`;
      return ill("it takes the older secret alone, and the edge signs with the newer", mend);
    }
  }
  return ill(
    "it refuses a token of the edge's (401): the relay that runs there has another secret, or another RELAY_URL",
    `give it the STREAM_TOKEN_SECRET and the RELAY_URL (${url}) that the edge has, and restart it: it reads ${RELAY_ENV} at its start`,
  );
}

async function opens(url: string, terms: RelayTerms, asking: Asking, agoS: number): Promise<Verdict<void>> {
  const { accountSid, authToken } = await asking.have(terms.credentials);
  const [key] = await asking.have(terms.keys);
  if (key === undefined) return nothing("there is no secret to ask with");
  const grant = {
    relay: url,
    callSid: someCall(),
    accountSid,
    attempt: 0,
    profileHash: packProfile({}).hash,
  };
  const stream = `${url}${MEDIA_STREAM_PATH}${await mintStreamToken(key, grant, nowS() - agoS)}`;
  return knocked(stream, signatureFor(authToken, stream), asking.signal, (status) => {
    if (agoS === 0)
      return opened(status, "a fresh token with Twilio's signature is let in, and was left at once");
    if (status === 401) return well(`one that is ${agoS} s old is answered 401`, undefined);
    if (status === 429) return tooOften;
    return ill(
      `a token that expired a minute ago is answered ${status}`,
      "look at the relay's clock, and whether what answers there is the relay of this version",
    );
  });
}

/** @param signature as Twilio would sign this stream */
export async function knocked(
  stream: string,
  signature: string,
  signal: AbortSignal,
  judge: (status: number) => Verdict<void>,
): Promise<Verdict<void>> {
  try {
    return judge((await knock(stream, { [SIGNATURE_HEADER]: signature }, signal)).status);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return ill(`the connection breaks before there is an answer (${codeOf(thrown)})`, WAY);
  }
}

const tooOften = ill(
  "it has refused too many handshakes from this address (429)",
  "wait a minute, and run this again",
);

/** @param wellSays what it means where it was let in */
export function opened(status: number, wellSays: string): Verdict<void> {
  switch (status) {
    case 101:
      return well(wellSays, undefined);
    case 401:
      return ill(
        "the token is good, but not the signature or the account (401): the relay that runs there has another TWILIO_AUTH_TOKEN or TWILIO_ACCOUNT_SID",
        `write both into ${RELAY_ENV} as on the front page of the Twilio console, and restart the relay`,
      );
    case 429:
      return tooOften;
    case 503:
      return ill("it has no room for another call now (503)", "wait for a call to end, or raise MAX_CALLS");
    case 502:
    case 504:
      return ill(
        `what stands before the relay answers ${status} to a WebSocket`,
        "let the proxy pass WebSockets on to the relay's PORT",
      );
    default:
      return ill(
        `the upgrade to a WebSocket is answered ${status}`,
        "let the proxy before the relay pass Upgrade and Connection on (nginx: proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade); Caddy does by itself",
      );
  }
}
