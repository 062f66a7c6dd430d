/**
 * How a person is asked: questions with where their answers are found, secrets that are never shown, and a way out at
 * any time that changes nothing. The prompts are loaded when somebody is there to see them.
 */
import type { Question } from "./questions.ts";

/** Ctrl-C, or Escape. */
export class Left extends Error {}

export type Asker = {
  readonly begin: (words: string) => void;
  readonly say: (words: string) => void;
  readonly warn: (words: string) => void;
  readonly end: (words: string) => void;
  /** @param before shown to be changed, where it is no secret; what was wrong with it stands in `wrong` */
  readonly answer: (question: Question, before: string, wrong: string | undefined) => Promise<string>;
  readonly value: (variable: string, before: string, wrong: string) => Promise<string>;
  readonly choose: <Choice extends string>(
    message: string,
    choices: readonly { readonly value: Choice; readonly label: string; readonly hint?: string }[],
  ) => Promise<Choice>;
  readonly whileWaiting: <T>(words: string, work: Promise<T>) => Promise<T>;
};

export async function personAsker(): Promise<Asker> {
  const clack = await import("@clack/prompts");
  // Its one symbol says that somebody has left.
  const given = (answer: string | symbol | undefined): string => {
    if (typeof answer === "symbol") throw new Left();
    return answer ?? "";
  };
  return {
    begin: (words) => clack.intro(words),
    say: (words) => clack.log.info(words),
    warn: (words) => clack.log.warn(words),
    end: (words) => clack.outro(words),
    answer: async ({ title, where, isSecret, example }, before, wrong) => {
      if (wrong !== undefined) clack.log.error(wrong);
      const message = wrong === undefined ? `${title}\n${where}` : title;
      if (isSecret) return given(await clack.password({ message, mask: "•" }));
      const placeholder = example === undefined ? {} : { placeholder: example };
      return given(await clack.text({ message, initialValue: before, ...placeholder }));
    },
    value: async (variable, before, wrong) => {
      clack.log.error(wrong);
      return given(await clack.text({ message: `${variable} (empty: its default)`, initialValue: before }));
    },
    choose: async (message, choices) => {
      const options = choices.map(({ value, label, hint }) => ({
        value,
        label,
        ...(hint !== undefined && { hint }),
      }));
      const chosen = given(await clack.select<string>({ message, options }));
      const choice = choices.find(({ value }) => value === chosen);
      if (choice === undefined) throw new Left();
      return choice.value;
    },
    whileWaiting: async (words, work) => {
      const spinner = clack.spinner();
      spinner.start(words);
      try {
        return await work;
      } finally {
        spinner.stop(words);
      }
    },
  };
}
