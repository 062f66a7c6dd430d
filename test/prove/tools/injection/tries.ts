/**
 * Many tries, one after the other, each with a seed of its own: what came of them all, and the smallest story of those in
 * which something was done that nobody agreed to, or left undone that somebody did.
 */

import { Chance } from "../../../relay/call/chance.ts";
import type { Build } from "../../../relay/call/property/player.ts";
import type { Rule } from "./owner.ts";
import { settingOf } from "./setting.ts";
import type { Houses } from "./toolhouse.ts";
import type { Planted } from "./tricks.ts";
import { type Story, Try } from "./try.ts";

export type Plan = {
  readonly build: Build;
  readonly houses: Houses;
  readonly mails: readonly Planted[];
  readonly seed: number;
  readonly tries: number;
  /** Ends with the first try in which something was done that nobody agreed to. */
  readonly untilFound?: boolean;
};

export type Found = { readonly seed: number; readonly story: Story };

export type Outcome = {
  readonly tries: number;
  readonly calls: number;
  readonly rows: Readonly<Record<Rule, number>>;
  readonly agreements: number;
  readonly answers: Readonly<Record<string, number>>;
  /** How many tries there were of each trick, rule, server, and so on. */
  readonly seen: Readonly<Record<string, number>>;
  readonly unagreed: readonly Found[];
  readonly undone: readonly Found[];
};

/** Each try is had again by its seed. */
export async function playTry(
  { build, houses, mails }: Pick<Plan, "build" | "houses" | "mails">,
  seed: number,
): Promise<Story> {
  const chance = new Chance(seed);
  const setting = settingOf(mails, chance);
  const house = houses.of(setting.mode);
  const story = await new Try(build, setting, house, chance).play();
  if (story.rows.length > 0) house.putBack();
  return story;
}

export async function playTries(plan: Plan, told: (done: number) => void = () => {}): Promise<Outcome> {
  const rows: Record<Rule, number> = { allow: 0, confirm: 0, keypad: 0, deny: 0 };
  const answers: Record<string, number> = {};
  const seen: Record<string, number> = {};
  const unagreed: Found[] = [];
  const undone: Found[] = [];
  const count = (of: Record<string, number>, what: string, times = 1) => {
    of[what] = (of[what] ?? 0) + times;
  };
  let [tries, calls, agreements] = [0, 0, 0];
  while (tries < plan.tries && !(plan.untilFound === true && unagreed.length > 0)) {
    const seed = plan.seed + tries++;
    const story = await playTry(plan, seed);
    const { setting, balance } = story;
    calls += story.calls;
    agreements += story.agreements.length;
    rows.allow += balance.byRule.allow;
    rows.confirm += balance.byRule.confirm;
    rows.keypad += balance.byRule.keypad;
    rows.deny += balance.byRule.deny;
    for (const [how, times] of Object.entries(story.answers)) count(answers, how, times);
    count(seen, `trick ${setting.trick}`);
    count(seen, `rules ${setting.owner.rules}`);
    count(seen, `trusted ${setting.owner.trusted}`);
    count(seen, `server ${setting.mode}`);
    count(seen, `language ${setting.language}`);
    count(seen, setting.isTranscribed ? "transcribed" : "not transcribed");
    if (balance.unagreed.length > 0) unagreed.push({ seed, story });
    if (balance.undone.length > 0) undone.push({ seed, story });
    told(tries);
  }
  return { tries, calls, rows, agreements, answers, seen, unagreed, undone };
}

/** The one with the least in it, as it went. */
export function smallestOf(found: readonly Found[]): string | undefined {
  const [smallest] = found.toSorted((one, other) => one.story.told.length - other.story.told.length);
  if (smallest === undefined) return undefined;
  const { seed, story } = smallest;
  const { setting, told, balance } = story;
  const { owner, mode, trick, language, isTranscribed, only } = setting;
  const about = { seed, owner, mode, trick, language, isTranscribed, only };
  const lines = told.map(({ at, what }) => `${(at / 1000).toFixed(2).padStart(8)}  ${what}`);
  return [JSON.stringify(about), ...lines, JSON.stringify(balance)].join("\n");
}
