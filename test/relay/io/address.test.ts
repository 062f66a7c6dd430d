/**
 * Whose failures are counted together: nobody may choose by a header whom theirs are laid upon.
 */
import { describe, expect, test } from "bun:test";
import { BlockList } from "node:net";
import { clientOf, proxiesFrom } from "../../../relay/io/address.ts";

const proxies = proxiesFrom("10.0.0.0/8, 192.0.2.7, fd00::/8") ?? new BlockList();

describe("a handshake is counted to", () => {
  const cases: ReadonlyArray<[what: string, peer: string, header: string | null, expected: string]> = [
    ["the socket's address", "198.51.100.1", null, "198.51.100.1"],
    ["that too where a stranger sends the header", "198.51.100.1", "203.0.113.9", "198.51.100.1"],
    ["the one that our proxy names", "10.1.2.3", "203.0.113.9", "203.0.113.9"],
    ["the right-most, whatever the stranger wrote before", "10.1.2.3", "1.1.1.1, 203.0.113.9", "203.0.113.9"],
    ["the right-most that is no proxy of ours", "10.1.2.3", "1.1.1.1,203.0.113.9, 192.0.2.7", "203.0.113.9"],
    ["the last proxy before what is no address", "10.1.2.3", "203.0.113.9, nonsense, 10.9.9.9", "10.9.9.9"],
    ["the proxy that names nobody", "10.1.2.3", null, "10.1.2.3"],
    ["the proxy that names nobody in words", "10.1.2.3", "unknown", "10.1.2.3"],
    ["IPv4 that a socket shows as IPv6", "::ffff:198.51.100.1", null, "198.51.100.1"],
    ["the one that such a proxy names", "::ffff:10.1.2.3", "203.0.113.9", "203.0.113.9"],
    ["the network of an IPv6 address", "2001:db8:1:2:3:4:5:6", null, "2001:db8:1:2"],
    ["the same network in short", "2001:0DB8:1:2::1", null, "2001:db8:1:2"],
    ["another network", "2001:db8:1::1", null, "2001:db8:1:0"],
    ["the network that a proxy names", "fd00::1", "2001:db8:1:2::9", "2001:db8:1:2"],
    ["nowhere, where a socket has no address any more", "", "203.0.113.9", ""],
  ];
  for (const [what, peer, header, expected] of cases) {
    test(what, () => {
      expect(clientOf(peer, header, proxies)).toBe(expected);
    });
  }
});

describe("a list of proxies", () => {
  test("may be empty: then nobody's header is believed", () => {
    expect(clientOf("10.1.2.3", "203.0.113.9", proxiesFrom("") ?? proxies)).toBe("10.1.2.3");
  });

  for (const text of [
    "proxy",
    "10.0.0.1/33",
    "10.0.0.1/",
    "fd00::/129",
    "10.0.0.1/8/8",
    "10.0.0.1 10.0.0.2",
  ]) {
    test(`is refused with ${text}`, () => {
      expect(proxiesFrom(`192.0.2.7,${text}`)).toBeUndefined();
    });
  }
});
