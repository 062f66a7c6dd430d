/**
 * Where Bun keeps what it has transpiled, for processes that are given no environment but what a test wants: without
 * this or a HOME they transpile all that they import anew, which is a fifth of what a relay needs to start.
 */
import { join } from "node:path";

export const TRANSPILED = {
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: join(import.meta.dir, "..", "..", "node_modules", ".cache", "bun"),
} as const;
