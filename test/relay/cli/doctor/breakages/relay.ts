/** The relay as it is reached: its name, its certificate, whether it is there, and whether it takes what the edge sends. */

import { selfSigned } from "../../../io/mcp/self-signed.ts";
import type { Breakage } from "../breakage.ts";
import { type House, SECRET } from "../stage.ts";

/** RELAY_URL of both files names it, as after a move. */
function move(house: House, url: string): void {
  house.relayEnv.RELAY_URL = url;
  house.edgeEnv.RELAY_URL = url;
  house.modes[".env.functions"] = 0o600;
  house.environment = house.usualEnvironment;
}
const home = (house: House): void => move(house, house.relay.url);

/** Something that is no relay, or one in disguise. */
function stranger(house: House, answer: (request: Request) => Response | Promise<Response>): void {
  const server = house.put(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer }));
  move(house, `ws://127.0.0.1:${server.port}`);
}

type Certificate = ReturnType<typeof selfSigned>;

/** The relay behind TLS with this certificate, which the doctor trusts or not. */
async function behind(house: House, certificate: Certificate, isTrusted: boolean): Promise<void> {
  const server = house.put(
    Bun.serve({
      port: 0,
      tls: certificate,
      fetch: (request) => fetch(`http://127.0.0.1:${house.relay.port}${new URL(request.url).pathname}`),
    }),
  );
  // The edge's parser takes no port but 443: a machine that has the relay alone.
  house.modes[".env.functions"] = undefined;
  house.relayEnv.RELAY_URL = `wss://localhost:${server.port}`;
  const file = `${house.folder}/trusted.pem`;
  await Bun.write(file, isTrusted ? certificate.cert : "");
  house.environment.NODE_EXTRA_CA_CERTS = file;
}

const wellServed = (house: House): Promise<void> => behind(house, selfSigned(), true);

export const RELAY: readonly Breakage[] = [
  {
    name: "a certificate that nobody signed",
    line: "relay/certificate",
    says: /it is self-signed, and Twilio does not trust it/,
    mend: /get one that everybody trusts/,
    break: (house) => behind(house, selfSigned(), false),
    apply: wellServed,
  },
  {
    name: "a certificate that has expired",
    line: "relay/certificate",
    says: /it has expired/,
    mend: /renew it/,
    break: (house) => behind(house, selfSigned({ until: "24" }), true),
    apply: wellServed,
  },
  {
    name: "a certificate for another name",
    line: "relay/certificate",
    says: /it is for another name than localhost/,
    mend: /for localhost/,
    break: (house) => behind(house, selfSigned({ name: "relay.example.com" }), true),
    apply: wellServed,
  },
  {
    name: "no TLS where TLS should be",
    line: "relay/certificate",
    says: /speaks no TLS|breaks before TLS/,
    mend: /TLS/,
    break: (house) => {
      house.relayEnv.RELAY_URL = `wss://localhost:${house.relay.port}`;
    },
    apply: wellServed,
  },
  {
    name: "a name that DNS does not know",
    line: "relay/name",
    says: /DNS knows no relay\.invalid/,
    mend: /make an A \(or AAAA\) record/,
    break: (house) => move(house, "wss://relay.invalid"),
    apply: home,
  },
  {
    name: "a relay that does not run",
    line: "relay/alive",
    says: /nobody answers at 127\.0\.0\.1/,
    mend: /npm run relay/,
    break: (house) => house.relay.kill("SIGKILL"),
    apply: (house) => house.restartRelay(),
  },
  {
    name: "a proxy that does not reach the relay",
    line: "relay/alive",
    says: /answers 502: it does not reach the relay/,
    mend: /let the proxy or tunnel lead to its PORT/,
    break: (house) => stranger(house, () => new Response("Bad Gateway", { status: 502 })),
    apply: home,
  },
  {
    name: "something else at the relay's address",
    line: "relay/alive",
    says: /something else than the relay answers there \(200\)/,
    mend: /RELAY_URL/,
    break: (house) => stranger(house, () => new Response("<h1>It works!</h1>")),
    apply: home,
  },
  {
    name: "a relay whose disk is full",
    line: "relay/ready",
    says: /its disk is full/,
    mend: /make room on the disk of DATA_DIR/,
    break: (house) => house.restartRelay({ MIN_DISK_MB: "1000000" }),
    apply: (house) => house.restartRelay(),
  },
  {
    name: "a relay whose clock is wrong",
    line: "relay/clock",
    says: /it is 10 minutes behind this machine's/,
    mend: /timedatectl set-ntp true/,
    break: (house) =>
      stranger(house, () => {
        const date = new Date(Date.now() - 600_000).toUTCString();
        return Response.json({ status: "ok" }, { headers: { date } });
      }),
    apply: home,
  },
  {
    name: "a relay that was not restarted with its new secret",
    line: "relay/token",
    says: /the relay that runs there has another secret, or another RELAY_URL/,
    mend: /restart it: it reads \.env at its start/,
    break: (house) => house.restartRelay({ STREAM_TOKEN_SECRET: "the-secret-of-before-the-change-of-it" }),
    apply: (house) => house.restartRelay(),
  },
  {
    name: "a rotation that began at the wrong end",
    line: "relay/token",
    says: /takes the older secret alone/,
    mend: /restart the relay, so that it reads STREAM_TOKEN_SECRET/,
    break: (house) => {
      const both = `the-newer-of-two-secrets-for-a-rotation,${SECRET}`;
      house.relayEnv.STREAM_TOKEN_SECRET = both;
      house.edgeEnv.STREAM_TOKEN_SECRET = both;
    },
    apply: (house) => house.restartRelay(),
  },
  {
    name: "a relay with another auth token",
    line: "relay/stream",
    says: /another TWILIO_AUTH_TOKEN or TWILIO_ACCOUNT_SID/,
    mend: /restart the relay/,
    break: (house) => house.restartRelay({ TWILIO_AUTH_TOKEN: "e".repeat(32) }),
    apply: (house) => house.restartRelay(),
  },
  {
    name: "a proxy that passes no WebSockets",
    line: "relay/stream",
    says: /the upgrade to a WebSocket is answered 426/,
    mend: /pass Upgrade and Connection on/,
    break: (house) => {
      const { relay } = house;
      stranger(house, (request) => {
        const { pathname } = new URL(request.url);
        const { headers } = request;
        if (pathname.startsWith("/media-stream/")) return new Response("", { status: 426 });
        return fetch(`http://127.0.0.1:${relay.port}${pathname}`, { headers });
      });
      // What it is known by stays: it takes only tokens that name it.
      return house.restartRelay({ RELAY_URL: house.relayEnv.RELAY_URL ?? "" });
    },
    apply: async (house) => {
      home(house);
      await house.restartRelay();
    },
  },
  {
    name: "a relay with no room",
    line: "relay/ready",
    says: /its memory is full/,
    mend: /MAX_MEMORY_MB/,
    break: (house) => house.restartRelay({ MAX_MEMORY_MB: "64" }),
    apply: (house) => house.restartRelay(),
  },
];
