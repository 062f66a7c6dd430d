/**
 * A secret that is printed in every way there is, and is not seen.
 */
import { expect, test } from "bun:test";
import { inspect } from "node:util";
import { Secret } from "../../relay/secret.ts";

/** Put together here, for a printed error shows the lines of its source too. */
const CANARY = ["can", "ary"].join("");
const secret = new Secret(CANARY);

test("a secret gives its text to whoever asks by name", () => {
  expect(secret.reveal()).toBe(CANARY);
});

test("a secret that is printed says that it is one, alone and deep inside", () => {
  const deep = { a: [{ secret }], map: new Map([["key", secret]]), error: new Error(`${secret}`) };
  for (const printed of [
    `${secret}`,
    String(secret),
    `${[secret]}`,
    JSON.stringify(secret),
    JSON.stringify(deep),
    Bun.inspect(secret),
    Bun.inspect(deep, { depth: 99 }),
    inspect(deep, { depth: 99, showHidden: true }),
  ]) {
    expect(printed).toContain("[secret]");
    expect(printed).not.toContain(CANARY);
  }
  expect(Object.entries(secret)).toEqual([]);
  expect(JSON.stringify({ ...secret })).toBe("{}");
});
