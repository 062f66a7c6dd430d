/**
 * The stand-in for the model as a process of its own, so that it keeps its own time whatever the relay does.
 *
 *   bun test/rehearsal/model/main.ts [--port 0] [--options '{"pace":4,"script":[…]}']
 *
 * The options may also stand in MODEL_OPTIONS. The first line on stdout is {"url","port"}; every line after it is a
 * notable moment (records.ts) as JSON. SIGTERM and SIGINT end it.
 */
import { parseArgs } from "node:util";
import { DataOptions } from "./options.ts";
import { startModel } from "./server.ts";

const { values } = parseArgs({ options: { port: { type: "string" }, options: { type: "string" } } });
const asked = DataOptions.parse(JSON.parse(values.options ?? process.env.MODEL_OPTIONS ?? "{}"));
const port = values.port === undefined ? asked.port : Number(values.port);

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
// The first line must be the address: no connection can be made before it is known.
const model = await startModel({ ...asked, port, onEvent: say });
say({ url: model.url, port: model.port });

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    model.stop().finally(() => process.exit(0));
  });
}
