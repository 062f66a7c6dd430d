/**
 * A captured `/voice/incoming`, sent again. Twilio's signature over it has no time, so the Function must answer, and
 * with a fresh token; what the attacker cannot have is Twilio's signature over the stream's URL, which holds that token.
 * https://www.twilio.com/docs/usage/security
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ACCOUNT,
  AUTH_TOKEN,
  CALLER,
  incomingForm,
  post,
  SECRET,
  signatureOf,
} from "../../functions/signed.ts";
import { startTwilioRun } from "../../functions/twilio-run.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { freePort, startRelay } from "../../rehearsal/relay.ts";
import { knockAt } from "./door.ts";
import { startSilentModel } from "./silent-model.ts";

export type SentAgain = {
  /** Webhooks sent again, and those of them that were answered with a stream of a token not seen before. */
  readonly again: number;
  readonly fresh: number;
  /** Handshakes for those streams with all that an attacker may have, and those that were let in. */
  readonly attempts: number;
  readonly opened: number;
  readonly whys: Readonly<Record<string, number>>;
  /** The same kind of stream, with Twilio's signature: it is the signature that holds the door. */
  readonly withSignature: number;
  readonly calls: number;
};

export async function sendAgain({ calls, times }: { calls: number; times: number }): Promise<SentAgain> {
  const model = startSilentModel();
  const dataDir = mkdtempSync(join(tmpdir(), "sent-again-"));
  const relay = await startRelay(freePort(), {
    modelUrl: model.url,
    modelKey: "sk-sent-again",
    dataDir,
    env: {
      TWILIO_ACCOUNT_SID: ACCOUNT,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      STREAM_TOKEN_SECRET: SECRET,
      MAX_CALLS: "1000",
      DRAIN_SECONDS: "0",
    },
  });
  const edge = await startTwilioRun({
    ACCOUNT_SID: ACCOUNT,
    AUTH_TOKEN,
    RELAY_URL: relay.url,
    STREAM_TOKEN_SECRET: SECRET,
    ALLOWED_NUMBERS: CALLER,
  });
  const webhook = `${edge.base}/voice/incoming`;
  const open = (url: string, signature?: string) =>
    knockAt({ port: relay.port, path: new URL(url).pathname, signature });
  const byTwilio = (url: string) => signatureOf(url, {});
  try {
    let [again, fresh, attempts, opened, withSignature] = [0, 0, 0, 0, 0];
    for (let call = 0; call < calls; call++) {
      const form = incomingForm({ CallSid: newSid("CA") });
      const headers = { "x-twilio-signature": signatureOf(webhook, form) };
      // Every other call never came to its stream: its first attempt is still to be had.
      const isUp = call % 2 === 0;
      const seen = new Set<string>();
      const streamOf = async () => {
        const { text } = await post(webhook, form, headers);
        const url = /<Stream url="([^"]+)"/.exec(text)?.[1];
        if (url === undefined) throw new Error(`no stream in: ${text}`);
        return url;
      };
      const first = await streamOf();
      seen.add(first);
      if (isUp && (await open(first, byTwilio(first))) !== 101)
        throw new Error("the call itself was refused");
      for (let time = 0; time < times; time++) {
        const url = await streamOf();
        again++;
        if (!seen.has(url)) fresh++;
        seen.add(url);
        const signatures = [
          undefined,
          "",
          headers["x-twilio-signature"],
          byTwilio(first),
          byTwilio(`${relay.url}/media-stream/`),
          signatureOf(url, {}, "f".repeat(32)),
          signatureOf(url, {}, SECRET),
        ];
        for (const signature of signatures) {
          attempts++;
          if ((await open(url, signature)) === 101) opened++;
        }
        // The first stream's URL with its own signature, both captured from the handshake.
        if (!isUp) continue;
        attempts++;
        if ((await open(first, byTwilio(first))) === 101) opened++;
      }
      if (isUp) continue;
      const url = await streamOf();
      if ((await open(url, byTwilio(url))) === 101) withSignature++;
    }
    const whys: Record<string, number> = {};
    for (const { event, why } of relay.lines) {
      if (event === "handshake.refused") whys[String(why)] = (whys[String(why)] ?? 0) + 1;
    }
    return { again, fresh, attempts, opened, whys, withSignature, calls };
  } finally {
    await edge.stop();
    await relay.kill("SIGKILL");
    await model.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
