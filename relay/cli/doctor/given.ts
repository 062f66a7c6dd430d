/**
 * What the doctor is given: both sides' variables as their own readers read them, and the project's folder. Whoever
 * calls it has read the files; nothing here looks at the environment.
 */
import type { Env, Finding } from "../../variables.ts";

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
