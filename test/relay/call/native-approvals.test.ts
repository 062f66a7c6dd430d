/** OpenAI's questions whether it may use a tool: held to the same policy and consents as the relay's own calls, answered once. */
import { describe, expect, test } from "bun:test";
import { SETTINGS } from "./call-in-hand.ts";
import { NativeRig, SERVER } from "./native-rig.ts";
import { CREATE, MAIL, policyOf } from "./tool-rig.ts";

describe("a question whether OpenAI may", () => {
  test.each(["both", "response", "conversation"] as const)("that comes by %s is answered once", (how) => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.created("r");
    const approval = rig.asks(rig.writes("r", CREATE, { content: "milk" }), how);
    rig.asks("mcp_1", "both");
    expect(rig.approvals).toEqual({ [approval]: true });
    const told = rig.log.filter(({ event }) => event === "native.approval");
    expect(told).toMatchObject([{ is: "asked" }, { is: "approved" }]);
  });

  test("is approved at once where the policy allows it, and the model is not asked to speak before it is done", () => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    const [approval, id] = rig.modelWants(CREATE, { content: "milk" });
    expect(rig.approvals).toEqual({ [approval]: true });
    rig.itemsArrive().wait(400);
    expect(rig.reasons).toEqual(["greeting"]);
    rig.begins(id).wait(200).returns(id, "created");
    expect(rig.reasons).toEqual(["greeting", "native"]);
    expect(rig.log).toContainEqual({
      event: "tool.done",
      level: "info",
      tool: CREATE,
      outcome: "answered",
      afterMs: 600,
    });
    expect(rig.logged("native.unasked")).toBe(0);
  });

  test("is told from others about the same tool by its arguments, and else belongs to the newest call", () => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.created("r");
    const calls = ["milk", "eggs"].map((content) => rig.writes("r", CREATE, { content }));
    const ask = (id: string, text: string) =>
      rig.model({
        type: "conversation.item.done",
        item: {
          type: "mcp_approval_request",
          id,
          server_label: SERVER.serverLabel,
          name: CREATE,
          arguments: text,
        },
      });
    // As the model wrote it, and as somebody else writes JSON.
    ask("first", '{"content":"milk"}');
    ask("second", '{ "content": "eggs" }');
    expect(rig.approvals).toEqual({ first: true, second: true });
    rig.done("r");
    for (const id of calls) rig.begins(id).returns(id);
    expect(rig.logged("tool.done")).toBe(2);
    expect(rig.logged("native.unasked")).toBe(0);
    expect(rig.logged("tool.asked")).toBe(2);
  });

  test("that comes before its call is told by that one in the end", () => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.callerSays("Add milk");
    rig.created("r").says("r", "r_item", 900).said("r", "r_item").words("r", "I've added milk to your list.");
    rig.model({
      type: "conversation.item.done",
      item: {
        type: "mcp_approval_request",
        id: "ask_mcp_1",
        server_label: SERVER.serverLabel,
        name: CREATE,
        arguments: '{"content":"milk"}',
      },
    });
    expect(rig.approvals).toEqual({ ask_mcp_1: true });
    rig.done("r").wait(1_000).marksBack();
    expect(rig.logged("tool.pretended")).toBe(0);
    const item = {
      type: "mcp_call",
      id: "mcp_1",
      server_label: SERVER.serverLabel,
      name: CREATE,
      arguments: '{"content":"milk"}',
      approval_request_id: "ask_mcp_1",
      output: "created",
    } as const;
    rig.model({ type: "conversation.item.done", item });
    expect(rig.logged("native.unasked")).toBe(0);
    expect(rig.log.filter(({ event }) => event === "tool.done")).toMatchObject([{ outcome: "answered" }]);
    expect(rig.reasons).toEqual(["greeting", "native"]);
  });

  test("is put to the caller by the relay's own words where the policy wants it confirmed, and 1 approves it", () => {
    const rig = new NativeRig();
    const [approval, id] = rig.modelWants(CREATE, { content: "milk" });
    expect(rig.asked).toMatchObject({ conversation: "none", input: [], metadata: { reason: "read_back" } });
    expect(rig.asked?.instructions).toContain("milk");
    rig.press("1");
    expect(rig.approvals).toEqual({});
    rig.isRead().press("1");
    expect(rig.approvals).toEqual({ [approval]: true });
    expect(rig.log).toContainEqual({
      event: "tool.asked",
      level: "info",
      tool: CREATE,
      rule: "confirm",
      why: "default: a write",
    });
    rig.begins(id).returns(id, "created");
    expect(rig.reasons.at(-1)).toBe("native");
  });

  test("is approved by a plain yes to these words, where the policy wants no key and the yes can be read", () => {
    const said = (tool: string, words: string) => {
      const rig = new NativeRig();
      const args = tool === MAIL ? { to: "anna@example.com" } : { content: "milk" };
      const [approval] = rig.modelWants(tool, args);
      rig.isRead().callerSays(words);
      return rig.approvals[approval];
    };
    expect(said(CREATE, "Yes, please")).toBe(true);
    expect(said(CREATE, "What is that?")).toBeUndefined();
    expect(said(MAIL, "Yes, please")).toBeUndefined();
    const rig = new NativeRig({ settings: SETTINGS });
    const [unread] = rig.modelWants(CREATE, { content: "milk" });
    rig.isRead().callerSays();
    expect(rig.approvals[unread]).toBeUndefined();
    rig.created("theirs").done("theirs").isRead().press("1");
    expect(rig.approvals[unread]).toBe(true);
  });

  test("is refused with 2, and with a spoken no, and the model is told to say so", () => {
    for (const refuse of [
      (rig: NativeRig) => rig.press("2"),
      (rig: NativeRig) => void rig.callerSays("No, leave it"),
    ]) {
      const rig = new NativeRig();
      const [approval, id] = rig.modelWants(MAIL, { to: "anna@example.com", subject: "Late" });
      rig.isRead();
      refuse(rig);
      expect(rig.approvals).toEqual({
        [approval]: "The caller was asked and does not want it. Nothing was done.",
      });
      // What OpenAI makes of a call that it may not make is nothing to speak about.
      rig.fails(id).itemsArrive().wait(5_000);
      expect(rig.reasons.slice(2)).toEqual([rig.reasons.at(-1) ?? ""]);
      expect(rig.logged("tool.done")).toBe(0);
      expect(rig.runs).toEqual([]);
    }
  });

  test("that nobody answers expires as refused", () => {
    const rig = new NativeRig();
    const [approval] = rig.modelWants(MAIL, { to: "anna@example.com", subject: "Late" });
    rig.isRead().wait(61_000);
    expect(rig.approvals).toEqual({
      [approval]: "The caller was asked and did not answer. Nothing was done.",
    });
  });

  test("is no pretence, also where the call was not announced and is refused", () => {
    const rig = new NativeRig({ policy: policyOf(`${MAIL}=deny`) });
    rig.callerSays("Write to Anna");
    rig.created("r").says("r", "r_item", 900).said("r", "r_item").words("r", "Let me send that.");
    rig.model({
      type: "conversation.item.done",
      item: {
        type: "mcp_approval_request",
        id: "ask",
        server_label: SERVER.serverLabel,
        name: MAIL,
        arguments: "{}",
      },
    });
    rig.done("r").wait(1_000).marksBack();
    expect(rig.approvals.ask).toBe("There is no tool of that name.");
    expect(rig.logged("tool.pretended")).toBe(0);
  });

  test("about a tool that was never offered is refused", () => {
    const rig = new NativeRig({ policy: policyOf(`${MAIL}=deny`) });
    const [approval] = rig.modelWants(MAIL, { to: "anna@example.com" });
    expect(rig.approvals).toEqual({ [approval]: "There is no tool of that name." });
    expect(rig.log).toContainEqual({ event: "tool.unknown", level: "warn" });
    expect(rig.log).toContainEqual({
      event: "native.approval",
      level: "warn",
      tool: "unknown",
      is: "refused",
    });
  });

  test.each(["{", "[]", "null"])("with %s for arguments is refused", (text) => {
    const rig = new NativeRig();
    rig.created("r").model({
      type: "conversation.item.done",
      item: {
        type: "mcp_approval_request",
        id: "ask",
        server_label: SERVER.serverLabel,
        name: CREATE,
        arguments: text,
      },
    });
    expect(rig.approvals.ask).toContain("not a JSON object");
  });

  test("from a response over which the caller spoke is refused", () => {
    for (const how of ["response", "conversation"] as const) {
      const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
      rig.created("r");
      const id = rig.writes("r", CREATE, { content: "milk" });
      rig.callerStarts();
      expect(rig.approvals).toEqual({});
      const approval = rig.asks(id, how);
      expect(rig.approvals[approval]).toContain("The caller spoke before this was done");
    }
  });

  test("about the same write twice at once is approved once", () => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.created("r");
    const [one, other] = [
      rig.writes("r", CREATE, { content: "milk" }),
      rig.writes("r", CREATE, { content: "milk" }),
    ];
    const [first, second] = [rig.asks(one), rig.asks(other)];
    expect(rig.approvals[first]).toBe(true);
    expect(rig.approvals[second]).toContain("already under way");
    rig.done("r").begins(one).fails(other).returns(one);
    expect(rig.log.filter(({ event }) => event === "tool.done")).toMatchObject([{ outcome: "answered" }]);
    // Why the one was refused, and what became of the other, in one.
    expect(rig.reasons).toEqual(["greeting", "native"]);
  });

  test("whose approval leads to nothing is given up, and nobody knows whether it was done", () => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.modelWants(CREATE, { content: "milk" });
    rig.wait(1_500).modelSays("One moment.", "filler").wait(20_000);
    expect(rig.notes).toEqual([expect.stringContaining("not known whether it was done")]);
    expect(rig.reasons.at(-1)).toBe("tool");
  });
});
