/**
 * What the doctor is given: both sides' variables as their own readers read them, and the project's folder. The
 * environment is handed in; nothing else here looks at it.
 */
import { resolve } from "node:path";
import type { Env, Finding } from "../../variables.ts";
import { type EnvFile, envFileFindings, readEnvFile } from "../env-file.ts";

export const RELAY_ENV = ".env";
export const EDGE_ENV = ".env.functions";

/** An env file as its reader reads it. */
export type EnvSeen = {
  readonly values: Env;
  /** What its reader makes of it that its owner may not mean. */
  readonly findings: readonly Finding[];
};

export type Given = {
  /** The project's, where `.env`, `.env.functions`, `dist` and the allowlist are. */
  readonly folder: string;
  /** What the relay would find in its environment, started here: the file's, and over it what is set already. */
  readonly relayEnv: Env;
  /** undefined: there is no such file. */
  readonly relayFile: EnvSeen | undefined;
  readonly edgeFile: EnvSeen | undefined;
};

/** @param env what is set already stands over what is in a file, as for the relay itself */
export async function givenIn(folder: string, env: Env): Promise<Given> {
  const [relay, edge] = await Promise.all([
    readEnvFile(resolve(folder, RELAY_ENV), "relay"),
    readEnvFile(resolve(folder, EDGE_ENV), "edge"),
  ]);
  return {
    folder,
    relayEnv: { ...Object.fromEntries(relay?.values ?? []), ...env },
    relayFile: relay && seen(relay),
    edgeFile: edge && seen(edge),
  };
}

const seen = (file: EnvFile): EnvSeen => ({
  values: Object.fromEntries(file.values),
  findings: envFileFindings(file),
});
