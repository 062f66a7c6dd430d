/**
 * The Caddyfile, by Caddy itself: it is valid, and a stream with a long token in its path comes through unchanged, with
 * Twilio's signature, and is written in no log.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../patience.ts";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { caddy, systemd } from "./on-machine.ts";

const FILE = join(import.meta.dir, "../../../relay/deploy/Caddyfile");
const TOKEN = "t".repeat(600);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "caddy-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("what judges the recipes is here, or nobody has asked for it with REQUIRE_RECIPES=1, as .ci/run does", () => {
  expect([caddy.isHere, systemd.isHere].every(Boolean) || process.env.REQUIRE_RECIPES !== "1").toBe(true);
});

describe.skipIf(!caddy.isHere)(`the Caddyfile${caddy.orWhyNot}`, () => {
  test("is valid, and one that is not would be refused", () => {
    expect(caddy.run("validate", "--adapter", "caddyfile", "--config", FILE).code).toBe(0);
    const broken = join(folder, "Broken");
    writeFileSync(broken, readFileSync(FILE, "utf8").replace("lb_try_duration", "lb_trydoration"));
    expect(caddy.run("validate", "--adapter", "caddyfile", "--config", broken).code).not.toBe(0);
  });

  test("lets a stream through as it came, and keeps its token out of every log", async () => {
    const seen: { path: string; signature: string | null; host: string | null }[] = [];
    const relay = Bun.serve({
      port: 0,
      fetch(request, server) {
        const { pathname } = new URL(request.url);
        const { headers } = request;
        seen.push({
          path: pathname,
          signature: headers.get("x-twilio-signature"),
          host: headers.get("host"),
        });
        return server.upgrade(request) ? undefined : new Response("no stream", { status: 400 });
      },
      websocket: { message: (socket, text) => void socket.send(`heard ${text}`) },
    });
    const port = await freePort();
    const at = `127.0.0.1:${port}`;
    // No certificate here, and no port of an administrator: everything else as it stands.
    const ours = join(folder, "Caddyfile");
    writeFileSync(ours, `{\n\tadmin off\n\tauto_https off\n}\n${readFileSync(FILE, "utf8")}`);
    const running = Bun.spawn(["caddy", "run", "--adapter", "caddyfile", "--config", ours], {
      env: { HOME: folder, RELAY_HOST: `http://${at}`, RELAY_AT: `127.0.0.1:${relay.port}` },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const logs = Promise.all([new Response(running.stdout).text(), new Response(running.stderr).text()]);
    try {
      await until(async () => (await fetch(`http://${at}/`).catch(() => undefined)) !== undefined);
      const socket = new WebSocket(`ws://${at}/media-stream/${TOKEN}`, {
        headers: { "x-twilio-signature": "signed" },
      });
      const answers: unknown[] = [];
      socket.onmessage = ({ data }) => answers.push(data);
      socket.onopen = () => socket.send("hello");
      await until(() => answers.length > 0);
      socket.close();
      expect(answers).toEqual(["heard hello"]);
      expect(seen.at(-1)).toEqual({ path: `/media-stream/${TOKEN}`, signature: "signed", host: at });
    } finally {
      running.kill("SIGTERM");
      await running.exited;
      await relay.stop(true);
    }
    expect((await logs).join("")).not.toContain(TOKEN);
  });
});
