/**
 * `npm run setup`: from a fresh checkout to two env files that relay and edge would start with. Asks for what is missing
 * or wrong and for nothing else; without a terminal takes flags, and says which are missing.
 *
 * Both files are written at the very end, together; whoever leaves before leaves everything as it was. No secret is
 * shown, not even one that was typed wrongly.
 */
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { CALLERS_FILE } from "../../functions/edge/callers.ts";
import { type EnvFile, EnvFileError, type EnvKind, envFileFindings, writeEnvFiles } from "./env-file.ts";
import { numbersOf } from "./setup/account-numbers.ts";
import { Left, personAsker } from "./setup/ask.ts";
import type { Surroundings } from "./setup/checks.ts";
import { Draft, KINDS, levelled, readSide, type Sides } from "./setup/draft.ts";
import { completed, type Given, withGiven } from "./setup/machine.ts";
import { askPerson } from "./setup/person.ts";
import { QUESTIONS, type QuestionName } from "./setup/questions.ts";

const EXIT_MISTAKE = 2;
/** 128 and SIGINT's number, as a shell has it. */
const EXIT_LEFT = 130;
const FILES: Readonly<Record<EnvKind, string>> = { relay: ".env", edge: ".env.functions" };

const HELP = `npm run setup: fills in .env (the relay) and .env.functions (the edge)

  npm run setup                          asks for what is missing or wrong
  npm run setup -- --change relay-url    asks for that one again
  npm run setup -- --no-input FLAGS      asks nothing and nobody: what is missing is told, exit ${EXIT_MISTAKE}

Flags, each with a value; @FILE takes it from a file's first line, which keeps a secret out of your shell's history:
${QUESTIONS.map(({ flag, title }) => `  --${flag.padEnd(21)} ${title}`).join("\n")}

  --replace       flags may replace what is there and right
  --new-secret    makes a new STREAM_TOKEN_SECRET for both (replaces none that is there; for that: npm run secret)
  --offline       does not ask Twilio for the account's numbers`;

const SWITCHES = ["replace", "new-secret", "offline", "no-input", "help"] as const;

async function main(): Promise<number> {
  const told = readArguments();
  if (typeof told === "string") {
    console.error(`${told}\n\n${HELP}`);
    return EXIT_MISTAKE;
  }
  const { has, texts, again } = told;
  if (has("help")) {
    console.log(HELP);
    return 0;
  }
  const sides = await readSides();
  if (sides === undefined) {
    console.error(
      "There is no .env.example with .env.functions.example here: run this in the project's folder.",
    );
    return EXIT_MISTAKE;
  }
  const given = await readGiven(texts);
  if (typeof given === "string") {
    console.error(given);
    return EXIT_MISTAKE;
  }
  const around: Surroundings = {
    today: new Date(),
    callersFile: await textOf(CALLERS_FILE),
    readFile: textOf,
  };
  const numbers = has("offline") ? undefined : numbersOf;
  const begun = await withGiven(levelled(new Draft(sides), QUESTIONS), given, around, has("replace"));
  if (!begun.ok) return refuse(begun.problems);

  leaveOnSignals();
  const isAttended = process.stdin.isTTY && process.stdout.isTTY && !has("no-input");
  if (!isAttended) {
    const outcome = await completed(begun.draft, around, numbers, has("new-secret"));
    if (!outcome.ok) return refuse(outcome.problems);
    for (const words of outcome.said) console.log(words);
    return finish(outcome.draft, console.log);
  }
  const asker = await personAsker();
  asker.begin(
    "Setting up the relay (.env) and the edge (.env.functions). Ctrl-C leaves everything as it is.",
  );
  try {
    const scene = { asker, around, numbers, again: QUESTIONS.filter(({ flag }) => again.includes(flag)) };
    const draft = await askPerson(begun.draft, scene);
    return await finish(draft, asker.say, asker.end);
  } catch (error) {
    if (!(error instanceof Left)) throw error;
    asker.end("Nothing was changed.");
    return EXIT_LEFT;
  }
}

async function finish(
  draft: Draft,
  say: (words: string) => void,
  end: (words: string) => void = say,
): Promise<number> {
  const writes = draft.writes;
  const opened = await closeToOthers(draft.sides, new Set(writes.map(({ path }) => path)));
  isWriting = true;
  try {
    await writeEnvFiles(writes);
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    return refuse(error.findings.map(({ variable, problem, mend }) => `${variable} ${problem}: ${mend}.`));
  }
  for (const name of opened) say(`${name} could be read by others of this machine, and is yours alone now.`);
  for (const { path, kind, from, changes } of writes) {
    const names = [...changes.keys()].join(", ");
    say(`${from === undefined ? "Written" : "Changed"}: ${FILES[kind]} (${names === "" ? path : names})`);
  }
  if (writes.length === 0 && opened.length === 0) say("Everything is there and right; nothing was changed.");
  end(nextSteps(draft));
  return 0;
}

let isWriting = false;

/** While a prompt is open Ctrl-C is a key, and in between it is a signal; the moment of writing is not left halfway. */
function leaveOnSignals(): void {
  for (const [signal, code] of [
    ["SIGINT", EXIT_LEFT],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.on(signal, () => {
      if (isWriting) return;
      console.error("Nothing was changed.");
      process.exit(code);
    });
  }
}

const nextSteps = (draft: Draft): string => {
  const isHere = /^ws:/.test(draft.valueAt({ kind: "relay", variable: "RELAY_URL" }));
  const steps = isHere
    ? [
        "npm run dev -- --tunnel   runs both here, with public names",
        "npm run doctor            looks at the whole chain",
      ]
    : [
        "npm run relay     starts the relay (on the machine that RELAY_URL names)",
        "npm run deploy    brings the edge to Twilio and points your number there",
        "npm run doctor    looks at the whole chain, and says what to mend",
      ];
  return `Next:\n${steps.map((step) => `  ${step}`).join("\n")}`;
};

function refuse(problems: readonly string[]): number {
  console.error(
    `Nothing was changed. These are missing or wrong:\n${problems.map((each) => `  ${each}`).join("\n")}`,
  );
  return EXIT_MISTAKE;
}

/** Of the files that are not written anew, with that alone. */
async function closeToOthers(sides: Sides, written: ReadonlySet<string>): Promise<string[]> {
  const open = KINDS.map((kind) => sides[kind].file).filter(
    (file): file is EnvFile => file !== undefined && !written.has(file.path),
  );
  const names: string[] = [];
  for (const file of open) {
    if (!envFileFindings(file).some(({ mend }) => mend.startsWith("chmod"))) continue;
    await chmod(file.path, 0o600);
    names.push(FILES[file.kind]);
  }
  return names;
}

async function readSides(): Promise<Sides | undefined> {
  const [relay, edge] = await Promise.all(
    KINDS.map((kind) => readSide(join(process.cwd(), FILES[kind]), kind)),
  );
  return relay && edge && { relay, edge };
}

type Told = {
  readonly has: (name: (typeof SWITCHES)[number]) => boolean;
  readonly texts: ReadonlyMap<QuestionName, string>;
  readonly again: readonly string[];
};

function readArguments(): Told | string {
  const options: NonNullable<ParseArgsConfig["options"]> = {
    ...Object.fromEntries(QUESTIONS.map(({ flag }) => [flag, { type: "string" } as const])),
    ...Object.fromEntries(SWITCHES.map((name) => [name, { type: "boolean" } as const])),
    change: { type: "string", multiple: true },
  };
  try {
    const { values } = parseArgs({ options });
    const texts = new Map<QuestionName, string>();
    for (const { name, flag } of QUESTIONS) {
      const text = values[flag];
      if (typeof text === "string") texts.set(name, text);
    }
    const again = [values.change].flat().filter((each) => typeof each === "string");
    const unknown = again.find((each) => !QUESTIONS.some(({ flag }) => flag === each));
    if (unknown !== undefined) return `There is nothing called "${unknown}" to change.`;
    return { has: (name) => values[name] === true, texts, again };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** With what stands in files read from them. */
async function readGiven(texts: ReadonlyMap<QuestionName, string>): Promise<Given | string> {
  const given = new Map<QuestionName, string>();
  for (const [name, text] of texts) {
    if (!text.startsWith("@")) {
      given.set(name, text);
      continue;
    }
    const [line] = (await textOf(text.slice(1)).catch(() => undefined))?.split(/\r?\n/) ?? [];
    if (line === undefined) return `${text} names a file that cannot be read.`;
    given.set(name, line);
  }
  return given;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

process.exit(await main());
