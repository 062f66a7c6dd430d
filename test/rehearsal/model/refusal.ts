/**
 * How the stand-in says no: OpenAI's `error` event, and the translation of a schema's complaint into the code,
 * param and message that the real service would use.
 *
 * A refusal is a value: nothing here throws, sends or closes.
 * Source: the `RealtimeError` of npm's openai package, and messages quoted in public issues about the live API.
 */
import type { z } from "zod";

export type Refusal = {
  readonly type: "invalid_request_error" | "server_error";
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
};

export const refusal = (code: string | null, message: string, param: string | null = null): Refusal => ({
  type: "invalid_request_error",
  code,
  message,
  param,
});

/** The first complaint only: the live service names one field and voids the whole event. */
export function refusalFrom(error: z.ZodError, input: unknown): Refusal {
  const issue = error.issues[0];
  if (issue === undefined) return refusal("invalid_value", "Invalid event.");
  const param = paramOf(issue.path);
  if (issue.code === "unrecognized_keys") {
    const key = paramOf([...issue.path, issue.keys[0] ?? ""]);
    return refusal("unknown_parameter", `Unknown parameter: '${key}'.`, key);
  }
  const given = valueAt(input, issue.path);
  if (given === undefined) {
    return refusal("missing_required_parameter", `Missing required parameter: '${param}'.`, param);
  }
  if (issue.code === "invalid_type") {
    return refusal(
      "invalid_type",
      `Invalid type for '${param}': expected ${issue.expected}, but got ${nameOfType(given)} instead.`,
      param,
    );
  }
  return refusal("invalid_value", `Invalid value: '${shown(given)}' for '${param}'. ${issue.message}`, param);
}

/** `session.tools[2].meta`, as the live service spells a path. */
const paramOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (whole, step) =>
      typeof step === "number"
        ? `${whole}[${step}]`
        : whole === ""
          ? String(step)
          : `${whole}.${String(step)}`,
    "",
  );

/** The value at a path of the wire's own names, or undefined where the path leads nowhere. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = Reflect.get(at, step);
  }
  return at;
}

function nameOfType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const shown = (value: unknown): string =>
  (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 80);
