/**
 * The first steps on the way to a relay: its name in DNS, and a certificate that everybody trusts. Twilio opens a stream
 * to nothing less, and says no more than that it failed.
 */
import { lookup } from "node:dns/promises";
import { BlockList } from "node:net";
import { TLSSocket } from "node:tls";
import { isLoopback } from "../../../functions/edge/relays.ts";
import { EDGE_ENV, RELAY_ENV } from "./given.ts";
import { socketTo } from "./knock.ts";
import { ill, type Verdict, well, wellBut } from "./line.ts";

export const WAY =
  "look whether the relay's port (443) is open to the world: firewall, port forwarding, proxy, tunnel";
export const OWNER = `write the relay's public name into RELAY_URL of ${RELAY_ENV} and ${EDGE_ENV}`;
const DAY_MS = 24 * 3600 * 1000;
/** Let's Encrypt's are renewed a month before their end: less is a renewal that has failed. */
const SOON_DAYS = 14;

/** https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry */
const NOT_PUBLIC = new BlockList();
for (const [net, bits] of [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  NOT_PUBLIC.addSubnet(net, bits);
}
NOT_PUBLIC.addAddress("::1", "ipv6");
NOT_PUBLIC.addSubnet("fc00::", 7, "ipv6");
NOT_PUBLIC.addSubnet("fe80::", 10, "ipv6");

export async function named(hostname: string): Promise<Verdict<void>> {
  if (isLoopback(hostname))
    return well("this machine itself: for a rehearsal, which no telephone reaches", undefined);
  let found: ReadonlyArray<{ readonly address: string; readonly family: number }>;
  try {
    found = await lookup(hostname.replace(/^\[(.*)\]$/, "$1"), { all: true });
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ENOTFOUND" || code === "DNS_ENOTFOUND" || code === "ENODATA") {
      return ill(
        `DNS knows no ${hostname}`,
        `make an A (or AAAA) record of that name for the relay's address, or ${OWNER}; a new record takes some minutes`,
      );
    }
    return ill(`${hostname} cannot be looked up (${code})`, "look at this machine's own DNS and network");
  }
  const hidden = found.find(({ address, family }) =>
    NOT_PUBLIC.check(address, family === 6 ? "ipv6" : "ipv4"),
  );
  if (hidden !== undefined) {
    return wellBut(
      `${hostname} is ${hidden.address}`,
      [
        {
          says: "that is an address of a local network: unless your own DNS says so here alone, Twilio cannot reach it",
          mend: `let the name's record hold the public address, or use a tunnel; else ${OWNER}`,
        },
      ],
      undefined,
    );
  }
  return well(`${hostname} is ${found.map(({ address }) => address).join(", ")}`, undefined);
}

export async function certified(url: string, hostname: string, signal: AbortSignal): Promise<Verdict<void>> {
  const { promise, resolve, reject } = Promise.withResolvers<Date | undefined>();
  const socket = socketTo(url, () => {
    const { valid_to: until } = socket instanceof TLSSocket ? socket.getPeerCertificate() : { valid_to: "" };
    resolve(Number.isNaN(Date.parse(until)) ? undefined : new Date(until));
    socket.end();
  });
  socket.on("error", reject);
  signal.addEventListener("abort", () => socket.destroy());
  let until: Date | undefined;
  try {
    until = await promise;
  } catch (thrown) {
    return uncertified(codeOf(thrown), hostname);
  }
  if (until === undefined) return well(`is good for ${hostname}`, undefined);
  const days = Math.floor((until.getTime() - Date.now()) / DAY_MS);
  const says = `is good for ${hostname}, until ${until.toISOString().slice(0, 10)}`;
  const mend = "look why it was not renewed (Caddy and certbot do it a month before the end)";
  return wellBut(says, days < SOON_DAYS ? [{ says: `it ends in ${days} days`, mend }] : [], undefined);
}

function uncertified(code: string, hostname: string): Verdict<never> {
  const renew = `get one that everybody trusts: Caddy does it by itself (relay/deploy), or certbot`;
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return ill("it has expired", `renew it (certbot renew, or restart Caddy and read its log); ${renew}`);
    case "CERT_NOT_YET_VALID":
      return ill("it is not valid yet", "look at this machine's clock, and at when the certificate was made");
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return ill("it is self-signed, and Twilio does not trust it", renew);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return ill(`it is for another name than ${hostname}`, `${renew}, for ${hostname}; or ${OWNER}`);
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return ill(
        "nobody vouches for it: what stands between it and a root is missing",
        `serve the whole chain (fullchain.pem, not cert.pem); ${renew}`,
      );
    case "ECONNREFUSED":
      return ill("nobody listens on port 443", `start the relay and what stands before it; ${WAY}`);
    case "ECONNRESET":
    case "EPIPE":
      return ill(
        "the connection breaks before TLS begins",
        `look whether TLS is spoken there at all; ${WAY}`,
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return ill(`no way leads there (${code})`, WAY);
    default:
      return /SSL|TLS|EPROTO/.test(code)
        ? ill(
            "what answers there speaks no TLS",
            "put Caddy (relay/deploy) or another proxy with TLS before the relay",
          )
        : ill(`no TLS connection stands (${code})`, WAY);
  }
}

export const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "unknown";
