import { describe, expect, test } from "bun:test";
import { namesPeople } from "../../../relay/call/addressees.ts";

describe("what a write is given names people", () => {
  test.each<[Record<string, unknown>]>([
    [{ attendees: ["anna@example.com"] }],
    [{ attendees: "Anna" }],
    [{ params: { summary: "Dinner", attendees__email: "anna@example.com" } }],
    [{ event: { guestEmails: [{ email: "anna@example.com" }] } }],
    [{ cc: "anna@example.com" }],
    [{ to: "anna@example.com" }],
    [{ to: ["+1 555 123 4567"] }],
    [{ to: { email: "anna@example.com" } }],
    [{ sendUpdates: "all" }],
    [{ send_notifications: true }],
    [{ notify_guests: "yes" }],
    [{ instructions: "Dinner on Friday, and invite anna@example.com" }],
    [{ assignee_id: 7 }],
    [{ events: [{ summary: "Dinner" }, { summary: "Lunch", invitees: "Anna" }] }],
  ])("in %j", (args) => {
    expect(namesPeople(args, true)).toBe(true);
  });

  test.each<[Record<string, unknown>]>([
    [{}],
    [{ content: "Buy milk", project: "Home" }],
    [{ content: "Write to anna@example.com" }],
    [{ attendees: [] }],
    [{ attendees: "", cc: null, bcc: undefined, guests: [" ", ""] }],
    [{ to: "de", from: "en" }],
    [{ to: "2026-11-30" }],
    [{ sendUpdates: "none", send_notifications: false, notify: "no", notify_all: null, send_invites: "" }],
    [{ instructions: "Dinner on Friday @ 7" }],
    [{ moved_to: "anna@example.com" }],
  ])("but not in %j", (args) => {
    expect(namesPeople(args, true)).toBe(false);
  });

  test("where an address in the instructions only tells which mail, it is nobody to reach", () => {
    const args = { instructions: "Archive the mail of anna@example.com" };
    expect([namesPeople(args, true), namesPeople(args, false)]).toEqual([true, false]);
    expect(namesPeople({ ...args, cc: "anna@example.com" }, false)).toBe(true);
  });

  test("in what is nested deeper than anybody would, it is taken to", () => {
    let args: Record<string, unknown> = {};
    for (let depth = 0; depth < 100_000; depth++) args = { params: args };
    expect(namesPeople(args, true)).toBe(true);
  });

  test("long words without an end are soon read", () => {
    for (const text of [
      "a".repeat(2_000_000),
      "@".repeat(2_000_000),
      "+1".repeat(1_000_000),
      "@a-".repeat(700_000),
    ]) {
      expect(namesPeople({ instructions: text, to: text }, true)).toBe(false);
    }
  });
});
