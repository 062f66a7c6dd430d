/** What may be done with a request as the call stands: the policy's word, and what the call has seen since it began. */
import { describe, expect, test } from "bun:test";
import { Outbox } from "../../../relay/call/outbox.ts";
import type { Policy } from "../../../relay/call/policy.ts";
import { Rulings } from "../../../relay/call/rulings.ts";
import { offerOf } from "../../../relay/call/toolbox.ts";
import type { Tool, ToolRequest } from "../../../relay/call/tools.ts";
import { SERVER } from "./native-rig.ts";
import { CREATE, FIND, MAIL, policyOf, READ_MAIL, TOOLS } from "./tool-rig.ts";

type Given = { policy?: Policy; isTranscribed?: boolean; isNative?: boolean; isLost?: boolean };

function rig({ policy = policyOf(""), isTranscribed = true, isNative = false, isLost = false }: Given = {}) {
  const toolbox = { tools: TOOLS, policy, unreachable: [], native: isNative ? [SERVER] : [] };
  const outbox = new Outbox();
  const parts = { toolbox, offer: offerOf(toolbox, {}), isTranscribed: () => isTranscribed, outbox };
  return { rulings: new Rulings(parts, () => isLost), outbox };
}

const tool = (name: string): Tool => {
  const found = TOOLS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};
const request = (name: string): ToolRequest => ({ tool: tool(name), args: {} });

/** Mail was read. */
function tainted(given: Given) {
  const { rulings } = rig(given);
  rulings.returned(tool(READ_MAIL), rulings.of(request(READ_MAIL)));
  return rulings;
}

describe("a ruling", () => {
  test("is the policy's, and told to the log when a request comes", () => {
    const { rulings, outbox } = rig();
    expect(rulings.asked(request(CREATE))).toEqual(rulings.of(request(CREATE)));
    expect(rulings.of(request(CREATE))).toMatchObject({ rule: "confirm", why: "default: a write" });
    expect(outbox.take()).toEqual([
      {
        to: "log",
        entry: { event: "tool.asked", level: "info", tool: CREATE, rule: "confirm", why: "default: a write" },
      },
    ]);
  });

  test("is stricter once the call has read what strangers may have written, or nobody knows who", () => {
    const policy = policyOf("gmail_*=allow", "todoist_*");
    expect(rig({ policy }).rulings.of(request(MAIL)).rule).toBe("allow");
    expect(tainted({ policy }).of(request(MAIL)).rule).toBe("keypad");
    const { rulings } = rig({ policy });
    rulings.distrust();
    expect(rulings.of(request(MAIL)).rule).toBe("keypad");
  });

  test("wants a key for every write then, where the caller's words are not there to be read", () => {
    const policy = policyOf("", "todoist_*");
    expect(tainted({ policy }).of(request(CREATE)).rule).toBe("confirm");
    expect(tainted({ policy, isTranscribed: false }).of(request(CREATE)).rule).toBe("keypad");
  });

  test("wants a write asked about that may have been done already", () => {
    const policy = policyOf(`${CREATE}=allow, ${FIND}=allow`);
    expect(rig({ policy, isLost: true }).rulings.of(request(CREATE)).rule).toBe("confirm");
    expect(rig({ policy, isLost: true }).rulings.of(request(FIND)).rule).toBe("allow");
  });
});

describe("what has to be confirmed", () => {
  test("is left to the model to ask, unless it may be misled", () => {
    expect(rig().rulings.asksItself(request(CREATE))).toBe(false);
    expect(tainted({ policy: policyOf("", "todoist_*") }).asksItself(request(CREATE))).toBe(true);
  });

  test("is asked by the relay itself where OpenAI runs it, and ruled on as if the relay did", () => {
    const { rulings } = rig({ isNative: true });
    expect(rulings.asksItself(request(CREATE))).toBe(true);
    for (const name of [CREATE, FIND, MAIL]) {
      expect(rulings.of(request(name))).toEqual(rig().rulings.of(request(name)));
    }
  });
});
