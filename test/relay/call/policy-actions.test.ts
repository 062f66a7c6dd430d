/**
 * What is run through a meta-tool: by its name the model says what it wants done, so each way to say one thing and mean
 * another is tried here.
 */
import { describe, expect, test } from "bun:test";
import { isAllowedTo, NO_POLICY, rulingFor, rulingOf } from "../../../relay/call/policy.ts";
import type { Rule, Tool, ToolArguments } from "../../../relay/call/tools.ts";
import { policyOf, READ_ACTION, WRITE_ACTION } from "./tool-in-hand.ts";

const ruleOf = (rules: string, tool: Tool, args: ToolArguments): readonly [Rule, string] => {
  const { rule, why } = rulingOf(policyOf(rules), tool, args, false);
  return [rule, why];
};
const taintedRuleOf = (rules: string, tool: Tool, args: ToolArguments): Rule =>
  rulingOf(policyOf(rules), tool, args, true).rule;

describe("an action run through a meta-tool", () => {
  const task = { app: "todoist", action: "create_task" };
  const mail = { selected_api: "GoogleMailV2CLIAPI", action: "message", tool_name: "gmail_send_email" };

  test("gets what the tool of its name would get", () => {
    expect(rulingOf(NO_POLICY, WRITE_ACTION, task, false)).toEqual({
      name: "todoist_create_task",
      names: ["todoist_create_task"],
      kind: "write",
      reach: { people: false, deletes: false, spends: false },
      rule: "confirm",
      why: "default: a write",
    });
    expect(ruleOf("todoist_*=allow, *=deny", WRITE_ACTION, task)).toEqual(["allow", "owner: todoist_*"]);
    expect(ruleOf("", WRITE_ACTION, { ...task, action: "delete_task" })[0]).toBe("keypad");
    expect(ruleOf("", READ_ACTION, { ...task, action: "find_task" })).toEqual(["allow", "default: a read"]);
    expect(ruleOf("", WRITE_ACTION, { ...task, action: "find_task" })[0]).toBe("confirm");
    expect(ruleOf("", WRITE_ACTION, { ...task, params: { attendees: "Anna" } })[0]).toBe("keypad");
  });

  test("is held to each of its names, and goes by the one that is held strictest", () => {
    expect(rulingOf(NO_POLICY, WRITE_ACTION, mail, false)).toMatchObject({
      name: "gmail_send_email",
      names: ["gmail_send_email", "gmail_message"],
      rule: "keypad",
    });
    const hidden = { ...mail, tool_name: "gmail_create_draft" };
    expect(rulingOf(policyOf("gmail_create_draft=allow"), WRITE_ACTION, hidden, false)).toMatchObject({
      name: "gmail_message",
      reach: { people: true },
      rule: "keypad",
    });
    expect(ruleOf("gmail_send_email=allow", WRITE_ACTION, mail)[0]).toBe("keypad");
    expect(ruleOf("gmail_send_email=allow, gmail_message=allow", WRITE_ACTION, mail)[0]).toBe("allow");
    expect(ruleOf("gmail_*=confirm", WRITE_ACTION, mail)).toEqual(["confirm", "owner: gmail_*"]);
    expect(taintedRuleOf("gmail_*=confirm", WRITE_ACTION, mail)).toBe("keypad");
    expect(taintedRuleOf("gmail_send_email=confirm, gmail_*=allow", WRITE_ACTION, mail)).toBe("keypad");
  });

  test("is all that any of its names says, and goes by the one that says the worst", () => {
    const gmail = { app: "gmail", tool_name: "gmail_find_email" };
    expect(
      rulingOf(policyOf("gmail_*=keypad"), READ_ACTION, { ...gmail, action: "delete_email" }, false),
    ).toMatchObject({
      name: "gmail_delete_email",
      kind: "write",
      reach: { people: false, deletes: true, spends: false },
    });
    const both = { app: "gmail", action: "delete_email", tool_name: "gmail_send_email" };
    expect(rulingOf(NO_POLICY, WRITE_ACTION, both, false)).toMatchObject({
      name: "gmail_send_email",
      reach: { people: true, deletes: true, spends: false },
    });
  });

  test("that is a write by its name is one, also through the tool for reads", () => {
    for (const action of [
      "send_email",
      "delete_email",
      "reply_to_message",
      "invite_user",
      "custom_request",
    ]) {
      expect(rulingOf(NO_POLICY, READ_ACTION, { app: "gmail", action }, false)).toMatchObject({
        kind: "write",
        rule: "keypad",
      });
    }
    // A search is named after what it finds.
    for (const action of ["message", "event_v2", "order", "attachment", "new_notification"]) {
      expect(ruleOf("", READ_ACTION, { app: "gmail", action })[0]).toBe("allow");
    }
    expect(ruleOf("", READ_ACTION, { ...mail, tool_name: "gmail_find_email" })[0]).toBe("allow");
    expect(ruleOf("", READ_ACTION, mail)[0]).toBe("keypad");
  });

  test.each<[string, ToolArguments]>([
    ["none", {}],
    ["half of one", { action: "create_task" }],
    ["two that disagree", { ...task, selected_api: "GoogleMailV2CLIAPI" }],
    ["one more than is known", { ...task, action_id: "core:3023620" }],
    ["letters that look like others", { ...task, app: "tоdoist" }],
    ["a meta-tool's", { app: "execute", action: "zapier_write_action" }],
  ])("without a name that can be read is the strictest kind of write: %s", (_, args) => {
    for (const tool of [READ_ACTION, WRITE_ACTION]) {
      for (const rules of ["", "*=allow", "*_action=confirm", `${tool.name}=allow`, "todoist_*=allow"]) {
        const ruling = rulingOf(policyOf(rules), tool, args, false);
        expect(ruling).toEqual({
          name: tool.name,
          names: [],
          kind: "write",
          reach: { people: true, deletes: true, spends: true },
          rule: "keypad",
          why: "default: an action without a readable name",
        });
        expect(isAllowedTo(["execute_*", "todoist_*"], ruling, tool)).toBe(false);
        expect(isAllowedTo(["*"], ruling, tool)).toBe(true);
        expect(isAllowedTo(undefined, ruling, tool)).toBe(true);
      }
      expect(ruleOf("*=deny, todoist_*=allow", tool, args)).toEqual(["deny", "owner: *"]);
    }
  });

  test.each([
    [{ app: "todoist", action: "delete_task", tool_name: "gmail_create_draft" }],
    [{ app: "todoist", action: "create_task", tool_name: "gmail_delete_email" }],
    [{ app: "todoist", selected_api: "GoogleMailV2CLIAPI", action: "delete_message" }],
    [{ app: "todoist", action: "create_task", action_key: "delete_task" }],
    [{ app: "todoist", actionId: "delete_task", params: {} }],
  ])("is denied where any name that it could go by is denied: %j", (args) => {
    for (const rules of ["*delete*=deny", "*delete*=deny, *=allow"]) {
      expect(ruleOf(rules, WRITE_ACTION, args)).toEqual(["deny", "owner: *delete*"]);
    }
    expect(ruleOf("*delete*=keypad, *=allow", WRITE_ACTION, args)[0]).toBe("keypad");
  });

  test("is held to a rule for the meta-tool itself too, where that is stricter", () => {
    expect(ruleOf("execute_*=keypad, todoist_*=allow", WRITE_ACTION, task)).toEqual([
      "keypad",
      "owner: execute_*",
    ]);
    expect(ruleOf("execute_zapier_write_action=allow", WRITE_ACTION, mail)[0]).toBe("keypad");
    expect(ruleOf("*write*=deny, todoist_*=allow", WRITE_ACTION, task)[0]).toBe("deny");
  });

  test("is told at the start as what it is", () => {
    expect(rulingFor(NO_POLICY, WRITE_ACTION)).toMatchObject({
      kind: "write",
      why: "by action: as <app>_<action>",
    });
    expect(rulingFor(NO_POLICY, READ_ACTION)).toMatchObject({ kind: "read", rule: "allow" });
    expect(rulingFor(policyOf("execute_*=deny"), READ_ACTION)).toMatchObject({
      rule: "deny",
      why: "owner: execute_*",
    });
  });

  test("is within a profile by each of its names, and by the meta-tool's own", () => {
    const may = (allowed: readonly string[] | undefined, args: ToolArguments) =>
      isAllowedTo(allowed, rulingOf(NO_POLICY, WRITE_ACTION, args, false), WRITE_ACTION);
    const task = { app: "todoist", action: "create_task" };
    expect(may(undefined, task)).toBe(true);
    expect(may(["execute_*", "todoist_*"], task)).toBe(true);
    expect(may(["execute_*", "gmail_*"], task)).toBe(false);
    expect(may(["todoist_*"], task)).toBe(false);
    expect(may(["execute_*"], task)).toBe(false);
    const hidden = { app: "gmail", action: "message", tool_name: "gmail_create_draft" };
    expect(may(["execute_*", "gmail_create_draft"], hidden)).toBe(false);
    expect(may(["execute_*", "gmail_*"], hidden)).toBe(true);
  });
});
