/**
 * What is kept of a conversation is read back as it was, and nothing else is taken for one.
 */
import { describe, expect, test } from "bun:test";
import {
  KEEP_AGAIN_MS,
  KEPT_FOR_S,
  rememberedIn,
  SWEEP_EVERY_MS,
  textOf,
} from "../../../relay/io/conversations.ts";
import { aConversation } from "./a-conversation.ts";

describe("a conversation as it is kept", () => {
  test("is read back as it was", () => {
    const remembered = aConversation("Ada's canary");
    expect(rememberedIn(textOf(remembered))).toEqual(remembered);
    const empty = { ...remembered, lines: [], unsure: [] };
    expect(rememberedIn(textOf(empty))).toEqual(empty);
  });

  test("is none where anything is missing, is more, or is of another kind", () => {
    const whole = aConversation("x");
    const [line] = whole.lines;
    const { isTainted: _, ...missing } = whole;
    for (const other of [
      missing,
      { ...whole, more: 1 },
      { ...whole, elapsedMs: "1" },
      { ...whole, spentMicros: -1 },
      { ...whole, unsure: [1] },
      { ...whole, lines: [{ ...line, by: "stranger" }] },
      { ...whole, lines: [{ ...line, more: 1 }] },
      { ...whole, lines: [{ by: "assistant", words: "x" }] },
      [],
      null,
    ]) {
      expect(rememberedIn(JSON.stringify(other))).toBeUndefined();
    }
    expect(rememberedIn("")).toBeUndefined();
    expect(rememberedIn(textOf(whole).slice(0, -1))).toBeUndefined();
  });
});

test("a call has the edge's 20 s and more to come back in, and what nobody comes back for is gone within a minute", () => {
  expect(KEPT_FOR_S * 1000 - KEEP_AGAIN_MS).toBeGreaterThan(20_000 + 10_000);
  expect(KEPT_FOR_S * 1000 + SWEEP_EVERY_MS).toBeLessThan(60_000);
});
