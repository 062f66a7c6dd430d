/**
 * The rehearsed tools as a process of their own.
 *
 *   bun test/rehearsal/tools/main.ts --db <file> [--options '{"key":"zap-mine","listChanged":true}']
 *
 * The options may also stand in TOOLS_OPTIONS. The one line on stdout is {"url","port","key"}. SIGTERM and SIGINT end
 * it; the file stays.
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { ToolsOptions } from "./options.ts";
import { startTools } from "./server.ts";

const { values } = parseArgs({ options: { db: { type: "string" }, options: { type: "string" } } });
const asked = z
  .record(z.string(), z.unknown())
  .parse(JSON.parse(values.options ?? process.env.TOOLS_OPTIONS ?? "{}"));
const tools = await startTools(
  ToolsOptions.parse({ ...asked, ...(values.db === undefined ? {} : { dbPath: values.db }) }),
);
process.stdout.write(`${JSON.stringify({ url: tools.url, port: tools.port, key: tools.key })}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    tools.stop().finally(() => process.exit(0));
  });
}
