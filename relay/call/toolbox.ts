/**
 * The tools of one call, as they were when it began, and the rules for them. A list that changes while a call lasts
 * changes the next call's: new tools in the middle of a session cost its cached context.
 */
import type { Profile } from "../contract.ts";
import type { SessionTool } from "../wire/realtime.ts";
import { isNative, type NativeServer, type NativeTools, nativeToolsOf } from "./native-tools.ts";
import { type PhoneTool, phoneToolsFor } from "./phone-tools.ts";
import { isOffered, type Policy } from "./policy.ts";
import { functionToolOf, type Tool } from "./tools.ts";

export type Toolbox = {
  readonly tools: readonly Tool[];
  readonly policy: Policy;
  /** Labels of servers that could not be reached, or had yet to list, when the call began. */
  readonly unreachable: readonly string[];
  /** Servers whose tools OpenAI uses by itself, among those above; absent: the relay uses all of them. */
  readonly native?: readonly NativeServer[];
};

/** What this caller is offered. */
export type Offer = {
  /** Those that the relay runs somewhere, by name. */
  readonly tools: ReadonlyMap<string, Tool>;
  readonly phone: ReadonlySet<PhoneTool>;
  readonly native: NativeTools;
  /** All of it, as the model is told. */
  readonly told: readonly SessionTool[];
  readonly count: number;
};

/** Others than the telephone's own: they may have to be confirmed, can be cancelled, and say what strangers wrote. */
export const isUsed = ({ source }: Tool): boolean => source.is !== "phone";

export function offerOf({ tools, policy, native = [] }: Toolbox, profile: Profile): Offer {
  const offered = tools.filter((tool) => isOffered(policy, tool, profile.tools));
  const phone = phoneToolsFor(policy, profile, offered.some(isUsed));
  const run = offered.filter((tool) => !isNative(tool, native));
  const remote = nativeToolsOf(
    native,
    offered.filter((tool) => isNative(tool, native)),
    policy,
  );
  return {
    tools: new Map(run.map((tool) => [tool.name, tool])),
    phone: new Set(phone.map(({ name }) => name)),
    native: remote,
    told: [...phone.map(({ told }) => told), ...run.map(functionToolOf), ...remote.told],
    count: phone.length + offered.length,
  };
}
