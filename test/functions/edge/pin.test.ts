import { describe, expect, test } from "bun:test";
import "../../patience.ts";
import { hashPin, isPin, isRightPin, type Pin, readPinHash } from "../../../functions/edge/pin.ts";

const DIGITS: Pin = { kind: "digits", digits: "482913" };
const hashed = (text: string): Pin => {
  const hash = readPinHash(text);
  if (hash === undefined) throw new Error("not read");
  return { kind: "hash", hash };
};

describe("a PIN", () => {
  test("is 6 to 10 digits of the keypad", () => {
    for (const pin of ["482913", "0000001", "4829130482"]) expect(isPin(pin)).toBe(true);
    for (const pin of [
      "",
      "48291",
      "48291304829",
      "48291a",
      "482913\n",
      " 482913",
      "４８２９１３",
      "+482913",
    ]) {
      expect([pin, isPin(pin)]).toEqual([pin, false]);
    }
  });

  test("in plain digits is right when every digit is, and nothing more or less", async () => {
    expect(await isRightPin(DIGITS, "482913")).toBe(true);
    for (const typed of ["482914", "48291", "4829130", "", "482913#", "*482913", " 482913", "0482913"]) {
      expect([typed, await isRightPin(DIGITS, typed)]).toEqual([typed, false]);
    }
  });
});

describe("the hash of a PIN", () => {
  test("is right for that PIN alone, says its parameters and never the PIN", async () => {
    const text = await hashPin("482913");
    expect(text).toMatch(/^scrypt\$ln=15,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
    expect(text).not.toContain("482913");
    expect(await isRightPin(hashed(text), "482913")).toBe(true);
    for (const typed of ["482914", "4829130", ""]) {
      expect([typed, await isRightPin(hashed(text), typed)]).toEqual([typed, false]);
    }
  });

  test("is another one each time, so that equal PINs do not look alike", async () => {
    expect(await hashPin("482913")).not.toBe(await hashPin("482913"));
  });

  test("is scrypt's, as RFC 7914 defines it: made elsewhere, it is the same", async () => {
    // python3: hashlib.scrypt(b"482913", salt=bytes(range(16)), n=2**15, r=8, p=1, maxmem=2**26, dklen=32)
    const salt = Buffer.from(Array.from({ length: 16 }, (_, index) => index));
    expect(await hashPin("482913", salt)).toBe(
      "scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$nVLvyZ_xcAN-KOEMCAg5u24AE_jSn9gzcXDiYRs0mi8",
    );
  });

  test("that is weaker, costlier or of another form is not read", async () => {
    const good = await hashPin("482913");
    expect(readPinHash(good)).toBeDefined();
    for (const text of [
      good.replace("ln=15", "ln=4"),
      good.replace("ln=15", "ln=13"),
      good.replace("ln=15", "ln=30"),
      good.replace("r=8", "r=1"),
      good.replace("p=1", "p=2"),
      good.slice(0, -1),
      `${good}A`,
      `${good}\n`,
      ` ${good}`,
      good.replace("scrypt", "bcrypt"),
      "482913",
      "",
    ]) {
      expect([text, readPinHash(text)]).toEqual([text, undefined]);
    }
  });

  test("is not made of what is no PIN", async () => {
    for (const pin of ["", "1234", "48291", "48291304829", "secret"]) {
      expect(hashPin(pin)).rejects.toThrow("6 to 10 digits");
    }
  });
});
