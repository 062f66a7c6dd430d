/**
 * A text message to the owner when a call could not go on (ALERT_SMS_TO), from the number that was called. It holds no
 * word of the conversation and the last two digits of the caller's number.
 *
 * The caller waits for it, because a Function is frozen once it has answered: so it gets a moment and no more, and
 * whatever goes wrong with it is logged and costs the caller nothing else.
 */
import { isPhoneNumber } from "./callers.ts";
import { lastTwo, log } from "./log.ts";

/** The part of twilio's client that is used; to have one costs `require("twilio")`, so it is made when it is needed. */
export type Texter = {
  readonly messages: {
    create(message: { from: string; to: string; body: string }): Promise<unknown>;
  };
};

const SENT_WITHIN_MS = 2000;
/**
 * Twilio may ask twice, and a captured webhook may be sent again. An instance of a Function remembers so many calls; what
 * another one has sent it cannot know.
 */
const MOST_REMEMBERED = 1000;
const alerted = new Set<string>();

export type Alert = {
  readonly callSid: string;
  /** The number that was called: who else could write in its name? */
  readonly from: string;
  /** E.164. */
  readonly to: string;
  /** As Twilio shows it. */
  readonly caller: string;
  /** An ending of the relay's, or what the edge has found. */
  readonly why: string;
};

export async function alertOwner(
  texter: () => Texter,
  { callSid, from, to, caller, why }: Alert,
  withinMs = SENT_WITHIN_MS,
): Promise<void> {
  const failed = (detail: string) => log({ event: "owner_not_alerted", callSid, detail });
  if (!isPhoneNumber(from)) return failed("what was called is no number");
  if (alerted.has(callSid)) return;
  if (alerted.size >= MOST_REMEMBERED) alerted.clear();
  alerted.add(callSid);
  const digits = lastTwo(caller);
  const body = `Your phone assistant could not go on with a call${digits && ` from …${digits}`}: ${why}.`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), withinMs);
    });
    const sending = texter().messages.create({ from, to, body });
    if ((await Promise.race([sending, late])) === "late") {
      // It may still go out, and may still fail.
      sending.catch(() => {});
      return failed("no answer in time");
    }
    log({ event: "owner_alerted", callSid, to: lastTwo(to) });
  } catch (error) {
    failed(nameOf(error));
  } finally {
    clearTimeout(timer);
  }
}

/** Twilio's code of it (https://www.twilio.com/docs/api/errors) or the connection's; never a message, which quotes numbers. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = "code" in error ? String(error.code) : "";
  return /^\w{2,40}$/.test(code) ? code : error.name;
}
