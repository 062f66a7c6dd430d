/**
 * A call in hand with tools to use: a read, a write that only the caller notices, and one that other people get. Each
 * step of the conversation around them has a short name. It decides nothing and checks nothing.
 */
import type { NativeServer } from "../../../relay/call/native-tools.ts";
import type { Policy } from "../../../relay/call/policy.ts";
import { NO_POLICY, readPolicy } from "../../../relay/call/policy.ts";
import type { Settings } from "../../../relay/call/session.ts";
import type { Tool, ToolHints } from "../../../relay/call/tools.ts";
import type { Profile } from "../../../relay/contract.ts";
import { CallInHand, PROFILE, SETTINGS } from "./call-in-hand.ts";

export const FIND = "todoist_find_tasks";
export const CREATE = "todoist_create_task";
export const MAIL = "gmail_send_email";
export const READ_MAIL = "gmail_find_email";

const tool = (name: string, hints: ToolHints = {}): Tool => ({
  name,
  description: `Does ${name}`,
  parameters: { type: "object", properties: {} },
  source: { is: "mcp", server: "zapier", remoteName: name },
  hints,
  timeoutMs: 20_000,
});

export const TOOLS: readonly Tool[] = [FIND, CREATE, MAIL, READ_MAIL].map((name) => tool(name));

export const TRANSCRIBED: Settings = { ...SETTINGS, transcriptionModel: "gpt-transcribe" };

/** TOOL_POLICY and TRUSTED_READS, as an owner writes them. */
export function policyOf(rules: string, trusted = "*"): Policy {
  const read = readPolicy(rules, trusted);
  if (!read.ok) throw new Error(read.problems.map(({ problem }) => problem).join("; "));
  return read.policy;
}

/** The one call that was made. */
export function onlyOf(ids: readonly string[]): string {
  const [id, ...more] = ids;
  if (id === undefined || more.length > 0) throw new Error(`${ids.length} calls were made`);
  return id;
}

export class ToolRig extends CallInHand {
  #responses = 0;
  #calls = 0;
  #turns = 0;

  constructor(
    given: {
      settings?: Settings;
      policy?: Policy;
      profile?: Profile;
      tools?: readonly Tool[];
      native?: readonly NativeServer[];
    } = {},
  ) {
    const toolbox = {
      tools: given.tools ?? TOOLS,
      policy: given.policy ?? NO_POLICY,
      unreachable: [],
      native: given.native ?? [],
    };
    super(given.settings ?? TRANSCRIBED, given.profile ?? PROFILE, 1_000, toolbox);
    this.ready().wait(40).probesBack();
    this.speaks("greeting", 1_000, "greeting").wait(40).probesBack().wait(1_160).marksBack();
  }

  /** The caller takes a turn, whose words come if there are any; returns the turn's item. */
  callerSays(words?: string): string {
    const item = `turn_${++this.#turns}`;
    this.callerStarts().wait(600).callerEnds(item);
    if (words !== undefined) this.heard(item, words);
    return item;
  }

  /** The model answers with calls of tools and nothing else; returns their ids. */
  modelCalls(...calls: ReadonlyArray<readonly [name: string, args?: unknown]>): string[] {
    const response = `call_${++this.#responses}`;
    this.created(response);
    const ids = calls.map(([name, args = {}]) => {
      const id = `c${++this.#calls}`;
      this.calls(response, id, name, "completed", args);
      return id;
    });
    this.done(response).itemsArrive();
    return ids;
  }

  /** The model says something, and it is heard to its end. `reason`: of a response that the relay asked for. */
  modelSays(words: string, reason?: string, heard = true): this {
    const response = `say_${++this.#responses}`;
    this.created(response, reason);
    this.says(response, `${response}_item`, 900).said(response, `${response}_item`);
    this.words(response, words).done(response);
    if (heard) this.wait(1_000).marksBack();
    return this;
  }

  /** The newest response that the relay asked for. */
  get asked() {
    const creates = this.allEvents.flatMap((event) =>
      event.type === "response.create" ? [event.response] : [],
    );
    return creates.at(-1);
  }

  /** The id under which the newest request is held. */
  get held(): string {
    const ids = Object.values(this.outputs).flatMap((output) => /"held":"(\w+)"/.exec(output)?.[1] ?? []);
    const id = ids.at(-1);
    if (id === undefined) throw new Error("nothing is held");
    return id;
  }

  /** Names of the tools that were run, ever. */
  get ran(): string[] {
    return this.runs.map(({ tool: { name } }) => name);
  }

  /** The newest run's tool answers. */
  toolAnswers(text: string, isError = false): this {
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error("no tool was run");
    return this.tool(run.runId, { is: "answered", text, isError }).itemsArrive();
  }
}
