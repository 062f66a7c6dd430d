/**
 * Twilio's REST API on this machine, for whatever signs in to it: this project's commands, the Twilio CLI, twilio-run.
 * They come by HTTP_PROXY and trust its certificate by NODE_EXTRA_CA_CERTS; they need no other setting, and they meet the
 * credentials, errors, limits and lists in pages that they would meet there.
 *
 * What was deployed is also served, under the very domain that the API names, if somebody runs it: `serve`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateOf } from "../certificate.ts";
import { type Account, answerForAccount, type PhoneNumber } from "./account.ts";
import { Refusal } from "./answer.ts";
import { startConnectProxy } from "./connect-proxy.ts";
import { answerForServerless, answerForUpload } from "./serverless.ts";
import type { Build, Service } from "./services.ts";

const HOSTS = ["api.twilio.com", "serverless.twilio.com", "serverless-upload.twilio.com"];
const EDGES = ".twil.io";

export type TwilioApiOptions = {
  readonly accountSid: string;
  readonly authToken: string;
  readonly numbers?: readonly PhoneNumber[];
  readonly type?: Account["type"];
  readonly status?: Account["status"];
  /** How often a new build's status is still "building"; the clients ask once a second. */
  readonly buildPolls?: number;
  /** Somebody has put a build live; the client hears of it when this is done. */
  readonly onDeployed?: () => Promise<unknown>;
};

/** What answers under a domain now. */
export type Live = {
  readonly domainName: string;
  readonly build: Build;
  /** What the Functions find in their context: the credentials too, if the service is to have them. */
  readonly variables: Readonly<Record<string, string>>;
};

export type TwilioApi = {
  readonly proxyUrl: string;
  /** A certificate in a file, for NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  /** What a child process has to be told in its environment. */
  readonly env: { readonly HTTP_PROXY: string; readonly NODE_EXTRA_CA_CERTS: string };
  /** As they are now, to be looked at and to be changed behind everybody's back. */
  readonly numbers: readonly PhoneNumber[];
  readonly services: readonly Service[];
  /** Each as "POST api.twilio.com/2010-04-01/…", in order. */
  readonly requests: readonly string[];
  /** Hosts that were asked for and are not Twilio's. */
  readonly refusedHosts: readonly string[];
  live(domainName: string): Live | undefined;
  /** From now on https://<domainName> is answered by this server, an http address of this machine. */
  serve(domainName: string, target: string): void;
  /** The next requests whose line matches are answered with this. */
  failWith(match: RegExp, refusal: Refusal): void;
  recover(): void;
  stop(): Promise<void>;
};

export async function startTwilioApi(options: TwilioApiOptions): Promise<TwilioApi> {
  const { accountSid, authToken, numbers = [], type = "Full", status = "active", buildPolls = 0 } = options;
  const account: Account = { sid: accountSid, authToken, type, status, numbers };
  const services: Service[] = [];
  const requests: string[] = [];
  const targets = new Map<string, string>();
  let failure: { readonly match: RegExp; readonly refusal: Refusal } | undefined;
  const credentials = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;

  const answer = async (request: Request, host: string): Promise<Response> => {
    const url = new URL(request.url);
    const line = `${request.method} ${host}${url.pathname}${url.search}`;
    requests.push(line);
    try {
      if (request.headers.get("authorization") !== credentials) throw new Refusal(401, 20003, "Authenticate");
      if (failure?.match.test(line)) throw failure.refusal;
      if (host === "serverless-upload.twilio.com") return await answerForUpload(url, request, services);
      const form = new URLSearchParams(await request.text());
      const { method } = request;
      if (host === "api.twilio.com") return answerForAccount(account, { method, url, form });
      const answered = await answerForServerless({ method, url, form, accountSid, services, buildPolls });
      if (method === "POST" && url.pathname.endsWith("/Deployments")) await options.onDeployed?.();
      return answered;
    } catch (error) {
      if (error instanceof Refusal) return error.response();
      throw error;
    }
  };

  const tls = certificateOf("api.twilio.com", ...HOSTS, `*${EDGES}`);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls,
    maxRequestBodySize: 64_000_000,
    // A deploy is answered when it is live, however long that takes on a busy machine.
    idleTimeout: 0,
    async fetch(request) {
      const host = request.headers.get("host")?.replace(/:443$/, "") ?? "";
      if (HOSTS.includes(host)) return answer(request, host);
      const target = targets.get(host);
      // As Twilio answers where nothing is deployed.
      if (target === undefined) return new Response("", { status: 404 });
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      const body = method === "GET" || method === "HEAD" ? undefined : await request.arrayBuffer();
      const answered = await fetch(target + pathname + search, {
        method,
        headers,
        redirect: "manual",
        ...(body === undefined ? {} : { body }),
      });
      const shown = new Headers(answered.headers);
      for (const name of ["content-encoding", "content-length", "transfer-encoding"]) shown.delete(name);
      return new Response(await answered.arrayBuffer(), { status: answered.status, headers: shown });
    },
  });
  const folder = await mkdtemp(join(tmpdir(), "twilio-api-"));
  const caFile = join(folder, "ca.pem");
  await Bun.write(caFile, tls.cert);
  const isOurs = (host: string) => HOSTS.includes(host) || host.endsWith(EDGES);
  const proxy = await startConnectProxy((host) => (isOurs(host) ? server.port : undefined));

  return {
    proxyUrl: proxy.url,
    caFile,
    env: { HTTP_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: caFile },
    numbers,
    services,
    requests,
    refusedHosts: proxy.refused,
    live: (domainName) => {
      for (const service of services) {
        const environment = service.environments.find((one) => one.domainName === domainName);
        const build = service.builds.find(({ sid }) => sid === environment?.buildSid);
        if (environment === undefined || build === undefined) continue;
        const own = environment.variables.map(({ key, value }) => [key, value] as const);
        const given = service.includeCredentials ? { ACCOUNT_SID: accountSid, AUTH_TOKEN: authToken } : {};
        return { domainName, build, variables: { ...given, ...Object.fromEntries(own) } };
      }
      return undefined;
    },
    serve: (domainName, target) => void targets.set(domainName, target),
    failWith: (match, refusal) => {
      failure = { match, refusal };
    },
    recover: () => {
      failure = undefined;
    },
    stop: async () => {
      proxy.stop();
      await server.stop(true);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
