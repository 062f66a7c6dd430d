/**
 * What the tests from end to end tell, test by test: for what is heard or found by their logic alone, so that proof
 * and test cannot differ.
 */
import { runTests } from "../project.ts";

export type Told = { readonly passed: readonly string[]; readonly failed: readonly string[] };

/** A test that was skipped, or that did not run, has not passed. */
export async function toldBy(file: string): Promise<Told> {
  const { output } = await runTests([file]);
  const named = (verdict: string) =>
    [...output.matchAll(new RegExp(`^\\(${verdict}\\) (.+?)(?: \\[[\\d.]+m?s\\])?$`, "gm"))].map(
      ([, name]) => name ?? "",
    );
  return { passed: named("pass"), failed: [...named("fail"), ...named("skip")] };
}

/** How the one test ended whose name ends so. */
export function verdictOn(told: Told, name: string): "passed" | "failed" | "did not run" {
  if (told.failed.some((each) => each.endsWith(name))) return "failed";
  return told.passed.filter((each) => each.endsWith(name)).length === 1 ? "passed" : "did not run";
}
