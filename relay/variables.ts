/**
 * How variables of the environment are read: one by one, remembering all that is wrong or doubtful with the way out of
 * it, so that an owner mends everything at once. The value of a secret is in none of these words.
 */
import { z } from "zod";
import { Secret } from "./secret.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** One thing that is wrong or doubtful, and the way out of it. */
export type Finding = { readonly variable: string; readonly problem: string; readonly mend: string };

/** All findings as a person reads them, one a line. */
export const printFindings = (findings: readonly Finding[]): string =>
  findings.map(({ variable, problem, mend }) => `  ${variable} ${problem}.\n      ${mend}`).join("\n");

export class Reader {
  readonly problems: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** undefined: it is not set, or blank. */
  text(variable: string): string | undefined {
    return this.#env[variable]?.trim() || undefined;
  }

  /** The parsed value; undefined if it is wrong (then it is among the problems) or may be left out. */
  read<T>(variable: string, schema: z.ZodType<T>, example: string): T | undefined {
    const text = this.text(variable);
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const problem = text ? (parsed.error.issues[0]?.message ?? "is wrong") : "is missing";
    this.problems.push({ variable, problem, mend: `set it like this: ${example}` });
    return undefined;
  }
}

export const unlessOff = (text: string): string | undefined => (text === "off" ? undefined : text);

export const Switch = z
  .enum(["on", "off"])
  .default("off")
  .transform((text) => text === "on");

export const Num = (least: number, most: number) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (text !== "" && value >= least && value <= most) return value;
    context.addIssue({ code: "custom", message: `is not a number from ${least} to ${most}` });
    return z.NEVER;
  });

export const Whole = (least: number, most: number) =>
  Num(least, most).refine((value) => Number.isInteger(value), {
    message: `is not a whole number from ${least} to ${most}`,
  });

/** It goes into an HTTP header, where dialling would throw for a curly quote or a line's end. */
export const HeaderSecret = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "holds a character that no key has")
  .transform((text) => new Secret(text));

export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
