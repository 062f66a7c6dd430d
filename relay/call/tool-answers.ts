/**
 * What the model is told came of a tool call, in sentences that it can pass on. None says more than is known: whether
 * something was done, was not done, or nobody knows.
 */
import type { Verdict } from "./keypad-consent.ts";
import type { Kind, NotDone, ToolOutcome } from "./tools.ts";
import type { Unconfirmed } from "./voice-consent.ts";

/** Some minutes of speech: nobody listens to more, and all of it is read again at every response. */
const MOST_CHARS = 6_000;

export const UNKNOWN_TOOL = "There is no tool of that name.";
export const NOT_JSON =
  "The arguments were not a JSON object, or were too long. Nothing was done. Call it again with valid arguments.";
export const DENIED = "This is not allowed on the telephone, and nothing was done. Tell the caller so.";
export const UNDER_WAY = "Exactly this is already under way, and was not begun a second time.";
export const ALREADY_HELD =
  "Exactly this is held already, under the id that was given for it: confirm that or cancel it.";
export const TOO_MANY = "Too much is going on at once, and this was not begun. Finish what is open first.";
export const GOODBYE = "Say goodbye now, in a few words; then the line closes.";
export const PUT_THROUGH = "Tell the caller now, in a few words, that you put them through; then they are.";
export const CALL_GOES_ON = "The caller spoke again before the goodbye was over. The call goes on.";
export const INTERRUPTED =
  "The caller spoke before this was done, so it was not done. Call it again if they still want it.";

const NOT_DONE: Readonly<Record<NotDone, string>> = {
  unreachable: "The service cannot be reached. Nothing was done. Tell the caller so.",
  unauthorized:
    "The service refuses the owner's key. Nothing was done. Tell the caller that its key must be renewed.",
  gone: "The service no longer has this tool. Nothing was done. Tell the caller so.",
  refused: "The service refused this request. Nothing was done. Tell the caller so.",
};

const NOBODY_KNOWS =
  "No answer came, and it is not known whether it was done. Do not do it again by yourself. Tell the caller that you do not know whether it went through.";

export function answerOf(outcome: ToolOutcome, kind: Kind): string {
  switch (outcome.is) {
    case "answered":
      return outcome.isError
        ? `It failed. What the service says about it: ${cut(outcome.text)}`
        : cut(outcome.text);
    case "not_done":
      return NOT_DONE[outcome.why];
    case "lost":
      return kind === "read"
        ? "The connection broke before the answer came. Tell the caller so."
        : NOBODY_KNOWS;
    default:
      return outcome satisfies never;
  }
}

export const timedOut = (kind: Kind, seconds: number): string =>
  kind === "read" ? `No answer came within ${seconds} seconds. Tell the caller so.` : NOBODY_KNOWS;

function cut(text: string): string {
  if (text.length === 0) return "Done; the service says nothing more.";
  if (text.length <= MOST_CHARS) return text;
  // Not through the middle of a character that takes two.
  const kept = text.slice(0, MOST_CHARS).replace(/[\uD800-\uDBFF]$/, "");
  return `${kept}\n\n[Cut here: ${text.length - kept.length} more characters were left out. Say that there is more.]`;
}

/** JSON, so that the id is found: the model passes it to `confirm`. */
export const heldAs = (id: string): string =>
  JSON.stringify({
    held: id,
    done: false,
    next: "Not done yet. Tell the caller in one sentence exactly what would be done, with every name and value, ask whether to do it, and wait for the answer. If they agree, call confirm with this id; if not, call cancel.",
  });

const UNCONFIRMED: Readonly<Record<Unconfirmed, string>> = {
  unknown: "Nothing is held under that id, and nothing was done.",
  used: "What was held under that id has been done already, and was not done a second time.",
  declined: "The caller said no. Nothing was done.",
  expired: "That was asked too long ago. Nothing was done. Call the tool again if the caller still wants it.",
  not_heard:
    "The caller has not heard to the end what would be done, so nothing was done. Tell them once more, ask, and wait for the answer.",
  not_agreed: "The caller has not clearly said yes, so nothing was done. Ask again, and wait for the answer.",
  twice: "Exactly this is being confirmed already. Nothing was done a second time; wait for that answer.",
};
export const unconfirmed = (why: Unconfirmed): string => UNCONFIRMED[why];

const UNDECIDED: Readonly<Record<Exclude<Verdict, "agreed">, string>> = {
  declined: "The caller was asked and does not want it. Nothing was done.",
  expired: "The caller was asked and did not answer. Nothing was done.",
  not_heard:
    "The caller spoke over the question each time. Nothing was done. Ask them whether they still want it.",
  not_read: "The question could not be put to the caller. Nothing was done. Tell them so.",
};
export const undecided = (verdict: Exclude<Verdict, "agreed">): string => UNDECIDED[verdict];

/** @param stopped what was being looked up, @param forgotten what was held, @param going writes that had begun */
export function cancelled(stopped: number, forgotten: number, going: number): string {
  const parts = [
    forgotten > 0 && "What was held is forgotten and will not be done.",
    stopped > 0 && "What was being looked up was stopped.",
    going > 0 && "One thing had already been sent and cannot be called back; its outcome will come.",
  ].filter((part) => part !== false);
  return parts.length === 0 ? "There was nothing to cancel." : parts.join(" ");
}

export const STOPPED = "The caller did not want it any more, and it was stopped.";
