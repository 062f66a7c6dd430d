/**
 * The proofs about servers of tools: the official one, all of which is used, and those that are not as they should be.
 */
import type { Proof } from "../rows.ts";
import { callEverything, type Everything, killedMeanwhile, startEverything } from "./everything.ts";
import { MISHAP_NAMES, type MishapsResult, sufferAll } from "./mishaps.ts";

export const everything: Proof = {
  name: "everything",
  run: async (progress) => {
    progress("listing and calling");
    const server = await startEverything();
    const [{ listed, offered, unfit, called }, { outputs, heard, modelErrors }] = await bothOf(server, () =>
      progress("killing it in the middle of a call"),
    ).finally(() => server.stop());
    const answered = called.filter(({ outcome }) => outcome.is === "answered" && !outcome.isError);
    const others = called.filter((one) => !answered.includes(one));
    const missing = listed.filter((name) => !offered.includes(name));
    const [before, during, after] = outputs;
    return [
      {
        what: "the official test server: its tools, offered, and fit for the Realtime API",
        bound: "all of them",
        measured: `${offered.length} of ${listed.length}, ${unfit.length} unfit${missing.map((name) => `, without ${name}`).join("")}`,
        ok: listed.length > 0 && missing.length === 0 && unfit.length === 0,
      },
      {
        what: "each of them called, with arguments that fit its schema",
        bound: "answered, none as an error",
        measured: `${answered.length} of ${called.length}${others.map(({ tool, outcome }) => `, ${tool}: ${outcome.is}`).join("")}`,
        ok: called.length === offered.length && others.length === 0,
      },
      {
        what: "killed and started again in the middle of a call, with a tool at work",
        bound: "that one unknown, the next use works",
        measured: `before: ${told(before)}, meanwhile: ${told(during)}, after: ${told(after)}; ${heard} of 3 answers heard, ${modelErrors} errors`,
        ok: isSum(before) && isUnknown(during) && isSum(after) && heard === 3 && modelErrors === 0,
      },
    ];
  },
};

const bothOf = async (server: Everything, between: () => void) => {
  const called = await callEverything(server);
  between();
  return [called, await killedMeanwhile(server)] as const;
};

const isUnknown = (output = ""): boolean => output.includes("it is not known whether it was done");
const isSum = (output = ""): boolean => output.includes("42");
/** Its first sentence. */
const told = (output = "nothing"): string => JSON.stringify(output.split(". ", 1)[0]);

export const mishaps: Proof = {
  name: "mishaps",
  run: async (progress) => {
    const rows = [];
    for (const name of MISHAP_NAMES) {
      progress(name);
      const result = await sufferAll([name]);
      const [suffered] = result.suffered;
      const told = suffered?.told ?? [];
      const first = told.find(({ mend }) => mend !== "") ?? told[0];
      console.log(`\n${name}: ${told.length} lines, such as ${first?.event} ${first?.why}\n  ${first?.mend}`);
      rows.push({
        what: `servers with mishaps: ${name}`,
        bound: "told with its mend, and the call works",
        measured: `${told.length} × ${first?.event}, ${callIn(result)}`,
        ok: worked(result),
      });
    }
    progress("all at once");
    const result = await sufferAll(MISHAP_NAMES);
    rows.push({
      what: "all of these at one relay",
      bound: "each told with its mend, and the call works",
      measured: `${result.suffered.filter(({ isToldRight }) => isToldRight).length} of ${MISHAP_NAMES.length} told, ${callIn(result)}`,
      ok: worked(result),
    });
    return rows;
  },
};

const callIn = ({ greeted, answered, used, tools, modelErrors }: MishapsResult): string => {
  const uses = Object.values(used);
  return `${greeted ? "greeted" : "not greeted"}, ${answered ? "answered" : "not answered"}, ${uses.filter(Boolean).length} of ${uses.length} used (${tools} tools), ${modelErrors} errors`;
};

const worked = ({ suffered, greeted, answered, used, modelErrors }: MishapsResult): boolean =>
  suffered.every(({ isToldRight, ambiguous }) => isToldRight && ambiguous.length === 0) &&
  greeted &&
  answered &&
  modelErrors === 0 &&
  Object.values(used).every(Boolean);
