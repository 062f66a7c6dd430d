/**
 * A phone number that points here for as long as `npm run dev -- --tunnel` runs, and where it pointed before afterwards:
 * also after a crash, by what the journal says. A number that somebody else has pointed elsewhere meanwhile is theirs.
 */
import { pointedAt } from "../../relay/cli/deploying/number.ts";
import { openTwilioAccount, type TwilioAccount, TwilioTrouble } from "../../relay/cli/twilio-account.ts";
import { type Entry, isAlive, type Journal, type Pointed } from "./journal.ts";
import { endLeftOver } from "./left-over.ts";

export type Credentials = { readonly accountSid: string; readonly authToken: string };
type Say = (words: string) => void;

/** In words for whoever started it. */
export class PointingError extends Error {}

/** @param base where Twilio reaches the edge, without a slash at the end */
export async function pointHere(
  phoneNumber: string,
  base: string,
  credentials: Credentials,
  journal: Journal,
): Promise<void> {
  try {
    const account = openTwilioAccount(credentials);
    const number = await account.number(phoneNumber);
    if (number === undefined || !number.canTakeCalls)
      throw new PointingError(await notThere(account, phoneNumber));
    const here = pointedAt(base, number.voice);
    const { accountSid } = credentials;
    journal.pointed({
      accountSid,
      numberSid: number.sid,
      phoneNumber,
      voiceUrl: here.voiceUrl,
      before: number.voice,
    });
    await account.point(number.sid, here);
  } catch (error) {
    if (error instanceof TwilioTrouble) throw new PointingError(`${error.message}: ${error.mend}.`);
    throw error;
  }
}

async function notThere(account: TwilioAccount, phoneNumber: string): Promise<string> {
  const all = (await account.numbers()).filter(({ canTakeCalls }) => canTakeCalls);
  const has = all.length === 0 ? "none" : all.map((each) => each.phoneNumber).join(", ");
  return `The account has no number ${phoneNumber} that can be called: it has ${has}. Name one of these with --point.`;
}

/** @returns whether nothing is left to be done */
export async function putBack(pointed: Pointed, credentials: Credentials, say: Say): Promise<boolean> {
  const { accountSid, numberSid, phoneNumber, voiceUrl, before } = pointed;
  if (accountSid !== credentials.accountSid) {
    say(
      `! ${phoneNumber} was pointed by another account (${accountSid}): run this once with its credentials in .env`,
    );
    return false;
  }
  try {
    const account = openTwilioAccount(credentials);
    const number = (await account.numbers()).find(({ sid }) => sid === numberSid);
    if (number === undefined) {
      say(`${phoneNumber} is not in the account any more; there is nothing to put back`);
    } else if (number.voice.voiceUrl !== voiceUrl) {
      say(`${phoneNumber} points elsewhere by now, and is left there`);
    } else {
      await account.point(numberSid, before);
      say(`${phoneNumber} is put back: ${before.voiceUrl || "no URL, as before"}`);
    }
    return true;
  } catch (error) {
    if (!(error instanceof TwilioTrouble)) throw error;
    say(
      `! ${phoneNumber} still points here: ${error.message}: ${error.mend}. The next npm run dev tries again`,
    );
    return false;
  }
}

/** What a run that was killed has left. @returns why nothing may be started meanwhile */
export async function repair(
  journal: Journal,
  credentials: Credentials,
  say: Say,
): Promise<"clean" | "running" | "unrepaired"> {
  const entry = readEntry(journal);
  if (entry === undefined) return "clean";
  if (isAlive(entry.dev)) return "running";
  say("the last npm run dev was killed; mending what it has left");
  await endLeftOver(entry.children, say);
  if (entry.pointed !== undefined && !(await putBack(entry.pointed, credentials, say))) return "unrepaired";
  journal.remove();
  return "clean";
}

function readEntry(journal: Journal): Entry | undefined {
  try {
    return journal.read();
  } catch {
    throw new PointingError(
      `${journal.path} cannot be understood. It says where a phone number pointed before; look at the number in the Twilio console, then delete the file.`,
    );
  }
}
