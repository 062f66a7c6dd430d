/**
 * The relay's entry, as an operator meets it: what it says when it cannot start, and the code it exits with.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "../patience.ts";
import { ACCOUNT_SID, AUTH_TOKEN, freePort, startRelay, TOKEN_SECRET } from "../rehearsal/relay.ts";
import { SHORT_LIVED } from "../rehearsal/short-lived.ts";

const MAIN = join(import.meta.dir, "..", "..", "relay", "main.ts");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "main-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = () => ({
  PORT: "0",
  RELAY_URL: "ws://localhost:5050",
  STREAM_TOKEN_SECRET: TOKEN_SECRET,
  TWILIO_ACCOUNT_SID: ACCOUNT_SID,
  TWILIO_AUTH_TOKEN: AUTH_TOKEN,
  OPENAI_API_KEY: "sk-rehearsal",
  DATA_DIR: join(folder, "data"),
});

/** Runs it until it exits by itself. */
async function run(env: Record<string, string>): Promise<{ code: number; output: string; errors: string }> {
  const child = Bun.spawn([process.execPath, MAIN], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", ...SHORT_LIVED, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, output, errors };
}

describe("a relay that cannot start exits with 78 (EX_CONFIG) and says why on its standard error", () => {
  test("with every variable that is wrong or missing, and how to mend it", async () => {
    const { code, output, errors } = await run({ ...GOOD(), VOICE: "nova", PORT: "x", OPENAI_API_KEY: "" });
    expect(code).toBe(78);
    expect(output).toBe("");
    for (const variable of ["VOICE", "PORT", "OPENAI_API_KEY"]) expect(errors).toContain(`  ${variable} `);
    expect(errors).toContain("VOICE=marin");
    expect(errors).not.toContain(TOKEN_SECRET);
    expect(errors).not.toContain(AUTH_TOKEN);
  });

  test("when its port is taken", async () => {
    const taken = Bun.serve({ port: 0, fetch: () => new Response() });
    const port = String(taken.port);
    const { code, output, errors } = await run({ ...GOOD(), PORT: port });
    await taken.stop(true);
    expect([code, output]).toEqual([78, ""]);
    expect(errors).toContain(`cannot listen on port ${port}`);
    expect(errors).toContain("Set PORT to a free one");
    expect(errors).not.toContain(" at ");
  });

  test("when its data folder cannot be made", async () => {
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    const { code, output, errors } = await run({ ...GOOD(), DATA_DIR: join(file, "data") });
    expect([code, output]).toEqual([78, ""]);
    expect(errors).toContain("DATA_DIR");
    expect(errors).toContain("a-file");
    expect(errors).not.toContain(" at ");
  });

  test("when what lies in its data folder is no database", async () => {
    const data = mkdtempSync(join(folder, "bad-"));
    writeFileSync(join(data, "relay.sqlite"), "no database at all, but long enough to be read ".repeat(30));
    const { code, errors } = await run({ ...GOOD(), DATA_DIR: data });
    expect(code).toBe(78);
    expect(errors).toContain("relay.sqlite in DATA_DIR is damaged");
  });
});

describe("a relay that starts", () => {
  const options = (env: Record<string, string>) => ({
    modelUrl: "ws://127.0.0.1:9/v1/realtime",
    modelKey: "sk-rehearsal",
    dataDir: folder,
    env,
  });

  test("says so in one line, and by a signal it stops with 0, saying so too", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const relay = await startRelay(freePort(), options({}));
      const { port } = relay;
      expect(relay.lines).toMatchObject([{ event: "relay.listening", port, model: "gpt-realtime-2.1" }]);
      expect(await relay.kill(signal)).toBe(0);
      expect(relay.lines.slice(1)).toMatchObject([
        { event: "relay.stopping", signal, calls: 0 },
        { event: "relay.stopped" },
      ]);
      expect(relay.errors()).toBe("");
    }
  });

  test("with something doubtful warns of it, in the log and to whoever started it", async () => {
    const relay = await startRelay(
      freePort(),
      options({ OPENAI_MODEL: "gpt-realtime", TWILIO_AUTH_TOKEN: "" }),
    );
    const warnings = relay.lines.filter(({ event }) => event === "relay.warning");
    expect(warnings).toMatchObject([{ variable: "TWILIO_AUTH_TOKEN" }, { variable: "OPENAI_MODEL" }]);
    await relay.kill();
    expect(relay.errors()).toContain("2027-01-20");
  });
});
