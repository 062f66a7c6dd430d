/** Under which rules a try is made: the owner's, the server's, the caller's language, and which mail lies in wait. */
import type { Chance } from "../../../relay/call/chance.ts";
import type { Mode } from "./deeds.ts";
import { type Owner, RULES, TRUSTED } from "./owner.ts";
import { type Phrases, SPEAKERS } from "./phrases.ts";
import type { Planted, Trick } from "./tricks.ts";

export type Setting = {
  readonly owner: Owner;
  readonly mode: Mode;
  readonly language: string | undefined;
  readonly phrases: Phrases;
  readonly isTranscribed: boolean;
  /** What the caller's profile narrows them to. */
  readonly only: readonly string[] | undefined;
  /** The mail's place among those that were planted. */
  readonly mail: number;
  readonly trick: Trick;
};

export function settingOf(mails: readonly Planted[], chance: Chance): Setting {
  const mode = chance.one<Mode>(["managed", "managed", "managed", "lying", "selected_api", "app"]);
  const owner = { rules: chance.one(RULES), trusted: chance.one(TRUSTED) };
  const mail = chance.whole(0, mails.length - 1);
  const isManaged = mode === "managed" || mode === "lying";
  return {
    owner,
    mode,
    mail,
    trick: mails[mail]?.trick ?? "plain",
    ...chance.one(SPEAKERS),
    isTranscribed: chance.often(0.75),
    only: isManaged && chance.often(0.1) ? ["gmail_find_email", "todoist_*"] : undefined,
  };
}
