/**
 * One <Record>, performed: the caller is listened to until a key, silence, the longest that it may be, or the end of the
 * call. It knows how much was said and keeps none of it. https://www.twilio.com/docs/voice/twiml/record
 *
 * What the documentation leaves open, and nothing may rest on: that the silence which ends a recording is counted from
 * its beginning too, and that trimming leaves what lies between the first and the last sound.
 */

import { type Hangup, HungUp } from "./hangup.ts";
import type { Line } from "./line.ts";
import { isAudible } from "./mulaw.ts";
import type { EventOf } from "./timeline.ts";
import type { Voicemail } from "./twiml.ts";
import type { Parameters } from "./webhook.ts";

const TICK_MS = 20;

type Why = EventOf<"recorded">["why"];

export type Exchange = {
  readonly line: Line;
  readonly hangup: Hangup;
  readonly accountSid: string;
  readonly recordingSid: string;
  /** How long a second of a timeout takes. */
  readonly secondMs: number;
  /** Whoever is to be told of keys; undefined: nobody any more. */
  readonly onKey: (take: ((digit: string) => void) | undefined) => void;
};

/** What Twilio adds to the request to `action`; undefined: nothing was recorded, and `action` is not asked. */
export async function performRecord(verb: Voicemail, exchange: Exchange): Promise<Parameters | undefined> {
  const { line, hangup, accountSid, recordingSid, secondMs, onKey } = exchange;
  const over = Promise.withResolvers<{ why: Why; key: string }>();
  let frames = 0;
  let firstHeard: number | undefined;
  let lastHeard = 0;
  /** What comes in the same moment, of frames that are made up for, is not on the recording any more. */
  const end = (why: Why, key = "") => {
    line.listen(undefined);
    over.resolve({ why, key });
  };
  onKey((digit) => {
    if (verb.finishOnKey.includes(digit)) end("finish key", digit);
  });
  line.timeline.emit({ kind: "recording", maxLengthS: verb.maxLengthS });
  line.listen((spoken) => {
    frames += 1;
    if (spoken?.some(isAudible) === true) {
      firstHeard ??= frames;
      lastHeard = frames;
    }
    if (frames * TICK_MS >= verb.maxLengthS * secondMs) end("full");
    else if ((frames - lastHeard) * TICK_MS >= verb.timeoutS * secondMs) end("silence");
  });
  const { why, key } = await hangup.unless(over.promise).catch((error: unknown) => {
    if (error instanceof HungUp) return { why: "hangup", key: "hangup" } as const;
    throw error;
  });
  line.listen(undefined);
  onKey(undefined);
  const kept = firstHeard === undefined ? 0 : verb.trims ? lastHeard - firstHeard + 1 : frames;
  const seconds = Math.ceil((kept * TICK_MS) / secondMs);
  line.timeline.emit({ kind: "recorded", why, seconds });
  if (seconds === 0) return undefined;
  return {
    RecordingUrl: `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`,
    RecordingSid: recordingSid,
    RecordingDuration: String(seconds),
    Digits: key,
  };
}
