/**
 * A folder of functions, as its owner fills it: what is offered of what is right, and what is said of what is wrong.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFunctions } from "../../../relay/io/function-files.ts";

const IMPORT = `import { defineFunction, FunctionError, z } from ${JSON.stringify(join(import.meta.dir, "../../../relay/function.ts"))};`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "function-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

/** The members of a good one, each as it stands in the file; undefined: left out. */
const good = (changes: Readonly<Record<string, string | undefined>> = {}): string => {
  const members = {
    name: '"roll_dice"',
    description: '"Roll a die."',
    schema: 'z.object({ sides: z.int().min(2).describe("How many") })',
    policy: '{ kind: "read" }',
    run: "({ sides }) => sides",
    ...changes,
  };
  const written = Object.entries(members).filter(([, text]) => text !== undefined);
  return `${IMPORT}\nexport default { ${written.map(([name, text]) => `${name}: ${text}`).join(", ")} };`;
};

const read = (taken: readonly string[] = []) => readFunctions(folder, taken);

async function functions() {
  const all = await read();
  if (!all.ok) throw new Error(JSON.stringify(all.problems));
  return all.functions;
}

async function problems(taken: readonly string[] = []): Promise<string[]> {
  const all = await read(taken);
  if (all.ok) return [];
  for (const { mend } of all.problems) expect(mend.length).toBeGreaterThan(10);
  return all.problems.map(({ file, problem }) => `${file.replace(`${folder}/`, "")} ${problem}`);
}

describe("of a folder are read", () => {
  test("its TypeScript files in the order of their names; no tests, declarations, other files or folders", async () => {
    for (const name of ["b", "a", "c"]) put(`${name}.ts`, good({ name: `"the_${name}"` }));
    for (const name of ["a.test.ts", "types.d.ts", ".a.ts", "notes.txt", "a.js", "README.md"])
      put(name, "{{{");
    mkdirSync(join(folder, "shared"));
    put("shared/said.ts", "export const SAID = 'said';");
    mkdirSync(join(folder, "odd.ts"));
    put("d.ts", `import { SAID } from "./shared/said.ts";\n${good({ name: "SAID" })}`);
    const names = (await functions()).map(({ definition }) => definition.name);
    expect(names).toEqual(["the_a", "the_b", "the_c", "said"]);
  });

  test("files that are links to somewhere else", async () => {
    mkdirSync(join(folder, "elsewhere"));
    put("elsewhere/real.ts", good());
    symlinkSync(join(folder, "elsewhere/real.ts"), join(folder, "linked.ts"));
    expect(await functions()).toHaveLength(1);
  });

  test("none, where there are none", async () => {
    expect(await functions()).toEqual([]);
  });

  test("the two that come with the relay", async () => {
    const ours = await readFunctions(join(import.meta.dir, "../../../relay/functions"), []);
    expect(ours.ok && ours.functions.map(({ definition }) => definition.name)).toEqual([
      "read_notes",
      "take_note",
    ]);
  });
});

describe("a function", () => {
  test("is what its file says of it, with nothing added", async () => {
    put("one.ts", good());
    put(
      "two.ts",
      good({
        name: '"two"',
        policy: '{ kind: "write", rule: "keypad", untrusted: true }',
        timeoutMs: "9_000",
      }),
    );
    expect(await functions()).toEqual([
      {
        definition: {
          name: "roll_dice",
          description: "Roll a die.",
          schema: expect.anything(),
          policy: { kind: "read" },
          run: expect.any(Function),
        },
        parameters: expect.anything(),
      },
      {
        definition: expect.objectContaining({
          name: "two",
          policy: { kind: "write", rule: "keypad", untrusted: true },
          timeoutMs: 9000,
        }),
        parameters: expect.anything(),
      },
    ]);
  });

  test("through defineFunction has the types of its own schema", async () => {
    put(
      "typed.ts",
      `${IMPORT}
      export default defineFunction({
        name: "typed",
        description: "Has types.",
        schema: z.object({ when: z.iso.date() }),
        policy: { kind: "read" },
        run: ({ when }) => when,
      });`,
    );
    expect((await functions()).map(({ definition }) => definition.name)).toEqual(["typed"]);
  });

  test("tells the model its schema as JSON Schema: what has a default may be left out, and each field's meaning", async () => {
    put(
      "schema.ts",
      good({
        schema: `z.object({
          text: z.string().min(1).max(20).describe("What"),
          when: z.iso.date().optional(),
          often: z.int().default(3),
          people: z.array(z.object({ name: z.string(), role: z.enum(["a", "b"]).nullable() })).max(3),
        })`,
      }),
    );
    const [one] = await functions();
    expect(one?.parameters).toMatchObject({
      type: "object",
      properties: {
        text: { type: "string", minLength: 1, maxLength: 20, description: "What" },
        when: { type: "string", format: "date" },
        often: { type: "integer", default: 3 },
        people: { type: "array", maxItems: 3, items: { type: "object", required: ["name", "role"] } },
      },
      required: ["text", "people"],
    });
    expect(Object.keys(one?.parameters ?? {})).not.toContain("$schema");
    expect(JSON.parse(JSON.stringify(one?.parameters))).toEqual(one?.parameters);
  });

  test("whose schema is made of parts, even of itself, is told without a reference", async () => {
    put(
      "parts.ts",
      `${IMPORT}
      const Place = z.object({ city: z.string() }).meta({ id: "place" });
      const Step = z.object({ to: Place, get then() { return Step.optional(); } });
      export default ${good({ schema: "z.object({ from: Place, first: Step })" }).split("export default ")[1]}`,
    );
    const [one] = await functions();
    expect(JSON.stringify(one?.parameters)).not.toContain("$ref");
    expect(one?.parameters).toMatchObject({
      properties: {
        from: { properties: { city: { type: "string" } } },
        first: { properties: { to: { properties: { city: { type: "string" } } } } },
      },
    });
  });

  test("without arguments has an object of none", async () => {
    put("none.ts", good({ schema: "z.object({})" }));
    expect((await functions())[0]?.parameters).toMatchObject({ type: "object", properties: {} });
  });
});

describe("what is wrong is told by its file and its member:", () => {
  const cases: ReadonlyArray<
    readonly [what: string, changes: Record<string, string | undefined>, told: string]
  > = [
    ["no name", { name: undefined }, "name: it is missing"],
    ["a name that Realtime refuses", { name: '"roll dice!"' }, "name: it is not 1 to 64 letters"],
    ["too long a name", { name: `"${"a".repeat(65)}"` }, "name: it is not 1 to 64 letters"],
    ["a name that is no text", { name: "7" }, "name: it is not text"],
    ["no description", { description: undefined }, "description: it is missing"],
    ["an empty description", { description: '"  "' }, "description: it is empty"],
    [
      "too long a description",
      { description: `"${"a".repeat(1025)}"` },
      "description: it is longer than 1024",
    ],
    ["no schema", { schema: undefined }, "schema: it is missing"],
    ["a schema of something else", { schema: "z.string()" }, "schema: it is not a zod object"],
    ["a JSON Schema", { schema: '{ type: "object" }' }, "schema: it is not a zod object"],
    ["no policy", { policy: undefined }, "policy: it is missing"],
    ["a policy in one word", { policy: '"read"' }, "policy: it is not an object"],
    ["a policy without its kind", { policy: "{}" }, "policy.kind: it is missing"],
    ["an unknown kind", { policy: '{ kind: "reads" }' }, "policy.kind: it is neither read nor write"],
    [
      "an unknown rule",
      { policy: '{ kind: "read", rule: "ask" }' },
      "policy.rule: it is not one of allow, confirm",
    ],
    ["a rule of nothing", { policy: '{ kind: "read", rule: undefined }' }, "policy.rule: it is not one of"],
    [
      "a misspelt member of the policy",
      { policy: '{ kind: "read", rules: "deny" }' },
      "policy.rules: there is no such member",
    ],
    ["a misspelt member", { describtion: '"x"' }, "describtion: there is no such member"],
    ["too short a time", { timeoutMs: "20" }, "timeoutMs: it is less than 1000"],
    ["half a millisecond", { timeoutMs: "1000.5" }, "timeoutMs: it is not a whole number"],
    ["no run", { run: undefined }, "run: it is missing"],
    ["a run that is none", { run: '"run"' }, "run: it is not a function"],
  ];
  for (const [what, changes, told] of cases) {
    test(what, async () => {
      put("bad.ts", good(changes));
      expect(await problems()).toEqual([
        expect.stringMatching(new RegExp(`^bad\\.ts is wrong in ${told.replaceAll(".", "\\.")}`)),
      ]);
    });
  }

  test("a field that JSON cannot hold, wherever it is", async () => {
    put(
      "bad.ts",
      good({
        schema:
          "z.object({ on: z.date(), a: z.object({ properties: z.array(z.bigint()) }), ok: z.string() })",
      }),
    );
    expect(await problems()).toEqual([
      expect.stringMatching(/^bad\.ts is wrong in schema\.on: Date /),
      expect.stringMatching(/^bad\.ts is wrong in schema\.a\.properties: BigInt /),
    ]);
  });

  test("a schema that no model would read to its end", async () => {
    put(
      "bad.ts",
      good({
        schema:
          'z.object({ one: z.enum(["a", "b"]).describe("x".repeat(900)) }).extend(Object.fromEntries(Array.from({ length: 40 }, (_, n) => ["f" + n, z.string().describe("x".repeat(1000))])))',
      }),
    );
    put("worse.ts", good({ name: '"worse"', schema: 'z.object({ ["a".repeat(200)]: z.string() })' }));
    expect(await problems()).toEqual([
      expect.stringMatching(/^bad\.ts is wrong in schema: it is too large/),
      expect.stringMatching(/^worse\.ts is wrong in schema: it demands a field/),
    ]);
  });

  test("a name that another file has, or the telephone", async () => {
    put("a.ts", good());
    put("b.ts", good());
    put("c.ts", good({ name: '"end_call"' }));
    expect(await problems(["end_call"])).toEqual([
      `b.ts is wrong in name: ${join(folder, "a.ts")} has that name already`,
      "c.ts is wrong in name: the telephone has that name already",
    ]);
  });

  test("no default export, or one of another kind", async () => {
    put("a.ts", `${IMPORT}\nexport const name = "a";`);
    put("b.ts", "export default 7;");
    put("c.ts", "");
    expect(await problems()).toEqual([
      "a.ts has no default export",
      "b.ts is wrong in its default export: it is not an object",
      "c.ts has no default export",
    ]);
  });

  test("what is no TypeScript, by its line", async () => {
    put("bad.ts", `${IMPORT}\n\nexport default {{;`);
    const told = await problems();
    expect(told.length).toBeGreaterThan(0);
    for (const one of told) expect(one).toMatch(/^bad\.ts cannot be read in line 3: /);
  });

  test("an import of what is not there, and what is thrown while it is loaded", async () => {
    put("a.ts", 'import { x } from "./nowhere.ts";\nexport default x;');
    put("b.ts", 'throw new TypeError("no weather today");');
    put("c.ts", 'throw "a word";');
    expect(await problems()).toEqual([
      expect.stringMatching(/^a\.ts cannot be loaded: .*nowhere\.ts/),
      "b.ts cannot be loaded: TypeError: no weather today",
      "c.ts cannot be loaded: a word",
    ]);
  });

  test("all of it at once, and each with its own mend", async () => {
    put("a.ts", good({ name: undefined, run: undefined, policy: '{ kind: "read", rule: "ask" }' }));
    put("b.ts", "export default {{;");
    put("c.ts", good({ name: '"fine"' }));
    const all = await read();
    if (all.ok) throw new Error("nothing was wrong");
    const ofA = all.problems.filter(({ file }) => file.endsWith("a.ts"));
    expect(ofA.map(({ problem }) => problem.slice(0, 24)).sort()).toEqual([
      "is wrong in name: it is ",
      "is wrong in policy.rule:",
      "is wrong in run: it is m",
    ]);
    expect(new Set(ofA.map(({ mend }) => mend)).size).toBe(3);
    expect(all.problems.some(({ file }) => file.endsWith("b.ts"))).toBe(true);
    expect(all.problems.some(({ file }) => file.endsWith("c.ts"))).toBe(false);
  });

  test("a folder that is not there", async () => {
    const all = await readFunctions(join(folder, "nowhere"), []);
    expect(all).toEqual({
      ok: false,
      problems: [
        {
          file: join(folder, "nowhere"),
          problem: "is not a folder that can be read",
          mend: expect.stringContaining("FUNCTIONS_DIR"),
        },
      ],
    });
  });
});
