/**
 * One thing that is wrong in a house that was well: how it is broken, what the doctor says of it, and the mend that it
 * names, carried out. The line must turn ✗ (or !), name the mend, and be ✓ again after it.
 */
import type { Examined, House, Line } from "./stage.ts";

export type Breakage = {
  /** As in a symptom: what somebody has done, or what has happened. */
  readonly name: string;
  /** The line that tells of it. */
  readonly line: string;
  /** By default ill. */
  readonly is?: "ill" | "doubtful";
  readonly says: RegExp;
  readonly mend: RegExp;
  readonly break: (house: House) => unknown;
  /** What the mend says. */
  readonly apply: (house: House) => unknown;
};

export type Outcome = { readonly ok: boolean; readonly told: string };

/** Breaks, examines, mends, and examines again. The house is well before and after. */
export async function tried(house: House, breakage: Breakage): Promise<Outcome> {
  const { line, is = "ill" } = breakage;
  const only = ["--only", line.split("/")[0] ?? ""];
  await breakage.break(house);
  const sick = await house.examine(...only);
  await breakage.apply(house);
  const healed = await house.examine(...only);
  const isTold = sick.isWell === (is !== "ill") && sick.code === (is === "ill" ? 1 : 0);
  return judged(breakage, sick, healed, isTold ? undefined : `exit ${sick.code}`);
}

/** As `tried`, all at once, where they have nothing to do with each other: the first examination tells of all of them. */
export async function triedTogether(
  house: House,
  all: readonly Breakage[],
): Promise<{ readonly outcomes: readonly Outcome[]; readonly healed: Examined }> {
  for (const breakage of all) await breakage.break(house);
  const sick = await house.examine();
  for (const breakage of all) await breakage.apply(house);
  const healed = await house.examine();
  const exits = [sick, healed].map(({ code, isWell: well }) => `${code} ${well}`).join(", ");
  const ended = exits === "1 false, 0 true" ? undefined : `exits ${exits}`;
  return { outcomes: all.map((breakage) => judged(breakage, sick, healed, ended)), healed };
}

function judged(
  breakage: Breakage,
  sick: Examined,
  healed: Examined,
  otherwise: string | undefined,
): Outcome {
  const { line: id, is = "ill" } = breakage;
  const line = sick.line(id);
  const texts = (pick: (finding: Line["findings"][number]) => string): string =>
    line.findings.map(pick).join("\n");
  const wrong = [
    line.is === is ? undefined : `is ${line.is}`,
    breakage.says.test(`${line.says}\n${texts(({ says }) => says)}`) ? undefined : "says something else",
    breakage.mend.test(texts(({ mend }) => mend)) ? undefined : "names another mend",
    otherwise,
    isWell(healed, id) ? undefined : `after the mend: ${shown(healed.line(id))}`,
  ].filter((one) => one !== undefined);
  const told = `${shown(line)}${wrong.length > 0 ? ` [${wrong.join("; ")}]` : ""}`;
  return { ok: wrong.length === 0, told };
}

const isWell = (examined: Examined, id: string): boolean => examined.line(id).is === "well";

const shown = ({ is, says, findings }: Line): string =>
  `${is}: ${says} → ${findings.map((finding) => `${finding.says} → ${finding.mend}`).join(" | ")}`;
