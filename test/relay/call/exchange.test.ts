import { describe, expect, test } from "bun:test";
import { audio, CallInHand, greeted, SETTINGS, STREAM_SID } from "./call-in-hand.ts";

const reasons = (hand: CallInHand) => hand.creates.map(({ response }) => response.metadata.reason);
const outputs = (hand: CallInHand) =>
  hand
    .ofType("conversation.item.create")
    .flatMap(({ item }) => (item.type === "function_call_output" ? [item] : []));

/** The caller has asked something, and the answer has begun. */
const answering = () => greeted().callerStarts().callerEnds().created("r1");

describe("the greeting", () => {
  test("is asked for when the session is ready, with its exact words and no tools", () => {
    const hand = new CallInHand().ready();
    expect(hand.creates).toHaveLength(1);
    const response = hand.creates[0]?.response;
    expect(response?.instructions).toContain("Hello, how can I help?");
    expect(response?.instructions).toContain(SETTINGS.instructions);
    expect(response?.tool_choice).toBe("none");
    expect(response?.metadata).toEqual({ reason: "greeting" });
  });

  test("is not asked for where it is off", () => {
    const hand = new CallInHand({ ...SETTINGS, greeting: undefined }).ready().wait(60_000);
    expect(hand.allEvents.filter(({ type }) => type === "response.create")).toEqual([]);
  });
});

describe("a response that failed", () => {
  test("a greeting is tried again as a greeting, with its words", () => {
    const hand = new CallInHand().ready().created("r1", "greeting").done("r1", "failed", "server_error");
    expect(reasons(hand)).toEqual(["greeting"]);
    expect(hand.creates[0]?.response.instructions).toContain("Hello, how can I help?");
  });

  test("a goodbye is tried again as a goodbye, without tools", () => {
    const hand = answering().calls("r1", "call_1").done("r1");
    hand.created("r2", "goodbye").done("r2", "failed", "server_error");
    expect(hand.creates.map(({ response }) => response)).toEqual([
      { tool_choice: "none", metadata: { reason: "goodbye" } },
    ]);
    expect(hand.ending).toBeUndefined();
  });

  test("an answer is simply tried again", () => {
    expect(reasons(answering().done("r1", "failed", "server_error"))).toEqual(["retry"]);
  });
});

describe("an error while the greeting is asked for", () => {
  const greetings = (hand: CallInHand) =>
    hand.allEvents.filter(({ type }) => type === "response.create").length;

  test("that names no event is about something else: the caller is not greeted twice", () => {
    const hand = new CallInHand().ready().error({ code: "invalid_value", event_id: null }).wait(1_000);
    hand.speaks("r1", 1000, "greeting").wait(20_000);
    expect(greetings(hand)).toBe(1);
  });

  test("that names its create is a refusal, and it is asked for again", () => {
    const hand = new CallInHand().ready();
    hand.error({ code: "server_error", event_id: hand.creates[0]?.event_id }).wait(1_000);
    expect(greetings(hand)).toBe(2);
  });
});

describe("the assistant's audio", () => {
  test("goes straight on, with a mark behind each piece", () => {
    const hand = answering().says("r1", "item", 200).says("r1", "item", 200);
    const [media, mark] = hand.frames;
    expect(media).toEqual({ event: "media", streamSid: STREAM_SID, media: { payload: audio(200) } });
    expect(mark?.event).toBe("mark");
    expect(hand.frames).toHaveLength(2);
  });

  test("finds an empty queue: a mark before it measures the way", () => {
    const frames = answering().says("r1", "item", 200).frames;
    expect(frames.map(({ event }) => event)).toEqual(["mark", "media", "mark"]);
  });

  test("an empty delta is nothing", () => {
    expect(answering().says("r1", "item", 0).frames).toEqual([]);
  });

  test("the first of it is logged, once a call, and once a turn", () => {
    const hand = answering().says("r1", "item", 200).says("r1", "item", 200);
    expect(hand.logged("call.first_audio")).toBe(1);
    expect(hand.logged("turn.answered")).toBe(1);
  });
});

describe("a barge-in", () => {
  test("after a turn that was heard to the end: nothing is truncated, nothing cleared, nothing cancelled", () => {
    const hand = greeted().callerStarts();
    expect(hand.frames).toEqual([]);
    expect(hand.events).toEqual([]);
    expect(hand.logged("barge_in")).toBe(0);
  });

  test("in the middle of an item: cleared, then cut to what was heard", () => {
    const hand = answering().says("r1", "item", 3000);
    hand.wait(1000).callerStarts();
    expect(hand.frames).toEqual([{ event: "clear", streamSid: STREAM_SID }]);
    expect(hand.truncations).toEqual([["item", 1000]]);
    // interrupt_response: the server cancels its own response.
    expect(hand.ofType("response.cancel")).toEqual([]);
    expect(hand.logged("barge_in")).toBe(1);
  });

  test("of a response that is already done, but still being heard", () => {
    const hand = answering().says("r1", "item", 3000).said("r1", "item").done("r1");
    hand.wait(500).callerStarts();
    expect(hand.truncations).toEqual([["item", 500]]);
    expect(hand.frames).toHaveLength(1);
  });

  test("with items queued: one is cut where it was heard, the later ones at 0, the heard one is left", () => {
    const hand = answering();
    for (const item of ["one", "two", "three"]) hand.says("r1", item, 1000).said("r1", item);
    hand.wait(1300).callerStarts();
    expect(hand.truncations).toEqual([
      ["two", 300],
      ["three", 0],
    ]);
  });

  test("late deltas are dropped; an item of which nothing was heard is cut to 0, once", () => {
    const hand = answering().says("r1", "one", 1000);
    hand.wait(300).callerStarts();
    expect(hand.says("r1", "one", 200).effects).toEqual([]);
    hand.says("r1", "two", 200);
    expect(hand.frames).toEqual([]);
    expect(hand.truncations).toEqual([["two", 0]]);
    expect(hand.says("r1", "two", 200).effects).toEqual([]);
    hand.done("r1", "cancelled");
    expect([hand.frames, hand.events]).toEqual([[], []]);
  });

  test("audio of it that comes even after its response.done is not played, nor is what was heard cut again", () => {
    const hand = answering().says("r1", "one", 1000);
    hand.wait(300).callerStarts().done("r1", "cancelled");
    expect(hand.says("r1", "one", 200).effects).toEqual([]);
    expect(hand.says("r1", "two", 200).effects).toEqual([]);
    hand.callerEnds().created("r2");
    expect(hand.says("r1", "one", 200).effects).toEqual([]);
    expect(hand.says("r2", "three", 200).frames.length).toBeGreaterThan(1);
  });

  test("the marks that clear flushes prove nothing about the next response", () => {
    const hand = answering().says("r1", "one", 5000);
    hand.wait(300).callerStarts().marksBack().callerEnds();
    hand.done("r1", "cancelled").created("r2").says("r2", "two", 5000);
    hand.wait(700).callerStarts();
    expect(hand.truncations).toEqual([["two", 700]]);
  });

  test("a second start of speech cuts nothing again", () => {
    const hand = answering().says("r1", "one", 5000);
    hand.wait(300).callerStarts().callerStarts();
    expect(hand.effects.map(({ to }) => to)).toEqual(["log"]);
  });

  test("a response of ours that is created while the caller speaks is cancelled, and never heard", () => {
    const hand = new CallInHand().ready().callerStarts().created("r1", "greeting");
    expect(hand.ofType("response.cancel")).toMatchObject([{ response_id: "r1" }]);
    hand.says("r1", "item", 200);
    expect(hand.frames).toEqual([]);
    expect(hand.truncations).toEqual([["item", 0]]);
  });
});

describe("the keypad", () => {
  test("a digit becomes a text item at once, and is answered after a pause", () => {
    const hand = greeted().press("3");
    expect(hand.ofType("conversation.item.create").map(({ item }) => item)).toMatchObject([
      { type: "message", role: "user", content: [{ type: "input_text", text: "caller pressed 3" }] },
    ]);
    expect(hand.creates).toEqual([]);
    expect(reasons(hand.wait(1499))).toEqual([]);
    expect(reasons(hand.wait(1))).toEqual(["keypad"]);
  });

  test("several digits are several items and one response", () => {
    const hand = greeted();
    for (const digit of ["4", "2", "#"]) {
      hand.press(digit);
      expect(hand.ofType("conversation.item.create")).toHaveLength(1);
      hand.wait(800);
      expect(hand.creates).toEqual([]);
    }
    expect(reasons(hand.wait(60_000)).slice(0, 1)).toEqual(["keypad"]);
  });
});

describe("a digit that a spoken turn has already answered", () => {
  const keyOf = (hand: CallInHand) => hand.ofType("conversation.item.create")[0]?.item.id ?? "none";

  test("is not answered again: the server's response was created with the digit before it", () => {
    const hand = greeted().callerStarts().press("3");
    hand.added(keyOf(hand)).callerEnds().speaks("r1", 400);
    const before = hand.allEvents.length;
    hand.wait(10_000).marksBack().wait(10_000);
    expect(hand.allEvents.slice(before).filter(({ type }) => type === "response.create")).toEqual([]);
  });

  test("is not answered again when the pause ends while the caller still speaks", () => {
    const hand = greeted().press("3");
    hand.added(keyOf(hand)).callerStarts().wait(2_000).callerEnds().speaks("r1", 400);
    expect(hand.creates).toEqual([]);
    expect(reasons(hand.wait(10_000))).toEqual([]);
  });

  test("is answered when the response was created before the digit arrived", () => {
    const hand = greeted().callerStarts().press("3");
    const key = keyOf(hand);
    hand.callerEnds().created("r1").added(key).done("r1");
    expect(reasons(hand.wait(10_000))).toContain("keypad");
  });
});

describe("end_call", () => {
  test("with the goodbye in the same response: hangs up when it was heard, and not before", () => {
    const hand = answering().says("r1", "bye", 1000).said("r1", "bye").calls("r1", "call_1").done("r1");
    expect(hand.ending).toBeUndefined();
    expect(outputs(hand)).toEqual([]);
    expect(hand.wait(900).ending).toBeUndefined();
    expect(hand.wait(150).marksBack().ending).toBe("assistant_hung_up");
  });

  test("with no goodbye: it is asked for, without tools, and heard first", () => {
    const hand = answering().calls("r1", "call_1").done("r1");
    expect(outputs(hand)).toMatchObject([{ call_id: "call_1" }]);
    expect(hand.creates.map(({ response }) => response)).toEqual([
      { tool_choice: "none", metadata: { reason: "goodbye" } },
    ]);
    hand.speaks("r2", 1000, "goodbye");
    expect(hand.ending).toBeUndefined();
    expect(hand.wait(1100).marksBack().ending).toBe("assistant_hung_up");
  });

  test("the caller speaks over the goodbye: the call goes on, and the model is told", () => {
    const hand = answering().says("r1", "bye", 2000).calls("r1", "call_1").done("r1");
    hand.wait(500).callerStarts();
    expect(outputs(hand)).toMatchObject([{ call_id: "call_1" }]);
    expect(outputs(hand)[0]?.output).toContain("goes on");
    expect(hand.logged("hang_up.called_off")).toBe(1);
    expect(hand.marksBack().wait(3000).ending).toBeUndefined();
  });

  test("the last mark is lost: the line closes 2 s after all should have been heard", () => {
    const hand = answering().says("r1", "bye", 1000).calls("r1", "call_1").done("r1");
    expect(hand.wait(2900).ending).toBeUndefined();
    expect(hand.wait(300).ending).toBe("assistant_hung_up");
  });

  test("a goodbye that never comes does not keep the line open", () => {
    const hand = answering().calls("r1", "call_1").done("r1");
    expect(hand.wait(30_000).ending).toBe("assistant_hung_up");
  });

  test("a response that never ends does not keep the line open", () => {
    const hand = answering().calls("r1", "call_1");
    expect(hand.wait(5_000).ending).toBeUndefined();
    expect(hand.wait(5_000).ending).toBe("assistant_hung_up");
  });

  test("the model goes away after its goodbye was sent: the caller still hears it", () => {
    const hand = answering().says("r1", "bye", 1000).calls("r1", "call_1").done("r1");
    hand.news({ is: "model_closed", code: 1000 });
    expect(hand.ending).toBeUndefined();
    expect(hand.wait(1100).marksBack().ending).toBe("assistant_hung_up");
  });

  test("called in a response that the caller has interrupted: the call goes on", () => {
    const hand = answering().says("r1", "bye", 1000).callerStarts().calls("r1", "call_1");
    const [output] = outputs(hand);
    expect(output).toMatchObject({ call_id: "call_1" });
    hand.added(output?.id ?? "");
    hand.done("r1", "cancelled").callerEnds().speaks("r2", 500).wait(600).marksBack();
    expect(hand.wait(25_000).ending).toBeUndefined();
  });

  test("an interrupted call with half of its arguments is not acted on", () => {
    const hand = answering().calls("r1", "call_1", "end_call", "incomplete");
    expect(hand.effects).toEqual([]);
  });
});

describe("other tools", () => {
  test("one that does not exist is answered, and then spoken about", () => {
    const hand = answering().calls("r1", "call_1", "order_pizza");
    expect(outputs(hand)).toMatchObject([{ call_id: "call_1", output: "There is no tool of that name." }]);
    expect(hand.creates).toEqual([]);
    expect(reasons(hand.done("r1"))).toEqual(["tool"]);
  });

  test("one that is announced twice is answered once, end_call too", () => {
    const hand = answering().calls("r1", "call_1", "a");
    expect(outputs(hand)).toHaveLength(1);
    expect(hand.calls("r1", "call_1", "a").effects).toEqual([]);
    hand.calls("r1", "call_2").calls("r1", "call_2").done("r1");
    expect(outputs(hand)).toMatchObject([{ call_id: "call_2" }]);
  });

  test("several in one response are answered each, and spoken about once", () => {
    const hand = answering().calls("r1", "call_1", "a").calls("r1", "call_2", "b");
    expect(reasons(hand.done("r1"))).toEqual(["tool"]);
  });
});

describe("conversation_already_has_active_response", () => {
  const busy = { code: "conversation_already_has_active_response" };

  test("what was asked for is asked for again once the other response is over", () => {
    const hand = new CallInHand({ ...SETTINGS, greeting: undefined }).ready();
    hand.press("1").wait(1500);
    const [create] = hand.creates;
    hand.created("theirs").error({ ...busy, event_id: create?.event_id });
    expect(hand.creates).toEqual([]);
    hand.wait(1000);
    expect(hand.creates).toEqual([]);
    expect(reasons(hand.done("theirs"))).toEqual(["keypad"]);
    expect(hand.ending).toBeUndefined();
  });

  test("about the server's own answer to the caller: that answer is asked for, once the model is free", () => {
    const hand = new CallInHand({ ...SETTINGS, greeting: undefined }).ready();
    hand.press("1").wait(1500);
    hand.created("r1", "keypad").callerEnds().error(busy);
    expect(hand.creates).toEqual([]);
    expect(reasons(hand.done("r1"))).toEqual(["answer"]);
  });

  test("it may come without the id of our event", () => {
    const hand = new CallInHand().ready().error(busy);
    expect(hand.creates).toEqual([]);
    expect(reasons(hand.wait(250))).toEqual(["greeting"]);
  });
});
