/**
 * The edge as a test wants it: built with an allowlist of the test's own, and served by the real twilio-run.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildForTest } from "../rehearsal/built.ts";
import "../patience.ts";
import { type RunningEdge, startEdge } from "../rehearsal/edge.ts";

export type TwilioRun = RunningEdge;

/** @param callers the content of the private allowlist */
export async function startTwilioRun(
  env: Readonly<Record<string, string>>,
  callers?: string,
): Promise<TwilioRun> {
  const folder = await mkdtemp(join(tmpdir(), "built-"));
  try {
    const file = join(folder, "callers.json");
    if (callers !== undefined) await Bun.write(file, callers);
    await buildForTest(join(folder, "dist"), file);
    return await startEdge({ dist: join(folder, "dist"), env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
