import { describe, expect, test } from "bun:test";
import { HANDOVER_WITHIN_MS, START_WITHIN_MS } from "../../../relay/call/call.ts";
import { READY_WITHIN_MS } from "../../../relay/call/model-link.ts";
import { packProfile } from "../../../relay/contract.ts";
import {
  ACCOUNT_SID,
  audio,
  CALL_SID,
  CallInHand,
  greeted,
  parametersOf,
  SETTINGS,
  STREAM_SID,
} from "./call-in-hand.ts";

const waiting = () => new CallInHand({ ...SETTINGS, greeting: undefined });

describe("start", () => {
  test("a start that matches the token begins the call", () => {
    const hand = new CallInHand().connected().start();
    expect(hand.ending).toBeUndefined();
    expect(hand.call.state).toBe("started, session dialling");
    expect(hand.logged("call.started")).toBe(1);
  });

  test.each([
    ["another call", { callSid: CALL_SID.replace("0", "1") }],
    ["another account", { accountSid: ACCOUNT_SID.replace("f", "e") }],
    ["two streams named", { streamSid: "MZ1" }],
    ["another profile", { customParameters: parametersOf({ name: "Eve" }) }],
    ["profile missing", { customParameters: {} }],
    ["profile surplus", { customParameters: { ...parametersOf({ name: "Ada" }), more: "x" } }],
    ["profile not a profile", { customParameters: { profile0: "e30x" } }],
  ])("a start with %s ends the call", (detail, fields) => {
    const hand = new CallInHand().connected().start(fields);
    expect(hand.ending).toBe("wrong_start");
    expect(hand.detail).toBe(detail);
    expect(hand.frames).toEqual([]);
  });

  test("the profile's hash is of its text, so that the same profile in other pieces is another", () => {
    const { parameters, hash } = packProfile({ name: "Ada" });
    expect(parameters).toHaveLength(1);
    const text = parameters[0]?.value ?? "";
    const split = { profile0: text.slice(0, 4), profile1: text.slice(4) };
    // The joined text is the same, so this one is allowed: the hash is over the join.
    expect(hash).toHaveLength(43);
    expect(new CallInHand().connected().start({ customParameters: split }).ending).toBeUndefined();
  });

  test("no start within 5 s ends the call", () => {
    const hand = new CallInHand().connected().wait(START_WITHIN_MS - 1);
    expect(hand.ending).toBeUndefined();
    expect(hand.wait(1).ending).toBe("no_start");
  });

  test("nothing at all within 5 s ends the call", () => {
    expect(new CallInHand().wait(START_WITHIN_MS).ending).toBe("no_start");
  });

  test("a model that is ready to talk does not make up for a start", () => {
    const hand = new CallInHand().news({ is: "model_open" }).updated().wait(START_WITHIN_MS);
    expect(hand.ending).toBe("no_start");
    expect(hand.allEvents).toEqual([]);
  });
});

describe("the order of frames", () => {
  test.each([
    ["start before connected", (hand: CallInHand) => hand.start()],
    ["media before start", (hand: CallInHand) => hand.connected().media(0)],
    ["mark before start", (hand: CallInHand) => hand.connected().mark("0.0")],
    ["dtmf before start", (hand: CallInHand) => hand.connected().press("1")],
    ["stop before start", (hand: CallInHand) => hand.connected().stop()],
    ["connected twice", (hand: CallInHand) => hand.connected().connected()],
    ["start twice", (hand: CallInHand) => hand.connected().start().start()],
    ["connected after start", (hand: CallInHand) => hand.connected().start().connected()],
    ["a malformed frame", (hand: CallInHand) => hand.twilio({ event: "malformed", why: "not json" })],
    ["another stream's frame", (hand: CallInHand) => hand.ready().media(0, audio(20), "MZother")],
    [
      "another stream's stop",
      (hand: CallInHand) => hand.ready().twilio({ event: "stop", streamSid: "MZother" }),
    ],
  ])("%s ends the call", (_, play) => {
    const hand = play(new CallInHand());
    expect(hand.ending).toBe("protocol_violation");
    expect(hand.effects.at(-1)).toEqual({ to: "line", close: "protocol_violation" });
  });
});

describe("early audio", () => {
  test("is kept, and follows the greeting's create in order", () => {
    const hand = new CallInHand().connected().start();
    const frames = [audio(20, 1), audio(20, 2), audio(20, 3)];
    for (const [i, frame] of frames.entries()) hand.media(i * 20, frame);
    expect(hand.allEvents).toEqual([]);
    hand.news({ is: "model_open" }).updated();
    expect(hand.events.map(({ type }) => type)).toEqual([
      "response.create",
      "input_audio_buffer.append",
      "input_audio_buffer.append",
      "input_audio_buffer.append",
    ]);
    expect(hand.appended).toEqual(frames);
  });

  test("is not sent while the session is only open or being configured", () => {
    const hand = new CallInHand().news({ is: "model_open" }).connected().start().media(0);
    expect(hand.allEvents.map(({ type }) => type)).toEqual(["session.update"]);
  });

  test("without a greeting it is still flushed, and nothing is asked for", () => {
    const hand = waiting().connected().start().media(0, audio(20, 1));
    hand.news({ is: "model_open" }).updated();
    expect(hand.creates).toEqual([]);
    expect(hand.appended).toEqual([audio(20, 1)]);
  });

  test("keys pressed early reach the model once it is ready", () => {
    const hand = waiting().connected().start().press("4").press("2");
    hand.news({ is: "model_open" }).updated();
    const texts = hand
      .ofType("conversation.item.create")
      .map(({ item }) => (item.type === "message" ? item.content[0].text : item.type));
    expect(texts).toEqual(["caller pressed 4", "caller pressed 2"]);
  });

  test("of keys pressed early, 32 are kept", () => {
    const hand = waiting().connected().start();
    for (let i = 0; i < 100; i++) hand.press("5");
    hand.news({ is: "model_open" }).updated();
    expect(hand.ofType("conversation.item.create")).toHaveLength(32);
  });
});

describe("the caller's audio", () => {
  test("goes to the model untouched, frame by frame", () => {
    const hand = waiting().ready();
    for (let i = 0; i < 20; i++) {
      hand.media(i * 20, audio(20, i));
      expect(hand.appended).toEqual([audio(20, i)]);
    }
  });

  test("a quiet line is filled with silence, by the clock", () => {
    const hand = waiting().ready().media(0).wait(500);
    const bytes = Buffer.concat(hand.appended.map((payload) => Buffer.from(payload, "base64")));
    expect(bytes.every((byte) => byte === 0xff)).toBe(true);
    expect(Math.abs(bytes.length / 8 - 500)).toBeLessThan(2);
  });
});

describe("every way to end", () => {
  test("the caller hangs up", () => {
    expect(greeted().stop().ending).toBe("caller_hung_up");
  });
  test("Twilio's socket goes away without a stop", () => {
    expect(greeted().news({ is: "twilio_closed", code: 1006 }).ending).toBe("line_lost");
  });
  test("Twilio does not take our audio", () => {
    expect(greeted().news({ is: "twilio_slow" }).ending).toBe("line_too_slow");
  });
  /** The model is gone for good: the caller is told by a clip, and the call ends when they have heard it. */
  const apologised = (hand: CallInHand): CallInHand => {
    expect(hand.ending).toBeUndefined();
    expect(hand.log.at(-1)).toEqual({ event: "line.clip", level: "info", clip: "sorry" });
    expect(hand.call.state).toBe("last words");
    return hand.wait(100).marksBack();
  };
  test("the model refuses the handshake, and would again", () => {
    const hand = new CallInHand().connected().start().news({ is: "model_closed", code: 1006, status: 401 });
    expect(apologised(hand).ending).toBe("model_refused");
    expect(hand.detail).toBe("status 401");
  });
  test("no configured session within 8 s", () => {
    const hand = new CallInHand().connected().start();
    for (let i = 0; i < 20 && hand.call.state !== "last words"; i++)
      hand.news({ is: "model_open" }).wait(500);
    expect(hand.at).toBeLessThanOrEqual(1_000 + READY_WITHIN_MS + 500);
    expect(hand.wait(4_000).ending).toBe("model_not_ready");
  });
  test("the model refuses a setting that the call needs", () => {
    const hand = new CallInHand().news({ is: "model_open" }).connected().start();
    const id = hand.ofType("session.update")[0]?.event_id;
    hand.error({ code: "invalid_value", param: "session.audio.output.voice", event_id: id });
    expect(apologised(hand).ending).toBe("model_settings_refused");
    expect(hand.detail).toBe("session.audio.output.voice");
  });
  test("the model says that it took other audio than was asked for", () => {
    const hand = new CallInHand().news({ is: "model_open" }).connected().start().updated("audio/pcm");
    expect(apologised(hand).ending).toBe("model_settings_refused");
    expect(hand.allEvents.map(({ type }) => type)).toEqual(["session.update"]);
  });
  test.each(["invalid_api_key", "insufficient_quota"])("the model says %s", (code) => {
    expect(apologised(greeted().error({ code })).ending).toBe("model_failed");
  });
  test("four responses in a row fail, each asked for again later than the one before", () => {
    const hand = greeted().callerStarts().callerEnds().created("r1").done("r1", "failed", "server_error");
    expect(hand.creates).toHaveLength(1);
    for (const [id, pause] of [
      ["r2", 1_000],
      ["r3", 2_500],
    ] as const) {
      hand.created(id, "retry").done(id, "failed", "server_error");
      expect([hand.creates, hand.wait(pause - 1).creates]).toEqual([[], []]);
      expect(hand.wait(1).creates).toHaveLength(1);
    }
    hand.created("r4", "retry").done("r4", "failed", "server_error");
    expect(apologised(hand).ending).toBe("model_failed");
    expect(hand.detail).toBe("server_error");
  });
  test("a response fails for want of quota: no second try", () => {
    const hand = greeted().callerStarts().callerEnds().created("r1");
    expect(apologised(hand.done("r1", "failed", "insufficient_quota")).ending).toBe("model_failed");
  });
  test("a failed response, a good one, a failed one: the call goes on", () => {
    const hand = greeted().callerStarts().callerEnds();
    hand.created("r1").done("r1", "failed", "server_error");
    hand.speaks("r2", 400, "retry").callerStarts().callerEnds();
    hand.created("r3").done("r3", "failed", "server_error");
    expect(hand.ending).toBeUndefined();
    expect(hand.creates).toHaveLength(1);
  });
  test("the same call has a newer stream", () => {
    expect(greeted().news({ is: "superseded" }).ending).toBe("superseded");
  });
  test("a budget is spent: the caller is told, and hears nothing else", () => {
    const hand = greeted().callerStarts().callerEnds().created("r1").says("r1", "i1", 400);
    hand.news({ is: "budget_spent" });
    expect(hand.frames[0]).toMatchObject({ event: "clear" });
    expect(hand.says("r1", "i1", 400).frames).toEqual([]);
    expect(hand.wait(1_200).marksBack().ending).toBe("budget_spent");
  });
  test("a budget was spent before the call: no model is dialled", () => {
    const hand = new CallInHand(SETTINGS, undefined, 1_000, undefined, { isSpent: true }).connected().start();
    expect(hand.all.filter(({ to }) => to === "session")).toEqual([]);
    expect(hand.logged("line.clip")).toBe(1);
    expect(hand.wait(1_200).marksBack().ending).toBe("budget_spent");
  });
  test("the relay stops, in a pause", () => {
    const hand = greeted().news({ is: "relay_stopping" });
    expect(hand.ending).toBe("handed_over");
    expect(hand.call.remembered(hand.at)).toMatchObject({ isPlanned: true, owesAnswer: false });
  });
  test("the relay stops while the assistant speaks: it is waited for", () => {
    const hand = greeted().callerStarts().callerEnds().created("r1").says("r1", "i1", 3_000);
    hand.news({ is: "relay_stopping" }).said("r1", "i1").done("r1");
    expect(hand.wait(2_900).ending).toBeUndefined();
    expect(hand.wait(400).ending).toBe("handed_over");
    expect(hand.call.remembered(hand.at)).toMatchObject({ isPlanned: true });
  });
  test("the relay stops, and there is no pause", () => {
    const hand = greeted().callerStarts().news({ is: "relay_stopping" });
    expect(hand.wait(HANDOVER_WITHIN_MS - 1).ending).toBeUndefined();
    expect(hand.wait(1).ending).toBe("handed_over");
    expect(hand.call.remembered(hand.at)).toMatchObject({ isPlanned: false, owesAnswer: true });
  });
  test("a bug, as the runner reports it", () => {
    expect(greeted().news({ is: "bug" }).ending).toBe("bug");
  });
});

describe("after the end", () => {
  test("nothing is said, asked or waited for, whatever still comes in", () => {
    const hand = greeted().stop();
    expect(hand.call.state).toBe("ended");
    expect(hand.call.nextDeadline()).toBeUndefined();
    const before = hand.all.length;
    hand.media(99_999).stop().updated().callerStarts().created("r9").says("r9", "i9", 200).done("r9");
    hand.news({ is: "twilio_closed", code: 1000 }).news({ is: "bug" }).give({ from: "clock" });
    expect(hand.all).toHaveLength(before);
    expect(hand.all.filter(({ to }) => to === "line")).toHaveLength(1);
  });

  test("the story tells what the call was", () => {
    const hand = greeted().media(0).callerStarts().callerEnds().stop();
    const entry = hand.log.at(-1);
    expect(entry?.event).toBe("call.ended");
    if (entry?.event !== "call.ended") return;
    expect(entry.story).toMatchObject({ framesIn: 1, responses: 1, bargeIns: 0, framesOut: 5 });
  });
});

describe("what the model says that the call does not act on", () => {
  test("audio and tool calls of a session that is not configured yet are neither played nor answered", () => {
    const hand = new CallInHand().news({ is: "model_open" }).connected().start();
    const before = hand.all.length;
    hand.created("r0").says("r0", "item", 200).calls("r0", "call_1").callerStarts().callerEnds().done("r0");
    hand.wait(1_400);
    expect(hand.all.slice(before)).toEqual([]);
    // Found by reading: the hang-up that this began was overdue from the start, and the clock was asked for at once,
    // for ever.
    expect(hand.call.nextDeadline()).toBeGreaterThan(hand.at);
  });

  test("an event of an unknown type is nothing", () => {
    const hand = greeted().model({ type: "other" });
    expect(hand.effects).toEqual([]);
  });

  test("an event in a shape that it cannot have is logged by its type, and the call goes on", () => {
    const hand = greeted().model({ type: "malformed", event: "response.done" });
    expect(hand.effects).toEqual([
      { to: "log", entry: { event: "model.malformed", level: "warn", type: "response.done" } },
    ]);
  });

  test("what the model does wrong at every frame is told 20 times, and counted for the rest", () => {
    const hand = greeted();
    for (let i = 0; i < 500; i++) {
      hand.error({ code: "invalid_value", type: "invalid_request_error" });
      hand.model({ type: "malformed", event: "response.output_audio.delta" });
    }
    expect(hand.logged("model.error") + hand.logged("model.malformed")).toBe(20);
    hand.stop();
    expect(hand.log.at(-1)).toMatchObject({ event: "call.ended", story: { modelErrors: 500 } });
  });

  test("benign races are logged, and nothing else", () => {
    for (const code of ["response_cancel_not_active", "input_audio_buffer_commit_empty"]) {
      const hand = greeted().error({ code });
      expect(hand.effects.map(({ to }) => to)).toEqual(["log"]);
    }
  });
});

test("every frame to Twilio carries the stream's own sid", () => {
  const hand = greeted().callerStarts();
  const sids = new Set(hand.framesIn(hand.all).map(({ streamSid }) => streamSid));
  expect([...sids]).toEqual([STREAM_SID]);
});
