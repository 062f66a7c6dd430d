/**
 * The owner's own functions, as tools: what the model is told of each, and how one is run. What of it may be run, and
 * how long it may take, is the call's affair; here nothing is decided and nothing is thrown.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import type { Tool, ToolCaller, ToolOutcome, ToolRun } from "../call/tools.ts";
import { type AssistantFunction, FunctionError } from "../function.ts";
import { bugOf, type Log } from "./log.ts";

export type LoadedFunction = {
  readonly definition: AssistantFunction;
  readonly parameters: Tool["parameters"];
};

export type FunctionsParts = {
  readonly now: () => Date;
  /** Of a caller whose profile names none. */
  readonly timeZone: string;
  /** The relay's; what functions keep has a folder of its own in it. */
  readonly dataDir: string;
  /** For those that say nothing of it. */
  readonly timeoutMs: number;
  readonly log: Log;
};

const MOST_MISFITS_TOLD = 5;

export class Functions {
  readonly tools: readonly Tool[];
  readonly #definitions: ReadonlyMap<string, AssistantFunction>;
  readonly #parts: FunctionsParts;
  readonly #dataDir: string;

  constructor(functions: readonly LoadedFunction[], parts: FunctionsParts) {
    this.tools = functions.map((one) => toolOf(one, parts.timeoutMs));
    this.#definitions = new Map(functions.map(({ definition }) => [definition.name, definition]));
    this.#parts = parts;
    this.#dataDir = join(parts.dataDir, "functions");
  }

  async run({ tool, args }: ToolRun, signal: AbortSignal, caller: ToolCaller): Promise<ToolOutcome> {
    const definition = this.#definitions.get(tool.name);
    if (definition === undefined) return { is: "not_done", why: "gone" };
    try {
      // Not `not_done`: the model is to learn what was wrong with them, and may then do better.
      const read = await definition.schema.safeParseAsync(args);
      if (!read.success) return failed(misfit(read.error));
      // A disk that will not have it is told by the function that writes.
      await mkdir(this.#dataDir, { recursive: true, mode: 0o700 }).catch(() => undefined);
      if (signal.aborted) return { is: "not_done", why: "refused" };
      const answer: unknown = await definition.run(read.data, {
        now: this.#parts.now,
        timeZone: caller.timeZone ?? this.#parts.timeZone,
        language: caller.language,
        callerName: caller.name,
        dataDir: this.#dataDir,
        signal,
      });
      return { is: "answered", text: textOf(answer), isError: false };
    } catch (thrown) {
      if (thrown instanceof FunctionError) return failed(thrown.message);
      if (!isAbort(thrown, signal)) this.#parts.log(bugOf(thrown));
      // A write that has stopped halfway may have done its work.
      return definition.policy.kind === "write" ? { is: "lost" } : failed(BROKEN);
    }
  }
}

function toolOf({ definition, parameters }: LoadedFunction, usualTimeoutMs: number): Tool {
  const { name, description, policy, timeoutMs = usualTimeoutMs } = definition;
  return {
    name,
    description,
    parameters,
    source: { is: "function" },
    hints: { readOnly: policy.kind === "read" },
    declared: policy,
    timeoutMs,
  };
}

const failed = (text: string): ToolOutcome => ({ is: "answered", text, isError: true });

const BROKEN = "It failed, through a mistake in it. Trying again will not help.";

function misfit({ issues }: z.ZodError): string {
  const told = issues.slice(0, MOST_MISFITS_TOLD).map(({ path, message }) => {
    const where = path.map(String).join(".");
    return where === "" ? message : `${where}: ${message}`;
  });
  return `Nothing was done, for these arguments do not fit. ${told.join("; ")}`;
}

/** A file that is no TypeScript to anybody may return anything. */
const textOf = (answer: unknown): string =>
  typeof answer === "string" ? answer : (JSON.stringify(answer) ?? "Done.");

const isAbort = (thrown: unknown, signal: AbortSignal): boolean =>
  signal.aborted &&
  (thrown === signal.reason || (thrown instanceof DOMException && thrown.name === "AbortError"));
