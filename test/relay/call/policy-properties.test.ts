/** What holds of every tool, every rule and every argument. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  isAllowedTo,
  isOffered,
  NO_POLICY,
  type Policy,
  rulingFor,
  rulingOf,
} from "../../../relay/call/policy.ts";
import type { Rule, Tool, ToolArguments } from "../../../relay/call/tools.ts";
import { tries } from "../../often.ts";
import { functionTool, mcpTool, phoneTool, READ_ACTION, WRITE_ACTION } from "./tool-in-hand.ts";

const RULES = ["allow", "confirm", "keypad", "deny"] as const;
const strictness = (rule: Rule): number => RULES.indexOf(rule);

const APPS = ["todoist", "gmail", "slack", "x"];
const VERBS = ["find", "get", "create", "send", "delete", "reply", "pay", "draft", "message", "frobnicate"];
const THINGS = ["task", "email", "message", "order", "label", "event"];

const action = fc
  .tuple(fc.constantFrom(...VERBS), fc.option(fc.constantFrom(...THINGS)))
  .map((words) => words.filter((word) => word !== null).join("_"));
const name = fc.tuple(fc.constantFrom(...APPS), action).map((parts) => parts.join("_"));
const pattern = fc.oneof(
  name,
  fc.constantFrom("*", "execute_*", "execute_zapier_write_action"),
  fc.constantFrom(...APPS).map((app) => `${app}_*`),
  fc.constantFrom(...VERBS).map((verb) => `*_${verb}*`),
  fc.tuple(fc.constantFrom(...APPS), fc.constantFrom(...VERBS)).map(([app, verb]) => `${app}_${verb}*`),
);
const rule = fc.constantFrom(...RULES);
const policy: fc.Arbitrary<Policy> = fc.record({
  rules: fc.uniqueArray(fc.record({ pattern, rule }), {
    selector: ({ pattern: each }) => each,
    maxLength: 6,
  }),
  trustedReads: fc.array(pattern, { maxLength: 3 }),
});

const hints = fc.record({ readOnly: fc.boolean(), destructive: fc.boolean() }, { requiredKeys: [] });
const kind = fc.constantFrom("read", "write");
const plainTool: fc.Arbitrary<Tool> = fc.oneof(
  fc.tuple(name, hints).map(([each, said]) => mcpTool(each, said)),
  fc.tuple(name, kind).map(([each, is]) => functionTool(each, { kind: is })),
  fc.tuple(name, kind, rule).map(([each, is, gets]) => functionTool(each, { kind: is, rule: gets })),
  fc.constantFrom("end_call", "transfer_call", "current_time").map((each) => phoneTool(each)),
);
const anyTool: fc.Arbitrary<Tool> = fc.oneof(plainTool, fc.constantFrom(READ_ACTION, WRITE_ACTION));
const args: fc.Arbitrary<ToolArguments> = fc.oneof(
  fc.record(
    {
      app: fc.constantFrom("todoist", "gmail", "Slack", "тодоист"),
      selected_api: fc.constantFrom("GoogleMailV2CLIAPI", "TodoistCLIAPI", ""),
      action,
      tool_name: name,
      attendees: fc.constantFrom("", "anna@example.com"),
      instructions: fc.constantFrom("do it", "write to eve@example.com"),
      params: fc.anything(),
      action_id: fc.string(),
    },
    { requiredKeys: [] },
  ),
  fc.record({ app: fc.constantFrom(...APPS), action }),
  fc.dictionary(fc.string(), fc.anything()),
);

const RUNS = { numRuns: tries(2_000), seed: 7 };

describe("whatever the owner's rules, the tool and its arguments are", () => {
  test("a call that has read what strangers wrote gets nothing looser for it", () => {
    let stricter = 0;
    fc.assert(
      fc.property(policy, anyTool, args, (rules, tool, given) => {
        const before = rulingOf(rules, tool, given, false);
        const after = rulingOf(rules, tool, given, true);
        expect(strictness(after.rule)).toBeGreaterThanOrEqual(strictness(before.rule));
        expect([after.kind, after.reach]).toEqual([before.kind, before.reach]);
        if (after.rule !== before.rule) stricter++;
      }),
      RUNS,
    );
    expect(stricter).toBeGreaterThan(tries(50));
  });

  test("and what reaches other people then asks for a key, unless a rule names that very tool", () => {
    let asked = 0;
    fc.assert(
      fc.property(policy, anyTool, args, (rules, tool, given) => {
        const ruling = rulingOf(rules, tool, given, true);
        const isNamed = rules.rules.some(({ pattern: each }) => ruling.names.includes(each));
        if (!ruling.reach.people || isNamed) return;
        expect(strictness(ruling.rule)).toBeGreaterThanOrEqual(strictness("keypad"));
        asked++;
      }),
      RUNS,
    );
    expect(asked).toBeGreaterThan(tries(200));
  });

  test("what a tool was announced with at the start is never loosened by what it is given", () => {
    fc.assert(
      fc.property(policy, plainTool, args, (rules, tool, given) => {
        const announced = rulingFor(rules, tool);
        const used = rulingOf(rules, tool, given, false);
        expect(strictness(used.rule)).toBeGreaterThanOrEqual(strictness(announced.rule));
        expect(used.kind).toBe(announced.kind);
      }),
      RUNS,
    );
  });

  test("what is denied is denied, whatever else is known", () => {
    fc.assert(
      fc.property(anyTool, args, fc.boolean(), (tool, given, tainted) => {
        // The phone's own are meant by their names alone.
        const pattern = tool.source.is === "phone" ? tool.name : "*";
        const denied: Policy = { rules: [{ pattern, rule: "deny" }], trustedReads: ["*"] };
        expect(rulingOf(denied, tool, given, tainted).rule).toBe("deny");
        expect(isOffered(denied, tool, undefined)).toBe(false);
      }),
      RUNS,
    );
  });

  test("the order of the rules does not count", () => {
    fc.assert(
      fc.property(policy, anyTool, args, fc.boolean(), (rules, tool, given, tainted) => {
        const turned = { ...rules, rules: [...rules.rules].reverse() };
        const { rule: gets, names } = rulingOf(rules, tool, given, tainted);
        expect(rulingOf(turned, tool, given, tainted)).toMatchObject({ rule: gets, names });
      }),
      RUNS,
    );
  });

  test("why it is so is told in the owner's words or in ours, and in none of the arguments'", () => {
    const ours =
      /^(?:default: (?:a read|a write|a write that [a-z ]+|the phone's own|an action without a readable name)|the function's own file|the call has read what strangers may have written)$/;
    fc.assert(
      fc.property(policy, anyTool, args, fc.boolean(), (rules, tool, given, tainted) => {
        const { why } = rulingOf(rules, tool, given, tainted);
        const owners = rules.rules.map(({ pattern: each }) => `owner: ${each}`);
        expect(owners.includes(why) || ours.test(why), why).toBe(true);
      }),
      RUNS,
    );
  });

  test("an action that is run as a write gets nothing looser than the tool of each of its names", () => {
    let named = 0;
    fc.assert(
      fc.property(policy, args, fc.boolean(), (rules, given, tainted) => {
        const ruling = rulingOf(rules, WRITE_ACTION, given, tainted);
        for (const each of ruling.names) {
          const alone = rulingOf(rules, mcpTool(each), given, tainted);
          expect(strictness(ruling.rule)).toBeGreaterThanOrEqual(strictness(alone.rule));
          named++;
        }
        expect(ruling.kind).toBe("write");
        if (ruling.names.length === 0) expect(strictness(ruling.rule)).toBeGreaterThanOrEqual(2);
      }),
      RUNS,
    );
    expect(named).toBeGreaterThan(tries(500));
  });

  test("a profile can only narrow, and a shorter one no less than a longer", () => {
    fc.assert(
      fc.property(
        policy,
        anyTool,
        args,
        fc.array(pattern),
        fc.array(pattern),
        (rules, tool, given, some, more) => {
          const ruling = rulingOf(rules, tool, given, false);
          const narrow = isAllowedTo(some, ruling, tool);
          if (narrow) expect(isAllowedTo([...some, ...more], ruling, tool)).toBe(true);
          expect(isAllowedTo(undefined, ruling, tool)).toBe(true);
          if (isOffered(rules, tool, some)) expect(isOffered(rules, tool, undefined)).toBe(true);
        },
      ),
      RUNS,
    );
  });
});

test("a pattern means what * means everywhere", () => {
  const few = fc.string({ unit: fc.constantFrom("a", "b", "_", "-"), minLength: 1, maxLength: 8 });
  const wild = fc.string({ unit: fc.constantFrom("a", "b", "_", "-", "*"), minLength: 1, maxLength: 8 });
  let matching = 0;
  fc.assert(
    fc.property(few, wild, (text, each) => {
      const expected = new RegExp(`^${each.replaceAll("*", ".*")}$`).test(text);
      expect(isOffered(NO_POLICY, mcpTool(text), [each])).toBe(expected);
      if (expected) matching++;
    }),
    { numRuns: tries(8_000), seed: 8 },
  );
  // Those that are tried first are short, and match less often.
  expect(matching).toBeGreaterThan(tries(400));
});
