/**
 * Other people's JSON Schemas, made into what the Realtime API takes as a function's `parameters`: an object with
 * properties at its top, no references, no keyword that it does not know, nothing that is not a schema where one
 * belongs. What is lost of a schema is a hint to the model and no check: the tool's own server holds the arguments
 * to all of it.
 *
 * A schema is hostile until it is read: it may be endless, deep, circular, or hold keys such as `__proto__`.
 * Source: https://json-schema.org/draft/2020-12/json-schema-validation
 */
import {
  anyOf,
  both,
  define,
  either,
  isNode,
  type Node,
  own,
  pointed,
  propertiesOf,
  requiredOf,
} from "./json-schema.ts";
import type { FunctionTool } from "./realtime.ts";
import { fitDescription, LONGEST_DESCRIPTION } from "./tool-description.ts";

/** Why a tool cannot be offered. */
export type Unfit =
  /** Its arguments are not an object. */
  | "not_an_object"
  /** It says where the rest of its schema is, and nobody fetches that. */
  | "remote_reference"
  /** It demands an argument that cannot be named. */
  | "impossible"
  | "too_large";

/** What of a schema was not kept, where that is more than a title. */
export type Mend = "reference" | "recursion" | "depth" | "keyword" | "property" | "enum";

export type FitSchema =
  | { readonly ok: true; readonly parameters: FunctionTool["parameters"]; readonly mends: readonly Mend[] }
  | { readonly ok: false; readonly why: Unfit };

const MOST_NODES = 2_000;
/** Of names and texts. A model reads all of it in every session. */
const MOST_CHARS = 32_000;
const MOST_DEPTH = 12;
const MOST_CHOICES = 200;
const MOST_ALTERNATIVES = 32;
const LONGEST_NAME = 128;
const LONGEST_PATTERN = 200;

/** What may still be read of all the schemas of one list: a server could keep a process busy with them. */
export type Budget = { nodes: number };

export function fitSchema(schema: unknown, budget: Budget = { nodes: MOST_NODES }): FitSchema {
  try {
    const fitting = new Fitting(schema, budget);
    const parameters = fitting.top();
    return { ok: true, parameters, mends: [...fitting.mends].sort() };
  } catch (thrown) {
    if (thrown instanceof UnfitSchema) return { ok: false, why: thrown.why };
    throw thrown;
  }
}

const TYPES: ReadonlySet<unknown> = new Set([
  "object",
  "array",
  "string",
  "number",
  "integer",
  "boolean",
  "null",
]);
const ANYTHING: Node = {};
/** They hold arguments to more than a model is told here. */
const UNTOLD = ["not", "if", "contains", "patternProperties", "propertyNames", "dependencies"].concat(
  "dependentSchemas",
  "dependentRequired",
  "unevaluatedProperties",
  "unevaluatedItems",
);

const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const NUMBERS: ReadonlyArray<readonly [keyword: string, isRight: (value: unknown) => boolean]> = [
  ["minimum", isNumber],
  ["maximum", isNumber],
  ["exclusiveMinimum", isNumber],
  ["exclusiveMaximum", isNumber],
  ["multipleOf", (value) => isNumber(value) && Number(value) > 0],
  ["minLength", isCount],
  ["maxLength", isCount],
  ["minItems", isCount],
  ["maxItems", isCount],
  ["minProperties", isCount],
  ["maxProperties", isCount],
];

class UnfitSchema extends Error {
  readonly why: Unfit;

  constructor(why: Unfit) {
    super(why);
    this.why = why;
  }
}

class Fitting {
  readonly mends = new Set<Mend>();
  readonly #root: unknown;
  readonly #budget: Budget;
  #nodes = 0;
  #chars = 0;

  constructor(root: unknown, budget: Budget) {
    this.#root = root;
    this.#budget = budget;
  }

  top(): FunctionTool["parameters"] {
    // A tool that says nothing of its arguments takes none.
    if (this.#root === undefined) return { type: "object", properties: {} };
    const node = this.#fit(this.#root, 0, []);
    const { anyOf: choices, ...whole } = node ?? fail("not_an_object");
    const alternatives = (Array.isArray(choices) ? choices.filter(isNode) : []).filter(isObjectSchema);
    if (choices !== undefined && alternatives.length === 0) fail("not_an_object");
    if (!isObjectSchema(whole)) fail("not_an_object");
    const { description, additionalProperties } = whole;
    const properties = { ...propertiesOf(whole) };
    for (const [name, property] of alternatives.flatMap((one) => Object.entries(propertiesOf(one)))) {
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
      define(properties, name, known === undefined ? property : either(known, property));
    }
    const always = [...requiredOf(whole), ...sharedBy(alternatives.map(requiredOf))];
    return {
      type: "object",
      ...(description !== undefined && { description }),
      properties,
      ...(always.length > 0 && { required: [...new Set(always)] }),
      ...(additionalProperties !== undefined && alternatives.length === 0 && { additionalProperties }),
    };
  }

  /** undefined: there is nothing that it could be. */
  #fit(given: unknown, depth: number, trail: readonly string[]): Node | undefined {
    if (given === true) return ANYTHING;
    if (!isNode(given)) return undefined;
    this.#nodes += 1;
    this.#budget.nodes -= 1;
    if (this.#nodes > MOST_NODES || this.#budget.nodes < 0) fail("too_large");
    if (depth > MOST_DEPTH) return this.#instead("depth");
    const node = own(given);
    const { $ref } = node;
    if (typeof $ref === "string") return this.#refer($ref, node, depth, trail);
    if (node.$dynamicRef !== undefined || node.$recursiveRef !== undefined) return this.#instead("recursion");
    if (UNTOLD.some((keyword) => node[keyword] !== undefined)) this.mends.add("keyword");

    const fit: Record<string, unknown> = { ...this.#plain(node) };
    for (const [keyword, isRight] of NUMBERS) if (isRight(node[keyword])) fit[keyword] = node[keyword];
    if (isNode(node.properties) || Array.isArray(node.required))
      Object.assign(fit, this.#object(node, depth, trail));
    if (isNode(node.additionalProperties)) {
      fit.additionalProperties = this.#fit(node.additionalProperties, depth + 1, trail) ?? ANYTHING;
    } else if (typeof node.additionalProperties === "boolean") {
      // What the patterns allow must not be forbidden by losing them.
      fit.additionalProperties = node.additionalProperties || node.patternProperties !== undefined;
    }
    const items = this.#items(node, depth, trail);
    if (items !== undefined) fit.items = items;
    fit.type = typeOf(node.type, node.nullable === true, fit) ?? undefined;
    if (includes(fit.type, "array")) fit.items ??= ANYTHING;
    if (includes(fit.type, "object")) fit.properties ??= {};
    const whole = this.#alternatives(node, fit, depth, trail);
    return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
  }

  #refer(ref: string, node: Node, depth: number, trail: readonly string[]): Node | undefined {
    if (!ref.startsWith("#")) fail("remote_reference");
    if (trail.includes(ref)) return this.#instead("recursion");
    const found = pointed(this.#root, ref);
    if (found === undefined) return this.#instead("reference");
    const fit = this.#fit(found, depth, [...trail, ref]);
    const description = this.#description(node.description);
    return fit === undefined || description === undefined ? fit : { ...fit, description };
  }

  #instead(mend: Mend): Node {
    this.mends.add(mend);
    return { description: "Any value" };
  }

  /** What stands for itself. */
  #plain(node: Node): Record<string, unknown> {
    const { format, pattern, uniqueItems } = node;
    return {
      description: this.#description(node.description),
      enum: this.#choices(node),
      ...(isPrimitive(node.default) && { default: this.#counted(node.default) }),
      ...(typeof format === "string" && /^[\w-]{1,40}$/.test(format) && { format }),
      ...(isPattern(pattern) && { pattern: this.#counted(pattern) }),
      ...(typeof uniqueItems === "boolean" && { uniqueItems }),
    };
  }

  #choices(node: Node): unknown[] | undefined {
    if (node.const !== undefined)
      return isPrimitive(node.const) ? [this.#counted(node.const)] : this.#noEnum();
    if (node.enum === undefined) return undefined;
    const choices = Array.isArray(node.enum) ? [...new Set(node.enum.filter(isPrimitive))] : [];
    if (choices.length === 0 || choices.length > MOST_CHOICES) return this.#noEnum();
    return choices.map((choice) => this.#counted(choice));
  }

  #noEnum(): undefined {
    this.mends.add("enum");
  }

  #object(node: Node, depth: number, trail: readonly string[]): Record<string, unknown> {
    const properties: Record<string, Node> = {};
    const lost = new Set<string>();
    for (const [name, schema] of Object.entries(isNode(node.properties) ? own(node.properties) : {})) {
      const property = isNameable(name) ? this.#fit(schema, depth + 1, trail) : undefined;
      if (property === undefined) {
        this.mends.add("property");
        lost.add(name);
      } else define(properties, this.#counted(name), property);
    }
    const demanded = Array.isArray(node.required)
      ? node.required.filter((name) => typeof name === "string")
      : [];
    for (const name of demanded) {
      if (lost.has(name) || !isNameable(name)) fail("impossible");
      if (!Object.hasOwn(properties, name)) define(properties, this.#counted(name), ANYTHING);
    }
    return { properties, ...(demanded.length > 0 && { required: [...new Set(demanded)] }) };
  }

  #items(node: Node, depth: number, trail: readonly string[]): Node | undefined {
    const places = Array.isArray(node.prefixItems) ? node.prefixItems : node.items;
    if (!Array.isArray(places)) return places === undefined ? undefined : this.#fit(places, depth + 1, trail);
    // One schema for each place, which the API does not take: each may be any of them.
    this.mends.add("keyword");
    return anyOf(this.#each(places, depth, trail));
  }

  #each(schemas: readonly unknown[], depth: number, trail: readonly string[]): Node[] {
    if (schemas.length > MOST_ALTERNATIVES) fail("too_large");
    return schemas.flatMap((schema) => {
      const fit = this.#fit(schema, depth + 1, trail);
      return fit === undefined ? [] : [fit];
    });
  }

  #alternatives(node: Node, fit: Node, depth: number, trail: readonly string[]): Node {
    let whole = fit;
    if (Array.isArray(node.allOf)) {
      for (const part of this.#each(node.allOf, depth, trail)) whole = both(whole, part);
    }
    for (const schemas of [node.anyOf, node.oneOf]) {
      if (!Array.isArray(schemas)) continue;
      const fits = this.#each(schemas, depth, trail);
      // Both anyOf and oneOf, which nobody writes: of the second the model is not told.
      if (whole.anyOf !== undefined) this.mends.add("keyword");
      else if (fits.length === 1) for (const only of fits) whole = both(whole, only);
      else if (fits.length > 1) whole = { ...whole, ...anyOf(fits) };
    }
    return whole;
  }

  #description(given: unknown): string | undefined {
    if (typeof given !== "string") return undefined;
    const text = fitDescription(given);
    return text === "" ? undefined : this.#counted(text);
  }

  #counted<T>(value: T): T {
    this.#chars += typeof value === "string" ? value.length : 8;
    if (this.#chars > MOST_CHARS) fail("too_large");
    return value;
  }
}

function fail(why: Unfit): never {
  throw new UnfitSchema(why);
}

const isNameable = (name: string): boolean =>
  name !== "" && name.length <= LONGEST_NAME && name !== "__proto__" && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name);

const isPrimitive = (value: unknown): value is string | number | boolean | null =>
  value === null ||
  typeof value === "boolean" ||
  Number.isFinite(value) ||
  (typeof value === "string" && value.length <= LONGEST_DESCRIPTION && !/\p{Cs}/u.test(value));

function isPattern(value: unknown): value is string {
  if (typeof value !== "string" || value.length > LONGEST_PATTERN) return false;
  try {
    return new RegExp(value, "u").source !== "";
  } catch {
    return false;
  }
}

const includes = (type: unknown, one: string): boolean =>
  type === one || (Array.isArray(type) && type.includes(one));

function typeOf(given: unknown, isNullable: boolean, fit: Node): string | readonly string[] | undefined {
  const named = (Array.isArray(given) ? given : [given]).filter(
    (type): type is string => typeof type === "string" && TYPES.has(type),
  );
  const types = new Set(named.length > 0 ? named : guessed(fit));
  if (types.size > 0 && isNullable) types.add("null");
  const [only] = types;
  return types.size > 1 ? [...types] : only;
}

function guessed({ properties, items }: Node): string[] {
  if (properties !== undefined) return ["object"];
  return items === undefined ? [] : ["array"];
}

/** What it can be without being nothing else: of a schema without a type, an object is one. */
const isObjectSchema = ({ type }: Node): boolean => type === undefined || includes(type, "object");

function sharedBy(lists: readonly string[][]): string[] {
  const [first = [], ...others] = lists;
  return first.filter((name) => others.every((list) => list.includes(name)));
}
