import { describe, expect, test } from "bun:test";
import { answerIn } from "../../../relay/call/yes-no.ts";

describe("English", () => {
  test.each([
    "yes",
    "Yes.",
    "YES!",
    "yes please",
    "Yeah, do it.",
    "go ahead",
    "Sure, send it.",
    "ok",
    "Okay.",
    "yeah yeah",
    "Yes, that's right.",
    "Of course.",
    "Alright.",
    "ＹＥＳ",
    "yes, why not",
    "Yes, no problem.",
    "Go ahead and send it.",
  ])("%p is a yes", (turn) => expect(answerIn(turn, "en-US")).toBe("yes"));

  test.each([
    "no",
    "No.",
    "Don't.",
    "Don’t send it!",
    "stop",
    "Cancel.",
    "never mind",
    "Okay, stop.",
    "Yes, actually don't.",
    "No thank you.",
  ])("%p is a no", (turn) => expect(answerIn(turn, "en")).toBe("no"));

  test.each([
    "",
    " ",
    ".",
    "Yesterday.",
    "Yes?",
    "yes no",
    "Yes, but change the time.",
    "Yes, and also add eggs.",
    "wait",
    "not yet",
    "hmm",
    "mm-hmm",
    "uh-huh",
    "What does it say?",
    "Thank you.",
    "I don't know.",
    "Yes...",
    "Yes,",
    "Send it.",
    "Yes, cancel it.",
  ])("%p is neither", (turn) => expect(answerIn(turn, "en")).toBe("neither"));
});
