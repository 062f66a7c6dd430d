/**
 * `npm run deploy`: the edge as it stands here, live at Twilio, and the number pointing at it. Each step checks what the
 * next one needs, so that whatever is wrong is found before anything at Twilio has changed: files, account, number, build;
 * then the upload, the variables that are left over, the number; and last a look at all of it from outside.
 *
 * It uploads through Twilio's own tools, which read .env.functions and never the relay's .env.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { CALLERS_FILE } from "../../functions/edge/callers.ts";
import { type Finding, printFindings } from "../variables.ts";
import { DEPLOYERS, findDeployer } from "./deploying/deployers.ts";
import { EDGE_VARIABLES, objectionsToDeploying } from "./deploying/edge-env.ts";
import { lookFromOutside } from "./deploying/look.ts";
import { chooseNumber, inTheWay, isPointedAt, pointedAt } from "./deploying/number.ts";
import { deployedValues, edgeFindings, readEnvFile } from "./env-file.ts";
import {
  type DeployedEdge,
  openTwilioAccount,
  type TwilioAccount,
  type TwilioNumber,
  TwilioTrouble,
} from "./twilio-account.ts";

const HELP = `npm run deploy: builds the edge, puts it live at Twilio, and points your number at it

  npm run deploy                              everything, with the number that PHONE_NUMBER in .env names, or your only one
  npm run deploy -- --number +15551234567     this number
  npm run deploy -- --no-number               leaves every number as it is
  npm run deploy -- --take-number             takes the number away from a SIP trunk or TwiML application that has it
  npm run deploy -- --with twilio-run         uploads with ${DEPLOYERS.join(" or ")} (by default the Twilio CLI, if it is there)

It reads .env.functions for everything that the edge is to know, and uploads nothing else but dist/.`;

const EXIT_FAILED = 1;
const EXIT_MISTAKE = 2;
const ROOT = join(import.meta.dir, "..", "..");
const EDGE_ENV = ".env.functions";
const SERVICE_FILE = ".twilioserverlessrc";
const E164 = /^\+[1-9]\d{6,14}$/;

/** What ends a deploy, in words for whoever started it. */
class NoDeploy extends Error {}

const refuse = (wrong: string, mend: string): never => {
  throw new NoDeploy(`${wrong}\n    ${mend}`);
};
const step = (words: string) => console.log(`\n── ${words}`);

async function deploy(given: Given): Promise<number> {
  step("the files");
  const values = await edgeValues();
  const service = serviceName();
  console.log(`${EDGE_ENV}: ${[...deployedValues(values).keys()].join(", ")}`);

  step("the account");
  const credentials = {
    accountSid: values.get("ACCOUNT_SID") ?? "",
    authToken: values.get("AUTH_TOKEN") ?? "",
    variables: { accountSid: `ACCOUNT_SID of ${EDGE_ENV}`, authToken: `AUTH_TOKEN of ${EDGE_ENV}` },
  };
  const account = openTwilioAccount(credentials);
  const { status, type } = await account.details();
  if (status !== "active") {
    refuse(`the account is ${status}`, "console.twilio.com says why, and how it becomes active again");
  }
  console.log(`${type.toLowerCase()} account, active`);
  const number = given.number === false ? undefined : await ownNumber(account, given);
  const before = await account.edge(service);

  step("the build");
  // Who installed without the tools for work on the code deploys as well.
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  if (existsSync(tsc)) run(["node", tsc, "-p", "functions", "--noEmit"], "the edge's types do not hold");
  run([process.execPath, "--no-env-file", join("scripts", "build.ts")], "the build has stopped");

  const deployer = findDeployer(given.with, ROOT, credentials, process.env);
  if ("wrong" in deployer) return refuse(deployer.wrong, deployer.mend);
  step(`the upload, by ${deployer.name}`);
  run(deployer.command, "nothing new is live", deployer.env);
  const edge = await account.edge(service);
  if (edge?.buildSid === undefined || edge.buildSid === before?.buildSid) {
    return refuse("no new build is live after the upload", `look for "${service}" in console.twilio.com`);
  }
  await removeLeftovers(account, edge, values);

  const base = `https://${edge.domainName}`;
  if (number !== undefined) await point(account, number, base);
  else
    console.log(`\nPoint a number at it yourself: ${base}/voice/incoming, fallback ${base}/voice/fallback`);

  if (before?.buildSid !== undefined) {
    const activate = `npx twilio-run activate --service-sid ${edge.serviceSid} --environment dev --build-sid ${before.buildSid}`;
    console.log(`\nBack to what was live before:\n  ${activate}`);
  }

  step("how it looks from outside");
  const phoneNumber = number?.phoneNumber;
  if (await lookFromOutside({ folder: ROOT, credentials, phoneNumber, env: process.env })) return 0;
  return refuse(
    "it is live, and something is wrong",
    "what mends it stands above; npm run doctor looks again",
  );
}

async function edgeValues(): Promise<ReadonlyMap<string, string>> {
  const file = await readEnvFile(join(ROOT, EDGE_ENV), "edge");
  if (file === undefined) {
    return refuse(`there is no ${EDGE_ENV}`, "npm run setup makes it; .env.functions.example shows its form");
  }
  const callers = join(ROOT, CALLERS_FILE);
  const allowlist = existsSync(callers) ? readFileSync(callers, "utf8") : undefined;
  const found: readonly Finding[] = [
    ...edgeFindings(file.values),
    ...(await objectionsToDeploying(file.values, allowlist)),
  ];
  if (found.length > 0) throw new NoDeploy(`${EDGE_ENV} cannot be deployed:\n${printFindings(found)}`);
  return file.values;
}

const Service = z.looseObject({ serviceName: z.string().min(1), env: z.literal(EDGE_ENV) });

/** Everything else in it is for Twilio's tools; that they read the edge's variables and no others is checked. */
function serviceName(): string {
  const read = Service.safeParse(Bun.JSON5.parse(readFileSync(join(ROOT, SERVICE_FILE), "utf8")));
  if (read.success) return read.data.serviceName;
  const mend = `write serviceName: "phone-assistant" and env: "${EDGE_ENV}" there: a deploy uploads all of that file`;
  return refuse(`${SERVICE_FILE} has no serviceName, or another env file`, mend);
}

async function ownNumber(account: TwilioAccount, given: Given): Promise<TwilioNumber> {
  const env = await readEnvFile(join(ROOT, ".env"), "relay");
  const wanted = given.number || env?.values.get("PHONE_NUMBER") || undefined;
  const chosen = await chooseNumber(account, wanted);
  if ("wrong" in chosen) return refuse(chosen.wrong, chosen.mend);
  const held = inTheWay(chosen.number);
  if (held !== undefined && !given.takeNumber) return refuse(held.wrong, held.mend);
  console.log(`number ${chosen.number.phoneNumber}, now at ${chosen.number.voice.voiceUrl || "no address"}`);
  return chosen.number;
}

/** A deploy sets what its file holds and leaves the rest as it was: a PIN that was taken out would still be asked for. */
async function removeLeftovers(
  account: TwilioAccount,
  edge: DeployedEdge,
  values: ReadonlyMap<string, string>,
): Promise<void> {
  const deployed = deployedValues(values);
  for (const variable of edge.variables) {
    if (deployed.has(variable.key)) continue;
    if (EDGE_VARIABLES.has(variable.key)) {
      await account.removeVariable(edge, variable);
      console.log(`${variable.key} was left over at Twilio, and is removed`);
    } else {
      console.log(`! ${variable.key} stands at Twilio and is none of the edge's; it stays there`);
    }
  }
}

async function point(account: TwilioAccount, number: TwilioNumber, base: string): Promise<void> {
  step("the number");
  if (isPointedAt(number, base)) {
    console.log(`${number.phoneNumber} points at ${base} already`);
    return;
  }
  const pointed = await account.point(number.sid, pointedAt(base, number.voice));
  if (!isPointedAt(pointed, base)) refuse("Twilio has not taken the number's new addresses", "deploy again");
  const { voiceUrl, voiceFallbackUrl, statusCallback } = pointed.voice;
  console.log(
    `${number.phoneNumber} → ${voiceUrl}, fallback ${voiceFallbackUrl}, status callback ${statusCallback}`,
  );
}

/** What it prints is shown as it comes. */
function run(command: readonly string[], failed: string, env: Readonly<Record<string, string>> = {}): void {
  const [program = "", ...args] = command;
  const { status, error } = spawnSync(program, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status === 0) return;
  const why = error === undefined ? `${program} ended with ${status ?? "a signal"}` : error.message;
  refuse(failed, `${why}; what it said stands above`);
}

type Given = {
  /** false: none. */
  readonly number: string | false | undefined;
  readonly takeNumber: boolean;
  readonly with: (typeof DEPLOYERS)[number] | undefined;
};

function readArguments(): Given | string {
  const options = {
    number: { type: "string" },
    "no-number": { type: "boolean" },
    "take-number": { type: "boolean", default: false },
    with: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return "";
  const deployer = DEPLOYERS.find((name) => name === values.with);
  if (values.with !== undefined && deployer === undefined) return `--with is ${DEPLOYERS.join(" or ")}.`;
  if (values.number !== undefined && !E164.test(values.number)) {
    return "--number is a whole number with + and country code, as in +15551234567.";
  }
  if (values.number !== undefined && values["no-number"])
    return "--number and --no-number exclude each other.";
  const number = values["no-number"] ? false : values.number;
  return { number, takeNumber: values["take-number"], with: deployer };
}

async function main(): Promise<number> {
  let given: Given | string;
  try {
    given = readArguments();
  } catch (error) {
    given = error instanceof Error ? error.message : String(error);
  }
  if (given === "") {
    console.log(HELP);
    return 0;
  }
  if (typeof given === "string") {
    console.error(`${given}\n\n${HELP}`);
    return EXIT_MISTAKE;
  }
  try {
    return await deploy(given);
  } catch (error) {
    if (error instanceof TwilioTrouble) console.error(`✗ ${error.message}\n    ${error.mend}`);
    else if (error instanceof NoDeploy) console.error(`✗ ${error.message}`);
    else throw error;
    return EXIT_FAILED;
  }
}

process.exit(await main());
