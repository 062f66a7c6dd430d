import { describe, expect, test } from "bun:test";
import { inOrderFor, type Relay, readRelay, readRelays, streamUrl } from "../../../functions/edge/relays.ts";

function relayAt(url: string): Relay {
  const read = readRelay(url);
  if (!read.ok) throw new Error(read.wrong);
  return read.relay;
}
const namesOf = (relays: readonly Relay[]) => relays.map(({ name }) => name);
const wrongsOf = (list: string) => {
  const read = readRelays(list);
  return read.ok ? [] : read.problems.map(({ wrong }) => wrong);
};

describe("a relay", () => {
  test("takes its stream at the path of the contract, without the port that wss implies", () => {
    expect(streamUrl(relayAt("wss://relay.example.com:443/"), "a.b.c")).toBe(
      "wss://relay.example.com/media-stream/a.b.c",
    );
    expect(streamUrl(relayAt("ws://localhost:5050"), "a.b.c")).toBe("ws://localhost:5050/media-stream/a.b.c");
  });
});

describe("a list of relays", () => {
  test("is one or several, with commas between and spaces anywhere around them", () => {
    const read = readRelays(" wss://a.example.com ,wss://b.example.com:443/,\tws://localhost:5050");
    expect(read.ok && namesOf(read.relays)).toEqual([
      "wss://a.example.com",
      "wss://b.example.com",
      "ws://localhost:5050",
    ]);
    const one = readRelays("wss://a.example.com");
    expect(one.ok && namesOf(one.relays)).toEqual(["wss://a.example.com"]);
  });

  test("names every entry that is wrong by its place, an empty one too", () => {
    expect(wrongsOf("wss://a.example.com,https://b.example.com,,wss://c.example.com:8443")).toEqual([
      "entry 2 of 4 does not begin with wss://",
      "entry 3 of 4 is not set",
      "entry 4 of 4 names port 8443",
    ]);
    expect(wrongsOf("")).toEqual(["is not set"]);
  });

  test("names each relay once, in whatever spelling", () => {
    for (const again of ["wss://a.example.com", "wss://a.example.com:443", "wss://A.example.com/"]) {
      expect(wrongsOf(`wss://a.example.com,${again}`)).toEqual([
        "entry 2 of 2 names a relay for the second time",
      ]);
    }
  });
});

describe("the order of relays for a call", () => {
  const relays = ["a", "b", "c", "d"].map((name) => relayAt(`wss://${name}.example.com`));
  const calls = Array.from({ length: 4000 }, (_, index) => `CA${index.toString(16).padStart(32, "0")}`);
  const first = (among: readonly Relay[], call: string) => inOrderFor(among, call)[0]?.name;

  test("is the same whatever order the list is in, and holds every relay once", () => {
    for (const call of calls.slice(0, 50)) {
      const order = namesOf(inOrderFor(relays, call));
      expect(namesOf(inOrderFor(relays.toReversed(), call))).toEqual(order);
      expect(order.toSorted()).toEqual(namesOf(relays));
    }
  });

  test("spreads calls evenly: each of four takes a quarter", () => {
    for (const { name } of relays) {
      const share = calls.filter((call) => first(relays, call) === name).length / calls.length;
      expect(share).toBeGreaterThan(0.22);
      expect(share).toBeLessThan(0.28);
    }
  });

  test("moves only the calls of a relay that is taken away, each to the second of its own order", () => {
    const [gone, ...rest] = relays;
    for (const call of calls.slice(0, 500)) {
      const order = inOrderFor(relays, call);
      expect(namesOf(inOrderFor(rest, call))).toEqual(namesOf(order.filter((relay) => relay !== gone)));
    }
  });
});
