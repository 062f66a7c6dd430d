/**
 * The edge as Twilio reaches it. It is asked with a webhook that is signed as Twilio signs: a call of a listed caller,
 * from whose answer all can be read that matters (that it is set up, which build it is, with which secret it signs, and
 * whether the relay lets its stream in). No call begins by that: Twilio is not asked to do what the answer says.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { farewell, type Sentence } from "../../../functions/edge/sentences.ts";
import { twiml } from "../../../functions/edge/twiml.ts";
import { VERSION_HEADER } from "../../../functions/edge/version.ts";
import type { Config } from "../../config.ts";
import { audienceOf } from "../../contract.ts";
import { type Credentials, sameKeys } from "./agreement.ts";
import { EDGE_ENV } from "./given.ts";
import { type Asking, ill, Line, nothing, type Verdict, well, wellBut } from "./line.ts";
import { knocked, opened } from "./relays.ts";
import type { EdgeSide, SettingsLines } from "./settings.ts";
import { SIGNATURE_HEADER, signatureFor } from "./signature.ts";

export type EdgeTerms = {
  readonly settings: SettingsLines;
  readonly credentials: Line<Credentials>;
  /** Where Twilio reaches it, without a slash at the end. */
  readonly address: Line<string>;
  /** Which build lies in `dist/`; undefined: none. */
  readonly built: () => Promise<string | undefined>;
  /** The number that is called. */
  readonly phoneNumber: string | undefined;
  /** Of the relay of that name. */
  readonly streamLine: Line<void>;
};

/** What the answer to a call told. */
type Answered = {
  readonly version: string | undefined;
  /** With which secret it signs, by its fingerprint. */
  readonly kid: string | undefined;
  /** Where the stream would go; undefined: a PIN is asked for first. */
  readonly stream: string | undefined;
};

/** Twilio waits for so long: https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application */
const WITHIN_MS = 15_000;
const INCOMING = "/voice/incoming";
const FALLBACK = "/voice/fallback";
const LOGS = "its log tells more (console: Functions and Assets, Live logs)";
const DEPLOY = "npm run deploy";
const Header = z.looseObject({ kid: z.string() });

export function edgeLines(terms: EdgeTerms): readonly Line<unknown>[] {
  const { settings, credentials, address } = terms;
  const about = (name: string, title: string) =>
    ({
      group: "edge",
      name,
      title,
      withinMs: WITHIN_MS,
      lateMend: `Twilio waits no longer either; ${LOGS}`,
    }) as const;

  const guard = new Line<void>(about("guard", "a stranger is refused"), async ({ have, signal }) => {
    const base = await have(address);
    return guarded(base, signal);
  });
  const answer = new Line<Answered>(about("answer", "a call is answered"), async (asking) => {
    await asking.have(guard);
    const [base, side] = [await asking.have(address), await asking.have(settings.edge)];
    return answered(base, side, await asking.have(credentials), terms.phoneNumber, asking);
  });
  const version = new Line<void>(about("version", "its version"), async ({ have }) => {
    const { version: running } = await have(answer);
    return versioned(running, await terms.built());
  });
  const secret = new Line<void>(about("secret", "its secret"), async ({ have }) => {
    const { kid } = await have(answer);
    const { keys }: Config = await have(settings.relay);
    return sameKeys(
      keys.map((key) => key.kid),
      kid === undefined ? [] : [kid],
      "the running edge",
    );
  });
  const stream = new Line<void>(about("stream", "its stream opens"), async (asking) => {
    const { stream: url } = await asking.have(answer);
    if (url === undefined)
      return nothing("a PIN is asked for first; a stream like its own has been tried at the relay");
    const { relays } = (await asking.have(settings.edge)).settings;
    const relay = audienceOf(url);
    if (!relays.some(({ name }) => name === relay)) {
      const mend = `${DEPLOY}, so that it has the RELAY_URL of ${EDGE_ENV}; or mend that`;
      return ill(`it sends calls to ${relay}, which RELAY_URL here does not name`, mend);
    }
    await asking.have(secret);
    await asking.have(terms.streamLine);
    const { authToken } = await asking.have(credentials);
    const says = "the relay lets in what the edge sends it, and was left at once";
    return knocked(url, signatureFor(authToken, url), asking.signal, (status) => opened(status, says));
  });
  const fallback = new Line<void>(about("fallback", "its fallback"), async (asking) => {
    const base = await asking.have(address);
    const form = { ErrorCode: "11200", ErrorUrl: `${base}${INCOMING}` };
    const { authToken } = await asking.have(credentials);
    const response = await post(
      base + FALLBACK,
      form,
      signatureFor(authToken, base + FALLBACK, form),
      asking.signal,
    );
    if (response.status === 200 && (await response.text()).includes("<Say"))
      return well("apologises", undefined);
    return ill(`${FALLBACK} answers ${response.status}`, `${DEPLOY}; ${LOGS}`);
  });
  return [guard, answer, version, secret, stream, fallback];
}

async function guarded(base: string, signal: AbortSignal): Promise<Verdict<void>> {
  let status: number;
  let text: string;
  try {
    const response = await post(base + INCOMING, { CallSid: someCall() }, undefined, signal);
    ({ status } = response);
    text = await response.text();
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return ill(
      `nobody answers at ${base}`,
      `${DEPLOY}; for a local run: npm run dev, and EDGE_URL in ${EDGE_ENV}`,
    );
  }
  if (status === 403) return well("an unsigned webhook is answered 403", undefined);
  if (status === 404) return ill(`there is no ${INCOMING} at ${base}`, DEPLOY);
  if (text === twiml(farewell("unavailable"))) {
    return ill(
      "it does not know its own account, and can only apologise",
      `tick "Add my Twilio Credentials (ACCOUNT_SID) and (AUTH_TOKEN) to ENV" (console: Functions and Assets, the service, Environment Variables), and ${DEPLOY}; for a local run: both in ${EDGE_ENV}`,
    );
  }
  if (status < 300) {
    return ill(
      `an unsigned webhook is answered ${status}: anybody could begin calls`,
      `what answers there is not this edge, or an old one: ${DEPLOY}`,
    );
  }
  return ill(`an unsigned webhook is answered ${status}`, `${DEPLOY}; ${LOGS}`);
}

async function answered(
  base: string,
  side: EdgeSide,
  { accountSid, authToken }: Credentials,
  phoneNumber: string | undefined,
  { signal }: Asking,
): Promise<Verdict<Answered>> {
  const [caller = ["", { profile: {} }] as const] = side.callers;
  const [from, { profile }] = caller;
  const form = {
    AccountSid: accountSid,
    CallSid: someCall(),
    CallStatus: "ringing",
    Direction: "inbound",
    From: from,
    To: phoneNumber ?? from,
    ...(side.settings.terms.stirPolicy === "require" && { StirVerstat: "TN-Validation-Passed-A" }),
  };
  const url = base + INCOMING;
  const response = await post(url, form, signatureFor(authToken, url, form), signal);
  const text = await response.text();
  const version = response.headers.get(VERSION_HEADER) ?? undefined;
  if (response.status === 403) {
    return ill(
      "it refuses a webhook that is signed as Twilio signs (403)",
      `it knows another auth token, or takes itself for another address: was the token changed at Twilio? Then set it in the env files, and ${DEPLOY}; EDGE_URL belongs into ${EDGE_ENV} only where a tunnel leads to a local run`,
    );
  }
  if (response.status !== 200) return ill(`it answers a call with ${response.status}`, `${DEPLOY}; ${LOGS}`);
  const gather = /<Gather\b[^>]*\baction="[^"]*[?]state=([\w.-]+)"/.exec(text)?.[1];
  if (gather !== undefined) {
    return well("a listed caller is asked for the PIN", { version, kid: kidOf(gather), stream: undefined });
  }
  const stream = /<Stream\b[^>]*\burl="([^"]+)"/.exec(text)?.[1];
  if (stream !== undefined) {
    const says = `a listed caller is sent to ${new URL(stream).host}`;
    return well(says, { version, kid: kidOf(stream.slice(stream.lastIndexOf("/") + 1)), stream });
  }
  if (text.includes("<Reject")) {
    return ill(
      `it turns away a caller who is listed here (…${from.slice(-2)})`,
      `its list is another than the one here: ${DEPLOY}; and STIR_POLICY=require turns away whom no carrier vouches for`,
    );
  }
  const says = (sentence: Sentence): boolean => text === twiml(farewell(sentence, profile.language));
  if (says("lockedPin")) {
    return wellBut(
      "a listed caller is known",
      [
        {
          says: "too many wrong PINs were typed for the first caller on the list",
          mend: "they may try again within the hour; was it they?",
        },
      ],
      { version, kid: undefined, stream: undefined },
    );
  }
  return ill(
    says("unavailable")
      ? "it can only apologise to a listed caller"
      : "it answers a call with something else than a stream",
    `its variables are not those of ${EDGE_ENV}, or it does not reach the relay: see the lines above and "its variables", then ${DEPLOY}; ${LOGS}`,
  );
}

function versioned(running: string | undefined, built: string | undefined): Verdict<void> {
  const mend = `npm run build, to see what would be deployed; ${DEPLOY}`;
  if (running === undefined) return ill("it is older than versions are", DEPLOY);
  if (built === undefined)
    return wellBut(running, [{ says: "nothing is built here to compare it with", mend }], undefined);
  if (running === built) return well(`${running}, as built here`, undefined);
  return ill(
    `it is ${running}, and ${built} is built here`,
    `${DEPLOY}, or npm run build if dist/ is the older`,
  );
}

/** A token's name for its key, which is the fingerprint of a secret. */
function kidOf(token: string): string | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8"));
    const header = Header.safeParse(json);
    return header.success ? header.data.kid : undefined;
  } catch {
    return undefined;
  }
}

const someCall = (): string => `CA${randomBytes(16).toString("hex")}`;

function post(
  url: string,
  form: Readonly<Record<string, string>>,
  signature: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams({ ...form }),
    headers: signature === undefined ? {} : { [SIGNATURE_HEADER]: signature },
    redirect: "manual",
    signal,
  });
}
