/**
 * Whether the doctor finds what is wrong, and names what mends it: a whole house in which all is well, and then each
 * thing that can be wrong with it, told, mended as it is told, and well again.
 */
import { canariesIn } from "../../canaries.ts";
import { AUTH_TOKEN } from "../../rehearsal/relay.ts";
import { type Breakage, tried } from "../../relay/cli/doctor/breakage.ts";
import { EDGE } from "../../relay/cli/doctor/breakages/edge.ts";
import { RECORDS } from "../../relay/cli/doctor/breakages/records.ts";
import { RELAY } from "../../relay/cli/doctor/breakages/relay.ts";
import { OPENAI, TOOLS } from "../../relay/cli/doctor/breakages/services.ts";
import { SETTINGS } from "../../relay/cli/doctor/breakages/settings.ts";
import { TWILIO } from "../../relay/cli/doctor/breakages/twilio.ts";
import { CALLER, House, PIN, runDoctor, SECRET } from "../../relay/cli/doctor/stage.ts";
import type { Proof, Row } from "../rows.ts";

const AT_LEAST = 20;
const PARTS: ReadonlyArray<readonly [what: string, breakages: readonly Breakage[]]> = [
  ["variables, agreement, time", SETTINGS],
  ["disk and Redis", RECORDS],
  ["OpenAI", OPENAI],
  ["tools", TOOLS],
  ["the relay", RELAY],
  ["the edge", EDGE],
  ["Twilio: account, number, deployed variables", TWILIO],
];

type Measured = Omit<Row, "group">;

export const doctor: Proof = {
  name: "doctor",
  run: async (progress) => {
    const house = await House.build();
    const printed: string[] = [];
    const rows: Measured[] = [];
    try {
      rows.push(await allWell(house, "a house of stand-ins, before anything is broken", printed));
      let inAll = 0;
      for (const [what, breakages] of PARTS) {
        const missed: string[] = [];
        for (const breakage of breakages) {
          progress(`${what}: ${breakage.name}`);
          const { ok, told } = await tried(house, breakage);
          printed.push(told);
          if (!ok) missed.push(`${breakage.name}: ${told}`);
        }
        inAll += breakages.length;
        const found = `${breakages.length - missed.length} of ${breakages.length}`;
        rows.push({
          what: `${what}: each told, with the mend that mends it`,
          bound: "all of them",
          measured: [found, ...missed].join("; "),
          ok: missed.length === 0,
        });
        await house.putBack();
      }
      rows.push({
        what: "things that were broken on purpose",
        bound: `at least ${AT_LEAST}`,
        measured: String(inAll),
        ok: inAll >= AT_LEAST,
      });
      rows.push(await allWell(house, "the same house, when all is mended", printed));
      const canaries = { SECRET, AUTH_TOKEN, CALLER, PIN, key: house.model.key, zapier: house.tools.key };
      const leaked = canariesIn(printed.join("\n"), canaries);
      rows.push({
        what: "secrets in what the doctor has printed",
        bound: "none",
        measured: leaked.length === 0 ? `none in ${printed.join("").length} characters` : leaked.join(", "),
        ok: leaked.length === 0,
      });
    } finally {
      await house.stop();
    }
    return rows;
  },
};

async function allWell(house: House, what: string, printed: string[]): Promise<Measured> {
  const { code, lines } = await house.examine();
  printed.push((await runDoctor(house, [])).printed);
  const count = (which: string): number => lines.filter(({ is }) => is === which).length;
  const wrong = lines.filter(({ is }) => is === "ill" || is === "doubtful").map(({ id }) => id);
  return {
    what,
    bound: "no ✗, no !, exit 0",
    measured: [`${count("well")} ✓, ${count("unasked")} –, exit ${code}`, ...wrong].join("; "),
    ok: code === 0 && wrong.length === 0,
  };
}
