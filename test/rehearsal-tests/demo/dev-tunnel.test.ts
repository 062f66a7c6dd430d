/**
 * `npm run dev -- --tunnel`, with stand-ins that speak as cloudflared and ngrok do. Every way of ending, and a call
 * through each, are in `npm run prove -- --only ship/tunnel`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { Heard } from "../../../scripts/dev/tunnel.ts";
import { TEST_MS, until } from "../../patience.ts";
import { callThrough } from "../../prove/ship/tunnel-call.ts";
import { NUMBER, openWorkshop, voiceSide, type Workshop } from "../../prove/ship/tunnelling.ts";
import { allGone, descendantsOf } from "./processes.ts";

const WITHIN_MS = 60_000;
const LIMIT_MS = 3 * TEST_MS;

let workshop: Workshop;
beforeAll(async () => {
  workshop = await openWorkshop();
}, LIMIT_MS);
afterAll(() => workshop.stop());

describe("npm run dev -- --tunnel", () => {
  test(
    "points the number here, and the next start puts back what one that was killed has left",
    async () => {
      const before = voiceSide(workshop.number());
      const killed = workshop.dev(["cloudflared"], ["--point", NUMBER]);
      await killed.whenPrinted(`${NUMBER} points here until this ends`, WITHIN_MS);
      const { host } = await workshop.publicSide();
      expect(host).toEndWith(".trycloudflare.com");
      expect(voiceSide(workshop.number())).toMatchObject({
        voice_url: `https://${host}/voice/incoming`,
        trunk_sid: null,
      });
      await killed.whenPrinted("the relay is ready", WITHIN_MS);
      const left = descendantsOf(killed.pid);
      killed.signal("SIGKILL");
      // Those that it has started hold its output open, so its end is not waited for.
      expect(left.length).toBeGreaterThanOrEqual(2);

      const next = workshop.dev(["ngrok"], ["--point", NUMBER]);
      await next.whenPrinted("the last npm run dev was killed; mending what it has left", WITHIN_MS);
      await next.whenPrinted(`${NUMBER} is put back: https://before.example.com/voice`, WITHIN_MS);
      await allGone(left);
      await next.whenPrinted("the relay is ready", WITHIN_MS);
      await next.whenPrinted("the edge is ready", WITHIN_MS);
      const side = await workshop.publicSide();
      expect(side.host).toEndWith(".ngrok-free.app");
      expect(await callThrough(side)).toMatchObject({
        status: 200,
        streamUrl: expect.stringContaining(`wss://${side.host}/media-stream/`),
        handshake: "HTTP/1.1 101 Switching Protocols",
      });
      const second = workshop.dev(["cloudflared"], []);
      expect(await second.ended).toBe(2);
      expect(second.output()).toContain("Another npm run dev -- --tunnel is running from this folder");

      const others = descendantsOf(next.pid);
      next.signal("SIGINT");
      expect(await next.ended, next.output()).toBe(0);
      await allGone(others);
      expect(voiceSide(workshop.number())).toEqual(before);
      expect(existsSync(workshop.journal)).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    "says what is in the way: nothing installed, a tunnel that does not come up, a number of somebody else's",
    async () => {
      const before = voiceSide(workshop.number());
      const nothing = workshop.dev([], []);
      expect(await nothing.ended).toBe(1);
      expect(nothing.output()).toContain("cloudflared or ngrok is not installed");
      expect(nothing.output()).toContain("https://ngrok.com/download");

      const slow = workshop.dev(["cloudflared"], ["--tunnel-within", "2"], "silent");
      expect(await slow.ended).toBe(1);
      expect(slow.output()).toContain(
        "The tunnel by cloudflared did not come up within 2 s. It said: Failed to dial",
      );

      const impatient = workshop.dev(["cloudflared"], [], "silent");
      await until(() => existsSync(workshop.journal) && descendantsOf(impatient.pid).length > 0, WITHIN_MS);
      const started = descendantsOf(impatient.pid);
      impatient.signal("SIGINT");
      expect(await impatient.ended).toBe(0);
      await allGone(started);

      const refused = workshop.dev(["ngrok"], [], "refused");
      expect(await refused.ended).toBe(1);
      expect(refused.output()).toContain("The tunnel by ngrok ended at once, with 1.");
      expect(refused.output()).toContain("add-authtoken");

      const unknown = workshop.dev(["ngrok"], ["--point", "+15550100077"]);
      expect(await unknown.ended).toBe(1);
      expect(unknown.output()).toContain(
        "The account has no number +15550100077 that can be called: it has +15550100001, +15550100002.",
      );
      expect(voiceSide(workshop.number())).toEqual(before);
      expect(existsSync(workshop.journal)).toBe(false);
    },
    LIMIT_MS,
  );
});

describe("what a tunneller prints", () => {
  const hostOf = async (by: "cloudflared" | "ngrok", lines: readonly string[], host?: string) => {
    const heard = new Heard(by, host);
    for (const line of lines) heard.line(line);
    return [await Promise.race([heard.host, Promise.resolve("not yet")]), heard.complaint];
  };
  const BOX = "2026-11-21T10:00:01Z INF |  https://some-plain-words.trycloudflare.com                     |";
  const CONNECTED = "2026-11-21T10:00:02Z INF Registered tunnel connection connIndex=0 protocol=quic";

  test("cloudflared's name is that in the box, once it is connected", async () => {
    expect(await hostOf("cloudflared", [BOX])).toEqual(["not yet", undefined]);
    expect(await hostOf("cloudflared", [BOX, CONNECTED])).toEqual([
      "some-plain-words.trycloudflare.com",
      undefined,
    ]);
    const terms =
      "2026-11-21T10:00:00Z INF … Terms of Use (https://www.cloudflare.com/website-terms/), and …";
    expect(await hostOf("cloudflared", [terms, CONNECTED])).toEqual(["not yet", undefined]);
  });

  test("a named tunnel has the name that it was given", async () => {
    expect(await hostOf("cloudflared", [CONNECTED], "phone.example.com")).toEqual([
      "phone.example.com",
      undefined,
    ]);
    expect(await hostOf("cloudflared", ['"x" is neither the ID nor the name'], "phone.example.com")).toEqual([
      "not yet",
      '"x" is neither the ID nor the name',
    ]);
  });

  test("ngrok's name is that of the tunnel that it has started", async () => {
    const started = {
      lvl: "info",
      msg: "started tunnel",
      obj: "tunnels",
      url: "https://words.ngrok-free.app",
    };
    expect(await hostOf("ngrok", [JSON.stringify(started)])).toEqual(["words.ngrok-free.app", undefined]);
    const failing = { lvl: "eror", msg: "session closing", err: "ERR_NGROK_108" };
    expect(await hostOf("ngrok", [JSON.stringify(failing)])).toEqual([
      "not yet",
      "session closing: ERR_NGROK_108",
    ]);
    expect(await hostOf("ngrok", ["null", "[]", "ERROR:  unknown flag"])).toEqual([
      "not yet",
      "unknown flag",
    ]);
  });
});
