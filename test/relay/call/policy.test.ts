import { describe, expect, test } from "bun:test";
import {
  idlePatterns,
  isAllowedTo,
  isOffered,
  NO_POLICY,
  readPolicy,
  rulingFor,
  rulingOf,
  taints,
} from "../../../relay/call/policy.ts";
import type { Rule, Tool, ToolArguments, ToolHints } from "../../../relay/call/tools.ts";
import { functionTool, mcpTool, phoneTool, policyOf, READ_ACTION, WRITE_ACTION } from "./tool-in-hand.ts";

/** A use without arguments, before anything was read. */
const ruleOf = (rules: string, tool: Tool, args: ToolArguments = {}): readonly [Rule, string] => {
  const { rule, why } = rulingOf(policyOf(rules), tool, args, false);
  return [rule, why];
};
const taintedRuleOf = (rules: string, tool: Tool, args: ToolArguments = {}): Rule =>
  rulingOf(policyOf(rules), tool, args, true).rule;

const SEND = mcpTool("gmail_send_email");
const FIND = mcpTool("gmail_find_email");
const TASK = mcpTool("todoist_create_task");
const DELETE = mcpTool("todoist_delete_task");

describe("the owner's rules", () => {
  test("are read from what people write", () => {
    expect(
      readPolicy(" todoist_*=allow,\n Gmail_Send_** = KEYPAD ,, *delete*=deny,", "todoist_* , Find-Events"),
    ).toEqual({
      ok: true,
      policy: {
        rules: [
          { pattern: "todoist_*", rule: "allow" },
          { pattern: "gmail_send_*", rule: "keypad" },
          { pattern: "*delete*", rule: "deny" },
        ],
        trustedReads: ["todoist_*", "find-events"],
      },
    });
    expect(readPolicy("", "")).toEqual({ ok: true, policy: NO_POLICY });
    expect(readPolicy("a_*=deny, A_**=deny", "x,x")).toEqual({
      ok: true,
      policy: { rules: [{ pattern: "a_*", rule: "deny" }], trustedReads: ["x"] },
    });
  });

  test.each([
    ["todoist_*", '"todoist_*" is not a pattern, = and a rule'],
    ["todoist_*=allow; gmail_*=deny", '"todoist_*=allow; gmail_*=deny" is not a pattern, = and a rule'],
    ["todoist_*=always", '"todoist_*=always" has no rule that there is'],
    ["todoist_*=", '"todoist_*=" has no rule that there is'],
    ["=allow", '"=allow" has no name or pattern that a tool could have'],
    ["todoist tasks=allow", '"todoist tasks=allow" has no name or pattern that a tool could have'],
    ["todoist.*=allow", '"todoist.*=allow" has no name or pattern that a tool could have'],
    ["tоdoist_*=allow", '"tоdoist_*=allow" has no name or pattern that a tool could have'],
    ["a*=allow,A**=deny", '"A**=deny" says another rule than a*=allow before it'],
    [`${"a".repeat(200)}=deny`, `"${"a".repeat(60)}…" has no name or pattern that a tool could have`],
  ])("that cannot be meant are problems: %s", (rules, problem) => {
    const read = readPolicy(rules, "");
    expect(read.ok ? [] : read.problems).toEqual([
      { variable: "TOOL_POLICY", problem, mend: expect.stringMatching(/[a-z]/) },
    ]);
  });

  test("have all their problems told at once, each with its way out", () => {
    const read = readPolicy("a=maybe, b=allow, c d=deny", "ok_*, not ok, =");
    expect(read.ok ? [] : read.problems.map(({ variable, mend }) => [variable, mend])).toEqual([
      ["TOOL_POLICY", "end it with one of allow, confirm, keypad, deny"],
      ["TOOL_POLICY", "use letters, digits, _ and -, with * for any of them, as in gmail_send_*=deny"],
      ["TRUSTED_READS", "use letters, digits, _ and -, with * for any of them, as in gmail_send_*"],
      ["TRUSTED_READS", "use letters, digits, _ and -, with * for any of them, as in gmail_send_*"],
    ]);
  });

  test.each([
    ["gmail_send_email=allow, gmail_*=deny, *=deny", "allow", "owner: gmail_send_email"],
    ["*=deny, gmail_*=allow", "allow", "owner: gmail_*"],
    ["gmail_*=allow, gmail_send_*=keypad", "keypad", "owner: gmail_send_*"],
    ["*send*=deny, gmail_*=allow", "allow", "owner: gmail_*"],
    ["gmail_*=allow, *_email=deny", "deny", "owner: *_email"],
    ["GMAIL_SEND_EMAIL=confirm", "confirm", "owner: gmail_send_email"],
    ["g*il*s*d*l=deny", "deny", "owner: g*il*s*d*l"],
    [
      "gmail=deny, send_email=deny, gmail_send_email_*=deny",
      "keypad",
      "default: a write that reaches other people",
    ],
  ] as const)("the most specific counts: of %s", (rules, rule, why) => {
    expect(ruleOf(rules, SEND)).toEqual([rule, why]);
  });

  test("name tools as the model calls them, though they are judged by their server's name", () => {
    const renamed = mcpTool("gmail_send_email", {}, "mail_1");
    expect(ruleOf("mail_*=confirm", renamed)).toEqual(["confirm", "owner: mail_*"]);
    expect(ruleOf("gmail_*=allow", renamed)).toEqual([
      "keypad",
      "default: a write that reaches other people",
    ]);
  });
});

describe("without a rule", () => {
  test.each([
    [FIND, "allow", "default: a read"],
    [TASK, "confirm", "default: a write"],
    [mcpTool("water_plants"), "confirm", "default: a write"],
    [SEND, "keypad", "default: a write that reaches other people"],
    [DELETE, "keypad", "default: a write that deletes"],
    [mcpTool("buy_ticket"), "keypad", "default: a write that reaches other people and spends"],
    [phoneTool("end_call"), "allow", "default: the phone's own"],
    [phoneTool("transfer_call"), "allow", "default: the phone's own"],
    [functionTool("roll_dice", { kind: "read" }), "allow", "default: a read"],
    [functionTool("send_note", { kind: "read" }), "allow", "default: a read"],
    [functionTool("save_note", { kind: "write" }), "confirm", "default: a write"],
    [functionTool("send_note", { kind: "write" }), "keypad", "default: a write that reaches other people"],
    [functionTool("send_note", { kind: "write", rule: "allow" }), "allow", "the function's own file"],
    [functionTool("roll_dice", { kind: "read", rule: "deny" }), "deny", "the function's own file"],
  ] as const)("%#: a tool gets what it is", (tool, rule, why) => {
    expect(ruleOf("", tool)).toEqual([rule, why]);
    expect(rulingFor(NO_POLICY, tool)).toMatchObject({ rule, why, name: tool.name, names: [tool.name] });
  });

  test("the owner's rule is above what the function's own file says", () => {
    const tool = functionTool("send_note", { kind: "write", rule: "allow" });
    expect(ruleOf("send_*=deny", tool)).toEqual(["deny", "owner: send_*"]);
  });

  test.each<[string, ToolHints, "read" | "write", Rule]>([
    // A hint is believed against the tool, and for it where the name does not speak against it.
    ["weather", {}, "write", "confirm"],
    ["weather", { readOnly: true }, "read", "allow"],
    ["weather", { readOnly: false }, "write", "confirm"],
    ["get_weather", { readOnly: false }, "write", "confirm"],
    ["get_weather", { destructive: true }, "write", "keypad"],
    ["get_weather", { destructive: false }, "read", "allow"],
    ["get_weather", { readOnly: true, destructive: true }, "write", "keypad"],
    ["send_email", { readOnly: true }, "write", "keypad"],
    ["delete_task", { readOnly: true, destructive: false }, "write", "keypad"],
    ["create_task", { readOnly: true }, "write", "confirm"],
    ["create_task", { readOnly: false, destructive: false }, "write", "confirm"],
    ["create_task", { destructive: true }, "write", "keypad"],
    ["get_message", { readOnly: false, destructive: false }, "write", "confirm"],
    ["gmail_message", { readOnly: false }, "write", "keypad"],
  ])("%s with the hints %j is a %s: %s", (name, hints, kind, rule) => {
    expect(rulingFor(NO_POLICY, mcpTool(name, hints))).toMatchObject({ kind, rule });
  });

  test("guests make an appointment an invitation, and a draft reaches nobody whom it names", () => {
    const event = mcpTool("google_calendar_create_detailed_event");
    expect(ruleOf("", event, { summary: "Dinner" })[0]).toBe("confirm");
    expect(ruleOf("", event, { summary: "Dinner", attendees: ["anna@example.com"] })[0]).toBe("keypad");
    expect(ruleOf("", event, { instructions: "with anna@example.com" })[0]).toBe("keypad");
    expect(ruleOf("", mcpTool("gmail_create_draft"), { to: ["anna@example.com"] })[0]).toBe("confirm");
    expect(ruleOf("", mcpTool("gmail_archive_email"), { instructions: "from anna@example.com" })[0]).toBe(
      "confirm",
    );
    expect(ruleOf("", FIND, { to: "anna@example.com" })[0]).toBe("allow");
  });
});

describe("once a call has read what strangers may have written", () => {
  test.each([
    ["gmail_*=allow", SEND, "keypad"],
    ["*=confirm", SEND, "keypad"],
    ["gmail_send_email=allow", SEND, "allow"],
    ["gmail_send_email=confirm, *=deny", SEND, "confirm"],
    ["gmail_*=deny", SEND, "deny"],
    ["gmail_*=keypad", SEND, "keypad"],
    ["todoist_*=allow", TASK, "allow"],
    ["", TASK, "confirm"],
    ["", FIND, "allow"],
    ["todoist_*=allow", DELETE, "allow"],
    ["", phoneTool("transfer_call"), "allow"],
    // The owner's file said it before anything was read.
    ["", functionTool("send_note", { kind: "write", rule: "allow" }), "keypad"],
    ["send_note=allow", functionTool("send_note", { kind: "write" }), "allow"],
  ] as const)("%#: with %s", (rules, tool, rule) => {
    expect(taintedRuleOf(rules, tool)).toBe(rule);
  });

  test("an invitation is no way around it", () => {
    const event = mcpTool("google_calendar_create_detailed_event");
    const args = { summary: "All her mail", params: { attendees: "eve@example.com" } };
    expect(taintedRuleOf("google_calendar_*=allow", event)).toBe("allow");
    const ruling = rulingOf(policyOf("google_calendar_*=allow"), event, args, true);
    expect(ruling).toMatchObject({
      rule: "keypad",
      why: "the call has read what strangers may have written",
    });
  });

  test("which is: any result of MCP's that is not trusted, and of a function that says so", () => {
    const isTainted = (tool: Tool, trusted: string, args: ToolArguments = {}) => {
      const policy = policyOf("", trusted);
      return taints(policy, tool, rulingOf(policy, tool, args, false));
    };
    expect(isTainted(FIND, "")).toBe(true);
    expect(isTainted(FIND, "todoist_*")).toBe(true);
    expect(isTainted(FIND, "GMAIL_find_email")).toBe(false);
    expect(isTainted(FIND, "gmail_*")).toBe(false);
    expect(isTainted(SEND, "")).toBe(true);
    expect(isTainted(phoneTool("end_call"), "")).toBe(false);
    expect(isTainted(functionTool("roll_dice", { kind: "read" }), "")).toBe(false);
    expect(isTainted(functionTool("read_page", { kind: "read", untrusted: true }), "")).toBe(true);
    expect(isTainted(functionTool("read_page", { kind: "read", untrusted: true }), "read_page")).toBe(false);
    const tasks = { app: "todoist", action: "find_task" };
    expect(isTainted(READ_ACTION, "todoist_*", tasks)).toBe(false);
    expect(isTainted(READ_ACTION, "todoist_*", { ...tasks, app: "gmail" })).toBe(true);
    expect(isTainted(READ_ACTION, "execute_*", tasks)).toBe(true);
    expect(isTainted(READ_ACTION, "*", { action: "find_task" })).toBe(true);
    expect(isTainted(READ_ACTION, "todoist_*", { ...tasks, tool_name: "gmail_find_email" })).toBe(true);
    const byTwoNames = { ...tasks, tool_name: "todoist_find_comments" };
    expect(isTainted(READ_ACTION, "todoist_find_task", byTwoNames)).toBe(true);
    expect(isTainted(READ_ACTION, "todoist_find_task, todoist_find_comments", byTwoNames)).toBe(false);
  });
});

describe("what a caller is offered", () => {
  test.each<[string, string, readonly string[] | undefined, Tool, boolean]>([
    ["everything, without rules", "", undefined, SEND, true],
    ["nothing that is denied", "gmail_*=deny", undefined, SEND, false],
    ["what their profile names", "", ["gmail_send_email"], SEND, true],
    ["what their profile's pattern names", "", ["todoist_*", " GMAIL_* "], SEND, true],
    ["nothing else", "", ["todoist_*"], SEND, false],
    ["nothing, with an empty list", "", [], SEND, false],
    ["nothing by a profile that the owner denies", "gmail_*=deny", ["*"], SEND, false],
    ["no meta-tool outside the list", "", undefined, mcpTool("enable_zapier_action"), false],
    ["no meta-tool by a rule", "*=allow", ["*"], mcpTool("create_zapier_skill"), false],
    [
      "a function of the owner's that is so called",
      "",
      undefined,
      functionTool("send_feedback", { kind: "write" }),
      true,
    ],
    ["the phone's own, whatever the profile", "", [], phoneTool("end_call"), true],
    ["but not where the owner switched it off", "end_call=deny", undefined, phoneTool("end_call"), false],
    [
      "no function that its own file denies",
      "",
      undefined,
      functionTool("x", { kind: "read", rule: "deny" }),
      false,
    ],
    ["a meta-tool that runs actions", "", undefined, WRITE_ACTION, true],
    [
      "such a one where some actions are not denied",
      "*=deny, todoist_*=allow",
      undefined,
      WRITE_ACTION,
      true,
    ],
    ["none where all are", "*=deny", undefined, WRITE_ACTION, false],
    [
      "none that is denied by its name",
      "execute_*write*=deny, todoist_*=allow",
      undefined,
      WRITE_ACTION,
      false,
    ],
    ["such a one by its own name in the profile", "", ["todoist_*", "execute_*"], WRITE_ACTION, true],
    ["but not by its actions'", "", ["todoist_*"], WRITE_ACTION, false],
  ])("%s", (_, rules, allowed, tool, is) => {
    expect(isOffered(policyOf(rules), tool, allowed)).toBe(is);
  });

  test("narrows the use of every other tool as its offer", () => {
    expect(isAllowedTo(["gmail_*"], rulingFor(NO_POLICY, SEND), SEND)).toBe(true);
    expect(isAllowedTo(["todoist_*"], rulingFor(NO_POLICY, SEND), SEND)).toBe(false);
    expect(isAllowedTo([], rulingFor(NO_POLICY, phoneTool("end_call")), phoneTool("end_call"))).toBe(true);
  });
});

describe("the phone's own tools", () => {
  const phones = phoneTool("end_call");

  test("are switched off by their names, and by no pattern that means others", () => {
    const off = (rules: string) => {
      const read = readPolicy(rules, "");
      return read.ok && !isOffered(read.policy, phones, undefined);
    };
    expect(off("end_call=deny")).toBe(true);
    for (const rules of ["*=deny", "end_*=deny", "*call*=deny"]) expect(off(rules)).toBe(false);
  });
});

describe("patterns that mean no tool", () => {
  const idle = (rules: string, trusted: string, tools: readonly Tool[]) => {
    const read = readPolicy(rules, trusted);
    return read.ok ? idlePatterns(read.policy, tools) : undefined;
  };
  const tools = [mcpTool("todoist_create_task"), phoneTool("end_call")];

  test("are named, and the others not", () => {
    const rules = "todoist_*=allow, end_call=deny, todist_*=deny, *=confirm";
    expect(idle(rules, "todoist_create_task, gmail_find", tools)).toEqual(["todist_*", "gmail_find"]);
  });

  test("may mean an action where a server runs actions by their names", () => {
    expect(idle("gmail_send=deny", "", [...tools, WRITE_ACTION])).toEqual([]);
  });
});
