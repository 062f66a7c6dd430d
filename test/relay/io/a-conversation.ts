/**
 * A conversation with something of everything in it, to be kept and looked for.
 */
import type { Remembered } from "../../../relay/call/remembered.ts";

/** @param canary a word that is in every place where words may be; @param chars how much is said in all */
export function aConversation(canary: string, chars = 0): Remembered {
  const said = `${canary} ${"and so on ".repeat(chars / 10)}`;
  return {
    lines: [
      { by: "assistant", words: `Hello ${canary}`, isCut: false },
      { by: "caller", words: said },
      {
        by: "tool",
        callId: "call_1",
        name: "find_tasks",
        args: `{"q":"${canary}"}`,
        kind: "read",
        answer: canary,
      },
      { by: "tool", callId: "call_2", name: "send_mail", args: `{"to":"${canary}"}`, kind: "write" },
      { by: "assistant", words: `I have ${canary}`, isCut: true },
    ],
    owesAnswer: true,
    isPlanned: false,
    elapsedMs: 61_234.5,
    spentMicros: 12_345,
    isTainted: true,
    unsure: [`send_mail to ${canary}`],
  };
}
