/** What is said before a key is asked for, written from the arguments alone. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MOST_LENGTH, readBackOf } from "../../../relay/call/read-back.ts";
import { lengthOf } from "../../../relay/call/read-back-spelling.ts";
import { LANGUAGES } from "../../../relay/call/spoken-words.ts";
import type { ToolArguments } from "../../../relay/call/tools.ts";
import { requests } from "./any-request.ts";

const QUESTION = " Press 1 to do it, 2 to cancel.";
const said = (action: string | readonly string[], args: ToolArguments, language?: string): string =>
  readBackOf(action, args, language).words;
/** Without the action and the question. */
const told = (args: ToolArguments): string => {
  const words = said("do", args);
  expect(words).toStartWith("Do. ");
  expect(words).toEndWith(QUESTION);
  return words.slice("Do. ".length, -QUESTION.length);
};

describe("a request is read back", () => {
  test("with its action, then whom it reaches, then the rest, then the question", () => {
    expect(
      said("gmail_send_email", {
        body: "I am ten minutes late.",
        subject: "Late",
        bcc: ["b.b@example.org"],
        to: "anna@example.com",
      }),
    ).toBe(
      "Gmail: send email. To: anna at example dot com. Hidden copy to: b dot b at example dot org. Content: I am ten minutes late. Subject: Late. Press 1 to do it, 2 to cancel.",
    );
  });

  test.each([
    ["todoist_delete_task", "Todoist: delete task."],
    ["google_calendar_create_detailed_event", "Google calendar: create detailed event."],
    ["zapier__gmail_send_email", "Zapier gmail: send email."],
    ["sendEmail", "Send email."],
    ["add_task", "Add task."],
    ["frobnicate", "Frobnicate."],
    ["Ünlü", "Ünlü."],
    ["", "Without a name."],
    ["***", "With signs that cannot be read out."],
    ["press_1_to_continue", "A text that speaks of pressing keys, 4 words long."],
  ])("the action %p is said in words", (action, words) => {
    expect(said(action, {})).toBe(`${words}${QUESTION}`);
  });

  test.each([
    ["en", "Press 1 to do it, 2 to cancel.", "anna at example dot com"],
    ["en-GB", "Press 1 to do it, 2 to cancel.", "anna at example dot com"],
    ["de", "Drücke 1, um es zu tun, 2, um abzubrechen.", "An: anna at example Punkt com"],
    ["fr", "Appuyez sur 1 pour le faire, sur 2 pour annuler.", "À: anna arobase example point com"],
    ["es-MX", "Pulse 1 para hacerlo, 2 para cancelar.", "Para: anna arroba example punto com"],
    ["it", "Premi 1 per farlo, 2 per annullare.", "A: anna chiocciola example punto com"],
    ["pt-BR", "Prima 1 para o fazer, 2 para cancelar.", "Para: anna arroba example ponto com"],
    ["NL", "Druk op 1 om het te doen, op 2 om te annuleren.", "Aan: anna apenstaartje example punt com"],
    ["ja", "Press 1 to do it, 2 to cancel.", "To: anna at example dot com"],
    [undefined, "Press 1 to do it, 2 to cancel.", "To: anna at example dot com"],
  ])("in the caller's language: %p", (language, question, recipient) => {
    const words = said("gmail_send_email", { to: "anna@example.com" }, language);
    expect(words).toContain(recipient);
    expect(words).toEndWith(` ${question}`);
  });

  test("as what an action of Zapier's is, with each of its arguments once", () => {
    const args = {
      selected_api: "GoogleMailV2CLIAPI",
      app: "gmail",
      action: "send_email",
      instructions: "Tell Anna",
      params: { to: ["anna@example.com"], cc: [], draft: false },
      output: "",
    };
    expect(said("gmail_send_email", args)).toBe(
      "Gmail: send email. To: anna at example dot com. Instructions: Tell Anna. selected api: GoogleMailV2CLIAPI. draft: no. Left empty: Copy to, output. Press 1 to do it, 2 to cancel.",
    );
  });

  test("as all that an action goes by: one name could hide what another does", () => {
    const args = { app: "gmail", action: "forward_message", params: { to: "eve@example.com" } };
    expect(
      said(["gmail_find_email", "gmail_forward_message"], { ...args, tool_name: "gmail_find_email" }),
    ).toBe(
      "Gmail: find email, Gmail: forward message. To: eve at example dot com. Press 1 to do it, 2 to cancel.",
    );
    expect(said(["gmail_forward_message"], args)).toStartWith("Gmail: forward message. To:");
  });

  test("naming an action that the arguments name otherwise", () => {
    expect(said("gmail_send_email", { action: "delete_email" })).toContain("action: delete email.");
  });
});

describe("nothing is left out", () => {
  test("and every argument has its name before it", () => {
    expect(told({ priority: 4, is_urgent: true, silent: false, "": "x", ratio: 0.5 })).toBe(
      "priority: 4. is urgent: yes. silent: no. Without a name: x. ratio: 0.5.",
    );
  });

  test("what is empty is named", () => {
    expect(told({ to: "Anna", cc: "", bcc: null, attachments: [], options: {}, note: " \n" })).toBe(
      "To: Anna. Left empty: Copy to, Hidden copy to, attachments, options, note.",
    );
  });

  test("an empty one among others is counted as one", () => {
    expect(told({ to: ["", "anna@example.com"] })).toBe("To: empty, anna at example dot com.");
  });

  test("lists of objects become a list for each of their names", () => {
    const attendees = [
      { name: "Anna", address: { email: "anna@example.com" } },
      { name: "Bob", address: { email: "bob@example.com" } },
    ];
    expect(told({ attendees })).toBe(
      "attendees name: Anna, Bob. attendees address email: anna at example dot com, bob at example dot com.",
    );
  });

  test("long texts are cut, and the rest is counted", () => {
    expect(told({ body: "word ".repeat(1_000) })).toMatch(
      /^Content: (?:word )+word, and 9\d\d more words\.$/,
    );
    const words = told({ to: "anna@example.com", body: "word ".repeat(500) });
    const heard = words.match(/word\b/g)?.length ?? 0;
    expect(words).toContain(`and ${500 - heard} more words`);
  });

  test("addresses and links in free instructions are named where the words are cut", () => {
    const instructions = `${"Send the report to everybody. ".repeat(40)} Also to eve@example.net and https://evil.example/?q=1`;
    expect(told({ instructions })).toMatch(
      /^Instructions: Send .*, and \d+ more words, eve at example dot net, a link to evil dot example\.$/,
    );
  });

  test("ten recipients are all named, whatever is written to them", () => {
    const to = Array.from({ length: 10 }, (_, at) => `person${at}@example.com`);
    const words = told({ to, body: "word ".repeat(500), subject: "word ".repeat(100) });
    expect(words.match(/person\S+ at example dot com/g)).toHaveLength(10);
    expect(words).not.toContain("of them");
  });

  test("forty recipients are counted, and who gets a hidden copy is still named", () => {
    const to = Array.from({ length: 40 }, (_, at) => `person${at}@example.com`);
    const words = told({ to: to.join(", "), bcc: "eve@example.net", subject: "Hello" });
    const named = words.match(/person\S+ at example dot com/g)?.length ?? 0;
    expect(named).toBeGreaterThan(3);
    expect(words).toContain(
      `and ${40 - named} more of them. Hidden copy to: eve at example dot net. Subject:`,
    );
  });

  test("what there is no time for is counted, and how much of it may say who gets it", () => {
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, at) => [`guest_${at}_email`, `guest${at}@example.com`]),
    );
    const words = told({ ...many, note: "Hello" });
    const named = words.match(/email: guest/g)?.length ?? 0;
    expect(named).toBeGreaterThan(3);
    expect(words).toEndWith(
      ` ${51 - named} further details are not read out, ${50 - named} of which may say who gets it.`,
    );
  });

  test("more arguments than anybody listens to are counted", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`a${at}`, at]));
    const words = told(many);
    const named = words.match(/a\d+: \d+\./g)?.length ?? 0;
    expect(words).toEndWith(` ${5_000 - named} further details are not read out.`);
  });

  test("what is nested too deeply is counted, for it could name anybody", () => {
    const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => ({ in: inner }), "eve@example.net");
    expect(told({ deep })).toBe("1 further detail is not read out, 1 of which may say who gets it.");
  });
});

describe("the question cannot be dressed up", () => {
  test.each([
    ["as one text", { body: "Press 1 to hear your tasks" }],
    ["in a list", { tags: ["please press", "1"] }],
    ["by a name and its value", { press: "1 to hear your tasks" }],
    ["by a name alone", { "press 1 to hear your tasks": "yes" }],
    ["over two arguments", { note: "to hear your tasks press", zero: "1" }],
    ["in nested names", { press: { one: "hear your tasks" } }],
    ["by a name that holds nothing", { "press 1 for your tasks": null }],
    ["by a name and a number", { press: 1 }],
  ])("%s", (_, args) => {
    const words = told(args);
    expect(words).toContain("a text that speaks of pressing keys");
    expect(words.replaceAll("pressing keys", "")).not.toMatch(/press/i);
  });

  test("and what a name makes a question of is not read either", () => {
    expect(told({ press: "1 to hear your tasks", to: "Anna" })).toBe(
      "To: Anna. a text that speaks of pressing keys, 1 word long: a text that speaks of pressing keys, 5 words long.",
    );
  });

  test.each(LANGUAGES.map((language) => [language]))("by its own words in %s", (language) => {
    const [, question = ""] = /\. ([^.]+\.)$/.exec(said("do", {}, language)) ?? [];
    for (const other of LANGUAGES) {
      const words = said("do", { body: `Your tasks. ${question}` }, other);
      expect(words.replace(/[^.]+\.$/, "")).not.toContain(question.replace(/[,.].*/, ""));
    }
  });

  test("a text that looks like a name and its value is part of the value", () => {
    expect(told({ to: "eve@example.net", subject: "Hi.\nTo: anna@example.com" })).toBe(
      "To: eve at example dot net. Subject: Hi, To, anna at example dot com.",
    );
  });
});

describe("whatever the arguments are", () => {
  const sentences = fc.tuple(requests, fc.constantFrom(...LANGUAGES, "ja"));

  test("the words last no longer than 45 seconds", () => {
    fc.assert(
      fc.property(sentences, ([{ action, args }, language]) => {
        expect(lengthOf(said(action, args, language))).toBeLessThanOrEqual(MOST_LENGTH);
      }),
    );
  });

  test("they hold no sign that could end, quote or hide anything", () => {
    fc.assert(
      fc.property(sentences, ([{ action, args }, language]) => {
        expect(said(action, args, language)).toMatch(/^[\p{L}\p{M}\p{N}\p{Sc} .,:'%&°/-]+$/u);
      }),
    );
  });

  test("they end with the question, and begin with nothing like it", () => {
    fc.assert(
      fc.property(requests, ({ action, args }) => {
        const words = said(action, args);
        expect(words.indexOf("Press 1")).toBe(words.length - QUESTION.length + 1);
        expect(words).toEndWith(QUESTION);
      }),
    );
  });

  test("each argument is said, found empty, or counted", () => {
    const values = fc.oneof(
      fc.lorem({ maxCount: 5 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(""),
      fc.constant(null),
    );
    const names = fc.stringMatching(/^[b-d]{3}[xyz]$/);
    fc.assert(
      fc.property(fc.dictionary(names, values, { maxKeys: 70 }), (args) => {
        const words = told({ ...args, last: 1 });
        const named = Object.keys({ ...args, last: 1 }).filter((name) =>
          new RegExp(`\\b${name}\\b`).test(words),
        );
        const more = Number(/and (\d+) more of them/.exec(words)?.[1] ?? 0);
        const unsaid = Number(/(\d+) further details? (?:is|are) not read out/.exec(words)?.[1] ?? 0);
        expect(named.length + more + unsaid).toBe(Object.keys(args).length + 1);
      }),
    );
  });

  test("two different recipients do not sound alike", () => {
    fc.assert(
      fc.property(fc.emailAddress(), fc.emailAddress(), (one, other) => {
        fc.pre(one.toLowerCase() !== other.toLowerCase() && one.length < 40 && other.length < 40);
        expect(told({ to: one }).toLowerCase()).not.toBe(told({ to: other }).toLowerCase());
      }),
    );
  });
});
