/**
 * What serverless.twilio.com keeps, and what it refuses to take: services, their environments with variables, functions
 * and assets with the versions that were uploaded, builds, and which build is live where.
 * https://www.twilio.com/docs/serverless/api, https://www.twilio.com/docs/serverless/functions-assets/known-limitations
 */
import { conflict, invalid, newSid, notFound } from "./answer.ts";

export type Visibility = "public" | "protected" | "private";
export type Version = {
  readonly sid: string;
  /** Of the function or the asset that it is a version of. */
  readonly of: string;
  readonly path: string;
  readonly visibility: Visibility;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
};
export type Resource = { readonly sid: string; readonly friendlyName: string; readonly versions: Version[] };
export type Dependency = { readonly name: string; readonly version: string };
export type Build = {
  readonly sid: string;
  readonly functions: readonly Version[];
  readonly assets: readonly Version[];
  readonly dependencies: readonly Dependency[];
  readonly runtime: string;
  /** How often its status is still to be "building". */
  pollsLeft: number;
};
export type Variable = { readonly sid: string; key: string; value: string };
export type Environment = {
  readonly sid: string;
  readonly uniqueName: string;
  readonly domainSuffix: string | null;
  readonly domainName: string;
  buildSid: string | null;
  readonly variables: Variable[];
  /** Newest last. */
  readonly deployments: { readonly sid: string; readonly buildSid: string }[];
};
export type Service = {
  readonly sid: string;
  readonly uniqueName: string;
  readonly friendlyName: string;
  readonly includeCredentials: boolean;
  readonly uiEditable: boolean;
  readonly environments: Environment[];
  readonly functions: Resource[];
  readonly assets: Resource[];
  readonly builds: Build[];
};

const MOST_SERVICES = 50;
const MOST_VALUE_BYTES = 450;
/** 3 KB, names and values together. */
const MOST_VARIABLES_BYTES = 3 * 1024;
const MOST_FUNCTION_BYTES = 1_000_000;
const MOST_ASSET_BYTES: Readonly<Record<Visibility, number>> = {
  public: 25_000_000,
  protected: 25_000_000,
  private: 10_000_000,
};
const MOST_PRIVATE_ASSETS = 50;
const RUNTIMES: readonly string[] = ["node18", "node20", "node22"];
/** Later ones are on npm, and the platform has none of them: serverless-toolkit#564. */
const RUNTIME_HANDLERS = ["1.0.1", "1.1.1", "1.1.2", "1.2.0", "1.2.3", "1.2.5", "1.3.0", "2.0.0", "2.0.1"];

const bytesIn = (text: string): number => Buffer.byteLength(text);

export function createService(
  services: Service[],
  given: Pick<Service, "uniqueName" | "friendlyName" | "includeCredentials" | "uiEditable">,
): Service {
  if (!/^[a-zA-Z][\w-]{0,49}$/.test(given.uniqueName)) throw invalid("UniqueName is not valid");
  if (services.some(({ uniqueName }) => uniqueName === given.uniqueName))
    throw conflict("Service with this UniqueName already exists.");
  if (services.length >= MOST_SERVICES)
    throw invalid(`Services are limited to less than or equal to ${MOST_SERVICES}`);
  const empty = { environments: [], functions: [], assets: [], builds: [] };
  const service: Service = { sid: newSid("ZS"), ...given, ...empty };
  services.push(service);
  return service;
}

export function createEnvironment(
  service: Service,
  uniqueName: string,
  domainSuffix: string | null,
): Environment {
  if (domainSuffix !== null && !/^[a-z\d-]{1,16}$/.test(domainSuffix))
    throw invalid("DomainSuffix is not valid");
  const isTaken = service.environments.some(
    (one) => one.uniqueName === uniqueName || one.domainSuffix === domainSuffix,
  );
  if (isTaken) throw conflict("Environment with this UniqueName or DomainSuffix already exists.");
  // Four digits that are the service's, whatever the environment.
  const digits = Number.parseInt(service.sid.slice(-6), 16) % 10_000;
  const suffix = domainSuffix === null ? "" : `-${domainSuffix}`;
  const domainName = `${service.uniqueName.toLowerCase()}-${String(digits).padStart(4, "0")}${suffix}.twil.io`;
  const environment: Environment = {
    sid: newSid("ZE"),
    uniqueName,
    domainSuffix,
    domainName,
    buildSid: null,
    variables: [],
    deployments: [],
  };
  service.environments.push(environment);
  return environment;
}

export function createResource(resources: Resource[], prefix: "ZH" | "ZF", friendlyName: string): Resource {
  if (friendlyName.length > 255) throw invalid("FriendlyName is not valid");
  const resource: Resource = { sid: newSid(prefix), friendlyName, versions: [] };
  resources.push(resource);
  return resource;
}

export function addVersion(resource: Resource, given: Omit<Version, "sid" | "of">): Version {
  const isFunction = resource.sid.startsWith("ZH");
  if (!/^\/[\w\-./]{0,254}$/.test(given.path) || given.path.includes("//"))
    throw invalid("Path is not valid");
  const most = isFunction ? MOST_FUNCTION_BYTES : MOST_ASSET_BYTES[given.visibility];
  if (given.bytes.length > most) throw invalid(`Content is larger than ${most} bytes`);
  if (given.bytes.length === 0) throw invalid("Content is empty");
  const version: Version = { sid: newSid("ZN"), of: resource.sid, ...given };
  resource.versions.push(version);
  return version;
}

export function createBuild(
  service: Service,
  given: {
    readonly functions: readonly string[];
    readonly assets: readonly string[];
    readonly dependencies: readonly Dependency[];
    readonly runtime: string;
  },
  polls: number,
): Build {
  const found = (resources: readonly Resource[], sids: readonly string[]): Version[] =>
    sids.map((sid) => {
      const version = resources.flatMap(({ versions }) => versions).find((one) => one.sid === sid);
      if (version === undefined) throw invalid(`Version ${sid} does not exist in this Service`);
      return version;
    });
  const functions = found(service.functions, given.functions);
  const assets = found(service.assets, given.assets);
  const paths = [...functions, ...assets].map(({ path }) => path);
  if (paths.length === 0) throw invalid("At least one function or asset version is required");
  if (new Set(paths).size < paths.length)
    throw invalid("Paths of functions and assets in a build must be unique");
  if (assets.filter(({ visibility }) => visibility === "private").length > MOST_PRIVATE_ASSETS)
    throw invalid(`Private assets are limited to ${MOST_PRIVATE_ASSETS} per build`);
  if (!RUNTIMES.includes(given.runtime)) throw invalid(`Runtime ${given.runtime} is not supported`);
  const handler = given.dependencies.find(({ name }) => name === "@twilio/runtime-handler")?.version;
  if (handler !== undefined && !RUNTIME_HANDLERS.includes(handler))
    throw invalid(`No matching version found for @twilio/runtime-handler@${handler}`);

  const { dependencies, runtime } = given;
  const build = { sid: newSid("ZB"), functions, assets, dependencies, runtime, pollsLeft: polls };
  service.builds.push(build);
  return build;
}

/** @param replaced the variable that this one takes the place of */
export function setVariable(
  environment: Environment,
  key: string,
  value: string,
  replaced?: Variable,
): Variable {
  const others = environment.variables.filter((one) => one !== replaced);
  if (!/^[A-Za-z_]\w{0,127}$/.test(key)) throw invalid("Key is not valid");
  if (others.some((one) => one.key === key)) throw conflict("Variable with this Key already exists.");
  if (value === "") throw invalid("Value is required");
  if (bytesIn(value) > MOST_VALUE_BYTES)
    throw invalid(`Value exceeds the maximum size of ${MOST_VALUE_BYTES} bytes`);
  const all = [...others, { key, value }].reduce(
    (sum, one) => sum + bytesIn(one.key) + bytesIn(one.value),
    0,
  );
  if (all > MOST_VARIABLES_BYTES)
    throw invalid(`Variables exceed the maximum size of ${MOST_VARIABLES_BYTES} bytes`);
  if (replaced !== undefined) return Object.assign(replaced, { key, value });
  const variable = { sid: newSid("ZV"), key, value };
  environment.variables.push(variable);
  return variable;
}

export function deployBuild(service: Service, environment: Environment, buildSid: string): string {
  const build = service.builds.find(({ sid }) => sid === buildSid);
  if (build === undefined) throw notFound(`/Services/${service.sid}/Builds/${buildSid}`);
  if (build.pollsLeft > 0) throw invalid("Build is not completed");
  // serverless-toolkit#171
  if (environment.buildSid === buildSid) throw conflict("Environment has already requested deployment");
  environment.buildSid = buildSid;
  const sid = newSid("ZD");
  environment.deployments.push({ sid, buildSid });
  return sid;
}
