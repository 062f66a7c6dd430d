/** A session of the model's breaks: what the caller hears, what the next session is told, and what is not done again. */
import { describe, expect, test } from "bun:test";
import type { NewItem } from "../../../relay/wire/realtime.ts";
import { audio, CallInHand, CLIPS, greeted, SETTINGS } from "./call-in-hand.ts";
import { CREATE, policyOf, ToolRig } from "./tool-rig.ts";

const DROPPED = { is: "model_closed", code: 1011 } as const;

/** What the newest session was told of the conversation, one line an item. */
function seedOf(hand: CallInHand): string[] {
  return hand.events.flatMap((event) =>
    event.type === "conversation.item.create" ? [lineOf(event.item)] : [],
  );
}
function lineOf(item: NewItem): string {
  switch (item.type) {
    case "message":
      return `${item.role}: ${item.content[0].text}`;
    case "function_call":
      return `calls ${item.name}(${item.arguments}) as ${item.call_id}`;
    case "function_call_output":
      return `${item.call_id} came to: ${item.output}`;
    case "mcp_approval_response":
      return "approval";
    default:
      return item satisfies never;
  }
}

const dials = (hand: CallInHand): number =>
  hand.all.filter((effect) => effect.to === "session" && effect.is === "dial").length;
const clips = (hand: CallInHand): unknown[] =>
  hand.log.flatMap((entry) => (entry.event === "line.clip" ? [entry.clip] : []));
const isClip = (hand: CallInHand): boolean =>
  hand.frames.some((frame) => frame.event === "media" && frame.media.payload === CLIPS.one_moment[0]);

/** The assistant says this in the answer to a turn of the caller's; 4 s of it are sent at once. */
function speaking(words: string, ms = 4_000): CallInHand {
  const hand = greeted({ ...SETTINGS, transcriptionModel: "gpt-transcribe" });
  hand.callerStarts().wait(600).callerEnds("turn").heard("turn", "What is on today?").created("r1");
  hand.model({
    type: "response.output_audio_transcript.delta",
    response_id: "r1",
    item_id: "i1",
    delta: words,
  });
  return hand.says("r1", "i1", ms).wait(40).probesBack();
}

describe("a session that breaks in the middle of a sentence", () => {
  test("is followed by a word from the relay at once, and what was not heard is not played", () => {
    const hand = speaking("One two three four five six seven eight nine ten.").wait(1_000).news(DROPPED);
    expect(hand.frames[0]).toMatchObject({ event: "clear" });
    expect(isClip(hand)).toBe(true);
    expect(hand.allEvents.filter(({ type }) => type === "conversation.item.truncate")).toEqual([]);
    expect(hand.ending).toBeUndefined();
  });

  test("is replaced by one that knows what was said, cut where the caller's ear was, and goes on", () => {
    const hand = speaking("One two three four five six seven eight nine ten.").wait(2_000).news(DROPPED);
    hand.wait(0).news({ is: "model_open" });
    expect(hand.events.map(({ type }) => type)).toEqual(["session.update"]);
    hand.updated();
    expect(seedOf(hand).slice(1)).toEqual([
      "user: What is on today?",
      "assistant: One two three four five …",
    ]);
    expect(hand.creates).toHaveLength(1);
    expect(hand.creates[0]?.response.metadata).toEqual({ reason: "resume" });
    expect(hand.creates[0]?.response.instructions).toContain("go on exactly where they stopped hearing you");
  });

  test("and what the old socket would still say is nothing", () => {
    const hand = speaking("One two three.").wait(500).news(DROPPED);
    expect(hand.says("r1", "i1", 200).frames).toEqual([]);
    expect(hand.done("r1").events).toEqual([]);
  });
});

describe("a session that breaks while nobody speaks", () => {
  test("is replaced at once, and nobody notices", () => {
    const hand = greeted().wait(2_000).news(DROPPED).wait(0);
    expect(dials(hand)).toBe(2);
    hand.wait(400).news({ is: "model_open" }).updated();
    expect(clips(hand)).toEqual([]);
    expect(hand.creates).toEqual([]);
    expect(hand.wait(10_000).creates).toEqual([]);
    expect(hand.log.at(-1)).toMatchObject({ event: "session.restored", afterMs: 400 });
  });

  test("and takes longer: the caller is asked to wait, and then told that it is over", () => {
    const hand = greeted().wait(2_000).news(DROPPED).wait(599);
    expect(clips(hand)).toEqual([]);
    hand.wait(1);
    expect(clips(hand)).toEqual(["one_moment"]);
    hand.wait(1_100).marksBack().news({ is: "model_open" }).updated();
    expect(hand.creates[0]?.response.metadata).toEqual({ reason: "resume" });
  });

  test("while the last words are still being heard: those are heard to their end", () => {
    const hand = speaking("One two three.", 3_000).said("r1", "i1").done("r1").wait(500).news(DROPPED);
    expect(hand.frames).toEqual([]);
    expect(hand.wait(2_300).logged("line.clip")).toBe(0);
    expect(hand.wait(300).logged("line.clip")).toBe(1);
  });
});

describe("a session that breaks while the caller speaks", () => {
  test("is replaced by one that hears all that they said, from its beginning", () => {
    const hand = greeted().media(0, audio(20, 1)).media(20, audio(20, 2)).callerStarts();
    hand.media(40, audio(20, 3)).news(DROPPED).media(60, audio(20, 4)).wait(0);
    hand.news({ is: "model_open" }).updated();
    expect(hand.appended).toEqual([audio(20, 1), audio(20, 2), audio(20, 3), audio(20, 4)]);
    expect(hand.creates).toEqual([]);
  });

  test("or has spoken and waits: the turn is heard again, and stands in the conversation once", () => {
    const hand = greeted({ ...SETTINGS, transcriptionModel: "gpt-transcribe" });
    hand.callerStarts().media(0, audio(20, 1)).callerEnds("turn").heard("turn", "What is on today?");
    hand.news(DROPPED).wait(0).news({ is: "model_open" }).updated();
    expect(seedOf(hand).join()).not.toContain("What is on today?");
    expect(hand.appended).toEqual([audio(20, 1)]);
  });

  test("and what they press is not said twice, nor forgotten with what they said", () => {
    const hand = greeted().press("5").callerStarts().media(0, audio(20, 1)).callerEnds("turn").news(DROPPED);
    hand.wait(0).news({ is: "model_open" }).updated();
    expect(seedOf(hand).filter((line) => line.startsWith("user"))).toEqual(["user: caller pressed 5"]);
  });

  test("over an assistant that was calling something: what is not acted upon is no answer", () => {
    const hand = greeted().callerStarts().callerEnds().created("r1").callerStarts().media(0, audio(20, 1));
    hand.calls("r1", "c1", "end_call", "incomplete").calls("r1", "c2").done("r1", "cancelled");
    hand.news(DROPPED).wait(0).news({ is: "model_open" }).updated();
    expect(hand.appended).toEqual([audio(20, 1)]);
  });

  test("but not what has been answered", () => {
    const hand = greeted().callerStarts().media(0, audio(20, 1)).callerEnds().speaks("r1", 200).wait(40);
    hand.probesBack().wait(300).marksBack().news(DROPPED).wait(0);
    hand.media(400, audio(20, 5)).news({ is: "model_open" }).updated();
    expect(hand.appended.at(-1)).toBe(audio(20, 5));
    expect(hand.appended).not.toContain(audio(20, 1));
  });
});

describe("a session that breaks while a tool is at work", () => {
  test("is replaced by one that gets the answer, and the tool is not used again", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.callerSays("Add milk.");
    rig.modelCalls([CREATE, { content: "milk" }]);
    rig.news(DROPPED).wait(0).news({ is: "model_open" }).updated();
    expect(seedOf(rig).at(-1)).toContain(`calls ${CREATE}({"content":"milk"})`);
    expect(rig.appended).toEqual([]);
    const [run] = rig.runs;
    if (run === undefined) throw new Error("no run");
    rig.tool(run.runId, { is: "answered", text: "Added.", isError: false });
    expect(Object.values(rig.outputs)).toEqual(["Added."]);
    expect(rig.runs).toHaveLength(1);
  });

  test("and the answer comes in between: the next session is told it with the rest", () => {
    const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.callerSays("Add milk.");
    rig.modelCalls([CREATE, { content: "milk" }]);
    const [run] = rig.runs;
    if (run === undefined) throw new Error("no run");
    rig.news(DROPPED).tool(run.runId, { is: "answered", text: "Added.", isError: false });
    expect(rig.events).toEqual([]);
    rig.wait(0).news({ is: "model_open" }).updated();
    expect(seedOf(rig).at(-1)).toContain("came to: Added.");
    expect(rig.creates).toHaveLength(1);
    expect(rig.created("r9", "resume").speaks("r9", 200).creates).toEqual([]);
  });
});

describe("what cannot be had again", () => {
  test("is tried with pauses, the caller is asked to wait more than once, and then told that it is no use", () => {
    const hand = greeted().wait(1_000);
    for (let i = 0; i < 20 && hand.call.state !== "last words"; i++) {
      hand.news({ ...DROPPED, status: 503 }).wait(1_000);
    }
    expect(clips(hand)).toEqual(["one_moment", "one_moment", "sorry"]);
    expect(dials(hand)).toBeGreaterThanOrEqual(5);
    expect(hand.wait(3_500).ending).toBe("model_refused");
  });

  test("one that opens and says nothing is given up, and another is tried", () => {
    const hand = greeted().news(DROPPED).wait(0).news({ is: "model_open" }).wait(3_500);
    expect(dials(hand)).toBe(2);
    expect(hand.wait(250).effects).toContainEqual({ to: "session", is: "dial" });
    expect(hand.news({ is: "model_open" }).events.map(({ type }) => type)).toEqual(["session.update"]);
  });

  test("a caller who hangs up meanwhile ends the call as ever", () => {
    expect(greeted().news(DROPPED).wait(300).stop().ending).toBe("caller_hung_up");
  });
});

describe("a call that begins and has no session yet", () => {
  test("is asked to wait before two seconds are over", () => {
    const hand = new CallInHand().connected().start().wait(1_699);
    expect(clips(hand)).toEqual([]);
    expect(clips(hand.wait(1))).toEqual(["one_moment"]);
  });

  test("is greeted as if nothing had been, when it has", () => {
    const hand = new CallInHand().connected().start();
    hand.news({ is: "model_closed", code: 1006, status: 503 }).wait(300).news({ is: "model_open" }).updated();
    expect(hand.creates[0]?.response.metadata).toEqual({ reason: "greeting" });
    expect(hand.ofType("conversation.item.create")).toEqual([]);
  });
});

test("what another session has said is cut in no conversation, but remembered as it was heard", () => {
  const hand = speaking("One two three four five six seven eight.", 4_000).said("r1", "i1").done("r1");
  hand.wait(1_000).news(DROPPED).wait(0).news({ is: "model_open" }).updated().callerStarts();
  expect(hand.frames[0]).toMatchObject({ event: "clear" });
  expect(hand.truncations).toEqual([]);
  hand.news(DROPPED).wait(250).news({ is: "model_open" }).updated();
  expect(seedOf(hand).at(-1)).toBe("assistant: One two …");
});

test("a word to wait that was cut off is said again at once when there is need of it", () => {
  const hand = greeted().callerStarts().callerEnds().wait(3_500);
  hand.created("r1").says("r1", "i1", 400).wait(100).news(DROPPED);
  expect(hand.frames[0]).toMatchObject({ event: "clear" });
  expect(clips(hand)).toEqual(["one_moment", "one_moment"]);
});

test("a tool that takes its time while there is no session keeps nobody's timer running", () => {
  const rig = new ToolRig({ policy: policyOf(`${CREATE}=allow`) });
  rig.callerSays("Add milk.");
  rig.modelCalls([CREATE, { content: "milk" }]);
  rig.wait(1_000).news({ is: "model_closed", code: 1006 }).wait(3_000);
  expect(rig.call.nextDeadline()).toBeGreaterThan(rig.at);
});

test("a model that is gone when all is said is told nothing more", () => {
  const hand = greeted().callerStarts().callerEnds().created("r1").says("r1", "i1", 1_000);
  hand.calls("r1", "end").done("r1").news(DROPPED).media(40).media(60);
  expect(hand.events).toEqual([]);
});

describe("a call that is to move while it has no session", () => {
  const STOPPING = { is: "relay_stopping" } as const;

  test("waits for one that answers what is owed, and says so if there is none in time", () => {
    const hand = speaking("One two three four.").news(STOPPING).wait(500).news(DROPPED).wait(7_499);
    expect(hand.ending).toBeUndefined();
    hand.wait(1);
    expect(hand.ending).toBe("handed_over");
    expect(hand.call.remembered(hand.at)).toMatchObject({ isPlanned: false, owesAnswer: true });
  });

  test("does not forget a turn that the next session has been sent, and has not found yet", () => {
    const hand = greeted().callerStarts().media(0, audio(20, 1)).news(DROPPED).wait(0);
    hand.news({ is: "model_open" }).updated().news(STOPPING).wait(1_000);
    expect(hand.ending).toBeUndefined();
    expect(hand.call.remembered(hand.at)).toMatchObject({ owesAnswer: true });
  });

  test("moves unnoticed where nothing is owed", () => {
    const hand = greeted().wait(1_000).news(DROPPED).news(STOPPING);
    expect(hand.ending).toBe("handed_over");
    expect(hand.call.remembered(hand.at)).toMatchObject({ isPlanned: true, owesAnswer: false });
  });
});

test("a budget that is spent before the call has begun is not forgotten when it does", () => {
  const hand = new CallInHand().connected().news({ is: "budget_spent" });
  expect(hand.effects).toContainEqual({ to: "session", is: "drop" });
  hand.start();
  expect(clips(hand)).toEqual(["budget_spent"]);
  expect(hand.wait(3_500).ending).toBe("budget_spent");
});

test("a model that does not answer is not waited for in silence", () => {
  const hand = greeted().callerStarts().callerEnds().wait(3_499);
  expect(clips(hand)).toEqual([]);
  expect(clips(hand.wait(1))).toEqual(["one_moment"]);
});

test("a model that does not answer in another session either is given up, and the caller is told at once", () => {
  const hand = greeted().callerStarts().callerEnds().created("r1").wait(10_000);
  hand.wait(0).news({ is: "model_open" }).updated().callerStarts().callerEnds().created("r2").wait(10_000);
  expect(clips(hand).at(-1)).toBe("sorry");
  expect(hand.wait(3_500).ending).toBe("model_failed");
});

test("a model that greets nobody is not waited for in silence either", () => {
  const hand = new CallInHand().ready().wait(1_699);
  expect(clips(hand)).toEqual([]);
  expect(clips(hand.wait(1))).toEqual(["one_moment"]);
});

test("a caller who speaks first is not asked to wait for an answer that they have only just asked for", () => {
  const hand = new CallInHand({ ...SETTINGS, greeting: undefined }).ready().wait(5_000);
  hand.callerStarts().callerEnds().wait(3_499);
  expect(clips(hand)).toEqual([]);
  expect(clips(hand.wait(1))).toEqual(["one_moment"]);
});

test("a session that never begins its answer is given up after 10 s", () => {
  const hand = greeted().callerStarts().callerEnds().created("r1").wait(9_999);
  expect([dials(hand), clips(hand)]).toEqual([1, ["one_moment", "one_moment"]]);
  expect(dials(hand.wait(1))).toBe(2);
});

test("a session that stops in the middle of a sentence is asked after, and then given up", () => {
  const hand = speaking("One two three four five six.", 2_000).wait(2_000);
  const since = hand.at;
  hand.wait(3_600);
  expect([dials(hand), clips(hand)]).toEqual([1, ["one_moment"]]);
  while (dials(hand) === 1 && hand.at < since + 10_000) hand.wait(100);
  expect(hand.at - since).toBeLessThanOrEqual(6_700);
  hand.wait(0).news({ is: "model_open" }).updated();
  expect(seedOf(hand).at(-1)).toContain("assistant: One two three four five six.");
  expect(hand.creates[0]?.response.metadata).toEqual({ reason: "resume" });
});

test.each(["!!!", "AAAAA"])("audio that is no base64 of a response (%p) is not passed on", (delta) => {
  const hand = greeted().callerStarts().callerEnds().created("r1");
  const frame = { response_id: "r1", item_id: "i1", content_index: 0, delta };
  expect(hand.model({ type: "response.output_audio.delta", ...frame }).frames).toEqual([]);
});

test("audio of a response that nobody has heard of is not passed on", () => {
  expect(greeted().says("unheard_of", "i1", 200).frames).toEqual([]);
});

test("a session that will soon be too old is replaced in a pause", () => {
  const hand = greeted().wait(50 * 60_000 - 10_000);
  expect(dials(hand)).toBe(1);
  hand.callerStarts().wait(60_000);
  expect(dials(hand)).toBe(1);
  hand.callerEnds().speaks("r1", 400).wait(40).probesBack().wait(600).marksBack().wait(100);
  expect(dials(hand)).toBe(2);
  expect(clips(hand)).toEqual([]);
});

test("whoever is about to be hung up on needs no other session", () => {
  const hand = greeted().callerStarts().callerEnds().created("r1").says("r1", "i1", 1_000);
  hand.calls("r1", "end").wait(40).probesBack().news(DROPPED);
  expect(dials(hand)).toBe(1);
  expect(hand.wait(1_200).marksBack().ending).toBe("assistant_hung_up");
});
