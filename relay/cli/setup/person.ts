/**
 * Setup with somebody at the keyboard: one question after the other, each asked until its answer is right.
 */
import { randomSecret } from "../random-secret.ts";
import type { AskForNumbers } from "./account-numbers.ts";
import type { Asker } from "./ask.ts";
import type { Placed, Surroundings } from "./checks.ts";
import type { Draft } from "./draft.ts";
import { type Opening, openingsOf, sentence, wrongWith } from "./openings.ts";
import { ACCOUNT_SID, AUTH_TOKEN, PHONE_NUMBER, type Question, SECRET } from "./questions.ts";

type Scene = {
  readonly asker: Asker;
  readonly around: Surroundings;
  /** undefined: nothing is asked of Twilio. */
  readonly numbers: AskForNumbers | undefined;
  readonly again: readonly Question[];
};

/** @throws Left */
export async function askPerson(start: Draft, scene: Scene): Promise<Draft> {
  let draft = start;
  const { questions } = await openingsOf(draft, scene.around, scene.again);
  for (const opening of questions) {
    if (opening.question === SECRET) draft = await secretFor(draft, opening, scene);
    else if (opening.question === PHONE_NUMBER) draft = await numberFor(draft, opening, scene);
    else draft = await answerFor(draft, opening, scene);
  }
  for (;;) {
    const [other] = (await openingsOf(draft, scene.around)).others;
    if (other === undefined) return draft;
    draft = await valueFor(draft, other, scene);
  }
}

async function answerFor(
  draft: Draft,
  { question, wrong }: Opening,
  { asker, around }: Scene,
): Promise<Draft> {
  const [first] = question.places;
  let before = draft.valueAt(first);
  let complaint = wrong;
  for (;;) {
    const answer = (await asker.answer(question, before, complaint)).trim();
    complaint = await wrongWith(question, answer, draft, around);
    if (complaint === undefined) return draft.answering(question, answer);
    before = answer;
  }
}

async function valueFor(draft: Draft, other: Placed, { asker }: Scene): Promise<Draft> {
  const value = await asker.value(other.variable, draft.valueAt(other), sentence(other));
  return draft.with(other, value.trim());
}

async function secretFor(draft: Draft, { wrong }: Opening, { asker }: Scene): Promise<Draft> {
  const fresh = () => draft.answering(SECRET, randomSecret());
  if (wrong === undefined) return fresh();
  asker.warn(`${wrong}\nIn daily use it is replaced without a failed call: npm run secret -- --rotate`);
  const [relay, edge] = SECRET.places;
  const choice = await asker.choose("STREAM_TOKEN_SECRET", [
    { value: "new", label: "Make a new one for both sides" },
    { value: "relay", label: "Give the edge the relay's" },
    { value: "edge", label: "Give the relay the edge's" },
    { value: "leave", label: "Leave them as they are" },
  ]);
  if (choice === "new") return fresh();
  if (choice === "leave") return draft;
  return draft.answering(SECRET, draft.valueAt(choice === "relay" || edge === undefined ? relay : edge));
}

/** One of the account's; or as it is written; or none yet. */
async function numberFor(start: Draft, opening: Opening, scene: Scene): Promise<Draft> {
  const { asker, numbers } = scene;
  let draft = start;
  for (;;) {
    const [sid] = ACCOUNT_SID.places;
    const [token] = AUTH_TOKEN.places;
    const asked = numbers?.(draft.valueAt(sid), draft.valueAt(token));
    if (asked === undefined) return answerFor(draft, opening, scene);
    const known = await asker.whileWaiting("Asking Twilio which numbers the account has", asked);
    if (known.is === "listed") {
      if (opening.wrong !== undefined) asker.warn(opening.wrong);
      if (known.numbers.length === 0) {
        asker.warn(
          `The account has no number that can be called yet.\n${PHONE_NUMBER.where}\nThen run this again.`,
        );
        return draft;
      }
      const choices = known.numbers.map(({ phoneNumber, friendlyName }) => ({
        value: phoneNumber,
        label: phoneNumber,
        ...(friendlyName !== phoneNumber && { hint: friendlyName }),
      }));
      const chosen = await asker.choose(PHONE_NUMBER.title, [
        ...choices,
        { value: "", label: "None of these yet" },
      ]);
      return draft.answering(PHONE_NUMBER, chosen);
    }
    asker.warn(known.why);
    if (known.is === "unknown") return answerFor(draft, opening, scene);
    draft = await answerFor(draft, { question: ACCOUNT_SID, wrong: undefined }, scene);
    draft = await answerFor(draft, { question: AUTH_TOKEN, wrong: undefined }, scene);
  }
}
