/**
 * `npm run doctor`: the whole chain from the variables to the telephone, each link asked, and the mend of what is wrong.
 * It changes nothing and spends nothing, and what it prints holds no secret, so that it can be shown to anybody.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { examine } from "./doctor/examine.ts";
import { givenIn } from "./doctor/given.ts";
import { bePatient, GROUPS, type Group } from "./doctor/line.ts";
import { screenOn } from "./doctor/report.ts";

const HELP = `npm run doctor: is everything well, from the variables to the telephone?

  npm run doctor                        every link, from the top
  npm run doctor -- --only edge,number  some of them: ${GROUPS.join(", ")}
  npm run doctor -- --json              for scripts
  npm run doctor -- --within 60         how many seconds each link may take, on a slow network
  npm run doctor -- --folder DIR        another folder than this one

✓ well   ! well, with a remark   ✗ wrong, with the mend   – not asked
Exit: 0 nothing is wrong, 1 something is, 2 it was not understood.`;

const EXIT_WRONG = 1;
const EXIT_MISTAKE = 2;

const isGroup = (text: string): text is Group => GROUPS.some((group) => group === text);

async function main(): Promise<number> {
  let values: { only?: string[]; json?: boolean; folder?: string; within?: string; help?: boolean };
  try {
    const options = {
      only: { type: "string", multiple: true },
      json: { type: "boolean" },
      folder: { type: "string" },
      within: { type: "string" },
      help: { type: "boolean", short: "h" },
    } as const;
    ({ values } = parseArgs({ options }));
  } catch (error) {
    return mistake(error instanceof Error ? error.message : String(error));
  }
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const asked = values.only?.flatMap((list) => list.split(",")).map((name) => name.trim());
  const unknown = asked?.filter((name) => !isGroup(name)) ?? [];
  if (unknown.length > 0) return mistake(`--only ${unknown.join(",")}: there is no such group`);

  const withinS = Number(values.within ?? "0");
  if (!(withinS >= 0 && withinS <= 600)) return mistake("--within is a number of seconds, up to 600.");
  bePatient(withinS * 1000);

  const given = await givenIn(resolve(values.folder ?? "."), process.env);
  const only = asked?.filter(isGroup);
  const { isWell, lines } = await examine(given, {
    only,
    ...(values.json !== true && { screen: screenOn(process.stdout, process.env) }),
  });
  if (values.json) console.log(JSON.stringify({ isWell, lines }, undefined, 2));
  return isWell ? 0 : EXIT_WRONG;
}

function mistake(what: string): number {
  console.error(`${what}\n\n${HELP}`);
  return EXIT_MISTAKE;
}

// Sockets that are still being left must not keep it.
process.exit(await main());
