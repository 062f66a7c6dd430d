/**
 * Whether answers are right: asked of the relay's own configuration and of the edge's own settings, so that setup and
 * what it sets up can never disagree. Pure but for the files that a configuration names.
 */
import { callersFromFile, E164, isPhoneNumber, notANumber } from "../../../functions/edge/callers.ts";
import { problemsOf, readIdentity, readSettings } from "../../../functions/edge/settings.ts";
import { configFrom } from "../../config.ts";
import { type Finding, isLoopback } from "../../variables.ts";
import type { EnvKind } from "../env-syntax.ts";

export type Values = Readonly<Record<EnvKind, ReadonlyMap<string, string>>>;

export type Surroundings = {
  readonly today: Date;
  /** undefined: there is none. */
  readonly callersFile: string | undefined;
  readonly readFile: (path: string) => Promise<string | undefined>;
};

export type Placed = Finding & { readonly kind: EnvKind };

/** All that relay and edge would say of these values, and what they must have in common. */
export async function complaintsOf(values: Values, around: Surroundings): Promise<readonly Placed[]> {
  const of = (kind: EnvKind, findings: readonly Finding[]): Placed[] =>
    findings.map((finding) => ({ ...finding, kind }));
  return [
    ...of("relay", await relaysOwn(values.relay, around)),
    ...of("edge", await edgesOwn(values.edge, around)),
    ...disagreements(values),
  ];
}

async function relaysOwn(values: ReadonlyMap<string, string>, around: Surroundings): Promise<Finding[]> {
  const configured = await configFrom(Object.fromEntries(values), around.today, around.readFile);
  const problems = configured.ok ? [] : [...configured.problems];
  const number = values.get("PHONE_NUMBER")?.trim() ?? "";
  if (number !== "" && !isPhoneNumber(number)) {
    problems.push({ variable: "PHONE_NUMBER", problem: notANumber(number), mend: E164 });
  }
  return problems;
}

async function edgesOwn(values: ReadonlyMap<string, string>, around: Surroundings): Promise<Finding[]> {
  // Twilio tells a deployed service its own name; one whose relay is on this machine runs here as well.
  const relay = values.get("RELAY_URL") ?? "";
  const isHere = URL.canParse(relay) && isLoopback(new URL(relay));
  const env = { DOMAIN_NAME: isHere ? "localhost:3000" : "edge.example.com", ...Object.fromEntries(values) };
  const problems = [
    ...problemsOf(readIdentity(env)),
    ...problemsOf(await readSettings(env, around.callersFile)),
  ];
  return problems.map(({ variable, wrong, mend }) => ({ variable, problem: wrong, mend }));
}

/** What both sides hold and does not fit together; where one of them has none, that is said of the one. */
function disagreements({ relay, edge }: Values): Placed[] {
  const found: Placed[] = [];
  const listed = (text: string | undefined) =>
    (text ?? "")
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "");
  const differ = (variable: string, ours: string | undefined, theirs: readonly string[], isSame: boolean) => {
    if (isSame || theirs.length === 0 || (ours ?? "").trim() === "") return;
    const problem = "does not fit what the relay's .env holds";
    found.push({ kind: "edge", variable, problem, mend: "both sides need the same" });
  };
  // The edge signs with its newest; and one of its relays must be this one.
  const secrets = listed(edge.get("STREAM_TOKEN_SECRET"));
  const known = listed(relay.get("STREAM_TOKEN_SECRET"));
  differ("STREAM_TOKEN_SECRET", known[0], secrets, known.includes(secrets[0] ?? ""));
  const relays = listed(edge.get("RELAY_URL")).map(spelled);
  const url = relay.get("RELAY_URL");
  differ("RELAY_URL", url, relays, relays.includes(spelled(url ?? "")));
  for (const [ours, theirs] of [
    ["TWILIO_ACCOUNT_SID", "ACCOUNT_SID"],
    ["TWILIO_AUTH_TOKEN", "AUTH_TOKEN"],
  ] as const) {
    const [here, there] = [relay.get(ours)?.trim(), listed(edge.get(theirs))];
    differ(theirs, here, there, here === there[0]);
  }
  return found;
}

const spelled = (url: string): string =>
  URL.canParse(url) ? new URL(url.trim()).origin + new URL(url.trim()).host : url.trim();

/** Whether the callers file lets anybody in, so that no list of numbers is needed. */
export const namesCallers = (callersFile: string | undefined): boolean => {
  const read = callersFile === undefined ? undefined : callersFromFile(callersFile);
  return read?.ok === true && read.callers.size > 0;
};
