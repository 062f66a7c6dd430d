import { describe, expect, test } from "bun:test";
import { Turns } from "../../../relay/call/turns.ts";

const reasons = (turns: Turns, at: number) => turns.next(at)?.map(({ reason }) => reason);

describe("one response at a time", () => {
  test("a wish is served at once when nothing speaks against it", () => {
    const turns = new Turns();
    turns.wish({ reason: "greeting" });
    expect(reasons(turns, 0)).toEqual(["greeting"]);
  });

  test("nothing is asked for while a create is under way, nor while its response is active", () => {
    const turns = new Turns();
    turns.wish({ reason: "greeting" });
    turns.asked("create-1", 0);
    turns.wish({ reason: "tool", itemId: "out-1" });
    expect(turns.next(1)).toBeUndefined();
    turns.created("r1", "ours", 0);
    expect(turns.next(2)).toBeUndefined();
    turns.done("r1");
    expect(reasons(turns, 3)).toEqual(["tool"]);
  });

  test("nothing is asked for while the caller speaks, nor until the server has answered them", () => {
    const turns = new Turns();
    turns.callerStarted();
    turns.wish({ reason: "tool", itemId: "out-1" });
    expect(turns.next(0)).toBeUndefined();
    turns.callerCommitted(100);
    expect(turns.next(100)).toBeUndefined();
    turns.created("r1", "server", 0);
    turns.done("r1");
    expect(reasons(turns, 200)).toEqual(["tool"]);
  });

  test("several wishes become one create, the newest of each reason", () => {
    const turns = new Turns();
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.wish({ reason: "keypad", itemId: "key-2" });
    turns.wish({ reason: "tool", itemId: "out-3" });
    expect(turns.next(0)).toEqual([
      { reason: "keypad", itemId: "key-2" },
      { reason: "tool", itemId: "out-3" },
    ]);
  });

  test("a response that was created after the item had arrived has served the wish for it", () => {
    const turns = new Turns();
    turns.callerStarted();
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.itemArrived("out-1");
    turns.callerCommitted(0);
    turns.created("r1", "server", 0);
    turns.done("r1");
    expect(turns.next(10)).toBeUndefined();
    expect(turns.idle).toBe(true);
  });

  test("a response that was created before the item arrived has not", () => {
    const turns = new Turns();
    turns.created("r1", "server", 0);
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.itemArrived("out-1");
    turns.done("r1");
    expect(reasons(turns, 10)).toEqual(["tool"]);
  });
});

describe("a create that comes to nothing", () => {
  test("conversation_already_has_active_response: asked again once that response is over", () => {
    const turns = new Turns();
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.asked("create-1", 0);
    turns.created("theirs", "server", 0);
    expect(turns.refused("create-1", 10)).toBe(true);
    expect(turns.next(5_000)).toBeUndefined();
    turns.done("theirs");
    expect(reasons(turns, 5_001)).toEqual(["tool"]);
  });

  test("it is asked again after a pause, and the clock is wanted for it", () => {
    const turns = new Turns();
    turns.wish({ reason: "greeting" });
    turns.asked("create-1", 0);
    turns.refused("create-1", 1000);
    expect(turns.next(1000)).toBeUndefined();
    expect(turns.dueAt).toBe(1250);
    turns.tick(1250);
    expect(reasons(turns, 1250)).toEqual(["greeting"]);
  });

  test("after four refusals in a row there is no use in asking again", () => {
    const turns = new Turns();
    turns.wish({ reason: "greeting" });
    for (let i = 1; i <= 4; i++) {
      expect(turns.isHopeless).toBe(false);
      expect(reasons(turns, i * 10_000)).toEqual(["greeting"]);
      turns.asked(`create-${i}`, i * 10_000);
      turns.refused(`create-${i}`, i * 10_000);
    }
    expect(turns.isHopeless).toBe(true);
  });

  test("one that is neither obeyed nor refused is asked again once, and then there is no use", () => {
    const turns = new Turns();
    turns.wish({ reason: "greeting" });
    turns.asked("create-1", 0);
    turns.tick(6_000);
    expect(turns.isHopeless).toBe(false);
    expect(reasons(turns, 6_000)).toEqual(["greeting"]);
    turns.asked("create-2", 6_000);
    turns.tick(12_000);
    expect(turns.isHopeless).toBe(true);
  });

  test("a refusal of some other event is not about the create", () => {
    const turns = new Turns();
    turns.wish({ reason: "greeting" });
    turns.asked("create-1", 0);
    expect(turns.refused("cancel-9", 10)).toBe(false);
    expect(turns.refused("create-1", 10)).toBe(true);
    expect(turns.refused("create-1", 10)).toBe(false);
  });

  test("neither obeyed nor refused within 6 s counts as refused", () => {
    const turns = new Turns();
    turns.wish({ reason: "greeting" });
    turns.asked("create-1", 0);
    expect(turns.dueAt).toBe(6000);
    turns.tick(6000);
    turns.tick(6250);
    expect(reasons(turns, 6250)).toEqual(["greeting"]);
  });
});

describe("a create that lost against a response of the server's", () => {
  test("is not repeated if that response had seen the item", () => {
    const turns = new Turns();
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.asked("create-1", 0);
    turns.itemArrived("out-1");
    turns.created("theirs", "server", 0);
    turns.refused("create-1", 10);
    turns.done("theirs");
    expect(turns.next(1_000)).toBeUndefined();
  });

  test("is not repeated if it was about no item: the caller would be answered, or greeted, a second time", () => {
    for (const reason of ["answer", "retry", "greeting"] as const) {
      const turns = new Turns();
      turns.wish({ reason });
      turns.asked("create-1", 0);
      turns.created("theirs", "server", 0);
      turns.refused("create-1", 10);
      turns.done("theirs");
      expect(turns.next(1_000)).toBeUndefined();
      expect(turns.idle).toBe(true);
    }
  });

  test("a try again that waits is dropped once the server has answered by itself", () => {
    const turns = new Turns();
    turns.callerStarted();
    turns.wish({ reason: "retry" });
    turns.callerCommitted(0);
    turns.created("theirs", "server", 0);
    turns.done("theirs");
    expect(turns.next(1_000)).toBeUndefined();
  });
});

describe("the caller's turn", () => {
  test("speech silences the response that is active, and says which", () => {
    const turns = new Turns();
    turns.created("r1", "server", 0);
    expect(turns.callerStarted()).toBe("r1");
    expect(turns.isSilenced("r1")).toBe(true);
    expect(turns.callerSpeaks).toBe(true);
  });

  test("a silenced response stays silent after it is done, and the memory of them is bounded", () => {
    const turns = new Turns();
    for (let i = 0; i < 100; i++) {
      turns.created(`r${i}`, "server", 0);
      turns.callerStarted();
      turns.done(`r${i}`);
      turns.callerCommitted(i);
      expect(turns.isSilenced(`r${i}`)).toBe(true);
    }
    expect(turns.isSilenced("r84")).toBe(true);
    expect(turns.isSilenced("r83")).toBe(false);
  });

  test("a response that is created while the caller speaks has to be cancelled, and is silent", () => {
    const turns = new Turns();
    turns.callerStarted();
    expect(turns.created("r1", "ours", 0)).toBe(false);
    expect(turns.isSilenced("r1")).toBe(true);
  });

  test("the answer to a closed turn is nobody's to cancel", () => {
    const turns = new Turns();
    turns.callerStarted();
    turns.callerCommitted(0);
    expect(turns.created("r1", "server", 0)).toBe(true);
    expect(turns.isSilenced("r1")).toBe(false);
    expect(turns.callerSpeaks).toBe(false);
  });

  test("a turn that the server leaves unanswered for 4 s is answered by a create of ours", () => {
    const turns = new Turns();
    turns.callerStarted();
    turns.callerCommitted(1000);
    expect(turns.dueAt).toBe(5000);
    turns.tick(4999);
    expect(turns.next(4999)).toBeUndefined();
    turns.tick(5000);
    expect(reasons(turns, 5000)).toEqual(["answer"]);
  });

  test("a server that answers late after all makes that create unnecessary", () => {
    const turns = new Turns();
    turns.callerCommitted(0);
    turns.tick(4000);
    turns.created("late", "server", 0);
    turns.done("late");
    expect(turns.next(5000)).toBeUndefined();
  });

  test("idle means: nothing active, asked for, wished for or expected", () => {
    const turns = new Turns();
    expect(turns.idle).toBe(true);
    turns.callerStarted();
    expect(turns.idle).toBe(false);
    turns.callerCommitted(0);
    expect(turns.idle).toBe(false);
    turns.created("r1", "server", 0);
    expect(turns.idle).toBe(false);
    turns.done("r1");
    expect(turns.idle).toBe(true);
    turns.wish({ reason: "tool" });
    expect(turns.idle).toBe(false);
    expect(turns.waiting).toBe(1);
  });
});

describe("a model that leaves something open", () => {
  test("a response that has said nothing for 20 s no longer keeps others waiting, and stays silent", () => {
    const turns = new Turns();
    turns.created("r1", "server", 0);
    turns.signOfLife("r1", 5_000);
    turns.wish({ reason: "keypad", itemId: "key-1" });
    expect(turns.dueAt).toBe(25_000);
    turns.tick(24_999);
    expect(turns.next(24_999)).toBeUndefined();
    turns.tick(25_000);
    expect(reasons(turns, 25_000)).toEqual(["keypad"]);
    expect(turns.isSilenced("r1")).toBe(true);
  });

  test("a response that nothing waits for may take its time", () => {
    const turns = new Turns();
    turns.created("r1", "server", 0);
    expect(turns.dueAt).toBeUndefined();
    turns.tick(60_000);
    expect(turns.active).toBe("r1");
  });

  test("speech that has stopped and is never committed gives the turn back after 2 s", () => {
    const turns = new Turns();
    turns.callerStarted();
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.callerStopped(1_000);
    expect(turns.next(2_999)).toBeUndefined();
    expect(turns.dueAt).toBe(3_000);
    turns.tick(3_000);
    expect(reasons(turns, 3_000)).toEqual(["tool"]);
  });
});

describe("an aside", () => {
  const free = () => new Turns();

  test("serves no wish, not even one whose item it has seen", () => {
    const turns = free();
    turns.asked("aside-1", 0, []);
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.itemArrived("out-1");
    expect(turns.created("r1", "aside", 0)).toBe(true);
    turns.done("r1");
    expect(turns.next(0)).toEqual([{ reason: "tool", itemId: "seen" }]);
  });

  test("stands back for the answer that the server owes to the caller", () => {
    const turns = free();
    turns.asked("aside-1", 0, []);
    turns.callerStarted();
    turns.callerCommitted(0);
    expect(turns.created("r1", "aside", 0)).toBe(false);
    expect(turns.isSilenced("r1")).toBe(true);
    turns.done("r1");
    expect(turns.created("r2", "server", 0)).toBe(true);
  });

  test("stands back for a response that is there already, and that one is not forgotten", () => {
    const turns = free();
    turns.asked("aside-1", 0, []);
    turns.created("theirs", "server", 0);
    expect(turns.created("r1", "aside", 0)).toBe(false);
    expect(turns.active).toBe("theirs");
    expect(turns.awaits("aside-1")).toBe(false);
  });

  test("that is refused leaves nothing to be asked again, and a pause", () => {
    const turns = free();
    turns.asked("aside-1", 0, []);
    expect(turns.refused("aside-1", 0)).toBe(true);
    expect(turns.awaits("aside-1")).toBe(false);
    expect(turns.isFree(0)).toBe(false);
    const { dueAt = 0 } = turns;
    turns.tick(dueAt);
    expect(turns.isFree(dueAt)).toBe(true);
    expect(turns.next(dueAt)).toBeUndefined();
  });
});

describe("a wish that waits", () => {
  test("for more to come is not asked for before its time, and has a deadline", () => {
    const turns = new Turns();
    turns.wish({ reason: "keypad", itemId: "key-1", notBefore: 1_500 });
    expect(turns.next(1_499)).toBeUndefined();
    expect(turns.dueAt).toBe(1_500);
    expect(turns.next(1_500)).toHaveLength(1);
  });

  test("for a tool lets others go first, and is still there afterwards", () => {
    const turns = new Turns();
    turns.wish({ reason: "tool", itemId: "out-1" });
    turns.wish({ reason: "keypad", itemId: "key-1" });
    const ready = turns.next(0, ({ reason }) => reason === "tool");
    expect(ready?.map(({ reason }) => reason)).toEqual(["keypad"]);
    turns.asked("create-1", 0, ready);
    turns.created("r1", "ours", 0);
    turns.done("r1");
    expect(turns.next(0)?.map(({ reason }) => reason)).toEqual(["tool"]);
  });
});
