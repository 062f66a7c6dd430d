/**
 * That the real Twilio CLI and the real twilio-run deploy this project, both the same; that nothing is uploaded but what
 * is meant to be; and that exactly what was uploaded, laid flat as Twilio lays it, takes a call.
 */
import { createHash } from "node:crypto";
import { ACCOUNT_SID, AUTH_TOKEN } from "../../rehearsal/relay.ts";
import type { Live } from "../../rehearsal/twilio-api/api.ts";
import type { Progress, Proof, Row } from "../rows.ts";
import { CALLER, CANARY, makeTown, NUMBER, type Town } from "./town.ts";
import { CLI, PLUGIN, twilioCli } from "./twilio-cli.ts";

const SECRET = "a secret of the proofs that everybody knows";
const ENTRIES = 8;

/** One way to deploy: the command, and what its environment has more than any. */
type Way = {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it points the number as well. */
  readonly points: boolean;
};

async function waysToDeploy(progress: Progress): Promise<readonly Way[]> {
  const { bin, home } = await twilioCli(progress);
  const cli = { PATH: `${bin}:${process.env.PATH}`, HOME: home };
  const command = ["bun", "--no-env-file", "relay/cli/deploy.ts"];
  return [
    {
      name: `npm run deploy, by the Twilio CLI ${CLI} with plugin-serverless ${PLUGIN}`,
      command: [...command, "--with", "twilio"],
      env: cli,
      points: true,
    },
    {
      name: "npm run deploy, by twilio-run",
      command: [...command, "--with", "twilio-run"],
      env: {},
      points: true,
    },
    {
      name: "twilio serverless:deploy by itself, after the build of npm install",
      command: ["sh", "-c", "npm run prepare && twilio serverless:deploy"],
      env: cli,
      points: false,
    },
  ];
}

type Outcome = {
  readonly code: number;
  readonly seconds: number;
  readonly live: Live;
  readonly hasCanary: boolean;
  readonly pointed: boolean;
  readonly found: readonly string[];
  readonly handlers: number;
  readonly failed: string | undefined;
};

async function deployBy(way: Way): Promise<Outcome> {
  const town = await makeTown();
  try {
    await town.writeEnvs(SECRET);
    await town.project.write("assets/callers.private.json", JSON.stringify({ [CALLER]: { name: "Ada" } }));
    await town.startRelay(SECRET);
    const startedAt = performance.now();
    const { code, out, errors } = await town.run(way.command, {
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      ...way.env,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const live = town.live();
    if (code !== 0 || live === undefined) {
      throw new Error(`${way.command.join(" ")} ended with ${code}: ${(out + errors).slice(-1500)}`);
    }
    const { found = [], handlers = 0 } = town.running() ?? {};
    const domain = `https://${town.domain()}`;
    const [number] = town.api.numbers;
    const pointed =
      number?.voice_url === `${domain}/voice/incoming` &&
      number.voice_fallback_url === `${domain}/voice/fallback` &&
      number.status_callback === `${domain}/voice/call-status`;
    const { failed } = await town.call(`${domain}/voice/incoming`);
    return { code, seconds, live, hasCanary: isAnywhere(CANARY, town), pointed, found, handlers, failed };
  } finally {
    await town.stop();
  }
}

/** In any byte that was uploaded, any variable, any line of a request. */
function isAnywhere(word: string, { api }: Town): boolean {
  const bytes = api.services
    .flatMap(({ functions, assets }) => [...functions, ...assets])
    .flatMap(({ versions }) => versions);
  const variables = api.services.flatMap(({ environments }) => environments.map((one) => one.variables));
  return (
    bytes.some((version) => Buffer.from(version.bytes).includes(word)) ||
    JSON.stringify([variables, api.requests]).includes(word)
  );
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
const uploadedBy = ({ live }: Outcome) =>
  [...live.build.functions, ...live.build.assets].toSorted((a, b) => a.path.localeCompare(b.path));
/** All that can differ and must not: what lies where, every byte of it, and what it is given. */
const resultOf = (outcome: Outcome): string =>
  JSON.stringify([
    uploadedBy(outcome).map(({ path, visibility, bytes }) => [
      path,
      visibility,
      createHash("sha256").update(bytes).digest("hex"),
    ]),
    outcome.live.build.dependencies,
    outcome.live.build.runtime,
    Object.entries(outcome.live.variables).sort(),
  ]);

const EXPECTED_VARIABLES = "ACCOUNT_SID AUTH_TOKEN ALLOWED_NUMBERS RELAY_URL STREAM_TOKEN_SECRET";
const EXPECTED_DEPENDENCIES = "@twilio/runtime-handler@2.0.1 twilio@6.2.0";

function rowsOf(way: Way, outcome: Outcome): Omit<Row, "group">[] {
  const { live, found, handlers, failed, seconds, pointed, hasCanary } = outcome;
  const uploaded = uploadedBy(outcome);
  const visibilities = uploaded.map(({ path, visibility }) => `${visibility} ${path.split("/")[1]}`);
  const isRight =
    live.build.functions.length === ENTRIES &&
    visibilities.every((each) => each === "protected voice" || each === "private callers.json");
  const dependencies = live.build.dependencies.map(({ name, version }) => `${name}@${version}`).join(" ");
  const variables = Object.keys(live.variables);
  return [
    {
      what: way.name,
      bound: way.points ? "exit 0, and the number points there" : "exit 0",
      measured: `exit 0, ${seconds.toFixed(0)} s${pointed ? `, ${NUMBER} points there` : ""}`,
      ok: pointed === way.points,
    },
    {
      what: "  what was uploaded",
      bound: `${ENTRIES} protected, 1 private`,
      measured: `${live.build.functions.length} protected, ${kilobytes(live.build.functions.reduce((sum, { bytes }) => sum + bytes.length, 0))}; ${live.build.assets.length} private`,
      ok: isRight,
    },
    {
      what: "  what it depends on",
      bound: EXPECTED_DEPENDENCIES,
      measured: `${dependencies}, ${live.build.runtime}`,
      ok: dependencies === EXPECTED_DEPENDENCIES && live.build.runtime === "node22",
    },
    {
      what: "  what it knows",
      bound: "the edge's variables, nothing of the relay's",
      measured: `${variables.join(" ")}${hasCanary ? ", and the relay's key" : ""}`,
      ok: variables.toSorted().join() === EXPECTED_VARIABLES.split(" ").toSorted().join() && !hasCanary,
    },
    {
      what: "  exactly those bytes, laid flat, under Twilio's runtime",
      bound: `${ENTRIES} handlers; a call is greeted`,
      measured: `${handlers} handlers, finds ${found.join(" and ")}; ${failed ?? "greeted"}`,
      ok: handlers === ENTRIES && failed === undefined && !found.includes("jose") && !found.includes("zod"),
    },
  ];
}

export const deploy: Proof = {
  name: "deploy",
  run: async (progress) => {
    const rows: Omit<Row, "group">[] = [];
    const results = new Set<string>();
    for (const way of await waysToDeploy(progress)) {
      progress(way.name);
      const outcome = await deployBy(way);
      if (results.size === 0) {
        console.log();
        for (const { path, visibility, bytes } of uploadedBy(outcome)) {
          console.log(`${visibility.padEnd(9)}  ${path.padEnd(20)}  ${kilobytes(bytes.length).padStart(9)}`);
        }
      }
      results.add(resultOf(outcome));
      rows.push(...rowsOf(way, outcome));
    }
    rows.push({
      what: "all of them: paths, visibility, every byte, dependencies, runtime, variables",
      bound: "the same",
      measured: results.size === 1 ? "the same" : `${results.size} different results`,
      ok: results.size === 1,
    });
    return rows;
  },
};
