import { expect, test } from "bun:test";
import { dirname, join, relative } from "node:path";
import { Glob } from "bun";
import { sidesOf } from "../../../scripts/dev/sources.ts";
import { ROOT } from "./processes.ts";

/** The files that a file imports, and what those import. */
async function allImportedBy(files: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set(files);
  for (const file of found) {
    if (!file.endsWith(".ts")) continue;
    for (const { path } of new Bun.Transpiler({ loader: "ts" }).scanImports(
      await Bun.file(join(ROOT, file)).text(),
    )) {
      if (path.startsWith(".")) found.add(relative(ROOT, join(ROOT, dirname(file), path)));
    }
  }
  return found;
}

test("what is bundled with the edge restarts it, and nothing else of the relay's does", async () => {
  const functions = await Array.fromAsync(new Glob("functions/**/*.ts").scan(ROOT));
  const bundled = await allImportedBy(functions);
  const relays = await Array.fromAsync(new Glob("relay/**/*.ts").scan(ROOT));
  const own = relays.filter((path) => !path.includes("node_modules"));
  expect(own.filter((path) => sidesOf(path).includes("edge")).sort()).toEqual(
    own.filter((path) => bundled.has(path)).sort(),
  );
  expect(own.filter((path) => !sidesOf(path).includes("relay"))).toEqual([]);
  for (const path of functions) expect(sidesOf(path)).toEqual(["edge"]);
});

test("env files, the allowlist and data are part of one side, and what no one reads of neither", () => {
  expect(sidesOf(".env")).toEqual(["relay"]);
  expect(sidesOf(".env.functions")).toEqual(["edge"]);
  expect(sidesOf("assets/callers.private.json")).toEqual(["edge"]);
  expect(sidesOf("relay/prices.json")).toEqual(["relay"]);
  for (const other of [".env.example", "README.md", "relay/contract.ts~", "relay/.contract.ts", "relay"])
    expect(sidesOf(other)).toEqual([]);
});
