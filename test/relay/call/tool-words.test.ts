import { describe, expect, test } from "bun:test";
import { NO_POLICY, rulingFor } from "../../../relay/call/policy.ts";
import { partsOf, readingOf } from "../../../relay/call/tool-words.ts";
import { mcpTool } from "./tool-in-hand.ts";

/** People, deletes, spends. */
type Reaches = "" | "p" | "d" | "s" | "pd" | "ps" | "ds" | "pds";

/** Names as Zapier and the public MCP servers list them, none with a hint; and what each is by its name alone. */
const NAMES: ReadonlyArray<readonly [name: string, kind: "read" | "write", reaches: Reaches]> = [
  ["gmail_find_email", "read", ""],
  ["gmail_get_attachment_by_filename", "read", ""],
  ["gmail_get_conversation", "read", ""],
  ["gmail_send_email", "write", "p"],
  ["gmail_reply_to_email", "write", "p"],
  ["gmail_forward_email", "write", "p"],
  ["gmail_send_draft", "write", "p"],
  ["gmail_create_filter", "write", "p"],
  ["gmail_create_draft", "write", ""],
  ["gmail_create_draft_reply", "write", ""],
  ["gmail_create_label", "write", ""],
  ["gmail_add_label_to_email", "write", ""],
  ["gmail_remove_label_from_email", "write", ""],
  ["gmail_remove_label_from_conversation", "write", ""],
  ["gmail_archive_email", "write", ""],
  ["gmail_mark_read", "write", ""],
  ["gmail_delete_email", "write", "d"],
  ["gmail_trash_thread", "write", "d"],
  ["gmail_api_request_beta", "write", "pds"],
  ["todoist_find_task", "read", ""],
  ["todoist_find_project", "read", ""],
  ["todoist_get_project_collaborators", "read", ""],
  ["todoist_create_task", "write", ""],
  ["todoist_update_task", "write", ""],
  ["todoist_mark_task_as_completed", "write", ""],
  ["todoist_complete_task", "write", ""],
  ["todoist_move_task_to_section", "write", ""],
  ["todoist_add_comment_to_task", "write", "p"],
  ["todoist_invite_user_to_project", "write", "p"],
  ["todoist_delete_task", "write", "d"],
  ["find-tasks-by-date", "read", ""],
  ["find-completed-tasks", "read", ""],
  ["find-comments", "read", ""],
  ["get-overview", "read", ""],
  ["add-tasks", "write", ""],
  ["complete-tasks", "write", ""],
  ["manage-assignments", "write", "p"],
  ["add-comments", "write", "p"],
  ["delete-object", "write", "d"],
  ["google_calendar_find_events", "read", ""],
  ["google_calendar_retrieve_event_by_id", "read", ""],
  ["google_calendar_find_busy_periods_in_calendar", "read", ""],
  ["google_calendar_get_calendar_information", "read", ""],
  ["google_calendar_create_detailed_event", "write", ""],
  ["google_calendar_quick_add_event", "write", ""],
  ["google_calendar_update_event", "write", ""],
  ["google_calendar_move_event_to_another_calendar", "write", ""],
  ["google_calendar_add_attendee_s_to_event", "write", "p"],
  ["google_calendar_delete_event", "write", "d"],
  ["cancel_event", "write", "d"],
  ["google_drive_find_a_file", "read", ""],
  ["google_drive_get_file_permissions", "read", ""],
  ["google_drive_retrieve_files_from_google_drive", "read", ""],
  ["google_drive_create_folder", "write", ""],
  ["google_drive_export_file", "write", ""],
  ["google_drive_add_file_sharing_preference", "write", "p"],
  ["google_drive_replace_file", "write", "d"],
  ["google_drive_remove_file_permission", "write", "pd"],
  ["google_docs_find_and_replace_text", "write", "d"],
  ["google_sheets_lookup_row", "read", ""],
  ["google_sheets_create_row", "write", ""],
  ["google_sheets_clear_range", "write", "d"],
  ["slack_find_message", "read", ""],
  ["slack_find_public_channel", "read", ""],
  ["slack_retrieve_thread_messages", "read", ""],
  ["slack_get_reactions", "read", ""],
  ["slack_send_channel_message", "write", "p"],
  ["slack_send_direct_message", "write", "p"],
  ["slack_set_status", "write", "p"],
  ["slack_set_channel_topic", "write", "p"],
  ["slack_invite_user_to_channel", "write", "p"],
  ["slack_add_reaction", "write", "p"],
  ["stripe_find_customer", "read", ""],
  ["stripe_list_payment_intents", "read", ""],
  ["stripe_retrieve_balance", "read", ""],
  ["search_stripe_documentation", "read", ""],
  ["stripe_create_customer", "write", ""],
  ["stripe_create_payment_link", "write", "s"],
  ["stripe_create_refund", "write", "s"],
  ["finalize_invoice", "write", "s"],
  ["stripe_cancel_subscription", "write", "ds"],
  ["github_search_code", "read", ""],
  ["github_find_pull_request", "read", ""],
  ["github_check_organization_membership", "read", ""],
  ["github_create_branch", "write", ""],
  ["github_add_labels_to_issue", "write", ""],
  ["github_create_issue", "write", "p"],
  ["github_create_pull_request", "write", "p"],
  ["github_create_gist", "write", "p"],
  ["webhooks_by_zapier_get", "write", "pds"],
  ["webhooks_by_zapier_custom_request", "write", "pds"],
  ["code_by_zapier_run_javascript", "write", "pds"],
  ["salesforce_make_api_mutating_request", "write", "pds"],
  ["run_sql_query", "write", "pds"],
  ["execute_javascript", "write", "pds"],
  ["create_webhook", "write", "pds"],
  ["list_webhooks", "read", ""],
  ["storage_by_zapier_get_value", "read", ""],
  ["storage_by_zapier_set_value", "write", ""],
  ["storage_by_zapier_remove_value", "write", "d"],
  ["twilio_make_phone_call", "write", "p"],
  ["mailchimp_add_subscriber", "write", "p"],
  ["linkedin_create_share_update", "write", "p"],
  ["zoom_create_meeting", "write", "p"],
  ["uber_request_ride", "write", "p"],
  ["book_table", "write", "s"],
  ["order_pizza", "write", "s"],
  ["brave_web_search", "read", ""],
  ["search", "read", ""],
  ["fetch", "read", ""],
];

describe("what a tool is by its name", () => {
  test.each(NAMES)("%s: %s %s", (name, kind, reaches) => {
    const { kind: found, reach, rule } = rulingFor(NO_POLICY, mcpTool(name));
    const letters = `${reach.people ? "p" : ""}${reach.deletes ? "d" : ""}${reach.spends ? "s" : ""}`;
    expect([found, letters]).toEqual([kind, reaches]);
    expect(rule).toBe(kind === "read" ? "allow" : reaches === "" ? "confirm" : "keypad");
  });

  test("the table is worth its name", () => {
    expect(new Set(NAMES.map(([name]) => name)).size).toBe(NAMES.length);
    expect(NAMES.length).toBeGreaterThan(80);
  });

  test.each([
    ["findTasks", "read"],
    ["find-tasks", "read"],
    ["FIND_TASKS", "read"],
    ["zapier__gmail_find_email", "read"],
    ["getevents", "read"],
    ["sendEmail", "write"],
    ["send-email", "write"],
    ["GMAIL_SEND_EMAIL", "write"],
    ["zapier__gmail_send_email", "write"],
    ["mcp.mail/sendSMS", "write"],
    ["sendemail", "write"],
    ["SendGridListTemplates", "read"],
    ["sendgrid_send_email", "write"],
  ] as const)("%s is a %s, however it is written", (name, says) => {
    expect(readingOf(name).says).toBe(says);
  });

  test.each([
    // What is read is a thing, though its name is a verb elsewhere.
    ["get_order", "read"],
    ["list_open_issues", "read"],
    ["find_call_action_items", "read"],
    ["get_schedule", "read"],
    ["list_trash", "read"],
    ["list", "read"],
    ["todoist_list", "unclear"],
    // And a verb that reads does not hide one that does not.
    ["find_or_create_contact", "write"],
    ["search_and_forward", "write"],
    ["get_then_reply", "write"],
    ["read_and_delete", "write"],
    ["mark_as_read", "write"],
    ["check_in_guest", "write"],
    ["check_off_item", "write"],
    ["add_to_list", "write"],
    ["save_search", "write"],
    ["reply", "write"],
    ["post", "write"],
    ["share_list", "write"],
    // Neither: a server's hint may say.
    ["user-info", "unclear"],
    ["email_search", "unclear"],
    ["exchange_rate", "unclear"],
    ["gmail_message", "unclear"],
    ["enviar_correo", "unclear"],
    ["完成", "unclear"],
    ["", "unclear"],
  ] as const)("%s says %s", (name, says) => {
    expect(readingOf(name).says).toBe(says);
  });

  test("a name that says nothing of reading still says whom it would reach", () => {
    expect(readingOf("gmail_message").reach.people).toBe(true);
    expect(readingOf("google_drive_share").reach.people).toBe(true);
    expect(readingOf("shopify_order").reach.spends).toBe(true);
    expect(readingOf("uber_book").reach.spends).toBe(true);
    expect(readingOf("strava_like").reach.people).toBe(true);
    expect(readingOf("gmail_trash").reach.deletes).toBe(true);
  });

  test.each([
    ["create_draft", true],
    ["gmail_draft_v2_reply", true],
    ["create_email_draft", true],
    ["send_draft", false],
    ["share_draft", false],
    ["create_draft_and_send", false],
    ["create_event", false],
  ])("%s is a draft: %p", (name, isDraft) => {
    expect(readingOf(name).isDraft).toBe(isDraft);
  });

  test.each([
    ["create_message_from_template"],
    ["github_create_issue_with_labels"],
    ["send_message_and_archive"],
    ["add_comment_with_tag"],
    ["schedule_message_copy"],
  ])("%s reaches people, whatever is tidied on the way", (name) => {
    expect(readingOf(name).reach.people).toBe(true);
  });

  test("a name that every object has is a name like others", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(readingOf(name).says).toBe("unclear");
    }
  });

  test("a name that no server could mean is the worst that there is, and soon read", () => {
    for (const name of ["get_".repeat(250_000), "A".repeat(1_000_000), "run_".repeat(250_000)]) {
      expect(readingOf(name)).toMatchObject({
        says: "write",
        reach: { people: true, deletes: true, spends: true },
      });
    }
  });
});

describe("the parts of a name", () => {
  test.each([
    ["todoist_find_tasks", "todoist find tasks"],
    ["GoogleMailV2CLIAPI", "google mail v2 cliapi"],
    ["LinkedInCLIAPI", "linkedin cliapi"],
    ["git-hub.create_issue", "github create issue"],
    ["getURLs", "get ur ls"],
    ["HTTPRequest", "http request"],
    ["  a  b  ", "a b"],
    // Small letters that look like others are none: the words end there.
    ["ѕend_email", "end email"],
    ["deleteİtem", "delete tem"],
    ["", ""],
  ])("of %p are %p", (name, parts) => {
    expect(partsOf(name).join(" ")).toBe(parts);
  });
});
