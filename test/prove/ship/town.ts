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

/** @param without as for {@link makeProjectFolder} */
export async function makeTown(without?: string) {
  const folder = await mkdtemp(join(tmpdir(), "town-"));
  const project = await makeProjectFolder(without);
  const numbers = [newNumber(NUMBER)];
  const api = await startTwilioApi({
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    numbers,
    buildPolls: 1,
    onDeployed: () => bringLive(),
  });
  const model = await startModel({ script: () => [{ clip: "assistant-greeting" }] });
  const ca = await Bun.file(api.caFile).text();
  let port = freePort();
  let relay: RunningRelay | undefined;
  let deployed: Deployed | undefined;
  /** Whoever had begun to ask it is still answered. */
  let retired: Deployed | undefined;
  const domain = () => api.services[0]?.environments[0]?.domainName ?? "";

  /** Runs what is live, where Twilio would. */
  const bringLive = async (): Promise<void> => {
    const live = api.live(domain());
    if (live === undefined) throw new Error("nothing is live");
    await retired?.stop();
    retired = deployed;
    deployed = await runDeployed(live);
    api.serve(live.domainName, deployed.base);
  };

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
    domain,
    live: () => api.live(domain()),
    /** What runs it now. */
    running: () => deployed,
    run: (command: readonly string[], more: Readonly<Record<string, string>> = {}) =>
      project.run(command, {
        ...api.env,
        // The doctor goes to the deployed domain, which is behind the same proxy.
        HTTPS_PROXY: api.proxyUrl,
        NO_PROXY: "localhost,127.0.0.1",
        // Not even when a shell has it.
        OPENAI_API_KEY: CANARY,
        ...more,
      }),
    /** Both files, with the same secret. */
    async writeEnvs(secret: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
      await project.writeEnv(".env", {
        RELAY_URL,
        STREAM_TOKEN_SECRET: secret,
        TWILIO_ACCOUNT_SID: ACCOUNT_SID,
        TWILIO_AUTH_TOKEN: AUTH_TOKEN,
        OPENAI_API_KEY: CANARY,
        PHONE_NUMBER: NUMBER,
      });
      await project.writeEnv(".env.functions", {
        ACCOUNT_SID,
        AUTH_TOKEN,
        RELAY_URL,
        STREAM_TOKEN_SECRET: secret,
        ALLOWED_NUMBERS: CALLER,
        ...more,
      });
    },
    /** A relay in place of the one before, beside which it is started, as relay:swap does it. */
    async startRelay(secret: string): Promise<void> {
      const old = relay;
      const env = { RELAY_URL, STREAM_TOKEN_SECRET: secret, REUSE_PORT: "on", DRAIN_SECONDS: "0" };
      const options = { modelUrl: model.url, modelKey: model.key, dataDir: folder, env };
      for (let tries = 1; ; tries++) {
        try {
          relay = await startRelay(port, options);
          break;
        } catch (error) {
          // Another process may have taken the port that was free a moment ago.
          if (old !== undefined || tries === 3) throw error;
          port = freePort();
        }
      }
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
      await Promise.all([deployed?.stop(), retired?.stop()]);
      await relay?.kill("SIGKILL");
      await model.stop();
      await api.stop();
      await project.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type Town = Awaited<ReturnType<typeof makeTown>>;
