import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION_HEADER } from "../../../functions/edge/version.ts";
import { builtVersion } from "../../../scripts/build.ts";
import { buildForTest } from "../../rehearsal/built.ts";
import "../../patience.ts";
import { startEdge } from "../../rehearsal/edge.ts";
import { ACCOUNT, AUTH_TOKEN, incomingForm, SECRET, signatureOf } from "../signed.ts";

test("a running edge tells its version to whoever signs as Twilio does, and to nobody else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "version-"));
  try {
    const dist = join(folder, "dist");
    await buildForTest(dist, join(folder, "no-callers.json"));
    const env = {
      ACCOUNT_SID: ACCOUNT,
      AUTH_TOKEN,
      RELAY_URL: "ws://localhost:5050",
      STREAM_TOKEN_SECRET: SECRET,
      ALLOWED_NUMBERS: "+15550001111",
    };
    const edge = await startEdge({ dist, env });
    try {
      const url = `${edge.base}/voice/incoming`;
      const form = incomingForm();
      const told = async (signature: string) => {
        const headers = { "x-twilio-signature": signature };
        const response = await fetch(url, {
          method: "POST",
          body: new URLSearchParams({ ...form }),
          headers,
        });
        return [response.status, response.headers.get(VERSION_HEADER)];
      };
      expect(await told(signatureOf(url, form))).toEqual([200, (await builtVersion(dist)) ?? "none"]);
      expect(await told(signatureOf(url, form, "f".repeat(32)))).toEqual([403, null]);
    } finally {
      await edge.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
