/**
 * `npm run pin`: the hash of a caller's own PIN, for `assets/callers.private.json`.
 *
 * The PIN is an argument or comes on standard input (an argument stays in the shell's history); the hash is all that is
 * printed to standard output. It is made by the code that the edge checks it with, and nothing is stored or sent.
 */
import { parseArgs } from "node:util";
import { hashPin, isPin, PIN_DIGITS } from "../../functions/edge/pin.ts";
import { GUESSABLE, isEasilyGuessed } from "./guessable-pin.ts";

const HELP = `npm run pin: the hash of a PIN, for "pin" of a caller in assets/callers.private.json

  npm run pin               asks for the PIN
  npm run pin -- 48291357   takes it from the command, which your shell may remember
  npm run pin < file        takes it from the first line of a file

A PIN is ${PIN_DIGITS.least} to ${PIN_DIGITS.most} digits.`;

const EXIT_MISTAKE = 2;

async function main(): Promise<number> {
  let given: { values: { help?: boolean }; positionals: string[] };
  try {
    const options = { help: { type: "boolean", short: "h" } } as const;
    given = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return EXIT_MISTAKE;
  }
  if (given.values.help) {
    console.log(HELP);
    return 0;
  }
  if (given.positionals.length > 1) {
    console.error(`One PIN, without spaces.\n\n${HELP}`);
    return EXIT_MISTAKE;
  }
  const pin = (given.positionals[0] ?? (await firstLine())).trim();
  if (!isPin(pin)) {
    console.error(`A PIN is ${PIN_DIGITS.least} to ${PIN_DIGITS.most} digits, and this is not one.`);
    return EXIT_MISTAKE;
  }
  if (isEasilyGuessed(pin)) {
    console.error(GUESSABLE);
    return EXIT_MISTAKE;
  }
  console.log(await hashPin(pin));
  console.error('Put it into assets/callers.private.json: "pin": "scrypt$…", and deploy.');
  return 0;
}

async function firstLine(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("PIN: ");
  for await (const line of console) return line;
  return "";
}

process.exit(await main());
