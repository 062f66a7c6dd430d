/** Calls that OpenAI makes itself and that fail: each is told for what it is, and nothing is known that is not. */
import { describe, expect, test } from "bun:test";
import { NativeRig } from "./native-rig.ts";
import { CREATE, FIND, policyOf } from "./tool-rig.ts";

describe("a failure", () => {
  test.each([
    ["what the tool itself says", { type: "tool_execution_error" }, "failed"],
    ["parameters that the server refuses", { type: "protocol_error", code: -32602 }, "refused"],
    ["an unknown tool", { type: "protocol_error", code: -32601 }, "refused"],
    ["a bad request", { type: "http_error", code: 400 }, "refused"],
    ["a dead session", { type: "http_error", code: 404 }, "refused"],
    ["a wrong key", { type: "http_error", code: 401 }, "unauthorized"],
    ["a forbidden one", { type: "http_error", code: 403 }, "unauthorized"],
    ["a server that broke", { type: "http_error", code: 502 }, "lost"],
    ["a server that OpenAI could not reach", { type: "http_error", code: 424 }, "lost"],
    ["a time-out within the protocol", { type: "protocol_error", code: -32001 }, "lost"],
    ["no code at all", { type: "http_error" }, "lost"],
    ["what has no name yet", { type: "new_error", code: 400 }, "lost"],
  ] as const)("by %s is told for what it is", (_, error, outcome) => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    const [approval, id] = rig.modelWants(CREATE, { content: "milk" });
    expect(rig.approvals).toEqual({ [approval]: true });
    rig.begins(id).fails(id, error);
    expect(rig.log.filter(({ event }) => event === "tool.done")).toMatchObject([{ tool: CREATE, outcome }]);
    expect(rig.reasons).toEqual(["greeting", outcome === "lost" ? "tool" : "native"]);
    expect(rig.notes).toEqual(
      outcome === "lost"
        ? [expect.stringMatching(new RegExp(`^About ${CREATE}: .*not known whether it was done`))]
        : [],
    );
  });

  test("of a read whose reason never comes is a failure, and of a write nobody knows", () => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    rig.failsSilently(rig.modelUses(FIND)).wait(499);
    expect(rig.logged("tool.done")).toBe(0);
    rig.wait(1);
    const [, write] = rig.modelWants(CREATE, { content: "milk" });
    rig.begins(write).failsSilently(write).wait(500);
    const done = rig.log.filter(({ event }) => event === "tool.done");
    expect(done).toMatchObject([
      { tool: FIND, outcome: "failed" },
      { tool: CREATE, outcome: "lost" },
    ]);
    expect(rig.notes).toEqual([expect.stringContaining("not known whether it was done")]);
  });

  test("whose reason is waited for is not waited for twice", () => {
    const rig = new NativeRig();
    const id = rig.modelUses(FIND);
    rig.failsSilently(id).wait(300).failsSilently(id).wait(200);
    expect(rig.logged("tool.done")).toBe(1);
  });

  test("with a reason before it is told once", () => {
    const rig = new NativeRig();
    const id = rig.modelUses(FIND);
    rig.fails(id).failsSilently(id).fails(id).wait(5_000);
    expect(rig.logged("tool.done")).toBe(1);
    expect(rig.reasons).toEqual(["greeting", "native"]);
  });

  test("of a write that may have been done makes the same one ask the caller", () => {
    const rig = new NativeRig({ policy: policyOf(`${CREATE}=allow`) });
    const [, id] = rig.modelWants(CREATE, { content: "milk", due: "today" });
    rig.begins(id).fails(id, { type: "http_error", code: 502 }).itemsArrive();
    rig.modelSays("I do not know whether it went through.", "tool");
    const [again] = rig.modelWants(CREATE, { due: "today", content: "milk" });
    expect(rig.approvals[again]).toBeUndefined();
    expect(rig.asked?.metadata.reason).toBe("read_back");
    const [another] = rig.modelWants(CREATE, { content: "eggs" });
    expect(rig.approvals[another]).toBe(true);
  });
});
