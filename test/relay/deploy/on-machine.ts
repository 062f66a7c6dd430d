/**
 * What of Debian the recipes are judged by, where it is there. Elsewhere those tests are skipped, in sight of everybody;
 * with REQUIRE_RECIPES=1, which .ci/run sets, that is a failure.
 */
import { existsSync, readFileSync } from "node:fs";

type Tool = { readonly isHere: boolean /** For a test's name. */; readonly orWhyNot: string };

const run = (command: readonly string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, output: `${stdout}${stderr}` };
};
const tool = (isHere: boolean, whyNot: string): Tool => ({
  isHere,
  orWhyNot: isHere ? "" : ` (skipped: ${whyNot})`,
});

/** --offline came with systemd 250. */
const OLDEST_SYSTEMD = 250;
const systemdVersion =
  Bun.which("systemd-analyze") === null
    ? 0
    : Number(/^systemd (\d+)/.exec(run(["systemd-analyze", "--version"]).output)?.[1] ?? 0);

export const systemd = {
  ...tool(systemdVersion >= OLDEST_SYSTEMD, `there is no systemd-analyze of ${OLDEST_SYSTEMD} or newer`),
  analyze: (...args: readonly string[]) => run(["systemd-analyze", ...args]),
};
export const caddy = {
  ...tool(Bun.which("caddy") !== null, "there is no caddy"),
  run: (...args: readonly string[]) => run(["caddy", ...args]),
};

/** Whoever sends a relay a signal before it has said this ends it as any program is ended. */
export const isListening = (logFile: string): boolean =>
  existsSync(logFile) && readFileSync(logFile, "utf8").includes('"relay.listening"');
