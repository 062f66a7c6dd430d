/**
 * A carrier that keeps its socket open and stops reading. Closing such a socket politely keeps it, and a megabyte of
 * audio that nobody will take, for as long as the peer likes: 16 s at the least, when it was measured.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { TwilioSocket } from "../../../relay/io/twilio-line.ts";
import { PATIENCE_MS, until } from "../../patience.ts";
import { connectedFrame, startFrame } from "../../rehearsal/carrier/frames.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID, AUTH_TOKEN, ticketFor } from "../../rehearsal/relay.ts";
import { noise } from "./noise.ts";
import { endingsIn, inASecond, Rig } from "./rig.ts";

/** More than the kernel's buffers of both ends hold, and the relay's own limit on top. */
const FLOOD_MS = 1_000_000;
const minute = noise(7, 60_000);

// The relay's open sockets are counted where Linux shows them.
test.if(process.platform === "linux")(
  "a carrier that stops reading is let go, with its socket, within a second",
  async () => {
    const flood = Buffer.concat(Array.from({ length: FLOOD_MS / 60_000 }, () => minute));
    const rig = await Rig.start({
      model: { script: () => [{ say: flood, words: "noise" }], pace: 1_000, deltaMs: 5_000 },
    });
    const quiet = socketsOf(rig.relay.pid);
    const callSid = newSid("CA");
    const socket = await deafStream(rig, callSid);
    try {
      const lines = await rig.ended(callSid);
      expect(endingsIn(lines)).toEqual(["line_too_slow"]);
      await inASecond(async () => {
        await rig.modelIsFree();
        await until(() => socketsOf(rig.relay.pid) <= quiet);
      });
      expect(socketsOf(rig.relay.pid)).toBe(quiet);
    } finally {
      socket.destroy();
      await rig.stop();
    }
  },
);

describe("the socket of a call that has ended", () => {
  const closed = (bufferedBytes: number): string[] => {
    const deeds: string[] = [];
    const line = new TwilioSocket({
      send: () => 1,
      cork: (body) => body(),
      close: (code) => deeds.push(`close ${code}`),
      terminate: () => deeds.push("terminate"),
      getBufferedAmount: () => bufferedBytes,
    });
    line.close(1011);
    return deeds;
  };

  test("is closed with the ending's code", () => {
    expect(closed(0)).toEqual(["close 1011"]);
  });

  test("is cut off when the carrier has not taken what was sent: a close would wait behind it", () => {
    expect(closed(1)).toEqual(["terminate"]);
  });
});

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

/** It opens, starts, and never reads a byte. */
async function deafStream(rig: Rig, callSid: string): Promise<ReturnType<typeof connect>> {
  const { url, parameters } = await ticketFor(rig.relay, callSid);
  const { hostname, port, pathname } = new URL(url);
  const streamSid = newSid("MZ");
  const start = { accountSid: ACCOUNT_SID, streamSid, callSid, customParameters: parameters };
  const socket = connect({ host: hostname, port: Number(port) });
  socket.pause();
  socket.on("error", () => {});
  await new Promise<void>((connected) => socket.once("connect", connected));
  const headers = {
    Host: `${hostname}:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "X-Twilio-Signature": signatureFor(AUTH_TOKEN, url, {}, undefined) ?? "",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.write([`GET ${pathname} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
  // It cannot read the 101, before which it must not send.
  await rig.relay.waitForLog(({ event }) => event === "call.admitted", PATIENCE_MS);
  socket.write(Buffer.concat([frameOf(connectedFrame()), frameOf(startFrame(1, streamSid, start))]));
  return socket;
}

/** A client's text frame (RFC 6455, 5.2), masked with zeroes. */
function frameOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head =
    bytes.length < 126 ? [bytes.length | 0x80] : [126 | 0x80, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...head, 0, 0, 0, 0]), bytes]);
}
