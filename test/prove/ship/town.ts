/**
 * The places of a deploy, with stand-ins for those that need an account: the project in a folder of its own, Twilio's
 * API, a real relay that takes itself for wss://relay.example.com, and whatever is live run as Twilio runs it. A call
 * goes the whole way: a signed webhook to the deployed domain, the stream of its TwiML to the relay, the greeting.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATIENCE_MS, until } from "../../patience.ts";
import { openStream } from "../../rehearsal/carrier/carrier.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { parseTwiml } from "../../rehearsal/carrier/twiml.ts";
import { startModel } from "../../rehearsal/model/server.ts";
import { makeProjectFolder } from "../../rehearsal/project-folder.ts";
import { ACCOUNT_SID, AUTH_TOKEN, freePort, type RunningRelay, startRelay } from "../../rehearsal/relay.ts";
import { newNumber } from "../../rehearsal/twilio-api/account.ts";
import { startTwilioApi } from "../../rehearsal/twilio-api/api.ts";
import { type Deployed, runDeployed } from "../../rehearsal/twilio-api/deployed.ts";

export const CALLER = "+15551234567";
export const NUMBER = "+15557654321";
export const RELAY_URL = "wss://relay.example.com";
/** Of the relay's .env, which nobody may upload. */
export const CANARY = "canary-of-the-relay";

export type Answer = {
  readonly status: number;
  readonly version: string | null;
  readonly text: string;
};
export type Tried = {
  /** undefined: the caller heard the assistant's greeting. */
  readonly failed: string | undefined;
  /** Where Twilio goes when the stream is over. */
  readonly action: string | undefined;
  readonly callSid: string;
  readonly version: string | null;
};

export async function makeTown() {
  const folder = await mkdtemp(join(tmpdir(), "town-"));
  const project = await makeProjectFolder();
  const numbers = [newNumber(NUMBER)];
  const api = await startTwilioApi({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    numbers,
    buildPolls: 1,
  });
  const model = await startModel({ script: () => [{ clip: "assistant-greeting" }] });
  const ca = await Bun.file(api.caFile).text();
  const port = freePort();
  let relay: RunningRelay | undefined;
  let deployed: Deployed | undefined;
  await project.write(".env", `OPENAI_API_KEY=${CANARY}\nPHONE_NUMBER=${NUMBER}\n`);

  const webhook = async (
    url: string,
    callSid: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    const form = {
      AccountSid: ACCOUNT_SID,
      CallSid: callSid,
      CallStatus: "ringing",
      Direction: "inbound",
      From: CALLER,
      To: NUMBER,
      ...more,
    };
    const signature = signatureFor(AUTH_TOKEN, url, form, undefined) ?? "";
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(form),
      headers: { "x-twilio-signature": signature },
      proxy: api.proxyUrl,
      tls: { ca },
    });
    const version = response.headers.get("x-edge-version");
    return { status: response.status, version, text: await response.text() };
  };

  return {
    project,
    api,
    /** The domain of what is live. */
    domain: () => api.services[0]?.environments[0]?.domainName ?? "",
    live: () => api.live(api.services[0]?.environments[0]?.domainName ?? ""),
    writeEdgeEnv: (secret: string, more: Readonly<Record<string, string>> = {}) =>
      project.writeEnv(".env.functions", {
        ACCOUNT_SID,
        AUTH_TOKEN,
        RELAY_URL,
        STREAM_TOKEN_SECRET: secret,
        ALLOWED_NUMBERS: CALLER,
        ...more,
      }),
    /** Runs what is live now; what was run before ends when this one answers. */
    async bringLive(): Promise<Deployed> {
      const live = this.live();
      if (live === undefined) throw new Error("nothing is live");
      const old = deployed;
      deployed = await runDeployed(live);
      api.serve(live.domainName, deployed.base);
      await old?.stop();
      return deployed;
    },
    /** A relay in place of the one before, beside which it is started, as relay:swap does it. */
    async startRelay(secret: string): Promise<void> {
      const old = relay;
      const env = { RELAY_URL, STREAM_TOKEN_SECRET: secret, REUSE_PORT: "on", DRAIN_SECONDS: "0" };
      relay = await startRelay(port, { modelUrl: model.url, modelKey: model.key, dataDir: folder, env });
      await old?.kill("SIGTERM");
    },
    webhook,
    /** @param voiceUrl where the number points */
    async call(voiceUrl = numbers[0]?.voice_url ?? ""): Promise<Tried> {
      const callSid = newSid("CA");
      const answer = await webhook(voiceUrl, callSid);
      const { version } = answer;
      const failed = (why: string, action?: string): Tried => ({ failed: why, action, callSid, version });
      if (answer.status !== 200) return failed(`the webhook was answered ${answer.status}`);
      const connect = parseTwiml(answer.text).find((verb) => verb.verb === "Connect");
      if (connect === undefined) return failed(`the TwiML has no stream: ${answer.text.slice(0, 200)}`);
      const { action, stream } = connect;
      const line = openStream({
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        callSid,
        url: stream.url,
        reachedAt: `ws://127.0.0.1:${port}`,
        parameters: stream.parameters,
      });
      const opening = await line.opening;
      if (!opening.opened) return failed(`the relay answered ${opening.status}: ${opening.reason}`, action);
      try {
        await until(() => line.ear.firstAudioAfterAnswerMs !== undefined, PATIENCE_MS);
      } catch {
        return failed("nobody greeted the caller", action);
      } finally {
        line.hangUp();
      }
      await line.ended;
      return { failed: undefined, action, callSid, version };
    },
    async stop(): Promise<void> {
      await deployed?.stop();
      await relay?.kill("SIGKILL");
      await model.stop();
      await api.stop();
      await project.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type Town = Awaited<ReturnType<typeof makeTown>>;
