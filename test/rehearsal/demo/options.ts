/**
 * What the demo was asked to do, from its arguments. A mistake is a value with the words to print; nothing here
 * starts, reads an environment or exits.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { BREAKS, type BreakName } from "./breaks.ts";

export type Wanted = {
  readonly breaks: BreakName | undefined;
  readonly live: boolean;
  /** Where the recording is left. */
  readonly outDir: string;
};

export type Asked =
  | { readonly kind: "run"; readonly wanted: Wanted }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "mistake"; readonly text: string };

const names = Object.keys(BREAKS).filter(isBreakName);

export function askedFrom(args: readonly string[], outDir: string): Asked {
  let values: { break?: string; live?: boolean; out?: string; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        break: { type: "string" },
        live: { type: "boolean" },
        out: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    return mistake(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return { kind: "help", text: HELP };
  const { break: breaks, live = false } = values;
  if (breaks !== undefined && !isBreakName(breaks)) {
    return mistake(`There is nothing called "${breaks}" to break. There are:\n${listOfBreaks()}`);
  }
  if (breaks !== undefined && live)
    return mistake("--live is a call to the real model: nothing is broken in it.");
  return {
    kind: "run",
    wanted: { breaks, live, outDir: values.out === undefined ? outDir : resolve(values.out) },
  };
}

function isBreakName(name: string): name is BreakName {
  return Object.hasOwn(BREAKS, name);
}

const listOfBreaks = (): string =>
  names.map((name) => `  ${name.padEnd(10)} ${BREAKS[name].what}`).join("\n");

const mistake = (text: string): Asked => ({
  kind: "mistake",
  text: `${text}\n\nnpm run demo -- --help tells more.`,
});

const HELP = `npm run demo: one telephone call, end to end, on this machine.

  npm run demo                      a call with stand-ins for Twilio and OpenAI: no account, no key, no cost
  npm run demo -- --break <what>    the same with one thing broken on purpose; exits 1 and names it:
${listOfBreaks().replaceAll(/^/gm, "                                  ")}
  npm run demo -- --live            with the real model: OPENAI_API_KEY from the environment or .env, a few cents
  npm run demo -- --out <folder>    where the recording goes (demo-out)

Exit codes: 0 all happened as expected, 1 something did not, 2 the arguments make no sense, 3 a break went unnoticed.`;
