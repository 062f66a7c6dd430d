/**
 * Whether what a write is given names people whom it would reach. An appointment with guests is an invitation, and a
 * misled model can put into it whatever it has read; the tool's name says nothing of that.
 */
import { partsOf } from "./tool-words.ts";
import type { ToolArguments } from "./tools.ts";

const PEOPLE = new Set(
  "assignee assignees attendee attendees bcc cc collaborator collaborators guest guests invitee invitees participant participants recipient recipients".split(
    " ",
  ),
);
/** As Google Calendar has it: whether the guests that are there already are written to. */
const TELLS_THEM = /^(?:send_(?:updates?|notifications?|invites?|invitations?)|notify(?:_\w+)?)$/;
/** An e-mail address or a telephone number. */
const ADDRESS = /@[A-Za-z0-9-]{1,63}\.[A-Za-z]{2}|\+\d[\d ()-]{6}/;
/** Nobody nests the people deeper. */
const MOST_DEPTH = 6;

/** @param withInstructions whether an address in the instructions is somebody to reach, and not a way to say which mail */
export const namesPeople = (args: ToolArguments, withInstructions: boolean): boolean =>
  isNaming(args, withInstructions, 0);

function isNaming(value: unknown, withInstructions: boolean, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth > MOST_DEPTH) return true;
  if (Array.isArray(value)) return value.some((each) => isNaming(each, withInstructions, depth + 1));
  return Object.entries(value).some(([key, each]) => {
    const parts = partsOf(key);
    if (parts.some((part) => PEOPLE.has(part))) return !isEmpty(each);
    const name = parts.join("_");
    if (TELLS_THEM.test(name)) return !isEmpty(each) && !/^(?:false|no|none|off)$/i.test(String(each));
    // Zapier's own model fills in from its instructions what the other fields leave open, guests among it.
    if (name === "to" || (name === "instructions" && withInstructions)) return listOf(each).some(isAddress);
    return isNaming(each, withInstructions, depth + 1);
  });
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const isAddress = (value: unknown): boolean =>
  typeof value === "string" ? ADDRESS.test(value) : typeof value === "object" && value !== null;

const isEmpty = (value: unknown): boolean =>
  listOf(value).every(
    (each) =>
      each === undefined ||
      each === null ||
      each === false ||
      (typeof each === "string" && each.trim() === ""),
  );
