/**
 * What the live model keeps to by itself, held against the script: a reply that does not would show a relay what never
 * happens. It may only complain.
 */
import { type Occasion, type Output, ScriptError } from "./script.ts";

type Call = { readonly name: string; readonly server: string | undefined };

const callsIn = (output: readonly Output[]): readonly Call[] =>
  output.flatMap((each): Call[] => {
    if ("call" in each) return [{ name: each.call, server: undefined }];
    return "mcp" in each ? [{ name: each.mcp, server: each.server }] : [];
  });

export const withoutCalls = (output: readonly Output[]): readonly Output[] =>
  output.filter((each) => !("call" in each || "mcp" in each));

/** @param parallel whether several calls in one response are allowed; false is what was asked for, all else is yes */
export function holdToRules(
  output: readonly Output[],
  { toolChoice: choice, remoteTools }: Pick<Occasion, "toolChoice" | "remoteTools">,
  parallel: unknown,
): void {
  const calls = callsIn(output);
  const made = `the reply calls [${calls.map(({ name }) => name).join(", ")}]`;
  const isUnlisted = ({ name, server }: Call): boolean =>
    server !== undefined && !remoteTools.some((tool) => tool.server === server && tool.name === name);
  // With "none" calls are taken out of the reply: what they would have been does not matter.
  if (choice !== "none" && calls.some(isUnlisted)) throw new ScriptError(`no such tool was listed: ${made}`);
  if (choice === "required" && calls.length === 0)
    throw new ScriptError(`tool_choice is 'required': ${made}`);
  if (typeof choice !== "string" && (calls.length === 0 || !calls.every((call) => isForced(call, choice)))) {
    throw new ScriptError(`tool_choice is ${JSON.stringify(choice)}: ${made}`);
  }
  if (parallel === false && calls.length > 1) throw new ScriptError(`parallel_tool_calls is false: ${made}`);
}

function isForced({ name, server }: Call, choice: Exclude<Occasion["toolChoice"], string>): boolean {
  if (choice.type === "function") return server === undefined && name === choice.name;
  return server === choice.server_label && (choice.name == null || name === choice.name);
}
