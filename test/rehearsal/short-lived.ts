/**
 * What Bun is told in processes that tests start with no environment but what they want, and that live for seconds.
 */
import { join } from "node:path";

/** Where Bun keeps what it has transpiled: without this or a HOME a relay needs a fifth longer to start. */
export const TRANSPILED = {
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: join(import.meta.dir, "..", "..", "node_modules", ".cache", "bun"),
} as const;

/**
 * In the gate relays run without JavaScriptCore's optimising compilers, which cost a relay of some seconds more
 * processor time than they save it. `npm run prove` and `npm run bench` measure them as they are deployed.
 */
export const SHORT_LIVED = {
  ...TRANSPILED,
  ...(process.env.SHORT_LIVED_RELAYS === "1" && { BUN_JSC_useDFGJIT: "0" }),
} as const;
