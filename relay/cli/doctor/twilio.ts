/**
 * What Twilio itself says: whether the account is in order, what is deployed in it and with which variables, and where
 * the number's calls go. Values of variables are compared and never told.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { EDGE_VARIABLES } from "../deploying/edge-env.ts";
import { pointedAt } from "../deploying/number.ts";
import { deployedValues } from "../env-file.ts";
import {
  type DeployedEdge,
  openTwilioAccount,
  type TwilioAccount,
  type TwilioNumber,
  TwilioTrouble,
} from "../twilio-account.ts";
import type { Credentials } from "./agreement.ts";
import { EDGE_ENV, type Given, RELAY_ENV } from "./given.ts";
import { allIll, ill, Line, nothing, type Trouble, type Verdict, well, wellBut } from "./line.ts";
import { counted, type EdgeSide } from "./settings.ts";

export type TwilioLines = {
  readonly account: readonly Line<unknown>[];
  readonly deployed: Line<unknown>;
  readonly address: Line<string>;
  readonly variables: Line<void>;
  readonly number: readonly Line<unknown>[];
};

const WITHIN_MS = 20_000;
const NETWORK = "look whether this machine reaches https://api.twilio.com, and at status.twilio.com";
const DEPLOY = "npm run deploy";
const SERVICE_FILE = ".twilioserverlessrc";
const Service = z.looseObject({ serviceName: z.string().min(1) });

export function twilioLines(
  given: Given,
  { credentials, edge }: { readonly credentials: Line<Credentials>; readonly edge: Line<EdgeSide> },
): TwilioLines {
  const about = (group: "account" | "edge" | "number", name: string, title: string) =>
    ({ group, name, title, withinMs: WITHIN_MS, lateMend: NETWORK }) as const;

  const account = new Line<TwilioAccount>(about("account", "open", "the account"), async ({ have }) => {
    const { accountSid, authToken } = await have(credentials);
    return troubled(async () => {
      const opened = openTwilioAccount({ accountSid, authToken: authToken.reveal() }, WITHIN_MS);
      return judged(await opened.details(), opened);
    });
  });
  const deployed = new Line<DeployedEdge>(about("edge", "deployed", "what is deployed"), async ({ have }) => {
    const { ownUrl } = await have(edge);
    if (ownUrl !== undefined) return nothing("EDGE_URL names a local run instead");
    const opened = await have(account);
    return troubled(async () => {
      const name = await serviceNameIn(given.folder);
      if (name === undefined) return ill(`${SERVICE_FILE} names no service`, `git checkout ${SERVICE_FILE}`);
      const found = await opened.edge(name);
      if (found?.buildSid === undefined)
        return ill(`there is no service "${name}" with a build that is live`, DEPLOY);
      return well(found.domainName, found);
    });
  });
  const address = new Line<string>(about("edge", "address", "its address"), async ({ have }) => {
    const { ownUrl } = await have(edge);
    if (ownUrl !== undefined) return well(`${ownUrl}, by EDGE_URL of ${EDGE_ENV}`, ownUrl.replace(/\/$/, ""));
    const { domainName } = await have(deployed);
    return well(`https://${domainName}`, `https://${domainName}`);
  });
  const variables = new Line<void>(about("edge", "variables", "its variables"), async ({ have }) => {
    const { env, ownUrl } = await have(edge);
    if (ownUrl !== undefined) return nothing("EDGE_URL names a local run, which reads the file itself");
    const values = new Map(Object.entries(env).map(([name, value]) => [name, value ?? ""] as const));
    return compared(deployedValues(values), (await have(deployed)).variables);
  });

  const wantedNumber = given.relayEnv.PHONE_NUMBER?.trim() || undefined;
  const number = new Line<TwilioNumber>(about("number", "found", "the number"), async ({ have }) => {
    const opened = await have(account);
    // Where the edge is known, a number that points there is meant.
    const base = await have(address);
    return troubled(async () => chosen(await opened.numbers(), wantedNumber, base));
  });
  const holder = new Line<void>(about("number", "free", "nothing in its way"), async ({ have }) => {
    const { voice } = await have(number);
    const held = (what: string, sid: string) =>
      ill(
        `it belongs to the ${what} ${sid}, and Twilio looks at no URL while it does`,
        `${DEPLOY} -- --take-number, if nobody needs it there any more`,
      );
    if (voice.trunkSid !== "") return held("SIP trunk", voice.trunkSid);
    if (voice.voiceApplicationSid !== "") return held("TwiML application", voice.voiceApplicationSid);
    return well("no SIP trunk and no TwiML application holds it", undefined);
  });
  const pointed = (name: "voice" | "fallback", title: string) =>
    new Line<void>(about("number", name, title), async ({ have }) => {
      const { voice } = await have(number);
      const wanted = pointedAt(await have(address), voice);
      const [url, method, right, rightMethod] =
        name === "voice"
          ? [voice.voiceUrl, voice.voiceMethod, wanted.voiceUrl, wanted.voiceMethod]
          : [
              voice.voiceFallbackUrl,
              voice.voiceFallbackMethod,
              wanted.voiceFallbackUrl,
              wanted.voiceFallbackMethod,
            ];
      const mend = `${DEPLOY} points it; or set it at Twilio (console: Phone Numbers, Active numbers) to ${right}, by HTTP ${rightMethod}`;
      if (url === "") return ill("none is set", mend);
      if (url !== right) return ill(`it leads to ${hostAndPath(url)}`, mend);
      if (method !== rightMethod) return ill(`it is called by ${method}`, mend);
      return well(right, undefined);
    });
  return {
    account: [account],
    deployed,
    address,
    variables,
    number: [number, holder, pointed("voice", "its voice URL"), pointed("fallback", "its fallback URL")],
  };
}

function judged(
  { status, type }: { readonly status: string; readonly type: string },
  account: TwilioAccount,
): Verdict<TwilioAccount> {
  if (status !== "active") {
    return ill(
      `it is ${status}: no call comes in`,
      "console.twilio.com says why, and how it becomes active again",
    );
  }
  if (type !== "Trial") return well("active", account);
  const says =
    "it is a trial account: Twilio speaks a sentence of its own before each call, and lets only numbers that you have verified be called or sent messages, as in a transfer";
  const mend =
    "upgrade it (console.twilio.com, Upgrade), or verify the numbers (Phone Numbers, Verified caller IDs)";
  return wellBut("active", [{ says, mend }], account);
}

/** @param wanted of .env.functions, but for what no deploy uploads */
export function compared(
  wanted: ReadonlyMap<string, string>,
  there: ReadonlyArray<{ readonly key: string; readonly value: string }>,
): Verdict<void> {
  const values = new Map(there.map(({ key, value }) => [key, value]));
  const found: Trouble[] = [];
  for (const [name, value] of wanted) {
    if (!values.has(name)) found.push({ says: `${name} is not there`, mend: DEPLOY });
    // One that may not be read is told as empty.
    else if (values.get(name) !== "" && values.get(name) !== value) {
      found.push({ says: `${name} is another than in ${EDGE_ENV}`, mend: DEPLOY });
    }
  }
  const foreign: Trouble[] = [];
  for (const name of [...values.keys()].filter((each) => !wanted.has(each))) {
    // The edge would go by it: a PIN that was taken out here would still be asked for.
    if (EDGE_VARIABLES.has(name)) {
      found.push({
        says: `${name} is there, and not in ${EDGE_ENV}`,
        mend: `${DEPLOY} takes it away`,
      });
      continue;
    }
    const mend = "take it away, if nobody needs it: console, Functions and Assets, Environment variables";
    foreign.push({ says: `${name} is there, and is none of the edge's`, mend });
  }
  if (found.length > 0) return allIll("its variables", [...found, ...foreign]);
  return wellBut(`${counted(wanted.size, "variable")}, as in ${EDGE_ENV}`, foreign, undefined);
}

function chosen(
  all: readonly TwilioNumber[],
  wanted: string | undefined,
  base: string,
): Verdict<TwilioNumber> {
  const buy = "buy one that takes calls at console.twilio.com (Phone Numbers, Buy a number)";
  const name = `write the one that is called into PHONE_NUMBER of ${RELAY_ENV}`;
  const callable = all.filter(({ canTakeCalls }) => canTakeCalls);
  const shown = (number: TwilioNumber): string => `…${number.phoneNumber.slice(-4)}`;
  if (wanted !== undefined) {
    const number = all.find(({ phoneNumber }) => phoneNumber === wanted);
    if (number === undefined) {
      const have = callable.length === 0 ? buy : `${name}: it has ${callable.map(shown).join(", ")}`;
      return ill("PHONE_NUMBER is no number of this account", have);
    }
    return number.canTakeCalls ? well(shown(number), number) : ill(`${shown(number)} takes no calls`, buy);
  }
  const pointing = callable.filter(({ voice }) => voice.voiceUrl.startsWith(`${base}/`));
  const [only, another] = pointing.length > 0 ? pointing : callable;
  if (only === undefined) return ill("the account has no number that takes calls", buy);
  if (another === undefined || pointing.length > 0) return well(shown(only), only);
  return ill(`which of the account's ${callable.length} numbers is meant is not known`, name);
}

/** A URL of somebody else's may hold a key in its query. */
function hostAndPath(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url === undefined ? "what is no URL" : `${url.origin}${url.pathname}`;
}

/** undefined: there is no such file, or it names none. */
async function serviceNameIn(folder: string): Promise<string | undefined> {
  try {
    const read = Service.safeParse(Bun.JSON5.parse(await readFile(join(folder, SERVICE_FILE), "utf8")));
    return read.success ? read.data.serviceName : undefined;
  } catch {
    return undefined;
  }
}

async function troubled<T>(ask: () => Promise<Verdict<T>>): Promise<Verdict<T>> {
  try {
    return await ask();
  } catch (thrown) {
    if (!(thrown instanceof TwilioTrouble)) throw thrown;
    const { code, mend } = thrown;
    if (code === 20003) return ill("Twilio does not take the account SID and auth token (20003)", mend);
    if (code === undefined) return ill("Twilio does not answer", mend);
    return ill(`Twilio refuses (${code})`, mend);
  }
}
