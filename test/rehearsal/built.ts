/**
 * The edge as `npm run build` makes it, for any number of tests: what they share is bundled once by each process, and only
 * the allowlist is a test's own.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Built, build, bundleEntries } from "../../scripts/build.ts";

type Held = Readonly<{ built: readonly Built[]; texts: readonly string[] }>;
let held: Promise<Held> | undefined;

/** @param callersFile the allowlist to check and to ship, if it exists */
export const buildForTest = (dist: string, callersFile: string): Promise<readonly Built[]> =>
  build(dist, callersFile, async (outDir) => {
    held ??= bundled(outDir).catch((thrown) => {
      held = undefined;
      throw thrown;
    });
    const { built, texts } = await held;
    await Promise.all(built.map(({ file }, at) => Bun.write(join(outDir, file), texts[at] ?? "")));
    return built;
  });

async function bundled(outDir: string): Promise<Held> {
  const built = await bundleEntries(outDir);
  return { built, texts: await Promise.all(built.map(({ file }) => readFile(join(outDir, file), "utf8"))) };
}
