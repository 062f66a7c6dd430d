/** What is remembered of a conversation: as it was heard, in its order, bounded, and with nothing at work forgotten. */
import { describe, expect, test } from "bun:test";
import { Memory } from "../../../relay/call/memory.ts";
import { Outbox } from "../../../relay/call/outbox.ts";
import type { Line } from "../../../relay/call/remembered.ts";

const memoryOf = (before: readonly Line[] = []) => {
  const outbox = new Outbox();
  return { outbox, memory: new Memory(outbox, before) };
};
/** The assistant says this, all of it, in so many ms. */
function said(memory: Memory, itemId: string, words: string): Memory {
  memory.spells(itemId, words);
  memory.sent(itemId);
  return memory;
}
const wordsIn = ({ lines }: Memory): string[] =>
  lines.flatMap((line) => (line.by === "tool" ? [] : [line.words]));

describe("what the assistant says", () => {
  test("is remembered once the caller is sent some of it, whichever comes first", () => {
    const { memory } = memoryOf();
    memory.spells("i1", "Hello, ");
    expect(memory.lines).toEqual([]);
    memory.sent("i1");
    memory.spells("i1", "Ada.");
    memory.spelt("i1", "Hello, Ada!");
    expect(memory.lines).toEqual([{ by: "assistant", words: "Hello, Ada!", isCut: false }]);
  });

  test("is not, if the caller was sent nothing of it", () => {
    const { memory } = memoryOf();
    memory.spelt("i1", "Nobody hears this.");
    expect(memory.lines).toEqual([]);
  });

  test("is cut between words, to those of which all was heard", () => {
    const cutAt = (heardMs: number) => {
      const { memory } = memoryOf();
      said(memory, "i1", "One two three four five six.").cut("i1", heardMs, 2_800);
      return wordsIn(memory);
    };
    expect(cutAt(2_800)).toEqual(["One two three four five six."]);
    expect(cutAt(1_400)).toEqual(["One two three"]);
    expect(cutAt(1_300)).toEqual(["One two three"]);
    expect(cutAt(1_200)).toEqual(["One two"]);
    expect(cutAt(700)).toEqual(["One two"]);
    expect(cutAt(200)).toEqual([]);
    expect(cutAt(0)).toEqual([]);
  });

  test("is cut between characters where words are not told apart by spaces", () => {
    const { memory } = memoryOf();
    said(memory, "i1", "今日は晴れのち曇りです").cut("i1", 1_000, 2_200);
    expect(wordsIn(memory)).toEqual(["今日は晴れ"]);
  });

  test("counts as heard no faster than anybody speaks: words may be there long before their audio", () => {
    const { memory } = memoryOf();
    said(memory, "i1", "word ".repeat(40)).cut("i1", 1_000, 1_000);
    const [words = ""] = wordsIn(memory);
    expect(words.length).toBeGreaterThan(10);
    expect(words.length).toBeLessThanOrEqual(20);
  });

  test("is as it was cut, whatever words of it still come", () => {
    const { memory } = memoryOf();
    said(memory, "i1", "One two three four.").cut("i1", 950, 1_900);
    memory.spells("i1", " Five.");
    memory.spelt("i1", "One two three four. Five.");
    memory.cut("i1", 1_900, 1_900);
    expect(memory.lines).toEqual([{ by: "assistant", words: "One two", isCut: true }]);
  });
});

describe("what the caller says", () => {
  test("stands where they said it, though its words come later, and not at all without words", () => {
    const { memory } = memoryOf();
    memory.turn("t1");
    memory.turn("t2");
    said(memory, "i1", "It will rain.");
    memory.heard("t1", " Will it rain? ");
    memory.heard("t2", undefined);
    memory.heard("nobody's", "What?");
    expect(wordsIn(memory)).toEqual(["Will it rain?", "It will rain."]);
  });

  test("and has no answer to is forgotten where it is heard again, and no more than that", () => {
    const { memory } = memoryOf();
    memory.turn("t1");
    memory.heard("t1", "Answered.");
    memory.turnAnswered();
    memory.typed("caller pressed 5");
    memory.turn("t2");
    memory.heard("t2", "Not answered.");
    memory.typed("caller pressed 6");
    memory.forgetTurn();
    expect(wordsIn(memory)).toEqual(["Answered.", "caller pressed 5", "caller pressed 6"]);
  });

  test("before the call came here has been answered, or nobody can hear it again", () => {
    const { memory } = memoryOf([{ by: "caller", words: "Hello?" }]);
    memory.forgetTurn();
    expect(wordsIn(memory)).toEqual(["Hello?"]);
  });
});

describe("what was called", () => {
  test("is remembered with what it came to, cut to what matters of it", () => {
    const { memory } = memoryOf();
    memory.called("c1", "todo_find_items", "{}");
    memory.answered("c1", "x".repeat(2_000));
    memory.answered("nobody's", "y");
    expect(memory.lines).toEqual([
      {
        by: "tool",
        callId: "c1",
        name: "todo_find_items",
        args: "{}",
        kind: "read",
        answer: `${"x".repeat(1_500)} [cut here]`,
      },
    ]);
  });

  test("and writes is written down before it is done, and what only reads soon", () => {
    const { memory, outbox } = memoryOf();
    const news = () => outbox.take().flatMap((effect) => (effect.to === "memory" ? [effect.is] : []));
    memory.called("c1", "todo_create_item", "{}");
    memory.called("c2", "todo_find_items", "{}");
    news();
    memory.begun("c1", "write");
    expect(news()).toEqual(["now"]);
    memory.begun("c2", "read");
    expect(news()).toEqual(["changed"]);
    expect(memory.lines).toMatchObject([{ kind: "write" }, { kind: "read" }]);
  });
});

describe("a long call", () => {
  test("is remembered from its newest 160 lines", () => {
    const { memory } = memoryOf();
    for (let i = 0; i < 500; i++) memory.typed(`key ${i}`);
    expect(wordsIn(memory)).toHaveLength(160);
    expect(wordsIn(memory)[0]).toBe("key 340");
  });

  test("or from its newest 24,000 characters", () => {
    const { memory } = memoryOf();
    for (let i = 0; i < 50; i++) memory.typed(String(i).padEnd(1_000, "."));
    const words = wordsIn(memory);
    expect(words.join("").length).toBeLessThanOrEqual(24_000);
    expect(words).toHaveLength(24);
    expect(words.at(-1)).toStartWith("49");
  });

  test("but what is at work is not forgotten, for somebody has to be told of it", () => {
    const { memory } = memoryOf();
    memory.called("slow", "todo_create_item", "{}");
    memory.begun("slow", "write");
    memory.called("quick", "todo_find_items", "{}");
    memory.answered("quick", "Nothing.");
    for (let i = 0; i < 500; i++) memory.typed(`key ${i}`);
    const tools = memory.lines.flatMap((line) => (line.by === "tool" ? [line.callId] : []));
    expect(tools).toEqual(["slow"]);
    memory.answered("slow", "Done.");
    expect(memory.lines[0]).toMatchObject({ callId: "slow", answer: "Done." });
    memory.typed("one more");
    expect(memory.lines.some(({ by }) => by === "tool")).toBe(false);
  });

  test("keeps no words of items that nobody is ever sent", () => {
    const { memory } = memoryOf();
    for (let i = 0; i < 20; i++) memory.spells(`i${i}`, `words ${i}`);
    for (let i = 0; i < 20; i++) memory.sent(`i${i}`);
    expect(wordsIn(memory)).toHaveLength(8);
  });
});
