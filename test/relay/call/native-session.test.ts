/** MCP servers in the session: a call goes on without those that OpenAI does not take, and everybody knows. */
import { describe, expect, test } from "bun:test";
import { offerOf } from "../../../relay/call/toolbox.ts";
import { CallInHand, PROFILE, SETTINGS } from "./call-in-hand.ts";
import { CANARIES, SERVER } from "./native-rig.ts";
import { policyOf, TOOLS } from "./tool-rig.ts";

const TOOLBOX = { tools: TOOLS, policy: policyOf(""), unreachable: [], native: [SERVER] };
const { told } = offerOf(TOOLBOX, PROFILE);
const AT = told.findIndex(({ type }) => type === "mcp");

/** Its session.update is on its way. */
function asking() {
  const hand = new CallInHand(SETTINGS, PROFILE, 1_000, TOOLBOX);
  hand.news({ is: "model_open" }).connected().start();
  const updates = () => hand.allEvents.filter((event) => event.type === "session.update");
  return { hand, updates };
}

describe("a server that OpenAI does not take", () => {
  test.each([`session.tools[${AT}].server_url`, `tools[${AT}]`, "session.tools"])(
    "is left out when %s is refused, and the model and the owner are told",
    (param) => {
      const { hand, updates } = asking();
      hand.error({ code: "invalid_value", param, event_id: updates()[0]?.event_id });
      const [first, second] = updates();
      expect(first?.session.tools).toEqual(told);
      expect(second?.session.tools).toEqual(told.filter(({ type }) => type === "function"));
      expect(second?.session.instructions).toContain("these services cannot be reached: zapier.");
      expect(hand.log).toContainEqual({
        event: "session.field_refused",
        level: "warn",
        field: "tools.mcp",
        mend: expect.stringContaining("MCP_MODE=bridged"),
      });
      hand.updated();
      expect(hand.ending).toBeUndefined();
      expect(hand.creates).toHaveLength(1);
      expect(JSON.stringify(hand.log)).not.toContain(CANARIES.authorization);
    },
  );

  test("is not what is wrong when a function is refused: the call ends", () => {
    const { hand, updates } = asking();
    hand.error({
      code: "invalid_value",
      param: "session.tools[0].parameters",
      event_id: updates()[0]?.event_id,
    });
    expect(updates()).toHaveLength(1);
    expect(hand.call.state).toBe("last words");
    expect(hand.wait(1_100).marksBack().ending).toBe("model_settings_refused");
  });

  test("is not looked for where there is none", () => {
    const hand = new CallInHand(SETTINGS, PROFILE, 1_000, { ...TOOLBOX, native: [] });
    hand.news({ is: "model_open" }).connected().start();
    hand.error({ code: "invalid_value", param: "session.tools", event_id: "session-1" });
    expect(hand.call.state).toBe("last words");
    expect(hand.wait(1_100).marksBack().ending).toBe("model_settings_refused");
  });
});

test("a call counts its tools, whoever uses them", () => {
  const { hand } = asking();
  expect(hand.log.find(({ event }) => event === "call.started")).toMatchObject({ tools: 3 + TOOLS.length });
});
