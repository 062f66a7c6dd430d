/**
 * The variables of both sides, by the parsers of relay and edge themselves, and what stands in the wrong one of the two
 * files: a deploy uploads all of the edge's.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { trustsNumbersAlone } from "../../../functions/edge/admission.ts";
import { CALLERS_FILE, type Callers } from "../../../functions/edge/callers.ts";
import { type Problem, readSettings, type Settings } from "../../../functions/edge/settings.ts";
import { type Config, configFrom } from "../../config.ts";
import type { Env, Finding } from "../../variables.ts";
import { EDGE_VARIABLES } from "../deploying/edge-env.ts";
import { EDGE_ENV, type EnvSeen, type Given, RELAY_ENV } from "./given.ts";
import { allIll, ill, Line, type Trouble, wellBut } from "./line.ts";

/** What the edge works with, as far as variables tell. */
export type EdgeSide = {
  readonly settings: Settings;
  readonly callers: Callers;
  readonly env: Env;
  /** Set where Twilio reaches the edge under an address that is not the deployed one's. */
  readonly ownUrl: string | undefined;
};

export type SettingsLines = { readonly relay: Line<Config>; readonly edge: Line<EdgeSide> };

/** Nothing of these may leave for Twilio. */
const RELAYS_SECRETS = [
  "OPENAI_API_KEY",
  "TWILIO_AUTH_TOKEN",
  "ZAPIER_MCP_TOKEN",
  "ZAPIER_MCP_PASSWORD",
  "ZAPIER_MCP_URL",
  "REDIS_URL",
  "METRICS_TOKEN",
];
const BOTH: ReadonlySet<string> = new Set(["RELAY_URL", "STREAM_TOKEN_SECRET"]);
/** Nobody reads them in the relay's file. */
const EDGES_OWN = [...EDGE_VARIABLES].filter((name) => !BOTH.has(name));
/** Stands for the address that a deployed service has: public, so that what must be public is held to it. */
const SOME_DEPLOYED_DOMAIN = "phone-assistant-0000.twil.io";

export function settingsLines(given: Given): SettingsLines {
  const { folder, relayEnv, relayFile, edgeFile } = given;
  const relay = new Line<Config>(
    { group: "settings", name: "relay", title: `${RELAY_ENV} (the relay's)` },
    async () => {
      const read = await configFrom(relayEnv, new Date(), (path) => textOf(resolve(folder, path)));
      const traps = (relayFile?.findings ?? []).map(asTrouble);
      if (!read.ok) {
        if (relayFile === undefined && relayEnv.STREAM_TOKEN_SECRET === undefined) return missing(RELAY_ENV);
        return allIll(RELAY_ENV, [...read.problems.map(asTrouble), ...traps]);
      }
      const misplaced = EDGES_OWN.filter((name) => isSet(relayFile, name)).map((name) => ({
        says: `${name} is read by the edge alone, and nobody sees it here`,
        mend: `move it to ${EDGE_ENV}, and deploy`,
      }));
      const found = [...traps, ...read.warnings.map(asTrouble), ...misplaced];
      return wellBut(`complete: ${read.config.settings.model}, ${read.config.relayUrl}`, found, read.config);
    },
  );
  const edge = new Line<EdgeSide>(
    { group: "settings", name: "edge", title: `${EDGE_ENV} (the edge's)` },
    async () => {
      if (edgeFile === undefined) return missing(EDGE_ENV);
      const { values } = edgeFile;
      const file = await textOf(resolve(folder, CALLERS_FILE));
      const read = await readSettings({ DOMAIN_NAME: SOME_DEPLOYED_DOMAIN, ...values }, file);
      const leaks = RELAYS_SECRETS.filter((name) => isSet(edgeFile, name)).map((name) => ({
        says: `${name} is the relay's, and a deploy would upload it to Twilio`,
        mend: `move it to ${RELAY_ENV}; if it was deployed with it, take it out at Twilio as well (console: Functions, Environment variables)`,
      }));
      // Of the file itself; the rest are values that do not arrive as they are meant.
      const open = edgeFile.findings.filter(({ variable }) => variable === EDGE_ENV).map(asTrouble);
      const traps = edgeFile.findings.filter(({ variable }) => variable !== EDGE_ENV).map(asTrouble);
      if (!read.ok) return allIll(EDGE_ENV, [...traps, ...read.problems.map(ofEdge), ...leaks]);
      if (leaks.length + traps.length > 0) return allIll(EDGE_ENV, [...leaks, ...traps]);
      const { terms, relays, notes } = read.value;
      const alone = trustsNumbersAlone(terms)
        ? [
            {
              says: "some callers are let in by their caller ID alone, and anybody can show any",
              mend: `set CALLER_PIN in ${EDGE_ENV}, or a pin for each caller in ${CALLERS_FILE}, and deploy`,
            },
          ]
        : [];
      const { callers } = terms;
      const says = `complete: ${counted(callers.size, "caller")}, ${counted(relays.length, "relay")}`;
      const ownUrl = values.EDGE_URL?.trim() || undefined;
      const side = { settings: read.value, callers, env: values, ownUrl };
      return wellBut(says, [...open, ...alone, ...notes.map(ofEdge)], side);
    },
  );
  return { relay, edge };
}

const missing = (file: string) =>
  ill(`there is no ${file} here`, `npm run setup makes it; or cp ${file}.example ${file}, and fill it in`);

const asTrouble = ({ variable, problem, mend }: Finding): Trouble => ({
  says: `${variable} ${problem}`,
  mend,
});
const ofEdge = ({ variable, wrong, mend, line }: Problem): Trouble => ({
  says: `${variable}${line === undefined ? "" : `:${line}`} ${wrong}`,
  mend,
});
const isSet = (file: EnvSeen | undefined, name: string): boolean => (file?.values[name]?.trim() ?? "") !== "";

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** undefined: there is no such file. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}
