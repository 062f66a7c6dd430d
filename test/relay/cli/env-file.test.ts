/**
 * The env files against those who read them: the Bun that runs the relay, and the dotenv in twilio-run's toolchain.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { z } from "zod";
import {
  deployedValues,
  type EnvFile,
  EnvFileError,
  type EnvKind,
  envFileFindings,
  readEnvFile,
  writeEnvFiles,
} from "../../../relay/cli/env-file.ts";
import { readEdgeText } from "../../../relay/cli/env-syntax.ts";

/** Each asks Bun five times. */
const RUNS = 6;
const KINDS = ["relay", "edge"] as const;

/** The one that twilio-run itself gets. */
const twiliosOwn = createRequire(createRequire(import.meta.url).resolve("twilio-run"));
const Dotenv = z.object({
  parse: z.function({ input: [z.string()], output: z.record(z.string(), z.string()) }),
});
const dotenv = Dotenv.parse(twiliosOwn("dotenv"));

let folder = "";
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "env-file-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fresh = (name = ".env"): string => join(folder, `${count++}${name}`);
async function fileWith(text: string, kind: EnvKind): Promise<EnvFile> {
  const path = fresh();
  await writeFile(path, text, { mode: 0o600 });
  return existing(path, kind);
}
async function existing(path: string, kind: EnvKind): Promise<EnvFile> {
  const file = await readEnvFile(path, kind);
  if (file === undefined) throw new Error(`${path} is not there`);
  return file;
}
const write = (file: EnvFile, changes: Record<string, string | undefined>, over: readonly string[] = []) =>
  writeEnvFiles([
    {
      path: file.path,
      kind: file.kind,
      from: file,
      template: "",
      changes: new Map(Object.entries(changes)),
      over: new Set(over),
    },
  ]);

/** As the real reader reads it, whatever ours says. */
async function reallyRead(path: string, kind: EnvKind): Promise<Record<string, string>> {
  if (kind === "edge") return dotenv.parse(await readFile(path, "utf8"));
  const child = Bun.spawn([process.execPath, "--env-file", path, "-p", "JSON.stringify(process.env)"], {
    env: {},
    stdout: "pipe",
    stderr: "ignore",
  });
  return z.record(z.string(), z.string()).parse(JSON.parse(await new Response(child.stdout).text()));
}

/** What is written in env files, and all that makes their readers stumble. */
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "grapheme", maxLength: 4 }) },
  fc.constantFrom(
    " ",
    "#",
    " # ",
    "'",
    '"',
    "`",
    "$",
    "$NAME",
    `$${"{NAME}"}`,
    "\\",
    "\\n",
    "\\$",
    "=",
    "à",
    "\u00a0",
  ),
);
const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
const oneLine = text.map((value) => value.replaceAll(/[\p{Cc}\u2028\u2029]/gu, "").trim());

describe("the edge's file", () => {
  test("is read as the dotenv of twilio-run reads it, whatever stands in it", () => {
    const line = fc.oneof(
      text,
      fc
        .tuple(
          fc.constantFrom("A", " B ", "C.D", "export E", "# F"),
          fc.constantFrom("=", " = ", ":"),
          text,
          fc.constantFrom("", " ", "\r"),
        )
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const whole = lines.join("\n");
        expect(Object.fromEntries(readEdgeText(whole))).toEqual(dotenv.parse(whole));
      }),
      { numRuns: 2_000 },
    );
  });

  test("that is too large for Twilio, holds a comment behind a value or an open quote is told of", async () => {
    const found = async (content: string) =>
      envFileFindings(await fileWith(content, "edge")).map(({ variable }) => variable);
    expect(await found(`A=${"a".repeat(450)}\nAUTH_TOKEN=${"b".repeat(451)}\nEMPTY=\n`)).toEqual([]);
    expect(await found(`A=${"é".repeat(226)}\n`)).toEqual(["A"]);
    const seven = Array.from({ length: 7 }, (_, index) => `V${index}=${"a".repeat(440)}`).join("\n");
    expect(await found(seven)).toEqual(["the env file of the edge"]);
    expect(await found("A=value # said behind it\nB=a#b\n")).toEqual(["A"]);
  });

  test("is not written with more than Twilio takes", async () => {
    const file = await fileWith("KEPT=1\n", "edge");
    expect(write(file, { ALLOWED_NUMBERS: "+15551234567,".repeat(40) })).rejects.toThrow(
      "ALLOWED_NUMBERS has 520 bytes, and Twilio takes 450 at most: put the numbers into assets/callers.private.json",
    );
    expect(await readFile(file.path, "utf8")).toBe("KEPT=1\n");
  });

  test("goes to Twilio without the credentials and what is empty", () => {
    const values = new Map(Object.entries({ A: "1", B: "", ACCOUNT_SID: "AC", AUTH_TOKEN: "t" }));
    expect([...deployedValues(values)]).toEqual([["A", "1"]]);
  });
});

describe.each([...KINDS])("a file of the %s", (kind) => {
  test("gives back to its real reader exactly what was written, and everything else as it was", async () => {
    // Bun knows TZ itself, and drops one that is empty.
    const name = fc.stringMatching(/^[A-Z][A-Z_]{0,6}$/).filter((each) => each !== "TZ");
    const values = fc.dictionary(name, oneLine, {
      minKeys: 8,
      maxKeys: 24,
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(values, values, async (before, after) => {
        const file = await fileWith("# first\nKEPT=as it is\n\n# last\n", kind);
        const start = fits(before, kind);
        await write(file, start);
        const changes = fits(after, kind);
        await write(await existing(file.path, kind), changes, Object.keys(changes));
        expect(await reallyRead(file.path, kind)).toEqual({ KEPT: "as it is", ...start, ...changes });
        const whole = await readFile(file.path, "utf8");
        expect(whole.startsWith("# first\nKEPT=as it is\n\n# last\n")).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test("keeps its comments, its order and its own spelling", async () => {
    const file = await fileWith(
      "# about A\nA = 1\n\n# B=of the example\n# C=of the example\nD='x y'\nA=2\nE=last",
      kind,
    );
    await write(file, { A: "3", B: "new", F: "end" }, ["A"]);
    expect(await readFile(file.path, "utf8")).toBe(
      "# about A\nA = 1\n\n# B=of the example\nB=new\n# C=of the example\nD='x y'\nA=3\nE=last\nF=end\n",
    );
  });

  test("loses a variable that is taken out, wherever it stands", async () => {
    const file = await fileWith("A=1\n# between\nB=2\nA=3\n", kind);
    await write(file, { A: undefined }, ["A"]);
    expect(await readFile(file.path, "utf8")).toBe("# between\nB=2\n");
  });

  test("is replaced nowhere without being told to", async () => {
    const file = await fileWith("A=1\nB=2\nEMPTY=\n", kind);
    expect(write(file, { A: "2", B: "2", EMPTY: "full" })).rejects.toBeInstanceOf(EnvFileError);
    expect(await readFile(file.path, "utf8")).toBe("A=1\nB=2\nEMPTY=\n");
    await write(file, { B: "2", EMPTY: "full" });
    expect(await readFile(file.path, "utf8")).toBe("A=1\nB=2\nEMPTY=full\n");
  });

  test("is not written over what somebody has changed meanwhile", async () => {
    const file = await fileWith("A=1\n", kind);
    await writeFile(file.path, "A=1\nB=of an editor\n");
    expect(write(file, { C: "1" })).rejects.toThrow("has changed meanwhile");
    expect(await readFile(file.path, "utf8")).toBe("A=1\nB=of an editor\n");
  });

  test("is its owner's alone afterwards, and leaves nothing beside it", async () => {
    const file = await fileWith("A=1\n", kind);
    await chmod(file.path, 0o644);
    const open = await existing(file.path, kind);
    expect(envFileFindings(open).map(({ mend }) => mend)).toEqual([expect.stringContaining("chmod 600")]);
    await write(open, { B: "1" });
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  test("that cannot hold a value says which, without telling it", async () => {
    const file = await fileWith("", kind);
    const value = "a canary\0\n\rof a value\u2028 ";
    const error = await write(file, { NAME: value }).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("NAME holds what its file cannot hold");
    expect(String(error)).not.toContain("canary");
  });
});

/** Of the values those that a file of this kind can hold at all. */
const fits = (values: Record<string, string>, kind: EnvKind): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).filter(([name, value]) => {
      if (name === "KEPT") return false;
      if (kind === "edge") return !/\s#/.test(value) && !/^["']|["']$/.test(value);
      return !/[\\"'`]/.test(value) || !/[^\x21-\x7e]|#|^["'`]/.test(value);
    }),
  );

describe("the relay's file", () => {
  test("is read as Bun reads it: comments behind values, quotes, several lines, other variables", async () => {
    const file = await fileWith(
      "A=one # two\nB='x # y'\nC=\"two\nlines\"\nD=$A\nE='it $A'\nexport F=6\nG=`a'b`\n",
      "relay",
    );
    const values = { A: "one", B: "x # y", C: "two\nlines", D: "one", E: "it one", F: "6", G: "a'b" };
    expect(Object.fromEntries(file.values)).toEqual(values);
    await write(file, { C: "one line", F: "7" }, ["C", "F"]);
    expect(await readFile(file.path, "utf8")).toBe(
      "A=one # two\nB='x # y'\nC=one line\nD=$A\nE='it $A'\nF=7\nG=`a'b`\n",
    );
  });

  test.each([
    "pa$$word",
    `$HOME/$${"{X:-y}"}`,
    "costs 5$",
    "a\\$b",
    "C:\\folder\\name",
    "two\nlines and a '",
    "Voilà",
    'it\'s "so" # here',
    "  kept  ",
    "\\",
    "`",
    "",
  ])("holds %p", async (value) => {
    const file = await fileWith("BEFORE=1\nAFTER=2\n", "relay");
    await write(file, { BEFORE: value }, ["BEFORE"]);
    expect(await reallyRead(file.path, "relay")).toEqual({ BEFORE: value, AFTER: "2" });
  });

  test("in which a quote stands open is not made worse", async () => {
    const text = "A='\nB=2\nC=3\nD=it's\n";
    const file = await fileWith(text, "relay");
    const error = await write(file, { C: "4" }, ["C"]).catch((thrown: unknown) => thrown);
    const after = await readFile(file.path, "utf8");
    if (error === undefined) expect((await reallyRead(file.path, "relay")).C).toBe("4");
    else expect(after).toBe(text);
  });
});

test("of two files both are written or neither", async () => {
  const [first, second] = [await fileWith("A=1\n", "relay"), await fileWith("A=1\n", "edge")];
  await writeFile(second.path, "A=of an editor\n");
  const plan = (file: EnvFile) => ({
    path: file.path,
    kind: file.kind,
    from: file,
    template: "",
    changes: new Map([["B", "2"]]),
    over: new Set<string>(),
  });
  expect(writeEnvFiles([plan(first), plan(second)])).rejects.toBeInstanceOf(EnvFileError);
  expect(await readFile(first.path, "utf8")).toBe("A=1\n");
});
