/**
 * When the relay takes nobody new and when it does again, with what it feels given by hand; and that its real senses
 * feel something.
 */
import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STEADY_LOOKS, sensesOf, Vitals, type VitalsEntry } from "../../../relay/io/vitals.ts";
import { PATIENCE_MS, until } from "../../patience.ts";

const MB = 2 ** 20;
const TERMS = { maxStallMs: 200, maxResidentBytes: 100 * MB, minFreeBytes: 40 * MB };

function patient(terms: ConstructorParameters<typeof Vitals>[0] = TERMS) {
  const feels = { stallMs: 0, residentBytes: 50 * MB, freeBytes: 500 * MB };
  const told: VitalsEntry[] = [];
  const senses = {
    stallMs: () => feels.stallMs,
    residentBytes: () => feels.residentBytes,
    freeBytes: () => Promise.resolve(feels.freeBytes),
  };
  const vitals = new Vitals(terms, { senses, log: (entry) => told.push(entry) });
  const look = async (changes: Partial<typeof feels> = {}) => {
    Object.assign(feels, changes);
    await vitals.look();
    return vitals.trouble;
  };
  return { vitals, senses, told, look };
}

describe("the event loop", () => {
  test("may stand still for as long as is allowed, and is bad at the first moment more", async () => {
    const { look } = patient();
    expect(await look({ stallMs: 200 })).toBeUndefined();
    expect(await look({ stallMs: 201 })).toBe("stalled");
  });

  test("is good again when it has been steady for a while, not at the first good moment", async () => {
    const { look, told } = patient();
    await look({ stallMs: 900 });
    for (let n = 1; n < STEADY_LOOKS; n++) expect(await look({ stallMs: 5 })).toBe("stalled");
    // Half of what is too much is no rest.
    expect(await look({ stallMs: 150 })).toBe("stalled");
    for (let n = 1; n < STEADY_LOOKS; n++) expect(await look({ stallMs: 100 })).toBe("stalled");
    expect(await look({ stallMs: 0 })).toBeUndefined();
    expect(told.map(({ event }) => event)).toEqual(["vitals.bad", "vitals.good"]);
  });

  test("is told of once, however long it lasts, with how long it stood still", async () => {
    const { look, told } = patient();
    for (const stallMs of [700.4, 800, 250]) await look({ stallMs });
    expect(told).toMatchObject([
      { event: "vitals.bad", level: "error", what: "stalled", measured: 700, limit: 200 },
    ]);
  });
});

test("memory is bad above its limit, and good only well below it", async () => {
  const { look, told } = patient();
  expect(await look({ residentBytes: 101 * MB })).toBe("memory");
  expect(await look({ residentBytes: 95 * MB })).toBe("memory");
  expect(await look({ residentBytes: 89 * MB })).toBeUndefined();
  expect(told).toMatchObject([
    { event: "vitals.bad", what: "memory", measured: 101, limit: 100 },
    { event: "vitals.good", level: "info", what: "memory" },
  ]);
});

test("the disk is bad below what must be left, and good only well above it", async () => {
  const { look, told } = patient();
  expect(await look({ freeBytes: 39 * MB })).toBe("disk");
  expect(await look({ freeBytes: 45 * MB })).toBe("disk");
  expect(await look({ freeBytes: 50 * MB })).toBeUndefined();
  expect(told).toMatchObject([
    { event: "vitals.bad", what: "disk", measured: 39, limit: 40 },
    { event: "vitals.good", what: "disk" },
  ]);
});

test("of several troubles each is told of, and all must be over", async () => {
  const { look, told } = patient();
  await look({ stallMs: 500, residentBytes: 200 * MB, freeBytes: 0 });
  expect(told.map((entry) => entry.what)).toEqual(["stalled", "memory", "disk"]);
  for (let n = 0; n < STEADY_LOOKS; n++) await look({ stallMs: 0, freeBytes: 500 * MB });
  expect(await look()).toBe("memory");
  expect(await look({ residentBytes: 10 * MB })).toBeUndefined();
});

test("what has no limit is never bad", async () => {
  const { look } = patient({ maxStallMs: undefined, maxResidentBytes: undefined, minFreeBytes: undefined });
  expect(await look({ stallMs: 1e6, residentBytes: 1e15, freeBytes: 0 })).toBeUndefined();
});

describe("a disk", () => {
  test("that is not there is left to the records to tell of, and what was known of it stands", async () => {
    const { vitals, senses, look } = patient();
    await look({ freeBytes: 0 });
    senses.freeBytes = () => Promise.reject(new Error("ENOENT"));
    await vitals.look();
    expect(vitals.trouble).toBe("disk");
  });

  test("that hangs is asked once, and holds up neither of the others", async () => {
    const { vitals, senses, look } = patient();
    let asked = 0;
    senses.freeBytes = () => {
      asked++;
      return new Promise(() => {});
    };
    void vitals.look();
    expect(await look({ stallMs: 900 })).toBe("stalled");
    expect(asked).toBe(1);
  });
});

test("the real senses feel a stall, this process's memory and the disk's room", async () => {
  const senses = sensesOf(tmpdir());
  expect(senses.residentBytes()).toBeGreaterThan(10 * MB);
  expect(await senses.freeBytes()).toBeGreaterThan(0);
  await expect(sensesOf(join(tmpdir(), "no-such-folder-here")).freeBytes()).rejects.toThrow();
  await Bun.sleep(50);
  senses.stallMs();
  const from = performance.now();
  while (performance.now() - from < 300);
  let longest = 0;
  await until(() => {
    longest = Math.max(longest, senses.stallMs());
    return longest > 200;
  }, PATIENCE_MS);
  // What the machine itself stood still comes on top.
  expect(longest).toBeGreaterThan(250);
});

test("watching looks by itself, until it is stopped", async () => {
  const seen: number[] = [];
  const { senses } = patient();
  const log = () => {};
  const vitals = new Vitals(TERMS, { senses, log, seen: ({ stallMs }) => seen.push(stallMs) });
  await vitals.watch();
  expect(seen).toEqual([0]);
  await until(() => seen.length >= 2);
  vitals.stop();
});
