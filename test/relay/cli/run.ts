/** One of the relay's commands, run as npm runs it: its exit code and all that it said. */
import { join } from "node:path";

/** @param input for its standard input, which is otherwise empty */
export async function runCommand(name: "pin" | "secret", args: readonly string[], input = "") {
  const command = join(import.meta.dir, `../../../relay/cli/${name}.ts`);
  const child = Bun.spawn([process.execPath, "--no-env-file", command, ...args], {
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}
