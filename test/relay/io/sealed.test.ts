/**
 * What is sealed is opened by the keys of the relay, for the call that it is of, unchanged; and by nobody else.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { createDecipheriv, hkdfSync } from "node:crypto";
import { type Key, keyFrom } from "../../../relay/contract.ts";
import { Seal } from "../../../relay/io/sealed.ts";

const CALL = `CA${"1".repeat(32)}`;
const OTHER_CALL = `CA${"2".repeat(32)}`;
const WORDS = "Grüezi, the canary is marmalade 🦜";
const SECRET = "a secret of more than thirty-two bytes";

let key: Key;
let another: Key;
beforeAll(async () => {
  key = await keyFrom(SECRET);
  another = await keyFrom(`${SECRET}, and another`);
});

describe("what is sealed", () => {
  test("is opened as it was, and shows nothing of it", () => {
    const sealed = new Seal([key]).close(CALL, WORDS);
    expect(new Seal([key]).open(CALL, sealed)).toBe(WORDS);
    expect(sealed.includes("marmalade")).toBe(false);
    expect(new Seal([key]).open(CALL, new Seal([key]).close(CALL, ""))).toBe("");
  });

  test("is each its own, whatever was sealed before it, be it longer or shorter", () => {
    const seal = new Seal([key]);
    const texts = ["a", "🦜".repeat(30_000), "é", "\u{fffd}".repeat(50), "", "x".repeat(100_000), WORDS];
    const sealed = texts.map((text) => seal.close(CALL, text));
    expect(sealed.map((one) => seal.open(CALL, one))).toEqual(texts);
    expect(sealed.map((one) => one.length - 28)).toEqual(texts.map((text) => Buffer.byteLength(text)));
  });

  test("looks another way each time", () => {
    const seal = new Seal([key]);
    const all = Array.from({ length: 100 }, () => seal.close(CALL, WORDS).toString("hex"));
    for (const from of [0, 24, 56])
      expect(new Set(all.map((one) => one.slice(from, from + 24))).size).toBe(100);
  });

  test("is what AES-256-GCM with a key of HKDF-SHA-256 makes of it", () => {
    const sealed = new Seal([key]).close(CALL, WORDS);
    const derived = hkdfSync("sha256", SECRET, "", "phone-assistant conversation 1", 32);
    const decipher = createDecipheriv("aes-256-gcm", new Uint8Array(derived), sealed.subarray(0, 12));
    decipher.setAAD(Buffer.from(CALL));
    decipher.setAuthTag(sealed.subarray(12, 28));
    expect(decipher.update(sealed.subarray(28), undefined, "utf8") + decipher.final("utf8")).toBe(WORDS);
  });

  test("is opened by an older key as well, while the secret is replaced, on both sides of it", () => {
    const before = new Seal([key]).close(CALL, WORDS);
    const during = new Seal([another, key]);
    expect(during.open(CALL, before)).toBe(WORDS);
    expect(new Seal([another]).open(CALL, during.close(CALL, WORDS))).toBe(WORDS);
    expect(new Seal([key]).open(CALL, during.close(CALL, WORDS))).toBeUndefined();
  });

  test("is opened by no other key, and for no other call", () => {
    const sealed = new Seal([key]).close(CALL, WORDS);
    expect(new Seal([another]).open(CALL, sealed)).toBeUndefined();
    expect(new Seal([key]).open(OTHER_CALL, sealed)).toBeUndefined();
  });

  test("is none with any byte flipped, cut off or added", () => {
    const seal = new Seal([key]);
    const sealed = seal.close(CALL, WORDS);
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Buffer.from(sealed);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(seal.open(CALL, flipped)).toBeUndefined();
      expect(seal.open(CALL, sealed.subarray(0, at))).toBeUndefined();
    }
    expect(seal.open(CALL, Buffer.concat([sealed, Buffer.from([0])]))).toBeUndefined();
    expect(seal.open(CALL, sealed)).toBe(WORDS);
  });
});

test("nothing is sealed without a key", () => {
  expect(() => new Seal([])).toThrow("no key");
});
