/**
 * A sample of the same mutations through the real edge: the built Functions under the real twilio-run, over HTTP, where
 * other parsers than ours make the event.
 */
import { ACCOUNT, AUTH_TOKEN, CALLER, SECRET } from "../../functions/signed.ts";
import { startTwilioRun } from "../../functions/twilio-run.ts";
import { type Captured, capture } from "./captured.ts";
import { diceOf } from "./dice.ts";
import { MUTATIONS } from "./webhook-mutations.ts";
import { isRefused } from "./webhooks.ts";

export type SampleOutcome = {
  readonly tried: number;
  /** What was answered to somebody whom the check refuses, where it was neither a refusal nor the end of the call. */
  readonly admitted: readonly string[];
  readonly byStatus: Readonly<Record<string, number>>;
  /** The first captured webhook as it was: a stream, or the sample would prove nothing. */
  readonly original: string;
};

/** Nobody listens there: what the edge asks of a relay fails, and only what it says of itself is looked at. */
const NO_RELAY = "ws://127.0.0.1:1";

export async function sampleThroughTwilioRun({
  count,
  seed,
}: {
  count: number;
  seed: number;
}): Promise<SampleOutcome> {
  const edge = await startTwilioRun({
    ACCOUNT_SID: ACCOUNT,
    AUTH_TOKEN,
    RELAY_URL: NO_RELAY,
    STREAM_TOKEN_SECRET: SECRET,
    ALLOWED_NUMBERS: CALLER,
    CALLER_PIN: "135792",
    PIN_POLICY: "unattested",
  });
  try {
    const dice = diceOf(seed);
    const all = await capture(edge.base);
    const kinds = Object.values(MUTATIONS);
    const byStatus: Record<string, number> = {};
    const admitted: string[] = [];
    for (let tried = 0; tried < count; ) {
      const original = all[dice.below(all.length)];
      const mutate = kinds[dice.below(kinds.length)];
      if (original === undefined || mutate === undefined) continue;
      const mutant = carried(mutate(original, all, dice));
      if (!(await isRefused(mutant))) continue;
      tried++;
      const { status, text } = await send(mutant);
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      if (/<(Stream|Connect|Gather|Redirect|Dial)\b/.test(text)) admitted.push(JSON.stringify(mutant));
    }
    const vouched = all.find(({ body }) => body.includes("Passed-A&") || body.endsWith("Passed-A")) ?? all[0];
    if (vouched === undefined) throw new Error("nothing was captured");
    const { status, text } = await send(vouched);
    const isStream = text.includes(`<Stream url="${NO_RELAY}/media-stream/`);
    return { tried: count, admitted, byStatus, original: isStream ? "a stream" : `status ${status}` };
  } finally {
    await edge.stop();
  }
}

/** The signature as a header takes it there: what none can hold is not sent, and space around it is none of it. */
function carried(request: Captured): Captured {
  const { signature } = request;
  const each = typeof signature === "string" ? [signature] : (signature ?? []);
  const held = each.filter((one) => /^[\x20-\x7e]*$/.test(one)).map((one) => one.trim());
  return { ...request, signature: held.length === 0 ? undefined : held.join(", ") };
}

async function send({ base, path, query, body, type, signature }: Captured) {
  const headers = new Headers({ "content-type": type });
  if (typeof signature === "string") headers.set("x-twilio-signature", signature);
  const url = `${base}${path}${query === "" ? "" : `?${query}`}`;
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
  return { status: response.status, text: await response.text() };
}
