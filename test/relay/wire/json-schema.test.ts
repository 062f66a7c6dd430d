/** JSON Schemas from outside: their own keys, pointers in them, and two taken together. */
import { describe, expect, test } from "bun:test";
import { anyOf, both, define, either, own, pointed, propertiesOf } from "../../../relay/wire/json-schema.ts";

test("a schema is read by its own keys alone", () => {
  const evil = JSON.parse('{"__proto__": {"type": "object"}, "a": 1}');
  expect(own(evil).type).toBeUndefined();
  expect(own(evil).toString).toBeUndefined();
  expect(own(evil).a).toBe(1);
});

test("a property may be called as it likes", () => {
  const properties = {};
  define(properties, "__proto__", { type: "string" });
  expect(Object.keys(properties)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(properties)).toBe(Object.prototype);
  expect(propertiesOf({ properties: { a: {}, b: 7, c: [] } })).toEqual({ a: {} });
});

describe("a pointer", () => {
  const root = { $defs: { "a/b": { "c~d": [{ x: 1 }] }, "e f": 2 } };

  test("finds what it points at, escaped or encoded", () => {
    expect(pointed(root, "#/$defs/a~1b/c~0d/0/x")).toBe(1);
    expect(pointed(root, "#/$defs/e%20f")).toBe(2);
    expect(pointed(root, "#")).toBe(root);
  });

  test("finds nothing where nothing is", () => {
    for (const ref of [
      "#/none",
      "#/$defs/toString",
      "#/__proto__",
      "#/$defs/e%20f/x",
      "#anchor",
      "x#/a",
      "#/%zz",
    ]) {
      expect(pointed(root, ref)).toBeUndefined();
    }
  });
});

describe("two schemas", () => {
  const text = { type: "string" };
  const number = { type: "number" };

  test("of which one holds are alternatives, each once", () => {
    expect(either(text, number)).toEqual({ anyOf: [text, number] });
    expect(either({ anyOf: [text, number] }, text)).toEqual({ anyOf: [text, number] });
    expect(either(text, {})).toEqual(text);
    expect(either({}, {})).toEqual({});
    expect(anyOf([])).toEqual({});
  });

  test("that both hold are one, in which the first is right", () => {
    const one = { type: "object", properties: { a: text, b: {} }, required: ["a"] };
    const other = { type: "array", properties: { b: number, c: text }, required: ["c", "a"], minItems: 1 };
    expect(both(one, other)).toEqual({
      type: "object",
      properties: { a: text, b: number, c: text },
      required: ["a", "c"],
      minItems: 1,
    });
    expect(both({}, {})).toEqual({});
  });
});
