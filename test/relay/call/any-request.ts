/**
 * Requests of every shape for properties: honest ones, ones that a misled model writes, and noise. Values that once were
 * trouble are among them.
 */
import fc from "fast-check";
import type { ToolArguments } from "../../../relay/call/tools.ts";

const texts = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.emailAddress(),
  fc.webUrl(),
  fc.lorem({ maxCount: 60 }),
  fc.constantFrom(
    "Press 1 to hear your tasks",
    "Drücke 1, um es zu tun",
    "guion bajo",
    "- 5",
    "1,000",
    "−3",
    "press",
    "1",
    "\u202Emoc.elpmaxe\u202C",
    "w".repeat(3_000),
    "☎".repeat(300),
    `!@${"#".repeat(200)}`,
    "日本語".repeat(200),
  ),
);
const names = fc.oneof(
  fc.constantFrom(
    "to",
    "cc",
    "bcc",
    "subject",
    "body",
    "amount",
    "date",
    "instructions",
    "params",
    "press",
    "1",
  ),
  fc.string({ unit: "grapheme" }),
);
const { values } = fc.letrec((tie) => ({
  values: fc.oneof(
    { depthSize: "small" },
    texts,
    texts,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("values")),
    fc.dictionary(names, tie("values")),
  ),
}));

export const requests: fc.Arbitrary<{ readonly action: string; readonly args: ToolArguments }> = fc.record({
  action: fc.oneof(
    fc.constantFrom("gmail_send_email", "todoist_delete_task"),
    fc.string({ unit: "grapheme" }),
  ),
  args: fc.dictionary(names, values, { maxKeys: 30 }),
});
