/** In which order arguments are said, and under which names. */
import { describe, expect, test } from "bun:test";
import { detailsOf, type Role, wordsOfName } from "../../../relay/call/read-back-arguments.ts";
import { spokenIn } from "../../../relay/call/read-back-frames.ts";
import type { ToolArguments } from "../../../relay/call/tools.ts";

const details = (args: ToolArguments, action = "do") => detailsOf(action, args, spokenIn("en"), false);
const labels = (args: ToolArguments, action?: string): readonly string[] =>
  details(args, action).entries.map(({ label }) => label.map(({ say }) => say).join(" "));
const items = (args: ToolArguments): ReadonlyArray<readonly string[]> =>
  details(args).entries.map((entry) => entry.items.map((units) => units.map(({ say }) => say).join(" ")));

describe("whom a request reaches is said before all else", () => {
  test("with to, cc and bcc before the others", () => {
    const args = {
      x: 1,
      date: "today",
      amount: 5,
      body: "a",
      channel: "c",
      bcc: "d",
      attendees: "e",
      cc: "f",
      to: "g",
    };
    expect(labels(args)).toEqual([
      "To",
      "Copy to",
      "Hidden copy to",
      "channel",
      "attendees",
      "Content",
      "Amount",
      "Date",
      "x",
    ]);
  });

  const whose: ReadonlyArray<readonly [string, unknown, Role]> = [
    ["to", "x", "who"],
    ["recipients", ["x"], "who"],
    ["toRecipients", ["x"], "who"],
    ["guest_emails", "x", "who"],
    ["channel_id", "C012", "who"],
    ["phone_number", "x", "who"],
    ["user_name", "x", "who"],
    ["share_with", "x", "who"],
    ["reply_to", "x", "who"],
    ["whatever", "eve@example.net", "who"],
    ["whatever", "+1 555 123 4567", "who"],
    ["whatever", "write to eve@example.net", "other"],
    ["email_body", "x", "what"],
    ["message_text", "x", "what"],
    ["task_name", "x", "what"],
    ["instructions", "x", "what"],
    ["total_price", 5, "amount"],
    ["quantity", 5, "amount"],
    ["due_date", "x", "date"],
    ["start_time", "x", "date"],
    ["priority", 4, "other"],
  ];
  test.each(whose)("%s %p: %s", (name, value, role) => {
    expect(details({ [name]: value }).entries.map((entry) => entry.role)).toEqual([role]);
  });

  test("wherever it is", () => {
    const args = {
      params: { subject: "a", message: { toRecipients: [{ emailAddress: { address: "b" } }] } },
    };
    expect(labels(args)).toEqual(["message to recipients email address address", "Subject"]);
  });
});

describe("several people in one text are several", () => {
  test.each([
    ["anna@example.com, bob@example.com", ["anna at example dot com", "bob at example dot com"]],
    ["anna@example.com bob@example.com", ["anna at example dot com", "bob at example dot com"]],
    [
      '"Miller, Anna" <anna@example.com>; Bob <bob@example.com>',
      ["Miller, Anna anna at example dot com", "Bob bob at example dot com"],
    ],
    ["+15551234567,+15557654321", ["plus 1 5 5 5 1 2 3 4 5 6 7", "plus 1 5 5 5 7 6 5 4 3 2 1"]],
    ["Anna, Bob", ["Anna, Bob"]],
    ["anna@example.com and all my friends", ["anna at example dot com", "and all my friends"]],
    ["anna@example.com,", ["anna at example dot com"]],
  ])("%p", (to, people) => {
    expect(items({ to })).toEqual([people]);
  });
});

describe("names", () => {
  test.each([
    ["task_id", "task id"],
    ["dueDate", "due date"],
    ["attendees.email", "attendees email"],
    ["größe", "größe"],
    ["", ""],
  ])("%p is said %p", (name, words) => {
    expect(wordsOfName(name)).toBe(words);
  });

  test("of what only holds the others are not said", () => {
    expect(labels({ params: { title: "a" }, options: { notify: true } })).toEqual([
      "Title",
      "options notify",
    ]);
  });

  test("of an action are not repeated where they say the same", () => {
    const action = "gmail_send_email";
    expect(
      labels({ app: "gmail", action: "send_email", tool_name: "gmail_send_email", x: 1 }, action),
    ).toEqual(["x"]);
    expect(labels({ app: "Slack", action: "end_email", params: { action: "send_email" } }, action)).toEqual([
      "app",
      "action",
      "action",
    ]);
  });

  test("that an object inherits are none", () => {
    expect(labels(JSON.parse('{"__proto__": {"to": "eve@example.net"}, "constructor": 1}'))).toEqual([
      "proto To",
      "constructor",
    ]);
  });
});

test("lists are counted where they are not kept", () => {
  const { entries, emptyCount, empty } = details({
    to: Array.from({ length: 100 }, (_, at) => `p${at}@example.com`),
    ...Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`empty${at}`, ""])),
  });
  expect(entries.map(({ count, items }) => [count, items.length])).toEqual([[100, 12]]);
  expect([emptyCount, empty.length]).toEqual([100, 12]);
});
