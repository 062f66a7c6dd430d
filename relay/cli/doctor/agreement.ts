/**
 * What must be the same on both sides. Secrets are compared by what they are worth: the fingerprint under which tokens
 * name their key, or whether they are the same text; neither is ever shown.
 */
import { createHash } from "node:crypto";
import { AccountSid } from "../../contract.ts";
import { Secret } from "../../secret.ts";
import type { Env } from "../../variables.ts";
import { EDGE_ENV, type Given, RELAY_ENV } from "./given.ts";
import { ill, Line, nothing, well, wellBut } from "./line.ts";
import type { SettingsLines } from "./settings.ts";

export type Credentials = { readonly accountSid: string; readonly authToken: Secret };

export type AgreementLines = {
  readonly secret: Line<void>;
  readonly address: Line<void>;
  readonly credentials: Line<Credentials>;
};

export function agreementLines(given: Given, settings: SettingsLines): AgreementLines {
  const secret = new Line<void>(
    { group: "agreement", name: "secret", title: "STREAM_TOKEN_SECRET" },
    async ({ have }) => {
      const { keys: relays } = await have(settings.relay);
      const { keys: edges } = (await have(settings.edge)).settings;
      return sameKeys(
        relays.map(({ kid }) => kid),
        edges.all.map(({ kid }) => kid),
      );
    },
  );
  const address = new Line<void>(
    { group: "agreement", name: "address", title: "RELAY_URL" },
    async ({ have }) => {
      const { relayUrl } = await have(settings.relay);
      const { relays } = (await have(settings.edge)).settings;
      if (relays.some(({ name }) => name === relayUrl)) {
        return well(
          relays.length === 1 ? "the same on both sides" : `one of the edge's ${relays.length}`,
          undefined,
        );
      }
      const edges = relays.map(({ name }) => name).join(", ");
      return ill(
        `the relay is ${relayUrl}, and the edge sends calls to ${edges}`,
        `write the relay's public address, the same, into RELAY_URL of ${RELAY_ENV} and ${EDGE_ENV}; restart the relay, and deploy`,
      );
    },
  );
  const credentials = new Line<Credentials>(
    { group: "agreement", name: "account", title: "Twilio account" },
    () => {
      const edge: Env = given.edgeFile?.values ?? {};
      const own = (env: Env, name: string): string | undefined => env[name]?.trim() || undefined;
      const [relaySid, edgeSid] = [own(given.relayEnv, "TWILIO_ACCOUNT_SID"), own(edge, "ACCOUNT_SID")];
      const [relayToken, edgeToken] = [own(given.relayEnv, "TWILIO_AUTH_TOKEN"), own(edge, "AUTH_TOKEN")];
      const accountSid = relaySid ?? edgeSid;
      const authToken = relayToken ?? edgeToken;
      const front = "both stand on the front page of the Twilio console";
      if (accountSid === undefined || authToken === undefined) {
        const name = accountSid === undefined ? "TWILIO_ACCOUNT_SID" : "TWILIO_AUTH_TOKEN";
        return ill(`${name} is not set`, `set it in ${RELAY_ENV}: ${front}`);
      }
      if (!AccountSid.safeParse(accountSid).success) {
        const mend = `write it as on the front page of the Twilio console, AC and 32 digits`;
        return ill("the account SID is not AC and 32 hexadecimal digits", mend);
      }
      const differs = (one: string | undefined, other: string | undefined): boolean =>
        one !== undefined && other !== undefined && fingerprint(one) !== fingerprint(other);
      const mend = (ours: string, theirs: string) =>
        `set ${ours} in ${RELAY_ENV} and ${theirs} in ${EDGE_ENV} to those of one account: ${front}`;
      if (differs(relaySid, edgeSid)) {
        return ill("the two files name two accounts", mend("TWILIO_ACCOUNT_SID", "ACCOUNT_SID"));
      }
      if (differs(relayToken, edgeToken)) {
        return ill("the two files hold two auth tokens", mend("TWILIO_AUTH_TOKEN", "AUTH_TOKEN"));
      }
      const says =
        edgeSid === undefined
          ? `named in ${RELAY_ENV}, and on Twilio known by itself`
          : "the same on both sides";
      return well(says, { accountSid, authToken: new Secret(authToken) });
    },
  );
  return { secret, address, credentials };
}

/**
 * Whether a relay that knows some secrets takes what an edge with those of its own signs, the newest first.
 * @param whose as in "the deployed edge"
 */
export function sameKeys(relays: readonly string[], edges: readonly string[], whose = "the edge") {
  const [relayNewest] = relays;
  const [edgeNewest] = edges;
  if (edgeNewest === undefined) return nothing("nothing tells with which secret it signs");
  if (!relays.includes(edgeNewest)) {
    return ill(
      `the relay does not know the secret with which ${whose} signs: every call would be refused`,
      `set STREAM_TOKEN_SECRET in ${RELAY_ENV} and ${EDGE_ENV} to the same (npm run secret makes one); restart the relay, and deploy`,
    );
  }
  if (relayNewest !== undefined && relayNewest !== edgeNewest) {
    const says = `the relay knows a newer secret than the one with which ${whose} signs`;
    const mend = `the rotation is half done: npm run secret -- --rotate prints the steps, and the edge's is next (${EDGE_ENV}, deploy)`;
    return wellBut("the relay takes what the edge signs", [{ says, mend }], undefined);
  }
  return well("the same on both sides, by its fingerprint", undefined);
}

const fingerprint = (text: string): string => createHash("sha256").update(text).digest("hex");
