import { expect, test } from "bun:test";
import { argumentsFrom } from "../../../relay/call/tool-arguments.ts";

test("a JSON object is taken as it is, and no text is no arguments", () => {
  expect(argumentsFrom('{"to": "anna", "n": [1, null]}')).toEqual({ to: "anna", n: [1, null] });
  expect(argumentsFrom(" ")).toEqual({});
});

test.each(["{", "[]", "null", "1", '"text"', "{'a': 1}", "{} {}"])("%s is none", (text) => {
  expect(argumentsFrom(text)).toBeUndefined();
});

test("a member called __proto__ is a member and nothing else", () => {
  const read = argumentsFrom('{"__proto__": {"to": "eve"}}');
  expect(Object.keys(read ?? {})).toEqual(["__proto__"]);
  expect(read?.to).toBeUndefined();
});

test("more than a caller could agree to is not read at all", () => {
  expect(argumentsFrom(JSON.stringify({ text: "x".repeat(16_000) }))).toBeDefined();
  expect(argumentsFrom(JSON.stringify({ text: "x".repeat(17_000) }))).toBeUndefined();
});
