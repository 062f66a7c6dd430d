/**
 * Reads the owner's folder of functions when the relay starts. A file that is wrong stops the start, with all that is
 * wrong in all of them at once, each with its file and the mend: a tool that is silently missing is found out by a
 * caller. Each file is run as it is imported, with all that the relay may do: the folder is the owner's alone to write.
 */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Tool } from "../call/tools.ts";
import type { AssistantFunction } from "../function.ts";
import { LONGEST_DESCRIPTION } from "../wire/tool-description.ts";
import { TOOL_NAME } from "../wire/tool-name.ts";
import { fitSchema, type Unfit } from "../wire/tool-schema.ts";
import type { LoadedFunction } from "./functions.ts";

export type FunctionProblem = {
  /** As the owner wrote the folder, with the file's name. */
  readonly file: string;
  /** What follows the file's name in a sentence. */
  readonly problem: string;
  readonly mend: string;
};

export type ReadFunctions =
  | { readonly ok: true; readonly functions: readonly LoadedFunction[] }
  | { readonly ok: false; readonly problems: readonly FunctionProblem[] };

/** @param taken names of tools that are none of the owner's */
export async function readFunctions(folder: string, taken: readonly string[]): Promise<ReadFunctions> {
  const problems: FunctionProblem[] = [];
  const functions: LoadedFunction[] = [];
  const owners = new Map(taken.map((name) => [name, "the telephone"]));
  const names = await namesIn(folder);
  if (names === undefined) {
    const mend = "make it, or set FUNCTIONS_DIR to another, or to off";
    return { ok: false, problems: [{ file: folder, problem: "is not a folder that can be read", mend }] };
  }
  for (const name of names) {
    const file = join(folder, name);
    const read = await readFunction(resolve(folder, name));
    if ("problems" in read) {
      problems.push(...read.problems.map((problem) => ({ file, ...problem })));
      continue;
    }
    const { definition } = read;
    const owner = owners.get(definition.name);
    if (owner !== undefined) problems.push({ file, ...wrong("name", `${owner} has that name already`) });
    owners.set(definition.name, file);
    functions.push(read);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, functions };
}

/** In the order of their names. What lies in folders of their own is not read: several files may share it. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && isFunctionFile(entry.name))
      .map(({ name }) => name)
      .sort();
  } catch {
    return undefined;
  }
}

/** An editor's own files begin with a dot. */
const isFunctionFile = (name: string): boolean => /^[^.].*(?<!\.test|\.d)\.ts$/.test(name);

type Problem = Omit<FunctionProblem, "file">;

async function readFunction(path: string): Promise<LoadedFunction | { problems: readonly Problem[] }> {
  let exported: unknown;
  try {
    exported = await import(path);
  } catch (thrown) {
    return { problems: problemsOfImport(thrown) };
  }
  const { default: definition } = Exports.parse(exported);
  if (definition === undefined) return { problems: [{ problem: "has no default export", mend: WHOLE }] };
  const read = Definition.safeParse(definition);
  if (!read.success) return { problems: read.error.issues.flatMap(problemsOfIssue) };
  const told = parametersOf(read.data.schema);
  return "problems" in told ? told : { definition: read.data, ...told };
}

// --- what a file must export ------------------------------------------------------------------------------------

const orMissing = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => (input === undefined ? "it is missing" : what),
});

const Exports = z.object({ default: z.unknown().optional() });
const Definition = z.strictObject(
  {
    name: z
      .string(orMissing("it is not text"))
      .regex(TOOL_NAME, "it is not 1 to 64 letters (a to z), digits, _ and -"),
    description: z
      .string(orMissing("it is not text"))
      .trim()
      .min(1, "it is empty")
      .max(LONGEST_DESCRIPTION, `it is longer than ${LONGEST_DESCRIPTION} characters`),
    schema: z.custom<z.ZodObject>(
      (value) => value instanceof z.ZodObject,
      orMissing("it is not a zod object"),
    ),
    policy: z.strictObject(
      {
        kind: z.enum(["read", "write"], orMissing("it is neither read nor write")),
        rule: z
          .enum(["allow", "confirm", "keypad", "deny"], {
            error: "it is not one of allow, confirm, keypad and deny",
          })
          .exactOptional(),
        untrusted: z.boolean("it is neither true nor false").exactOptional(),
      },
      orMissing("it is not an object"),
    ),
    timeoutMs: z
      .int("it is not a whole number")
      .min(1_000, "it is less than 1000")
      .max(600_000, "it is more than 600000")
      .exactOptional(),
    run: z.custom<AssistantFunction["run"]>(
      (value) => typeof value === "function",
      orMissing("it is not a function"),
    ),
  },
  { error: "it is not an object" },
) satisfies z.ZodType<AssistantFunction>;

const WHOLE = "end it with: export default defineFunction({ name, description, schema, policy, run })";
/** By member. */
const MENDS: Readonly<Record<string, string>> = {
  name: 'name it as the model is to call it, unlike any other: name: "take_note"',
  description: "say in a sentence or two what it does and when to use it: the model reads nothing else",
  schema: 'schema: z.object({ text: z.string().describe("What to note down") })',
  policy: 'policy: { kind: "read" }, or { kind: "write", rule: "confirm" }',
  timeoutMs: "how long it may take, in ms: timeoutMs: 30_000; or leave it out",
  run: "run: async (args, context) => …",
};

const wrong = (field: string, what: string, mend = MENDS[field.split(".")[0] ?? ""] ?? WHOLE): Problem => ({
  problem: `is wrong in ${field === "" ? "its default export" : field}: ${what}`,
  mend,
});

function problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") return [wrong(path.join("."), issue.message)];
  return issue.keys.map((key) => wrong([...path, key].join("."), "there is no such member", MEMBERS));
}

const MEMBERS =
  "a function has name, description, schema, policy (kind, rule, untrusted) and run, and may have timeoutMs";

// --- what cannot even be read -----------------------------------------------------------------------------------

/** Bun tells several mistakes of one file as an AggregateError, and where they are only in its own kinds of error. */
function problemsOfImport(thrown: unknown): Problem[] {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.flatMap((one: unknown) => problemsOfImport(one));
  }
  if (thrown instanceof BuildMessage) {
    const line = thrown.position === null ? "" : ` in line ${thrown.position.line}`;
    return [{ problem: `cannot be read${line}: ${thrown.message}`, mend: "correct it, and start again" }];
  }
  const why = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const mend = "what it imports must be there, and nothing may be thrown while it is loaded";
  return [{ problem: `cannot be loaded: ${why}`, mend }];
}

// --- the schema, as the model is told it ------------------------------------------------------------------------

function parametersOf(
  schema: z.ZodObject,
): { readonly parameters: Tool["parameters"] } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const json = z.toJSONSchema(schema, {
    // What the model sends is what goes in: a field with a default may be left out.
    io: "input",
    unrepresentable: ({ path, message }) => {
      problems.push(wrong(["schema", ...fieldsOf(path)].join("."), message, SAYABLE));
      return "any";
    },
  });
  const fit = fitSchema(json);
  if (!fit.ok) problems.push(wrong("schema", UNFIT[fit.why]));
  return fit.ok && problems.length === 0 ? { parameters: fit.parameters } : { problems };
}

const UNFIT: Readonly<Record<Unfit, string>> = {
  not_an_object: "it is not an object",
  remote_reference: "it refers to another schema by its address",
  impossible:
    "it demands a field whose name is longer than 128 characters, or holds some that cannot be seen",
  too_large: "it is too large for a model to read at every call",
};

const SAYABLE =
  "the arguments come as JSON: take text, numbers, true and false, lists and objects, as in z.iso.date() for a day";

/** Out of a path through a JSON Schema, as in properties, when, items, anyOf, 0. */
function fieldsOf(path: ReadonlyArray<string | number>): string[] {
  const fields: string[] = [];
  for (let at = 0; at < path.length; at++) {
    if (path[at] === "properties") fields.push(String(path[++at]));
  }
  return fields;
}
