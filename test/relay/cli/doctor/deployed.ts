/**
 * An edge that is deployed, as far as Twilio's API tells: a service with one Function in a build that is live, and
 * variables; asked for by REST as the deploy commands do. What answers under its domain is the house's own edge.
 */
import { z } from "zod";
import { until } from "../../../patience.ts";
import { ACCOUNT_SID, AUTH_TOKEN } from "../../../rehearsal/relay.ts";
import type { TwilioApi } from "../../../rehearsal/twilio-api/api.ts";

const Status = z.looseObject({ status: z.string() });
const Sid = z.looseObject({ sid: z.string(), domain_name: z.string().optional() });
type Fields = Readonly<Record<string, string>>;

/** @returns its domain */
export async function deployTo(api: TwilioApi, variables: Fields): Promise<string> {
  const ca = await Bun.file(api.caFile).text();
  const authorization = `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString("base64")}`;
  const post = async (path: string, body: URLSearchParams | FormData, host = "serverless") => {
    const url = `https://${host}.twilio.com/v1/Services${path}`;
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { authorization },
      proxy: api.proxyUrl,
      tls: { ca },
    });
    if (!response.ok) throw new Error(`${path} is answered ${response.status}: ${await response.text()}`);
    return Sid.parse(await response.json());
  };
  const form = (fields: Fields) => new URLSearchParams({ ...fields });

  const service = await post(
    "",
    form({ UniqueName: "phone-assistant", FriendlyName: "phone-assistant", IncludeCredentials: "true" }),
  );
  const at = `/${service.sid}`;
  const environment = await post(
    `${at}/Environments`,
    form({ UniqueName: "dev-environment", DomainSuffix: "dev" }),
  );
  const path = "/voice/incoming";
  const resource = await post(`${at}/Functions`, form({ FriendlyName: path }));
  const upload = new FormData();
  upload.set("Path", path);
  upload.set("Visibility", "protected");
  upload.set(
    "Content",
    new Blob(["exports.handler = () => {};"], { type: "application/javascript" }),
    "incoming.js",
  );
  const version = await post(`${at}/Functions/${resource.sid}/Versions`, upload, "serverless-upload");
  const Dependencies = JSON.stringify([{ name: "@twilio/runtime-handler", version: "2.0.1" }]);
  const build = await post(
    `${at}/Builds`,
    form({ FunctionVersions: version.sid, Dependencies, Runtime: "node22" }),
  );
  const status = `https://serverless.twilio.com/v1/Services${at}/Builds/${build.sid}/Status`;
  await until(async () => {
    const response = await fetch(status, { headers: { authorization }, proxy: api.proxyUrl, tls: { ca } });
    return Status.parse(await response.json()).status === "completed";
  });
  const within = `${at}/Environments/${environment.sid}`;
  for (const [Key, Value] of Object.entries(variables))
    await post(`${within}/Variables`, form({ Key, Value }));
  await post(`${within}/Deployments`, form({ BuildSid: build.sid }));
  return environment.domain_name ?? "";
}
