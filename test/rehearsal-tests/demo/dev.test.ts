/**
 * `npm run dev` in a copy of the checkout, where files can be touched and env files can be missing. (Which file is part of
 * which of the two: dev-sources.test.ts.)
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFile, cp, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_MS } from "../../patience.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { allGone, descendantsOf, ROOT, type Started, start } from "./processes.ts";

const ACCOUNT = `AC${"5".repeat(32)}`;
const AUTH_TOKEN = "0123456789abcdef".repeat(2);
const SECRET = "a-secret-of-the-tests-known-to-everybody";
const RELAY_ENV = `RELAY_URL=ws://localhost:5050
STREAM_TOKEN_SECRET=${SECRET}
TWILIO_ACCOUNT_SID=${ACCOUNT}
TWILIO_AUTH_TOKEN=${AUTH_TOKEN}
OPENAI_API_KEY=sk-of-a-test
OPENAI_REALTIME_URL=ws://127.0.0.1:9/v1/realtime
`;
const EDGE_ENV = `RELAY_URL=ws://localhost:5050
STREAM_TOKEN_SECRET=${SECRET}
ALLOWED_NUMBERS=+15551234567
ACCOUNT_SID=${ACCOUNT}
AUTH_TOKEN=${AUTH_TOKEN}
`;
/** A dozen starts, one after the other. */
const LIMIT_MS = 3 * TEST_MS;
const WITHIN_MS = 60_000;

let folder = "";
const at = (name: string) => join(folder, name);
const dev = (...args: string[]): Started => start(at("scripts/dev.ts"), args, { cwd: folder });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dev-test-"));
  for (const name of [
    "functions",
    "relay",
    "scripts",
    "assets",
    "package.json",
    "tsconfig.json",
    ".twilioserverlessrc",
  ]) {
    const copied = (path: string) => !/node_modules|private|\.env/.test(path.slice(ROOT.length));
    await cp(join(ROOT, name), at(name), { recursive: true, filter: copied });
  }
  await symlink(join(ROOT, "node_modules"), at("node_modules"));
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("npm run dev", () => {
  test("without its env files says which to copy, and starts nothing", async () => {
    const started = dev();
    expect(await started.ended).toBe(2);
    expect(started.output()).toContain("cp .env.example .env,");
    expect(started.output()).toContain("cp .env.functions.example .env.functions,");
  });

  test(
    "starts both, restarts what has changed and nothing else, and leaves no process behind",
    async () => {
      await Bun.write(at(".env"), RELAY_ENV);
      await Bun.write(at(".env.functions"), EDGE_ENV);
      const [port, edgePort] = [freePort(), freePort()];
      const started = dev("--port", String(port), "--edge-port", String(edgePort));
      try {
        await started.whenPrinted("the relay is ready", WITHIN_MS);
        await started.whenPrinted("the edge is ready", WITHIN_MS);
        expect(started.output()).toContain(`ws://localhost:${port}`);
        expect(started.output()).toContain(`http://localhost:${edgePort}/voice/incoming`);
        expect(started.output()).not.toContain(SECRET);
        const health = await fetch(`http://localhost:${port}/healthz`);
        expect(health.status).toBe(200);
        const before = descendantsOf(started.pid);
        expect(before.length).toBeGreaterThanOrEqual(2);

        const printed = (text: string) => started.output().split(text).length - 1;
        /** It is ready once more than before. */
        const readyAgain = async (change: () => Promise<unknown>, name: string) => {
          const text = `the ${name} is ready`;
          const times = printed(text);
          await change();
          await started.whenPrinted(text, WITHIN_MS, times + 1);
        };
        /** Once each: a slow machine may tell of one change twice, too far apart to be taken for one. */
        const restarts = () => [...new Set(started.output().match(/restarting \w+( and \w+)?/g))];
        await readyAgain(() => appendFile(at("relay/io/clock.ts"), "\n"), "relay");
        expect(restarts()).toEqual(["restarting relay"]);

        // A build that fails is shown, and mended by the next change.
        await rename(at("functions/edge/twiml.ts"), at("functions/edge/twiml.gone"));
        await started.whenPrinted("twiml", WITHIN_MS);
        await readyAgain(
          () => rename(at("functions/edge/twiml.gone"), at("functions/edge/twiml.ts")),
          "edge",
        );
        expect(restarts()).toEqual(["restarting relay", "restarting edge"]);

        const others = [...before, ...descendantsOf(started.pid)];
        started.signal("SIGINT");
        expect(await started.ended, started.output()).toBe(0);
        await allGone(others);
      } finally {
        started.signal("SIGTERM");
        await started.ended;
      }
    },
    LIMIT_MS,
  );

  test(
    "warns of a secret that differs, and of a port that is taken",
    async () => {
      await Bun.write(at(".env"), RELAY_ENV);
      await Bun.write(at(".env.functions"), EDGE_ENV.replace(SECRET, `${SECRET}-not`));
      const server = createServer();
      await new Promise<void>((listening) => server.listen(0, listening));
      const address = server.address();
      const taken = address !== null && typeof address === "object" ? address.port : 0;
      const refused = dev("--port", String(freePort()), "--edge-port", String(taken));
      expect(await refused.ended).toBe(2);
      expect(refused.output()).toContain(
        `Port ${taken} is taken by another process: choose one with --edge-port.`,
      );
      await new Promise((closed) => server.close(closed));

      const started = dev("--port", String(freePort()), "--edge-port", String(taken));
      await started.whenPrinted(
        "STREAM_TOKEN_SECRET in .env and STREAM_TOKEN_SECRET in .env.functions differ",
        WITHIN_MS,
      );
      started.signal("SIGTERM");
      expect(await started.ended).toBe(0);
    },
    LIMIT_MS,
  );
});
