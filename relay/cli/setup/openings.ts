/**
 * What is open: which questions have no right answer yet, and what else is wrong in the files. One reading for the
 * person who is asked and for the machine that is told which flags are missing.
 */
import { isPin } from "../../../functions/edge/pin.ts";
import { GUESSABLE, isEasilyGuessed } from "../guessable-pin.ts";
import { complaintsOf, type Placed, type Surroundings } from "./checks.ts";
import type { Draft } from "./draft.ts";
import { PHONE_NUMBER, QUESTIONS, type Question } from "./questions.ts";

export type Opening = {
  readonly question: Question;
  /** undefined: there is nothing yet that could be wrong. */
  readonly wrong: string | undefined;
};

export type Openings = {
  readonly questions: readonly Opening[];
  /** Of variables that no question is about. */
  readonly others: readonly Placed[];
};

const isAbout = ({ places }: Question, { kind, variable }: Placed): boolean =>
  places.some((place) => place.kind === kind && place.variable === variable);

/** @param again questions that are asked though their answers are right */
export async function openingsOf(
  draft: Draft,
  around: Surroundings,
  again: readonly Question[] = [],
): Promise<Openings> {
  const complaints = await complaintsOf(draft.values, around);
  const questions = QUESTIONS.flatMap((question): Opening[] => {
    const own = complaints.filter((complaint) => isAbout(question, complaint));
    const [first] = own;
    const isEmpty = question.places.every((place) => draft.valueAt(place) === "");
    if (first !== undefined) return [{ question, wrong: isEmpty ? undefined : sentence(first) }];
    const isOffered = isEmpty && isWantedOnce(question, draft);
    return isOffered || again.includes(question) ? [{ question, wrong: undefined }] : [];
  });
  const others = complaints.filter((each) => !QUESTIONS.some((question) => isAbout(question, each)));
  return { questions, others };
}

/** What may be left out is offered when a file is begun; the number belongs to every deploy. */
const isWantedOnce = (question: Question, draft: Draft): boolean =>
  question === PHONE_NUMBER || (!question.isNeeded && question.places.some(({ kind }) => draft.isNew(kind)));

/** The first thing that is wrong with this answer; undefined: it is right. */
export async function wrongWith(
  question: Question,
  answer: string,
  draft: Draft,
  around: Surroundings,
): Promise<string | undefined> {
  if (question.name === "callerPin" && isPin(answer) && isEasilyGuessed(answer)) return GUESSABLE;
  const complaints = await complaintsOf(draft.answering(question, answer).values, around);
  const found = complaints.find((complaint) => isAbout(question, complaint));
  return found && sentence(found);
}

export const sentence = ({ variable, problem, mend }: Placed): string =>
  `${variable} ${problem}. ${upper(mend)}.`;

const upper = (words: string): string => words.slice(0, 1).toUpperCase() + words.slice(1);
