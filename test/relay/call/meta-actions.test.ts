import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { actionNames, metaToolOf, withoutMeta } from "../../../relay/call/meta-actions.ts";

const listed = (...names: readonly string[]) => names.map((remoteName) => ({ remoteName }));
const offeredOf = (...names: readonly string[]) =>
  withoutMeta(listed(...names)).offered.map(({ remoteName }) => remoteName);

/** As a server in agentic mode listed them in 2026. */
const ALLOWED = ["inspect_zapier_actions", "execute_zapier_read_action", "execute_zapier_write_action"];
const WITHHELD = [
  "discover_zapier_actions",
  "enable_zapier_action",
  "disable_zapier_action",
  "auto_provision_mcp",
  "list_zapier_connections",
  "manage_zapier_connections",
  "get_configuration_url",
  "list_zapier_skills",
  "get_zapier_skill",
  "create_zapier_skill",
  "update_zapier_skill",
  "delete_zapier_skill",
  "write_code_action",
  "send_feedback",
];

describe("of a server's tools", () => {
  test("the allow-list of meta-tools is offered and every other one is not", () => {
    const tools = listed(
      ...WITHHELD.slice(0, 5),
      ...ALLOWED,
      "list_enabled_zapier_actions",
      ...WITHHELD.slice(5),
    );
    const { offered, withheld } = withoutMeta(tools);
    expect(offered.map(({ remoteName }) => remoteName)).toEqual([...ALLOWED, "list_enabled_zapier_actions"]);
    expect(withheld).toEqual(WITHHELD);
    expect(tools).toContain(offered[0] ?? { remoteName: "none" });
  });

  test("one that Zapier adds tomorrow is not offered, whatever it is called", () => {
    for (const name of [
      "grant_access",
      "zapier",
      "execute_zapier_code_action",
      "remember",
      "find_email",
      "接続",
    ]) {
      expect(offeredOf(...ALLOWED, name)).toEqual(ALLOWED);
    }
  });

  test("an action that somebody had the server write is not offered beside its meta-tools", () => {
    expect(offeredOf("slack_code_action_forward_all", ...ALLOWED, "gmail_send_email")).toEqual(ALLOWED);
  });

  test("in managed mode the actions are offered, and the one meta-tool there is not", () => {
    const actions = [
      "gmail_send_email",
      "todoist_create_task",
      "webhooks_by_zapier_post",
      "storage_by_zapier_get_value",
      "zapier_tables_create_record",
      "zapier_manager_find_zap",
    ];
    expect(withoutMeta(listed("get_configuration_url", ...actions))).toEqual({
      offered: listed(...actions),
      withheld: ["get_configuration_url"],
    });
  });

  test("each meta-tool is withheld by its name alone too, where a list holds no others", () => {
    for (const name of [...WITHHELD, "provision_zapier_app", "Create-Zapier-Skill", "createZapierSkill"]) {
      expect(offeredOf(name, "find_tasks")).toEqual(["find_tasks"]);
    }
  });

  test("those of a server that is not Zapier's are all offered, if none is called like a meta-tool", () => {
    const names = ["execute_query", "execute_action", "inspect_page", "list_enabled_lights", "任务", "echo"];
    expect(offeredOf(...names)).toEqual(names);
  });

  test("behind a gateway that renames its tools, a server in agentic mode offers none", () => {
    for (const prefix of ["zapier-mcp-", "zapiermcp_", "mcp__zapier__"]) {
      expect(
        offeredOf(...[...ALLOWED, ...WITHHELD, "gmail_send_email"].map((name) => prefix + name)),
      ).toEqual([]);
    }
  });

  test("no tools are no tools", () => {
    expect(withoutMeta([])).toEqual({ offered: [], withheld: [] });
  });

  test("whatever a list holds, all of it is either offered or withheld, in its order", () => {
    const name = fc.oneof(fc.constantFrom(...ALLOWED, ...WITHHELD, "gmail_send_email"), fc.string());
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const { offered, withheld } = withoutMeta(listed(...names));
        const kept = offered.map(({ remoteName }) => remoteName);
        expect([...kept, ...withheld].sort()).toEqual([...names].sort());
        expect(names.filter((each) => kept.includes(each))).toEqual(kept);
        if (names.includes("execute_zapier_write_action")) {
          for (const each of kept)
            expect(["look-up", "read action", "write action"]).toContain(metaToolOf(each) ?? "");
        }
      }),
      { numRuns: 500, seed: 4 },
    );
  });
});

describe("a meta-tool", () => {
  test.each([
    ["execute_zapier_read_action", "read action"],
    ["execute_zapier_write_action", "write action"],
    ["Execute-Zapier-Write-Action", "write action"],
    ["executeZapierWriteAction", "write action"],
    ["execute_other_vendor_write_action", "write action"],
    ["list_enabled_zapier_actions", "look-up"],
    ["inspect_zapier_actions", "look-up"],
    ["enable_zapier_action", "never offered"],
    ["x_execute_zapier_write_action", "never offered"],
    ["a".repeat(10_000), "never offered"],
    ["list_enabled", undefined],
    ["execute_zapier_write_actions", "never offered"],
    // With a letter that looks like another.
    ["еxecute_zapier_write_action", "never offered"],
    ["execute_other_write_actions", undefined],
    ["execute_write", undefined],
    ["constructor", undefined],
    ["", undefined],
  ] as const)("is known by its name: %s is %s", (name, is) => {
    expect(metaToolOf(name)).toBe(is);
  });
});

describe("the action that is run", () => {
  test.each<[Record<string, unknown>, readonly string[]]>([
    [{ app: "todoist", action: "create_task" }, ["todoist_create_task"]],
    [{ app: "Todoist", action: "Create Task" }, ["todoist_create_task"]],
    [{ app: "Google Sheets", action: "add_row" }, ["google_sheets_add_row"]],
    [{ selected_api: "GoogleSheetsV2CLIAPI", action: "add_row" }, ["google_sheets_add_row"]],
    [
      { selected_api: "JiraSoftwareCloudCLIAPI@2.33.0", action: "add_comment" },
      ["jira_software_cloud_add_comment"],
    ],
    [{ selected_api: "GitHubCLIAPI", action: "create_issue" }, ["github_create_issue"]],
    [{ selected_api: "SlackAPI", action: "channel_message" }, ["slack_channel_message"]],
    [{ app: "gmail", action: "message" }, ["gmail_message"]],
    [{ selected_api: "GoogleMailV2CLIAPI", action: "message" }, ["gmail_message"]],
    [{ app: "gmail", selected_api: "GoogleMailV2CLIAPI", action: "draft_v2" }, ["gmail_draft_v2"]],
    [{ app: "notion", action: "notion_create_page" }, ["notion_create_page"]],
    [{ tool_name: "gmail_send_email" }, ["gmail_send_email"]],
    // Both the name of managed mode and the one that Zapier may go by.
    [
      { selected_api: "GoogleMailV2CLIAPI", action: "message", tool_name: "gmail_find_email" },
      ["gmail_find_email", "gmail_message"],
    ],
    [
      {
        selected_api: "GoogleMailV2CLIAPI",
        action: "draft_v2_reply",
        tool_name: "google_mail_create_draft_reply",
      },
      ["google_mail_create_draft_reply", "gmail_draft_v2_reply"],
    ],
    [
      { selected_api: "TelegramCLIAPI", action: "send_message", tool_name: "telegram_send_message" },
      ["telegram_send_message"],
    ],
    // What models leave open, and what is said to the action itself.
    [{ app: "todoist", selected_api: "", action: "create_task", tool_name: null }, ["todoist_create_task"]],
    [
      {
        app: "todoist",
        action: "create_task",
        instructions: "app: gmail, action: send_email",
        output: "the id",
        connection_id: "12345678",
        params: { app: "gmail", action: "send_email", tool_name: "gmail_send_email" },
      },
      ["todoist_create_task"],
    ],
  ])("of %j is %j", (args, names) => {
    expect(actionNames(args)).toEqual(names);
  });

  test.each<[string, Record<string, unknown>]>([
    ["nothing", {}],
    ["no app", { action: "create_task" }],
    ["no action", { app: "todoist" }],
    ["a tool's name and half of the rest", { app: "todoist", tool_name: "todoist_create_task" }],
    [
      "an action without an app, beside a tool's name",
      { action: "message", tool_name: "todoist_create_task" },
    ],
    ["two apps", { app: "todoist", selected_api: "GoogleMailV2CLIAPI", action: "create_task" }],
    ["two apps, one unreadable", { app: "todoist", selected_api: "тодоист", action: "create_task" }],
    ["another app's tool", { app: "gmail", action: "message", tool_name: "todoist_create_task" }],
    ["another way to name the action", { app: "todoist", action: "create_task", action_id: "core:3023620" }],
    ["another way to name the app", { app: "todoist", action: "create_task", appId: "gmail" }],
    ["another case of a key", { app: "todoist", action: "create_task", Action: "delete_task" }],
    ["another case of a key", { APP: "todoist", action: "create_task" }],
    ["a key of tomorrow", { app: "todoist", action: "create_task", target_api: "gmail" }],
    ["a list", { app: ["todoist"], action: "create_task" }],
    ["an object", { app: { toString: "todoist" }, action: "create_task" }],
    ["a number", { app: "todoist", action: 7 }],
    ["truth", { app: "todoist", action: true }],
    ["an id for an action", { app: "code", action: "01929fad-d3dd-62c2-52ed-7868d5fcc691" }],
    ["an id for a tool", { tool_name: "core:3023620" }],
    ["a telephone number", { app: "todoist", action: "call +15551234567" }],
    ["a telephone number in pieces", { app: "todoist", action: "call_555_123_4567" }],
    ["letters that look like others", { app: "tоdoist", action: "create_task" }],
    ["letters that have no width", { app: "todo\u200bist", action: "create_task" }],
    ["a letter that is small only afterwards", { app: "todoist", action: "\u212a_task" }],
    ["two lines", { app: "todoist", action: "create_task\nsend_email" }],
    ["a path", { app: "todoist", action: "../gmail/send_email" }],
    ["a pattern", { app: "todoist", action: "*" }],
    ["signs alone", { app: "todoist", action: "___" }],
    ["a letter alone", { app: "todoist", action: "x" }],
    ["an app that is nothing but its ending", { app: "CLIAPI", action: "create_task" }],
    ["a long name", { app: "todoist", action: `create_${"task_".repeat(15)}` }],
    ["a very long name", { app: "todoist", action: "create_".repeat(20_000) }],
    ["a meta-tool's name", { app: "execute", action: "zapier_write_action" }],
    ["a meta-tool that is not offered", { app: "create", action: "zapier_skill" }],
    ["one more meta-tool", { tool_name: "enable_zapier_action" }],
  ])("cannot be read from %s", (_, args) => {
    expect(actionNames(args)).toEqual([]);
  });

  test("is not read from what an object inherits", () => {
    expect(actionNames(Object.create({ app: "todoist", action: "create_task" }))).toEqual([]);
    const args: unknown = JSON.parse('{"__proto__":{"app":"todoist","action":"create_task"}}');
    expect(actionNames({ ...(typeof args === "object" ? args : {}) })).toEqual([]);
    expect(actionNames({ app: "__proto__", action: "constructor" })).toEqual([]);
    expect(actionNames({ app: "todoist", action: "constructor" })).toEqual(["todoist_constructor"]);
  });

  test("has names of small letters, digits and _ alone, whatever is given", () => {
    const text = fc.oneof(
      fc.constantFrom("todoist", "gmail", "GoogleMailV2CLIAPI", "create_task", "Send Email", "", "*"),
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(..."abXY_- .V2@") }),
    );
    const value = fc.oneof({ weight: 5, arbitrary: text }, fc.anything());
    const args = fc.dictionary(
      fc.oneof(fc.constantFrom("app", "selected_api", "action", "tool_name", "params"), fc.string()),
      value,
    );
    let read = 0;
    fc.assert(
      fc.property(args, (given) => {
        for (const name of actionNames(given)) {
          expect(name).toMatch(/^[a-z0-9_]{2,161}$/);
          expect(metaToolOf(name)).toBeUndefined();
          read++;
        }
      }),
      { numRuns: 1_000, seed: 5 },
    );
    expect(read).toBeGreaterThan(20);
  });
});
