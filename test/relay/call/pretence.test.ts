import { describe, expect, test } from "bun:test";
import { type Pretence, pretence } from "../../../relay/call/pretence.ts";

const TOOLS = ["todoist_create_task", "gmail_send_email", "search", "end_call"];

const rows = (language: string | undefined, expected: Pretence | undefined, table: string) =>
  describe(`${language ?? "no language"}: ${expected ?? "nothing"}`, () => {
    test.each(
      table
        .trim()
        .split("\n")
        .map((line) => [line.trim()]),
    )("%p", (words) => expect(pretence(words, TOOLS, language)).toBe(expected));
  });

rows(
  "en",
  "claims",
  `
  I've added milk to your list.
  I have sent the email.
  Done, it's on your list.
  Okay, I've added milk and eggs. Anything else?
  All done!
  Your email has been sent.`,
);
rows(
  "en",
  "promises",
  `
  Let me check your tasks.
  One moment, I'll look that up.
  Sure, I'll send that now.
  Just a moment, please.
  Let me check if Anna wrote back.
  I'm checking your calendar now. Thanks for your patience.`,
);
rows(
  "en",
  "spells_out",
  `
  {"name": "todoist_create_task", "arguments": {"content": "milk"}}
  todoist_create_task(content="milk")
  I will use gmail_send_email.
  search("milk")
  Calling todoist underscore create underscore task.`,
);
rows(
  "en",
  undefined,
  `
  Shall I add it?
  I can check your tasks.
  I'd send Anna this: I'm ten minutes late. Do you want me to send it?
  I'll send it once you confirm.
  If you say yes, I'll send it.
  I couldn't send the email.
  I haven't sent anything.
  I've sent nothing.
  Anna says she has sent you an email.
  Anna writes: I've added Bob to the list.
  Let me check: you have three tasks.
  Let me check. You have three tasks.
  Hello, how can I help you?
  I'll let you know.
  Your search has three results.
  I'll put it simply.`,
);
rows(
  "de",
  "claims",
  `
  Ich habe Milch zu deiner Liste hinzugefügt.
  Erledigt!`,
);
rows(
  "de",
  "promises",
  `
  Einen Moment, ich schaue nach.
  Ich füge Milch hinzu.`,
);
rows(
  "de",
  undefined,
  `
  Ich habe nichts gesendet.
  Soll ich Milch hinzufügen?
  Ich kann nachsehen.
  Sobald du bestätigst, sende ich die E-Mail.`,
);
