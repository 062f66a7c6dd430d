/**
 * What a new session is told of the conversation so far: items as the model would have them had it been there, each
 * side's words as that side's. What a tool was told to do stands there as done or unknown, so that nothing is done again.
 */
import type { NewItem } from "../wire/realtime.ts";
import type { Line } from "./remembered.ts";
import { answerOf } from "./tool-answers.ts";

const OPENING =
  "This telephone call has been going on for a while, and the connection to you was renewed. What follows was said in it before now. Where the assistant's words are cut short, the caller heard no more of them.";
const UNHEARD = "What the caller said is not written down here; of that, ask again where it matters.";

/**
 * @param isOpen a tool of this call is still at work here, and its answer will come
 * @param idOf makes ids for the items
 */
export function seedOf(
  lines: readonly Line[],
  {
    isTranscribed,
    isOpen,
    idOf,
  }: {
    readonly isTranscribed: boolean;
    readonly isOpen: (callId: string) => boolean;
    readonly idOf: () => string;
  },
): readonly NewItem[] {
  if (lines.length === 0) return [];
  const opening = isTranscribed ? OPENING : `${OPENING} ${UNHEARD}`;
  return [
    { id: idOf(), type: "message", role: "system", content: [{ type: "input_text", text: opening }] },
    ...lines.flatMap((line) => itemsOf(line, isOpen, idOf)),
  ];
}

function itemsOf(line: Line, isOpen: (callId: string) => boolean, idOf: () => string): readonly NewItem[] {
  switch (line.by) {
    case "caller":
      return [
        { id: idOf(), type: "message", role: "user", content: [{ type: "input_text", text: line.words }] },
      ];
    case "assistant": {
      const text = line.isCut ? `${line.words} …` : line.words;
      return [{ id: idOf(), type: "message", role: "assistant", content: [{ type: "output_text", text }] }];
    }
    case "tool": {
      const { callId: call_id, name, args, kind } = line;
      const call = { id: idOf(), type: "function_call", call_id, name, arguments: args } as const;
      if (line.answer === undefined && isOpen(call_id)) return [call];
      const output = line.answer ?? answerOf({ is: "lost" }, kind);
      return [call, { id: idOf(), type: "function_call_output", call_id, output }];
    }
    default:
      return line satisfies never;
  }
}
