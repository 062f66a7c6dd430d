/**
 * Setup with nobody at the keyboard: flags in, and all that is missing or wrong at once, each with its flag. It replaces
 * what is wrong or nobody's own; what is right only where that is said.
 */
import { randomSecret } from "../random-secret.ts";
import type { AskForNumbers } from "./account-numbers.ts";
import type { Surroundings } from "./checks.ts";
import type { Draft } from "./draft.ts";
import { openingsOf, sentence, wrongWith } from "./openings.ts";
import { ACCOUNT_SID, AUTH_TOKEN, PHONE_NUMBER, QUESTIONS, type QuestionName, SECRET } from "./questions.ts";

export type Given = ReadonlyMap<QuestionName, string>;

export type Outcome =
  | { readonly ok: true; readonly draft: Draft; readonly said: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The flags that were given, put into the draft. @param mayReplace what is there and right */
export async function withGiven(
  start: Draft,
  given: Given,
  around: Surroundings,
  mayReplace: boolean,
): Promise<Outcome> {
  const problems: string[] = [];
  let draft = start;
  const open = new Set((await openingsOf(draft, around)).questions.map(({ question }) => question.name));
  for (const question of QUESTIONS) {
    const value = given.get(question.name)?.trim();
    if (value === undefined) continue;
    const isOther = question.places.some((place) => {
      const there = draft.valueAt(place);
      return there !== "" && there !== value && !there.split(",").includes(value);
    });
    if (!isOther && !open.has(question.name) && draft.valueAt(question.places[0]) !== "") continue;
    if (isOther && !open.has(question.name) && !mayReplace) {
      const [{ variable }] = question.places;
      problems.push(
        `--${question.flag}: ${variable} has another value, which is right; --replace puts yours there.`,
      );
      continue;
    }
    const wrong = await wrongWith(question, value, draft, around);
    if (wrong === undefined) draft = draft.answering(question, value);
    else problems.push(`--${question.flag}: ${wrong}`);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, draft, said: [] };
}

/** Makes and finds what needs nobody; then nothing may be open any more. */
export async function completed(
  start: Draft,
  around: Surroundings,
  numbers: AskForNumbers | undefined,
  newSecret: boolean,
): Promise<Outcome> {
  const said: string[] = [];
  let draft = start;
  const isWithout = SECRET.places.every((place) => draft.valueAt(place) === "");
  if (isWithout || newSecret) draft = draft.answering(SECRET, randomSecret());
  const { questions, others } = await openingsOf(draft, around);
  const problems = [
    ...questions
      .filter(({ question, wrong }) => question.isNeeded || wrong !== undefined)
      .map(({ question, wrong }) => {
        const flag = question === SECRET ? "--new-secret" : `--${question.flag}`;
        return `${flag}: ${wrong ?? `${question.title}. ${question.where.replaceAll("\n", " ")}`}`;
      }),
    ...others.map((other) => `${FILES[other.kind]}: ${sentence(other)}`),
  ];
  if (problems.length > 0 || numbers === undefined) return outcome(draft, said, problems);

  const [sid, token] = [draft.valueAt(ACCOUNT_SID.places[0]), draft.valueAt(AUTH_TOKEN.places[0])];
  const isNew = draft.changed.some(({ variable }) => ASKED_FOR.has(variable));
  const chosen = draft.valueAt(PHONE_NUMBER.places[0]);
  if (chosen !== "" && !isNew) return outcome(draft, said, problems);
  const known = await numbers(sid, token);
  if (known.is === "refused") problems.push(`--${ACCOUNT_SID.flag}, --${AUTH_TOKEN.flag}: ${known.why}`);
  if (known.is === "unknown") said.push(`${known.why} The number was not looked at.`);
  if (known.is !== "listed") return outcome(draft, said, problems);
  const all = known.numbers.map(({ phoneNumber }) => phoneNumber);
  const [only] = all;
  if (chosen !== "" && !all.includes(chosen)) {
    problems.push(
      `--${PHONE_NUMBER.flag}: the account has no such number that can be called. ${listOf(all)}`,
    );
  } else if (chosen === "" && all.length > 1) {
    problems.push(`--${PHONE_NUMBER.flag}: choose one. ${listOf(all)}`);
  } else if (chosen === "" && only !== undefined) {
    draft = draft.answering(PHONE_NUMBER, only);
    said.push(`${only} is the account's only number that can be called, and is taken.`);
  } else if (chosen === "") {
    said.push(
      `The account has no number that can be called yet: ${PHONE_NUMBER.where.replaceAll("\n", " ")}`,
    );
  }
  return outcome(draft, said, problems);
}

const FILES = { relay: ".env", edge: ".env.functions" } as const;
const ASKED_FOR: ReadonlySet<string> = new Set(
  [ACCOUNT_SID, AUTH_TOKEN, PHONE_NUMBER].flatMap(({ places }) => places.map(({ variable }) => variable)),
);

const listOf = (numbers: readonly string[]): string =>
  numbers.length === 0 ? "It has none." : `It has ${numbers.join(", ")}.`;

const outcome = (draft: Draft, said: readonly string[], problems: readonly string[]): Outcome =>
  problems.length > 0 ? { ok: false, problems } : { ok: true, draft, said };
