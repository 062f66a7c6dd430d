/**
 * What the log may hold. A canary in every place where a secret or a word can be, whole calls and failing ones at the
 * most talkative level: none of them may turn up in anything that the process writes, in any spelling.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bugOf, LEVELS, makeLog } from "../../../relay/io/log.ts";
import { spellingsOf } from "../../canaries.ts";
import { clip } from "../../rehearsal/audio/clips.ts";
import { whenQuiet } from "../../rehearsal/carrier/caller.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import type { Script } from "../../rehearsal/model/script.ts";
import { ticketFor } from "../../rehearsal/relay.ts";
import { knock } from "./knock.ts";
import { noise } from "./noise.ts";
import { Rig } from "./rig.ts";

describe("a line", () => {
  const written = (level: (typeof LEVELS)[number]) => {
    const lines: unknown[] = [];
    const log = makeLog(
      level,
      (line) => lines.push(JSON.parse(line)),
      () => new Date("2026-11-20T12:00:00Z"),
    );
    log({ event: "call.admitted", level: "info", callSid: "CA0", attempt: 0 }, "c0ffee");
    log({ event: "relay.stopped", level: "info" });
    log({ event: "handshake.refused", level: "warn", why: "full" });
    log({ event: "line.backlog", level: "debug", queuedFrames: 0, peakModelBytes: 0 }, "c0ffee");
    return lines;
  };

  test("is one JSON object: when, how grave, what, of which call, and its fields", () => {
    const time = "2026-11-20T12:00:00.000Z";
    expect(written("info").slice(0, 2)).toEqual([
      { time, level: "info", event: "call.admitted", call: "c0ffee", callSid: "CA0", attempt: 0 },
      { time, level: "info", event: "relay.stopped" },
    ]);
  });

  test("is left out below the level that was asked for", () => {
    expect(LEVELS.map((level) => written(level).length)).toEqual([4, 3, 1, 0]);
  });

  test("about a throw has the names of code and no message, whatever was thrown", () => {
    const thrown = new RangeError("the words of a caller\n    at their words (too)");
    const line = JSON.stringify(bugOf(thrown));
    expect(line).toContain("RangeError");
    expect(line).toContain("log.test.ts");
    expect(line).not.toContain("the words of a caller");
    // A line of the message that looks like a frame is still the message's.
    const sly = new RangeError("no\n    at the words of a caller (log.test.ts:1:1)\nat words");
    expect(JSON.stringify(bugOf(sly))).not.toContain("words");
    expect(JSON.stringify(bugOf(sly))).toContain("log.test.ts");
    expect(bugOf("the words of a caller")).toEqual({
      event: "bug",
      level: "error",
      error: "string",
      stack: "",
    });
  });
});

const CANARIES = {
  secret: "canary secret of thirty-two bytes and more",
  authToken: "canary0auth0token0of0the0account",
  apiKey: "sk-canary-api-key",
  instructions: "Canary instructions: Grüße & <tags>.",
  greeting: "Canary greeting, hello hello.",
  profileName: "Canary Cattermole",
  profileGreeting: "Canary: grüezi, dear caller!",
  profileInstructions: "Canary: their dentist is Dr Molar.",
  words: "Canary words of the assistant.",
  toolArgument: "canary argument",
  keypad: "caller pressed 7",
} as const;

test("the search finds a canary in the base64 of a longer text, wherever it begins in it", () => {
  for (const before of ["", "x", "xx", "xxx"]) {
    const longer = Buffer.from(`${before}${CANARIES.profileGreeting} and more`);
    for (const encoding of ["base64", "base64url", "hex"] as const) {
      const text = longer.toString(encoding);
      expect(spellingsOf(CANARIES.profileGreeting).some((spelling) => text.includes(spelling))).toBe(true);
    }
  }
});

describe("everything that a relay writes, at its most talkative,", () => {
  let rig: Rig;
  let written: string;
  const tokens: string[] = [];
  let wholeCall: readonly { event: string; level: string }[];

  beforeAll(async () => {
    // However often the caller is heard to speak: where this process stands still, a word may come in two.
    const script: Script = ({ cause, outputs }) => [
      { say: noise(9, 300), words: CANARIES.words },
      ...(cause === "speech" ? [{ call: "send_mail", arguments: { to: CANARIES.toolArgument } }] : []),
      ...(outputs.length > 0 ? [{ call: "end_call", arguments: { why: CANARIES.toolArgument } }] : []),
    ];
    rig = await Rig.start({
      model: { script, key: CANARIES.apiKey, hears: [CANARIES.words] },
      env: {
        LOG_LEVEL: "debug",
        STREAM_TOKEN_SECRET: CANARIES.secret,
        TWILIO_AUTH_TOKEN: CANARIES.authToken,
        ASSISTANT_INSTRUCTIONS: CANARIES.instructions,
        GREETING: CANARIES.greeting,
        TEMPERATURE: "0.8",
      },
    });
    const ticket = {
      secret: CANARIES.secret,
      profile: {
        name: CANARIES.profileName,
        greeting: CANARIES.profileGreeting,
        instructions: CANARIES.profileInstructions,
      },
    };
    const onEvent: Parameters<Rig["stream"]>[0] = {
      ticket,
      authToken: CANARIES.authToken,
      onEvent: (event) => {
        if (event.kind === "stream-connecting") tokens.push(event.url.slice(event.url.lastIndexOf("/") + 1));
      },
    };

    const whole = await rig.call(onEvent);
    whole.press("7");
    await whenQuiet(whole, 300);
    await whole.say(clip("caller-yes"));
    await whole.ended;
    wholeCall = await rig.ended(whole.callSid);

    const failing: Array<NonNullable<Parameters<Rig["stream"]>[0]>> = [
      { sabotage: { startCallSid: newSid("CA") } },
      { sabotage: { mutateParameters: () => ({ profile0: CANARIES.profileName }) } },
      { sabotage: { streamSignature: "wrong" } },
      { sabotage: { streamSignature: "none" } },
      { ticket: { ...ticket, secret: `${CANARIES.secret}, but another` } },
      { ticket: { ...ticket, nowS: 1_700_000_000 } },
    ];
    for (const changes of failing) await (await rig.stream({ ...onEvent, ...changes })).ended;
    const garbage = await rig.call(onEvent);
    garbage.sendRaw(JSON.stringify({ event: CANARIES.words, [CANARIES.profileName]: CANARIES.greeting }));
    await garbage.ended;
    const dropped = await rig.call(onEvent);
    rig.model.drop(rig.model.sessions.length - 1, { code: 1011, reason: CANARIES.words });
    // The call goes on in another session.
    await rig.linesUpTo("session.restored", dropped.callSid);
    dropped.hangUp();
    await dropped.ended;
    const { url } = await ticketFor(rig.relay, newSid("CA"));
    await knock(`${url}?${encodeURIComponent(CANARIES.words)}`, { "X-Twilio-Signature": CANARIES.authToken });
    await rig.ending(whole.callSid, { secret: CANARIES.secret });
    await rig.relay.kill("SIGTERM");
    written = rig.relay.output() + rig.relay.errors();
  });
  afterAll(() => rig.stop());

  test("tells of each of these calls: the canaries had every chance", () => {
    for (const why of ["assistant_hung_up", "wrong_start", "protocol_violation", "model_dropped"]) {
      expect(written).toContain(`"ending":"${why}"`);
    }
    for (const event of [
      "handshake.refused",
      "session.field_refused",
      "tool.unknown",
      "keypad",
      "turn.caller",
    ]) {
      expect(written).toContain(`"event":"${event}"`);
    }
    const received = JSON.stringify(rig.model.sessions.map((session) => session.received));
    for (const name of [
      "instructions",
      "profileName",
      "profileGreeting",
      "profileInstructions",
      "keypad",
    ] as const) {
      expect(received).toContain(JSON.stringify(CANARIES[name]).slice(1, -1));
    }
    expect(tokens.length).toBeGreaterThanOrEqual(9);
  });

  for (const [name, canary] of Object.entries(CANARIES)) {
    test(`holds no ${name}, in no spelling`, () => {
      for (const spelling of spellingsOf(canary)) expect(written).not.toContain(spelling);
    });
  }

  test("holds no token, no part of one, no address with one, and no signature", () => {
    for (const token of tokens) for (const part of token.split(".")) expect(written).not.toContain(part);
    expect(written).not.toContain("media-stream");
    expect(written).not.toContain("eyJ");
    expect(written.toLowerCase()).not.toContain("x-twilio-signature");
  });

  test("holds no sound: no long run of base64", () => {
    expect(written).not.toMatch(/[A-Za-z0-9+/_-]{60,}/);
  });

  test("is about a dozen lines for a whole call at info, from the handshake to first audio to the end", () => {
    const lines = wholeCall.filter(({ level }) => level !== "debug");
    expect(lines.length).toBeLessThanOrEqual(15);
    const events = lines.map(({ event }) => event);
    expect(events[0]).toBe("call.admitted");
    expect(events.at(-1)).toBe("call.ended");
    expect(events).toContain("call.first_audio");
  });
});
