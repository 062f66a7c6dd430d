/** Other people's schemas: what becomes of each kind, and that nothing unfit ever comes out, whatever goes in. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import "../../patience.ts";
import { fitSchema } from "../../../relay/wire/tool-schema.ts";
import { complaintsAbout } from "./fit-schema.ts";

const fit = (schema: unknown) => {
  const made = fitSchema(schema);
  if (!made.ok) throw new Error(made.why);
  expect(complaintsAbout(made.parameters)).toEqual([]);
  return made;
};
const parameters = (schema: unknown) => fit(schema).parameters;
const property = (schema: unknown) => {
  const { properties } = parameters({ type: "object", properties: { it: schema } });
  return properties;
};
const why = (schema: unknown) => {
  const made = fitSchema(schema);
  return made.ok ? undefined : made.why;
};

describe("a schema that is fit", () => {
  test("is left as it is, but for what the API does not know", () => {
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      $id: "x",
      title: "Create a task",
      type: "object",
      properties: {
        title: { type: "string", title: "Title", description: "What to do", minLength: 1 },
        due: { type: "string", format: "date", examples: ["2026-11-20"], "x-zapier": true },
        labels: { type: "array", items: { type: "string" }, maxItems: 5, uniqueItems: true },
        priority: { type: "integer", minimum: 1, maximum: 4, default: 1 },
        kind: { type: ["string", "null"], enum: ["a", "b", null] },
        where: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
      required: ["title"],
      additionalProperties: false,
    };
    expect(fit(schema)).toEqual({
      ok: true,
      mends: [],
      parameters: {
        type: "object",
        properties: {
          title: { type: "string", description: "What to do", minLength: 1 },
          due: { type: "string", format: "date" },
          labels: { type: "array", items: { type: "string" }, maxItems: 5, uniqueItems: true },
          priority: { type: "integer", minimum: 1, maximum: 4, default: 1 },
          kind: { type: ["string", "null"], enum: ["a", "b", null] },
          where: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        },
        required: ["title"],
        additionalProperties: false,
      },
    });
  });

  test("of a tool that takes nothing is an object without properties", () => {
    const nothing = { type: "object", properties: {} } as const;
    for (const schema of [undefined, {}, true, { type: "object" }, { $schema: "x" }]) {
      expect(parameters(schema)).toEqual(nothing);
    }
  });
});

describe("alternatives at the top", () => {
  test("become one object, which demands what all of them demand", () => {
    const made = parameters({
      type: "object",
      properties: { list: { type: "string" } },
      required: ["list"],
      anyOf: [
        { properties: { id: { type: "string" }, by: { type: "string" } }, required: ["id", "by"] },
        { properties: { name: { type: "string" }, by: { type: "number" } }, required: ["name", "by"] },
      ],
    });
    expect(made).toEqual({
      type: "object",
      properties: {
        list: { type: "string" },
        id: { type: "string" },
        by: { anyOf: [{ type: "string" }, { type: "number" }] },
        name: { type: "string" },
      },
      required: ["list", "by"],
    });
  });

  test("that only demand are no loss to what the properties are", () => {
    const made = parameters({
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      anyOf: [{ required: ["a"] }, { required: ["b"] }],
    });
    expect(made).toEqual({ type: "object", properties: { a: { type: "string" }, b: { type: "string" } } });
  });

  test("are taken together where all hold", () => {
    const made = parameters({
      allOf: [
        { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
        { $ref: "#/$defs/More" },
      ],
      $defs: { More: { properties: { b: { type: "integer" } }, required: ["b"] } },
    });
    expect(made).toEqual({
      type: "object",
      properties: { a: { type: "string" }, b: { type: "integer" } },
      required: ["a", "b"],
    });
  });

  test("of which none is an object leave no tool", () => {
    expect(why({ oneOf: [{ type: "string" }, { type: "number" }] })).toBe("not_an_object");
  });
});

describe("a reference", () => {
  test("within the schema is put in its place", () => {
    const made = fit({
      type: "object",
      properties: {
        to: { $ref: "#/$defs/Person", description: "Who gets it" },
        cc: { type: "array", items: { $ref: "#/definitions/a~1b%20c" } },
      },
      $defs: { Person: { type: "object", properties: { mail: { type: "string" } } } },
      definitions: { "a/b c": { type: "string", format: "email" } },
    });
    expect(made.mends).toEqual([]);
    expect(made.parameters.properties).toEqual({
      to: { type: "object", properties: { mail: { type: "string" } }, description: "Who gets it" },
      cc: { type: "array", items: { type: "string", format: "email" } },
    });
  });

  test("to itself ends in any value", () => {
    const made = fit({
      type: "object",
      properties: { tree: { $ref: "#/$defs/Tree" } },
      $defs: { Tree: { type: "object", properties: { left: { $ref: "#/$defs/Tree" } } } },
    });
    expect(made.mends).toEqual(["recursion"]);
    expect(made.parameters.properties).toEqual({
      tree: { type: "object", properties: { left: { description: "Any value" } } },
    });
    expect(fit({ type: "object", properties: { again: { $ref: "#" } } }).mends).toEqual(["recursion"]);
    expect(fit({ $ref: "#" }).mends).toEqual(["recursion"]);
    expect(fit({ type: "object", properties: { x: { $dynamicRef: "#node" } } }).mends).toEqual(["recursion"]);
  });

  test("to nothing, or to what only a prototype has, is any value", () => {
    for (const $ref of ["#/$defs/None", "#/__proto__", "#/constructor", "#anchor", "#/%E0%A4%A"]) {
      const made = fit({ type: "object", properties: { x: { $ref } } });
      expect(made.mends).toEqual(["reference"]);
    }
  });

  test("to somewhere else leaves no tool, and nobody asks there", () => {
    for (const $ref of ["https://evil.example.com/schema.json", "other.json#/a", "file:///etc/passwd"]) {
      expect(why({ type: "object", properties: { x: { $ref } } })).toBe("remote_reference");
    }
  });
});

describe("what is no schema for a function", () => {
  test("leaves no tool where the arguments are no object", () => {
    for (const schema of [null, false, 7, "object", [], { type: "string" }, { type: "array", items: {} }]) {
      expect(why(schema)).toBe("not_an_object");
    }
  });

  test("leaves no tool where an argument is demanded that cannot be named", () => {
    const evil = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"}},"required":["__proto__"]}',
    );
    expect(why(evil)).toBe("impossible");
    expect(why({ type: "object", properties: { a: false }, required: ["a"] })).toBe("impossible");
    expect(why({ type: "object", required: ["a\u0000"] })).toBe("impossible");
  });

  test("loses a property that is none, or that could harm", () => {
    const evil = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"polluted":true},"a":{"type":"string"}}}',
    );
    expect(fit(evil)).toEqual({
      ok: true,
      mends: ["property"],
      parameters: { type: "object", properties: { a: { type: "string" } } },
    });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    const odd = { a: "string", b: 7, c: null, d: [], constructor: { type: "string" } };
    expect(parameters({ type: "object", properties: odd }).properties).toEqual({
      constructor: { type: "string" },
    });
  });

  test("gets what the API misses", () => {
    expect(property({ type: "array" })).toEqual({ it: { type: "array", items: {} } });
    expect(property({ type: "object" })).toEqual({ it: { type: "object", properties: {} } });
    expect(property({ items: { type: "string" } })).toEqual({
      it: { type: "array", items: { type: "string" } },
    });
    expect(parameters({ type: "object", required: ["a"] })).toEqual({
      type: "object",
      properties: { a: {} },
      required: ["a"],
    });
  });

  test("loses keywords with the wrong kind of value", () => {
    const wrong = {
      type: "text",
      description: 7,
      enum: [],
      minimum: "1",
      maxLength: -1,
      multipleOf: 0,
      pattern: "(",
      format: "no such\nformat",
      default: { a: 1 },
      uniqueItems: "yes",
      exclusiveMinimum: true,
    };
    expect(property(wrong)).toEqual({ it: {} });
  });

  test("says null where it said nullable, one value where it said const, each place where it said some", () => {
    expect(property({ type: "string", nullable: true })).toEqual({ it: { type: ["string", "null"] } });
    expect(property({ const: "a" })).toEqual({ it: { enum: ["a"] } });
    expect(property({ type: "array", prefixItems: [{ type: "string" }, { type: "number" }] })).toEqual({
      it: { type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] } },
    });
    expect(property({ oneOf: [{ type: "string" }, { type: "null" }] })).toEqual({
      it: { anyOf: [{ type: "string" }, { type: "null" }] },
    });
  });

  test("does not forbid what only its patterns allowed", () => {
    const made = fit({ type: "object", patternProperties: { "^x-": {} }, additionalProperties: false });
    expect(made.parameters.additionalProperties).toBe(true);
    expect(made.mends).toEqual(["keyword"]);
  });
});

describe("a schema without measure", () => {
  const nested = (levels: number, inside: unknown = { type: "string" }): unknown =>
    levels === 0 ? inside : { type: "object", properties: { a: nested(levels - 1, inside) } };

  test("is any value from where it gets too deep", () => {
    expect(fit(nested(12)).mends).toEqual([]);
    expect(fit(nested(60)).mends).toEqual(["depth"]);
    expect(JSON.stringify(parameters(nested(60))).length).toBeLessThan(1_000);
  });

  test("leaves no tool where it is too large", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`p${n}`, { type: "string" }]));
    expect(why({ type: "object", properties: many })).toBe("too_large");
    const long = Object.fromEntries(
      Array.from({ length: 100 }, (_, n) => [`p${n}`, { type: "string", description: "x".repeat(1_000) }]),
    );
    expect(JSON.stringify(long).length).toBeGreaterThan(100_000);
    expect(why({ type: "object", properties: long })).toBe("too_large");
    expect(why({ anyOf: Array.from({ length: 100 }, () => ({ type: "object" })) })).toBe("too_large");
  });

  test("leaves no tool where references make it endless in breadth", () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [
        `d${n}`,
        {
          type: "object",
          properties: { a: { $ref: `#/$defs/d${n + 1}` }, b: { $ref: `#/$defs/d${n + 1}` } },
        },
      ]),
    );
    expect(why({ type: "object", properties: { x: { $ref: "#/$defs/d0" } }, $defs })).toBe("too_large");
  });

  test("has an end even where it goes in a circle", () => {
    const circle: Record<string, unknown> = { type: "object" };
    circle.properties = { again: circle };
    expect(fit(circle).mends).toEqual(["depth"]);
  });

  test("has no list of choices that nobody would read", () => {
    const choices = Array.from({ length: 1_000 }, (_, n) => `choice ${n}`);
    expect(property({ type: "string", enum: choices })).toEqual({ it: { type: "string" } });
  });
});

describe("whatever comes in", () => {
  const keywords = [
    "type",
    "properties",
    "required",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "enum",
    "const",
    "$ref",
  ]
    .concat([
      "additionalProperties",
      "patternProperties",
      "$defs",
      "description",
      "default",
      "format",
      "pattern",
    ])
    .concat(["minimum", "maxLength", "multipleOf", "nullable", "not", "prefixItems", "title", "__proto__"]);
  const types = ["object", "array", "string", "number", "integer", "boolean", "null", "text"];
  const { schema } = fc.letrec<{ schema: unknown; node: unknown; any: unknown }>((tie) => ({
    any: fc.oneof(
      fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, "", "x", [], {}),
      fc.constantFrom(...types, "#", "#/$defs/a", "#/$defs/b", "https://example.com/x", "(", "a\u0000b"),
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.array(fc.constantFrom<unknown>(...types, "a", "b", "__proto__", 1, null, {}), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("a", "b", "__proto__", "constructor", "toString", ""), tie("schema"), {
        maxKeys: 4,
      }),
      fc.array(tie("schema"), { maxLength: 4 }),
    ),
    node: fc
      .array(fc.tuple(fc.constantFrom(...keywords), tie("any")), { maxLength: 6 })
      .map((pairs) => Object.fromEntries(pairs)),
    schema: fc.oneof({ maxDepth: 6, depthSize: "small" }, tie("any"), tie("node"), tie("node")),
  }));
  const likely = fc
    .tuple(schema, schema, schema, schema)
    .map(([a, b, c, d]) => ({ type: "object", properties: { a, b }, $defs: { a: c, b: d } }));

  test("what comes out is fit, the same each time, and fit once more as it is", () => {
    const made = { ok: 0, not: 0 };
    fc.assert(
      fc.property(fc.oneof(likely, schema), (input) => {
        const before = JSON.stringify(input);
        const result = fitSchema(input);
        expect(fitSchema(input)).toEqual(result);
        expect(JSON.stringify(input)).toBe(before);
        made[result.ok ? "ok" : "not"] += 1;
        if (!result.ok) return;
        expect(complaintsAbout(result.parameters)).toEqual([]);
        expect(fitSchema(result.parameters)).toMatchObject({ ok: true });
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(made.ok, made.not)).toBeGreaterThan(250);
  });
});

test("the judge of all this sees what is wrong", () => {
  const wrong: unknown[] = [
    undefined,
    { type: "array", properties: {} },
    { type: "object" },
    { type: "object", properties: {}, anyOf: [] },
    { type: "object", properties: { a: "string" } },
    { type: "object", properties: { a: { type: "text" } } },
    { type: "object", properties: { a: { type: "array" } } },
    { type: "object", properties: { a: { $ref: "#/x" } } },
    { type: "object", properties: { a: { title: "A" } } },
    { type: "object", properties: {}, required: ["a"] },
    { type: "object", properties: { a: { enum: [] } } },
    { type: "object", properties: { a: undefined } },
    JSON.parse('{"type":"object","properties":{"__proto__":{}}}'),
  ];
  for (const parameters of wrong) expect(complaintsAbout(parameters)).not.toEqual([]);
  expect(complaintsAbout({ type: "object", properties: {} })).toEqual([]);
});
