/**
 * serverless.twilio.com and serverless-upload.twilio.com over HTTP: which request does what to what is kept (services.ts),
 * and how it is shown. https://www.twilio.com/docs/serverless/api
 */
import { z } from "zod";
import { invalid, notFound, only, pageOf, Refusal, required } from "./answer.ts";
import {
  addVersion,
  type Build,
  createBuild,
  createEnvironment,
  createResource,
  createService,
  type Dependency,
  deployBuild,
  type Environment,
  type Resource,
  type Service,
  setVariable,
  type Variable,
  type Version,
} from "./services.ts";

export const ORIGIN = "https://serverless.twilio.com";
const PAGES = { usual: 50, most: 100 };

export type ServerlessRequest = {
  readonly method: string;
  readonly url: URL;
  readonly form: URLSearchParams;
  readonly accountSid: string;
  readonly services: Service[];
  /** How often a new build's status is still "building". */
  readonly buildPolls: number;
};

export async function answerForServerless(request: ServerlessRequest): Promise<Response> {
  const response = answer(request);
  if (!response.ok || response.status === 204) return response;
  // Each resource names those that it is within.
  const [, , , service, room, sid] = request.url.pathname.split("/");
  const within = {
    account_sid: request.accountSid,
    ...(service === undefined ? {} : { service_sid: service }),
    ...(room === "Environments" && sid !== undefined ? { environment_sid: sid } : {}),
  };
  const { meta, ...shown } = Shown.parse(await response.json());
  const key = meta?.key;
  if (key === undefined) return Response.json({ ...within, ...shown }, { status: response.status });
  const items = z.array(Shown).parse(shown[key]);
  return Response.json({ [key]: items.map((item) => ({ ...within, ...item })), meta });
}

const Shown = z.looseObject({ meta: z.looseObject({ key: z.string() }).optional() });

function answer(request: ServerlessRequest): Response {
  const { method, url, form, services } = request;
  const path = url.pathname.split("/").slice(1);
  if (path.shift() !== "v1" || path.shift() !== "Services") throw notFound(url.pathname);
  const missing = () => notFound(url.pathname);
  const [serviceSid, room, sid, below, lastSid, content] = path;
  /** The path has no more parts than this. */
  const isWhole = (parts: number) => path.length === parts;

  if (serviceSid === undefined) {
    if (method === "GET") return list(url, "services", services.map(shownService));
    if (method !== "POST") throw notAllowed();
    only(form, ["UniqueName", "FriendlyName", "IncludeCredentials", "UiEditable"]);
    const service = createService(services, {
      uniqueName: required(form, "UniqueName"),
      friendlyName: required(form, "FriendlyName"),
      includeCredentials: form.get("IncludeCredentials") === "true",
      uiEditable: form.get("UiEditable") === "true",
    });
    return created(shownService(service));
  }
  const service = services.find((one) => one.sid === serviceSid || one.uniqueName === serviceSid);
  if (service === undefined) throw missing();
  switch (room) {
    case undefined:
      if (method !== "GET") throw notAllowed();
      return Response.json(shownService(service));
    case "Environments": {
      if (isWhole(2)) {
        if (method === "GET") return list(url, "environments", service.environments.map(shownEnvironment));
        // FriendlyName does not exist; the deploy clients send it all the same, "for the future".
        only(form, ["UniqueName", "DomainSuffix", "FriendlyName"]);
        const name = required(form, "UniqueName");
        return created(shownEnvironment(createEnvironment(service, name, form.get("DomainSuffix"))));
      }
      const environment = service.environments.find((one) => one.sid === sid);
      if (environment === undefined) throw missing();
      if (isWhole(3)) return Response.json(shownEnvironment(environment));
      if (below === "Variables") return variables(request, environment, lastSid);
      if (below !== "Deployments" || !isWhole(4)) throw missing();
      if (method === "GET") {
        const newestFirst = environment.deployments.toReversed();
        return list(
          url,
          "deployments",
          newestFirst.map((one) => ({ sid: one.sid, build_sid: one.buildSid })),
        );
      }
      const buildSid = required(only(form, ["BuildSid"]), "BuildSid");
      return created({ sid: deployBuild(service, environment, buildSid), build_sid: buildSid });
    }
    case "Functions":
    case "Assets": {
      const isFunctions = room === "Functions";
      const resources = isFunctions ? service.functions : service.assets;
      const key = isFunctions ? "functions" : "assets";
      if (isWhole(2)) {
        if (method === "GET") return list(url, key, resources.map(shownResource));
        const name = required(only(form, ["FriendlyName"]), "FriendlyName");
        return created(shownResource(createResource(resources, isFunctions ? "ZH" : "ZF", name)));
      }
      const resource = resources.find((one) => one.sid === sid);
      if (resource === undefined) throw missing();
      if (method !== "GET") throw notAllowed();
      if (isWhole(3)) return Response.json(shownResource(resource));
      if (below !== "Versions") throw missing();
      if (isWhole(4)) return list(url, `${key.slice(0, -1)}_versions`, resource.versions.map(shownVersion));
      const version = resource.versions.find((one) => one.sid === lastSid);
      if (version === undefined) throw missing();
      if (isWhole(5)) return Response.json(shownVersion(version));
      if (!isFunctions || content !== "Content") throw missing();
      const text = Buffer.from(version.bytes).toString("utf8");
      return Response.json({ sid: version.sid, function_sid: resource.sid, content: text });
    }
    case "Builds": {
      if (isWhole(2)) {
        if (method === "GET") return list(url, "builds", service.builds.toReversed().map(shownBuild));
        only(form, ["FunctionVersions", "AssetVersions", "Dependencies", "Runtime"]);
        const given = {
          functions: form.getAll("FunctionVersions"),
          assets: form.getAll("AssetVersions"),
          dependencies: dependenciesFrom(form.get("Dependencies")),
          runtime: form.get("Runtime") ?? "node18",
        };
        return created(shownBuild(createBuild(service, given, request.buildPolls)));
      }
      const build = service.builds.find((one) => one.sid === sid);
      if (build === undefined || method !== "GET") throw missing();
      if (below === "Status") {
        const status = build.pollsLeft > 0 ? "building" : "completed";
        build.pollsLeft = Math.max(0, build.pollsLeft - 1);
        return Response.json({ sid: build.sid, status });
      }
      return Response.json(shownBuild(build));
    }
    default:
      throw missing();
  }
}

function variables(request: ServerlessRequest, environment: Environment, sid: string | undefined): Response {
  const { method, url, form } = request;
  if (sid === undefined) {
    if (method === "GET") return list(url, "variables", environment.variables.map(shownVariable));
    only(form, ["Key", "Value"]);
    return created(shownVariable(setVariable(environment, required(form, "Key"), required(form, "Value"))));
  }
  const variable = environment.variables.find((one) => one.sid === sid);
  if (variable === undefined) throw notFound(url.pathname);
  switch (method) {
    case "GET":
      return Response.json(shownVariable(variable));
    case "DELETE":
      environment.variables.splice(environment.variables.indexOf(variable), 1);
      return new Response(null, { status: 204 });
    case "POST": {
      only(form, ["Key", "Value"]);
      const [key, value] = [form.get("Key") ?? variable.key, form.get("Value") ?? variable.value];
      return Response.json(shownVariable(setVariable(environment, key, value, variable)));
    }
    default:
      throw notAllowed();
  }
}

const Upload = z.object({
  Path: z.string(),
  Visibility: z.enum(["public", "protected", "private"]),
  Content: z.instanceof(Blob),
});

/** The other host takes the content itself, as a form of several parts. */
export async function answerForUpload(
  url: URL,
  body: Request,
  services: readonly Service[],
): Promise<Response> {
  const match = /^\/v1\/Services\/(\w+)\/(Functions|Assets)\/(\w+)\/Versions$/.exec(url.pathname);
  const [, serviceSid, room, sid] = match ?? [];
  const service = services.find((one) => one.sid === serviceSid);
  const resource = (room === "Functions" ? service?.functions : service?.assets)?.find(
    (one) => one.sid === sid,
  );
  if (resource === undefined || body.method !== "POST") throw notFound(url.pathname);
  const upload = Upload.safeParse(Object.fromEntries(await body.formData()));
  if (!upload.success) throw invalid(z.prettifyError(upload.error));
  const { Path: path, Visibility: visibility, Content: content } = upload.data;
  const bytes = new Uint8Array(await content.arrayBuffer());
  return created(shownVersion(addVersion(resource, { path, visibility, bytes, contentType: content.type })));
}

const Dependencies = z.array(z.object({ name: z.string().min(1), version: z.string().min(1) }));

/** The clients put the JSON into quotes of its own. */
function dependenciesFrom(text: string | null): readonly Dependency[] {
  if (text === null) return [];
  try {
    return Dependencies.parse(JSON.parse(text.replace(/^"(.*)"$/s, "$1")));
  } catch {
    throw invalid("Dependencies is not a list of names and versions");
  }
}

const notAllowed = () => new Refusal(405, 20004, "Method not allowed");
const created = (shown: Readonly<Record<string, unknown>>) => Response.json(shown, { status: 201 });

function list(url: URL, key: string, all: readonly unknown[]): Response {
  const { items, page, size, self, first, previous, next } = pageOf(all, url, PAGES);
  const whole = (path: string | null) => (path === null ? null : ORIGIN + path);
  const meta = {
    key,
    page,
    page_size: size,
    url: whole(self),
    first_page_url: whole(first),
    previous_page_url: whole(previous),
    next_page_url: whole(next),
  };
  return Response.json({ [key]: items, meta });
}

const shownService = (service: Service) => ({
  sid: service.sid,
  unique_name: service.uniqueName,
  friendly_name: service.friendlyName,
  include_credentials: service.includeCredentials,
  ui_editable: service.uiEditable,
});
const shownEnvironment = (environment: Environment) => ({
  sid: environment.sid,
  unique_name: environment.uniqueName,
  domain_suffix: environment.domainSuffix,
  domain_name: environment.domainName,
  build_sid: environment.buildSid,
});
const shownResource = ({ sid, friendlyName }: Resource) => ({ sid, friendly_name: friendlyName });
const shownVersion = ({ sid, of, path, visibility }: Version) => ({
  sid,
  [of.startsWith("ZH") ? "function_sid" : "asset_sid"]: of,
  path,
  visibility,
});
const shownVariable = ({ sid, key, value }: Variable) => ({ sid, key, value });
const shownBuild = (build: Build) => ({
  sid: build.sid,
  status: build.pollsLeft > 0 ? "building" : "completed",
  runtime: build.runtime,
  dependencies: build.dependencies,
  function_versions: build.functions.map(shownVersion),
  asset_versions: build.assets.map(shownVersion),
});
