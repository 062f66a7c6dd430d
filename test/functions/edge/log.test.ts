import { describe, expect, spyOn, test } from "bun:test";
import { lastTwo, log, withoutSecrets } from "../../../functions/edge/log.ts";

describe("the log", () => {
  test("writes one line of JSON an event, by the method that Twilio takes the level from", () => {
    const spies = {
      log: spyOn(console, "log").mockImplementation(() => {}),
      warn: spyOn(console, "warn").mockImplementation(() => {}),
      error: spyOn(console, "error").mockImplementation(() => {}),
    };
    try {
      const callSid = `CA${"0".repeat(32)}`;
      log({ event: "pin_asked", callSid, caller: "67" });
      log({ event: "state_refused", callSid, why: "expired" });
      log({ event: "stream_failed", callSid, streamError: "a\nb" });
      expect(spies.log.mock.calls).toEqual([
        [`{"level":"info","event":"pin_asked","callSid":"${callSid}","caller":"67"}`],
      ]);
      expect(spies.warn.mock.calls).toEqual([
        [`{"level":"warn","event":"state_refused","callSid":"${callSid}","why":"expired"}`],
      ]);
      expect(spies.error.mock.calls).toEqual([
        [`{"level":"error","event":"stream_failed","callSid":"${callSid}","streamError":"a\\nb"}`],
      ]);
    } finally {
      for (const spy of Object.values(spies)) spy.mockRestore();
    }
  });

  test("holds the last two digits of a number, and nothing of what is no number", () => {
    expect(lastTwo("+15551234567")).toBe("67");
    for (const from of ["", "anonymous", "+155", "sip:ada@example.com", "client:67"])
      expect(lastTwo(from)).toBe("");
  });

  test("keeps Twilio's error codes and plain words, and drops addresses, tokens and numbers", () => {
    const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDQSJ9.c2lnbmF0dXJl";
    expect(withoutSecrets("31920 - Stream - WebSocket - Handshake Error")).toBe(
      "31920 - Stream - WebSocket - Handshake Error",
    );
    for (const secret of [
      `wss://relay.example.com/media-stream/${token}`,
      `wss%3A%2F%2Frelay.example.com%2Fmedia-stream%2F${token}`,
      `url=wss://r.co`,
      `/media-stream/x`,
      token,
      "eyJ9.x.y",
      `"${token}"`,
      "+15551234567",
      "c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl",
    ]) {
      expect(withoutSecrets(`31920 could not open ${secret} at all`)).toBe(
        "31920 could not open [removed] at all",
      );
    }
    expect(withoutSecrets("word ".repeat(10_000)).length).toBeLessThanOrEqual(300);
  });
});
