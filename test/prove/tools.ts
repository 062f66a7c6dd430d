/**
 * The group `tools`: that things get done over MCP, once each, told truly, and never in silence.
 */
import type { Proof } from "./rows.ts";
import { callEverything, killedMeanwhile } from "./tools/everything.ts";

const everything: Proof = {
  name: "everything",
  run: async (progress) => {
    progress("listing and calling");
    const { listed, offered, unfit, called } = await callEverything();
    const answered = called.filter(({ outcome }) => outcome.is === "answered" && !outcome.isError);
    const others = called.filter((one) => !answered.includes(one));
    const missing = listed.filter((name) => !offered.includes(name));
    progress("killing it in the middle of a call");
    const { outputs, heard, modelErrors } = await killedMeanwhile();
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

const isUnknown = (output = ""): boolean => output.includes("it is not known whether it was done");
const isSum = (output = ""): boolean => output.includes("42");
/** Its first sentence. */
const told = (output = "nothing"): string => JSON.stringify(output.split(". ", 1)[0]);

export const TOOLS: readonly Proof[] = [everything];
