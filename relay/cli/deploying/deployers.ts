/**
 * Who uploads: the owner's Twilio CLI, if it is there with its serverless plugin, or the twilio-run of this project. Both
 * read .twilioserverlessrc and end with the same; which of them did it makes no difference to what is live.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Credentials } from "../twilio-account.ts";

export const DEPLOYERS = ["twilio", "twilio-run"] as const;
export type DeployerName = (typeof DEPLOYERS)[number];
export type Deployer = {
  readonly name: DeployerName;
  readonly command: readonly string[];
  /** What it needs beyond the environment that it is given. */
  readonly env: Readonly<Record<string, string>>;
};
type Env = Readonly<Record<string, string | undefined>>;

const PLUGIN = "@twilio-labs/plugin-serverless";

/**
 * @param wanted undefined: whichever is there, the CLI first
 * @param root the folder of the project
 */
export function findDeployer(
  wanted: DeployerName | undefined,
  root: string,
  { accountSid, authToken }: Credentials,
  env: Env,
): Deployer | { readonly wrong: string; readonly mend: string } {
  // With these it uses no profile, which may be another account's.
  const credentials = { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken };
  if (wanted !== "twilio-run") {
    // A second or two, because the CLI looks at all its plugins; a machine without it is spared that.
    const { status, stdout } = spawnSync("twilio", ["plugins"], { env: { ...env }, encoding: "utf8" });
    if (status === 0 && stdout.includes(PLUGIN)) {
      return { name: "twilio", command: ["twilio", "serverless:deploy"], env: credentials };
    }
    if (wanted === "twilio") {
      return status === 0
        ? { wrong: "the Twilio CLI has no serverless plugin", mend: `twilio plugins:install ${PLUGIN}` }
        : {
            wrong: "there is no Twilio CLI",
            mend: "npm install -g twilio-cli, or deploy with --with twilio-run",
          };
    }
  }
  const bin = join(root, "node_modules", "twilio-run", "bin", "twilio-run.js");
  if (!existsSync(bin)) {
    return {
      wrong: "there is neither the Twilio CLI nor twilio-run",
      mend: "run npm install in this folder",
    };
  }
  // It takes the credentials from .env.functions, as the CLI takes the variables.
  return { name: "twilio-run", command: ["node", bin, "deploy"], env: {} };
}
