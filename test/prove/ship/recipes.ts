/**
 * The recipes of relay/deploy, each with what it was held to: their tests, of which none may be skipped here, and the
 * image, whose steps are all done, with npm's own RUN, and which is then run by the user that it names.
 */
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { NEEDED } from "../../relay/configured.ts";
import { build } from "../../relay/deploy/image.ts";
import { isListening, systemd } from "../../relay/deploy/on-machine.ts";
import type { Progress, Proof, Row } from "../rows.ts";

const ROOT = join(import.meta.dir, "../../..");
const TESTS = "test/relay/deploy";
const UNITS = ["systemd/relay@.service", "mcp-server/shopping-list-mcp.service"];
const MOST_EXPOSED = 2;
/** Of what the image adds to its base. */
const MOST_MB = 220;

type Cells = Omit<Row, "group">;

export const RECIPES: Proof = {
  name: "recipes",
  run: async (progress) => [...(await tested(progress)), ...exposures(), ...(await image(progress))],
};

/** One row for each recipe, which is what its tests stand under. */
async function tested(progress: Progress): Promise<Cells[]> {
  progress("their tests");
  const child = Bun.spawn([process.execPath, "--no-env-file", "test", "--timeout=90000", TESTS], {
    cwd: ROOT,
    env: { ...process.env, REQUIRE_RECIPES: "1", REQUIRE_REDIS: "1" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const report = await new Response(child.stderr).text();
  const groups = new Map<string, { passed: number; other: number }>();
  for (const [, is, name = ""] of report.matchAll(/^\((pass|fail|skip|todo)\) (.+?)(?: \[[\d.]+ms\])?$/gm)) {
    const recipe = name.split(" > ")[0] ?? name;
    const group = groups.get(recipe) ?? { passed: 0, other: 0 };
    groups.set(recipe, {
      passed: group.passed + (is === "pass" ? 1 : 0),
      other: group.other + (is === "pass" ? 0 : 1),
    });
  }
  const ended = { what: "the tests of the recipes", bound: "exit 0", measured: `exit ${await child.exited}` };
  return [
    { ...ended, ok: child.exitCode === 0 && groups.size > 0 },
    ...[...groups].map(([recipe, { passed, other }]) => ({
      what: recipe,
      bound: "all of its tests, none skipped",
      measured: `${passed} of ${passed + other}`,
      ok: passed > 0 && other === 0,
    })),
  ];
}

function exposures(): Cells[] {
  const folder = mkdtempSync(join(tmpdir(), "units-"));
  try {
    return UNITS.map((unit) => {
      const copy = join(folder, unit.split("/").at(-1)?.replace("@.", "@a.") ?? "");
      const text = readFileSync(join(ROOT, "relay/deploy", unit), "utf8");
      writeFileSync(copy, text.replaceAll("/opt/phone-assistant", ROOT));
      const { output } = systemd.analyze("security", "--no-pager", "--offline=true", copy);
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(output)?.[1] ?? Number.NaN);
      return {
        what: `${unit}: exposure, by systemd-analyze security`,
        bound: `at most ${MOST_EXPOSED.toFixed(1)}`,
        measured: systemd.isHere ? exposure.toFixed(1) : systemd.orWhyNot.trim(),
        ok: exposure <= MOST_EXPOSED,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function image(progress: Progress): Promise<Cells[]> {
  const folder = mkdtempSync(join(tmpdir(), "image-"));
  try {
    progress("the image: npm ci");
    const dockerfile = readFileSync(join(ROOT, "relay/deploy/Dockerfile"), "utf8");
    const made = await build(dockerfile, ROOT, folder, async (command, workdir) => {
      const child = Bun.spawn(["sh", "-c", command], { cwd: workdir, stdout: "ignore", stderr: "pipe" });
      const said = await new Response(child.stderr).text();
      if ((await child.exited) !== 0) throw new Error(`RUN ${command} failed: ${said.slice(-600)}`);
    });
    const mb = Number(/^\d+/.exec(run(["du", "-sm", made.root]).output)?.[0]);
    const size = { what: "the image: what it adds to its base", bound: `at most ${MOST_MB} MB` };

    const [uid = 0, gid = 0] = made.user.split(":").map(Number);
    const data = join(made.root, "data");
    const isRoot = process.getuid?.() === 0;
    // What COPY --chown does, and a folder that others may enter, as an image's root is.
    if (isRoot) for (const path of [folder, made.root]) chmodSync(path, 0o755);
    if (isRoot) chownSync(data, uid, gid);
    const as = isRoot ? ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"] : [];
    const port = await freePort();
    const env = {
      ...NEEDED,
      ...made.env,
      RELAY_URL: `ws://127.0.0.1:${port}`,
      PORT: `${port}`,
      DATA_DIR: data,
    };
    const log = join(folder, "log");
    progress("the image: it runs");
    const relay = Bun.spawn([...as, ...made.command], {
      cwd: made.workdir,
      env: { ...env, PATH: process.env.PATH ?? "" },
      stdout: Bun.file(log),
      stderr: "ignore",
    });
    let health = Number.NaN;
    try {
      await until(() => relay.exitCode !== null || isListening(log), 60_000);
      health = run([...as, ...made.healthcheck], made.workdir, env).code;
    } finally {
      relay.kill("SIGTERM");
    }
    const stopped = await relay.exited;
    return [
      { ...size, measured: `${mb} MB`, ok: mb <= MOST_MB },
      {
        what: `the image, with what RUN installs, as the user ${isRoot ? made.user : "of this proof"}`,
        bound: "its HEALTHCHECK 0, and 0 after SIGTERM",
        measured: `${health}, ${stopped}`,
        ok: health === 0 && stopped === 0,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: readonly string[], cwd = ROOT, env: Readonly<Record<string, string>> = {}) {
  const { exitCode, stdout } = Bun.spawnSync([...command], {
    cwd,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdout: "pipe",
    stderr: "ignore",
  });
  return { code: exitCode, output: stdout.toString() };
}
