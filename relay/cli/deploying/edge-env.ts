/**
 * Whether .env.functions may go to Twilio: all of it does, so nothing may stand in it that is not the edge's, and what
 * the edge itself would complain of is found here and not by the first caller. Values are told nowhere.
 */
import { problemsOf, readIdentity, readSettings } from "../../../functions/edge/settings.ts";
import type { Finding } from "../../variables.ts";
import { deployedValues } from "../env-file.ts";

/** Everything that the edge reads; .env.functions.example says what each is for. */
export const EDGE_VARIABLES: ReadonlySet<string> = new Set([
  "RELAY_URL",
  "STREAM_TOKEN_SECRET",
  "ALLOWED_NUMBERS",
  "CALLER_PIN",
  "PIN_POLICY",
  "STIR_POLICY",
  "TRANSFER_NUMBERS",
  "VOICEMAIL",
  "ALERT_SMS_TO",
  "EDGE_URL",
]);

/** Any host of Twilio's will do: the edge asks only whether it is one from which a relay on this machine is out of reach. */
const SOME_DOMAIN = "phone-assistant-0000-dev.twil.io";

/** @param callersFile the content of the allowlist, where there is one */
export async function objectionsToDeploying(
  values: ReadonlyMap<string, string>,
  callersFile: string | undefined,
): Promise<readonly Finding[]> {
  const deployed = deployedValues(values);
  const foreign = [...deployed.keys()]
    .filter((variable) => !EDGE_VARIABLES.has(variable))
    .map((variable) => ({
      variable,
      problem: "is none of the edge's variables, and a deploy uploads all that stand in its file",
      mend: "take it out; the relay's belong in .env",
    }));
  const onTunnel = deployed.has("EDGE_URL")
    ? [
        {
          variable: "EDGE_URL",
          problem: "is for runs on this machine: deployed, every webhook would be taken for a forged one",
          mend: "put a # before it while you deploy; a deployed service knows its own address",
        },
      ]
    : [];
  const env = { ...Object.fromEntries(values), EDGE_URL: "", DOMAIN_NAME: SOME_DOMAIN };
  const wrong = [...problemsOf(readIdentity(env)), ...problemsOf(await readSettings(env, callersFile))];
  return [
    ...foreign,
    ...onTunnel,
    ...wrong.map(({ variable, line, wrong: problem, mend }) => ({
      variable: line === undefined ? variable : `${variable}:${line}`,
      problem,
      mend,
    })),
  ];
}
