/**
 * Whose failed handshakes are counted together: the address at the other end of the socket or, where a proxy of our
 * own is there, the right-most address in X-Forwarded-For that is no proxy of ours. What stands further left was
 * written by a stranger, and may say anything.
 *
 * An address is for counting. It never admits anybody, and it is never logged.
 */
import { BlockList, isIP } from "node:net";

/** @returns undefined if the text is not a list of addresses and ranges such as "10.0.0.1, fd00::/8" */
export function proxiesFrom(text: string): BlockList | undefined {
  const proxies = new BlockList();
  for (const part of text.split(",").map((one) => one.trim())) {
    if (part === "") continue;
    const [address = "", bits, ...rest] = part.split("/");
    const family = isIP(address);
    const mostBits = family === 4 ? 32 : 128;
    if (family === 0 || rest.length > 0) return undefined;
    if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > mostBits)) return undefined;
    proxies.addSubnet(address, bits === undefined ? mostBits : Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return proxies;
}

/**
 * @param peer the socket's other end
 * @param forwardedFor the header as it came, several joined by commas
 * @param proxies undefined where there are none of ours
 */
export function clientOf(peer: string, forwardedFor: string | null, proxies: BlockList | undefined): string {
  let client = plain(peer);
  if (proxies === undefined) return networkOf(client);
  const hops = (forwardedFor ?? "").split(",");
  while (isAmong(proxies, client)) {
    const hop = plain(hops.pop()?.trim() ?? "");
    // The proxy named nobody: what it sends is counted as its own.
    if (isIP(hop) === 0) break;
    client = hop;
  }
  return networkOf(client);
}

const isAmong = (proxies: BlockList, address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 4 ? "ipv4" : "ipv6");
};

/** An IPv4 address as a socket that listens for both kinds shows it. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");

/** Whoever has one IPv6 address has the 2^64 of its network. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = "", right = ""] = address.split("%", 1).join().split("::");
  const [before, after] = [left, right].map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...(before ?? [])];
  while (groups.length + (after ?? []).length < 8) groups.push("0");
  return [...groups, ...(after ?? [])]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
