import { describe, expect, test } from "bun:test";
import { classOf, printable, TRUNCATE_ID, UPDATE_ID } from "../../../relay/call/model-errors.ts";

describe("what an error of the model's means", () => {
  test.each([
    ["session_expired", "expired"],
    ["invalid_api_key", "fatal"],
    ["insufficient_quota", "fatal"],
    ["conversation_already_has_active_response", "busy"],
    ["response_cancel_not_active", "race"],
    ["input_audio_buffer_commit_empty", "race"],
    ["something_new", "other"],
    [null, "other"],
    [undefined, "other"],
  ] as const)("%p is %s", (code, kind) => {
    expect(classOf({ code })).toBe(kind);
  });

  test("a truncation that came too late is a race, by the id that it echoes", () => {
    expect(classOf({ code: "invalid_value", event_id: `${TRUNCATE_ID}7` })).toBe("race");
  });

  test("a refused session.update is about the settings, by its id or by its parameter", () => {
    expect(classOf({ code: "unknown_parameter", event_id: `${UPDATE_ID}1` })).toBe("settings");
    expect(classOf({ code: "unknown_parameter", param: "session.temperature" })).toBe("settings");
    expect(classOf({ code: "unknown_parameter", param: "response.metadata" })).toBe("other");
  });

  test("a fatal code is fatal whatever event it names", () => {
    expect(classOf({ code: "invalid_api_key", event_id: `${UPDATE_ID}1` })).toBe("fatal");
    expect(classOf({ code: "insufficient_quota", event_id: `${TRUNCATE_ID}1` })).toBe("fatal");
  });
});

describe("what may be printed of it", () => {
  test("names and paths of parameters", () => {
    expect(printable("invalid_value")).toBe("invalid_value");
    expect(printable("session.tools[0].name")).toBe("session.tools[0].name");
  });

  test("never free text, nor anything long, nor nothing", () => {
    for (const text of ["The caller said hello", "+15551234567", "a\nb", "", "x".repeat(81), null, undefined])
      expect(printable(text)).toBe("unnamed");
  });
});
