/**
 * Whoever is on the other side when the application dials somebody: scripted by number, as a phone book would have it.
 * A number that nobody has is out of service. It performs one <Dial> on the carrier's time and says how it went; what
 * the application is told of it is here too, in the fields that Twilio documents.
 *
 * https://www.twilio.com/docs/voice/twiml/dial. What it does not say, and nothing may rest on: when the caller hangs up
 * while it rings, the Dial is `no-answer`; and a Dial that nobody answered lasted 0 seconds.
 */

import { type Hangup, HungUp } from "./hangup.ts";
import { newSid } from "./sid.ts";
import { monotonicMs } from "./ticker.ts";
import type { Timeline } from "./timeline.ts";
import type { Dial } from "./twiml.ts";
import type { Parameters } from "./webhook.ts";

export type FarEnd =
  /** Picks up after a while, talks, and hangs up. */
  | { readonly does: "answer"; readonly afterMs: number; readonly talkMs: number }
  /** Lets it ring. */
  | { readonly does: "ring" }
  | { readonly does: "busy" | "fail"; readonly afterMs: number };

/** From E.164 to who is there. */
export type PhoneBook = Readonly<Record<string, FarEnd>>;

export type DialStatus = "completed" | "busy" | "no-answer" | "failed";

/** "Twilio always adds a five-second timeout buffer to your <Dial>" */
const BUFFER_S = 5;

type Exchange = {
  readonly phoneBook: PhoneBook;
  readonly hangup: Hangup;
  readonly timeline: Timeline;
  /** How long a second of a timeout takes. */
  readonly secondMs: number;
  /** Whom the application may show as the caller: the two numbers of the call. */
  readonly from: string;
  readonly to: string;
  readonly onBridge: () => void;
};

/** What Twilio adds to the request to `action`. */
export async function performDial(dial: Dial, exchange: Exchange): Promise<Parameters> {
  const { timeline, from, to } = exchange;
  const { number, timeoutS, callerId = from } = dial;
  const dialled = (status: DialStatus, talkedMs = 0, bridged = false): Parameters => {
    timeline.emit({ kind: "dialled", number, outcome: status, talkedMs });
    return {
      DialCallStatus: status,
      DialCallSid: newSid("CA"),
      DialCallDuration: String(Math.ceil(talkedMs / 1000)),
      DialBridged: String(bridged),
    };
  };
  if (callerId !== from && callerId !== to) {
    timeline.emit({ kind: "application-error", code: 13214, reason: "callerId is no number of this call" });
    return dialled("failed");
  }
  timeline.emit({ kind: "dialling", number, callerId, timeoutS });
  try {
    const status = await ring(dial, exchange);
    if (status !== "answered") return dialled(status);
  } catch (error) {
    if (!(error instanceof HungUp)) throw error;
    return dialled("no-answer");
  }
  exchange.onBridge();
  timeline.emit({ kind: "bridged", number });
  return dialled("completed", await talk(dial, exchange), true);
}

async function ring(
  { number, timeoutS }: Dial,
  { phoneBook, hangup, secondMs }: Exchange,
): Promise<"answered" | DialStatus> {
  const farEnd: FarEnd = phoneBook[number] ?? { does: "fail", afterMs: 0 };
  const ringsForMs = (timeoutS + BUFFER_S) * secondMs;
  const afterMs = farEnd.does === "ring" ? ringsForMs : farEnd.afterMs;
  await hangup.sleep(Math.min(afterMs, ringsForMs));
  if (afterMs >= ringsForMs) return "no-answer";
  switch (farEnd.does) {
    case "answer":
      return "answered";
    case "busy":
      return "busy";
    case "fail":
      return "failed";
    case "ring":
      return "no-answer";
    default:
      return farEnd satisfies never;
  }
}

/** Until either hangs up, or the time limit does. */
async function talk(
  { number, timeLimitS }: Dial,
  { phoneBook, hangup, secondMs }: Exchange,
): Promise<number> {
  const farEnd = phoneBook[number];
  const wishesMs = farEnd?.does === "answer" ? farEnd.talkMs : 0;
  const sinceMs = monotonicMs();
  try {
    await hangup.sleep(Math.min(wishesMs, timeLimitS * secondMs));
  } catch (error) {
    if (!(error instanceof HungUp)) throw error;
  }
  return monotonicMs() - sinceMs;
}
