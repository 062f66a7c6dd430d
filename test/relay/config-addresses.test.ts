/**
 * The configuration's addresses: where Twilio reaches the relay, where its records are, and whose word is taken for a
 * stranger's address.
 */
import { describe, expect, test } from "bun:test";
import { printFindings } from "../../relay/config.ts";
import { good, NEEDED, problems } from "./configured.ts";

describe("RELAY_URL", () => {
  const taken: Readonly<Record<string, string>> = {
    "wss://relay.example.com": "wss://relay.example.com",
    "wss://relay.example.com/": "wss://relay.example.com",
    "wss://relay.example.com:443": "wss://relay.example.com",
    "WSS://Relay.Example.COM": "wss://relay.example.com",
    "ws://localhost:5050": "ws://localhost:5050",
    "ws://127.0.0.1:5050": "ws://127.0.0.1:5050",
    "ws://127.9.9.9:5050": "ws://127.9.9.9:5050",
    "ws://[::1]:5050": "ws://[::1]:5050",
    "wss://localhost:8443": "wss://localhost:8443",
  };
  for (const [url, expected] of Object.entries(taken)) {
    test(`may be ${url}`, async () => {
      expect((await good({ RELAY_URL: url })).config.relayUrl).toBe(expected);
    });
  }

  const refused: Readonly<Record<string, RegExp>> = {
    "relay.example.com": /is not a URL/,
    "https://relay.example.com": /must begin with wss/,
    "http://localhost:5050": /must begin with wss/,
    "ws://relay.example.com": /must begin with wss/,
    "ws://10.0.0.1:5050": /must begin with wss/,
    "ws://localhost.example.com": /must begin with wss/,
    "ws://127.0.0.1.example.com": /must begin with wss/,
    "wss://relay.example.com:8443": /port 443/,
    "wss://relay.example.com/media-stream": /no path or query/,
    "wss://relay.example.com?a=b": /no path or query/,
    "wss://relay.example.com#a": /no path or query/,
    "wss://user@relay.example.com": /no path or query/,
    "wss://one.example.com,wss://two.example.com": /no path or query/,
  };
  for (const [url, why] of Object.entries(refused)) {
    test(`may not be ${url}`, async () => {
      expect(await problems({ RELAY_URL: url })).toEqual([expect.stringMatching(why)]);
    });
  }

  test("on this machine alone frees from TWILIO_AUTH_TOKEN, with a warning", async () => {
    const { config, warnings } = await good({ RELAY_URL: "ws://localhost:5050", TWILIO_AUTH_TOKEN: "" });
    expect(config.authToken).toBeUndefined();
    expect(warnings.map(({ variable }) => variable)).toEqual(["TWILIO_AUTH_TOKEN"]);
    const withToken = await good({ RELAY_URL: "ws://localhost:5050" });
    expect(withToken.config.authToken?.reveal()).toBe(NEEDED.TWILIO_AUTH_TOKEN);
  });
});

describe("REDIS_URL", () => {
  const URL_WITH_PASSWORD = "rediss://relay:canary-password@redis.example.com:6380/2";

  test("is kept whole, out of sight, and is doubted only where it crosses a network in the clear", async () => {
    const { config, warnings } = await good({ REDIS_URL: URL_WITH_PASSWORD });
    expect([config.redisUrl?.reveal(), warnings]).toEqual([URL_WITH_PASSWORD, []]);
    for (const url of ["redis://127.0.0.1:6379", "redis://localhost", "redis://[::1]:6379"]) {
      expect((await good({ REDIS_URL: url })).warnings).toEqual([]);
    }
    const open = await good({ REDIS_URL: "redis://:canary-password@10.0.0.7:6379" });
    expect(open.warnings).toMatchObject([
      { variable: "REDIS_URL", mend: expect.stringContaining("rediss://") },
    ]);
    expect(printFindings(open.warnings)).not.toContain("canary");
  });
});

describe("REUSE_PORT and TRUSTED_PROXY", () => {
  test("are taken as they are meant", async () => {
    const { config } = await good({ REUSE_PORT: "on", TRUSTED_PROXY: " 10.0.0.1, 172.16.0.0/12 ,fd00::/8," });
    expect(config.reusePort).toBe(true);
    const trusted = (address: string) =>
      config.trustedProxies.check(address, address.includes(":") ? "ipv6" : "ipv4");
    expect(["10.0.0.1", "172.31.255.255", "fd12::1"].map(trusted)).toEqual([true, true, true]);
    expect(["10.0.0.2", "172.32.0.0", "fe80::1"].map(trusted)).toEqual([false, false, false]);
  });
});
