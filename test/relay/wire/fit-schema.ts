/**
 * Whether a function's `parameters` are right: what the stand-in for the model takes of a tool, which is what the API
 * takes, and that everything in them is a schema of the kind that functions have. It says where something is not.
 */
import { SessionUpdate } from "../../rehearsal/model/session-shape.ts";

const TYPES = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);
const DEEPEST = 30;

type Complaint = string;

export function complaintsAbout(parameters: unknown): Complaint[] {
  const tool = { type: "function", name: "tool", description: "A tool", parameters };
  const taken = SessionUpdate.safeParse({ type: "realtime", tools: [tool] });
  const shape = taken.success
    ? []
    : taken.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  const top = isPlain(parameters)
    ? ["anyOf", "oneOf", "allOf", "not", "enum", "$ref", "$defs"].flatMap((key) =>
        Object.hasOwn(parameters, key) ? [`${key} at the top`] : [],
      )
    : [];
  const noProperties =
    isPlain(parameters) && isPlain(parameters.properties) ? [] : ["no properties at the top"];
  const text = JSON.stringify(parameters) ?? "null";
  const same = JSON.stringify(JSON.parse(text)) === text;
  return [...shape, ...top, ...noProperties, ...schema(parameters, "", 0), ...(same ? [] : ["is not JSON"])];
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.getPrototypeOf(value) === Object.prototype;

const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown) =>
  typeof value === "string" && value.length <= 1_024 && !/(?!\n)\p{Cc}/u.test(value);
const isValue = (value: unknown) =>
  value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);

/** What each keyword may hold. One that is not here is not known to the API. */
const KEYWORDS: Readonly<Record<string, (value: unknown, at: string, depth: number) => Complaint[]>> = {
  type: (value, at) => {
    const types = Array.isArray(value) ? value : [value];
    const isRight =
      types.length > 0 && new Set(types).size === types.length && types.every((type) => TYPES.has(type));
    return isRight ? [] : [`${at}: type ${JSON.stringify(value)}`];
  },
  description: held(isText),
  format: held((value) => typeof value === "string"),
  pattern: held((value) => typeof value === "string" && new RegExp(value, "u") !== undefined),
  default: held(isValue),
  enum: held(
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every(isValue) &&
      new Set(value).size === value.length,
  ),
  uniqueItems: held((value) => typeof value === "boolean"),
  ...Object.fromEntries(
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map((key) => [key, held(Number.isFinite)]),
  ),
  multipleOf: held((value) => Number.isFinite(value) && Number(value) > 0),
  ...Object.fromEntries(
    ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map((key) => [
      key,
      held(isCount),
    ]),
  ),
  properties: (value, at, depth) =>
    isPlain(value)
      ? Object.entries(value).flatMap(([name, one]) => [
          ...(name === "" || name === "__proto__" ? [`${at}: a property called ${name}`] : []),
          ...schema(one, `${at}.${name}`, depth + 1),
        ])
      : [`${at}: properties are none`],
  required: held(
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => typeof name === "string") &&
      new Set(value).size === value.length,
  ),
  items: (value, at, depth) => schema(value, `${at}[]`, depth + 1),
  additionalProperties: (value, at, depth) =>
    typeof value === "boolean" ? [] : schema(value, `${at}{}`, depth + 1),
  anyOf: (value, at, depth) =>
    Array.isArray(value) && value.length > 0
      ? value.flatMap((one, index) => schema(one, `${at}|${index}`, depth + 1))
      : [`${at}: anyOf of nothing`],
};

function held(isRight: (value: unknown) => boolean) {
  return (value: unknown, at: string): Complaint[] =>
    isRight(value) ? [] : [`${at}: ${JSON.stringify(value)}`];
}

function schema(value: unknown, at: string, depth: number): Complaint[] {
  if (!isPlain(value)) return [`${at}: is no schema`];
  if (depth > DEEPEST) return [`${at}: is too deep`];
  const complaints = Object.entries(value).flatMap(([key, inside]) => {
    const keyword = Object.hasOwn(KEYWORDS, key) ? KEYWORDS[key] : undefined;
    return keyword === undefined ? [`${at}: unknown keyword ${key}`] : keyword(inside, at, depth);
  });
  const { type, items, properties, required } = value;
  const is = (one: string) => type === one || (Array.isArray(type) && type.includes(one));
  if (is("array") && items === undefined) complaints.push(`${at}: array schema missing items`);
  if (is("object") && properties === undefined) complaints.push(`${at}: object schema missing properties`);
  for (const name of Array.isArray(required) ? required : []) {
    if (!isPlain(properties) || !Object.hasOwn(properties, name))
      complaints.push(`${at}: requires no property ${name}`);
  }
  return complaints;
}
