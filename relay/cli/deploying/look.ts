/**
 * What the doctor says of what has just been deployed, of the edge and of the number that rings there. Twilio brings a
 * deployment up within seconds of saying that it is done, so the first look waits for it.
 */
import type { Env } from "../../variables.ts";
import { examine } from "../doctor/examine.ts";
import { givenIn } from "../doctor/given.ts";
import { screenOn } from "../doctor/report.ts";
import type { Credentials } from "../twilio-account.ts";

const UP_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 2_000;

/** @returns whether nothing is wrong */
export async function lookFromOutside(terms: {
  readonly folder: string;
  readonly credentials: Credentials;
  /** undefined: no number was pointed. */
  readonly phoneNumber: string | undefined;
  readonly env: Env;
}): Promise<boolean> {
  const { folder, credentials, phoneNumber, env } = terms;
  const given = await givenIn(folder, {
    ...env,
    // Whoever deploys from a machine without a relay has no .env.
    TWILIO_ACCOUNT_SID: credentials.accountSid,
    TWILIO_AUTH_TOKEN: credentials.authToken,
    ...(phoneNumber !== undefined && { PHONE_NUMBER: phoneNumber }),
  });
  const deadline = performance.now() + UP_WITHIN_MS;
  while (performance.now() < deadline && !(await examine(given, { only: ["edge"] })).isWell) {
    await Bun.sleep(LOOK_AGAIN_MS);
  }
  const { isWell } = await examine(given, {
    only: phoneNumber === undefined ? ["edge"] : ["edge", "number"],
    screen: screenOn(process.stdout, env),
  });
  return isWell;
}
