/**
 * Variables that people bring along from a FastAPI assistant of the same kind, and that nothing here reads: whoever has
 * set one is told where what it said stands now. Those that still mean what they meant are not here.
 */
import type { Env, Finding } from "./variables.ts";

const FORMER: Readonly<Record<string, Omit<Finding, "variable">>> = {
  WEBHOOK_URL: {
    problem: "is not read any more: the Function answers Twilio itself, and forwards no webhook",
    mend: "take it out; where streams go is RELAY_URL, in .env and in .env.functions",
  },
  ALLOWED_NUMBERS: {
    problem: "is not the relay's: who may call is decided on the edge",
    mend: "move it to .env.functions",
  },
};

/** Asks whether it is there, and does not read it. */
export const formerIn = (env: Env): readonly Finding[] =>
  Object.entries(FORMER).flatMap(([variable, told]) =>
    Object.hasOwn(env, variable) ? [{ variable, ...told }] : [],
  );
