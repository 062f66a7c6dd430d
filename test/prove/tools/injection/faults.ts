/**
 * Holes made on purpose in a copy of the relay's sources, to see that the tries would find them. What is replaced must
 * have been there, or the source has moved on and the hole proves nothing.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Build } from "../../../relay/call/property/player.ts";

export type Fault = {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** In the same file. */
  readonly also?: Pick<Fault, "from" | "to">;
};

export const FAULTS: readonly Fault[] = [
  {
    name: "a confirmation needs nothing to have been heard, and no answer",
    file: "voice-consent.ts",
    from: "if (held.agreed) {",
    to: "if (held.agreed || held.known) {",
  },
  {
    name: "any answer is a yes",
    file: "voice-consent.ts",
    from: 'if (answer === "yes") held.agreed ||= answering === "yes or no";',
    to: 'if (answer !== undefined) held.agreed ||= answering === "yes or no";',
  },
  {
    name: "an id is good for more than once",
    file: "voice-consent.ts",
    from: 'this.#forget(held, "used");',
    to: "",
  },
  {
    name: "a key counts before the question is over",
    file: "keypad-consent.ts",
    from: 'return pending.stage.is === "read" && isHeard ?',
    to: 'return pending.stage.is !== "waiting" ?',
  },
  {
    name: "whatever was said since the question does not matter",
    file: "keypad-consent.ts",
    from: "if (pending.stage.responseId !== responseId) {",
    to: "if (pending === undefined) {",
  },
  {
    name: "a yes is as good as a key",
    file: "keypad-consent.ts",
    from: 'if (answer === "yes" && answering === "yes or no" && pending.byVoice) {',
    to: 'if (answer === "yes" && answering === "yes or no") {',
  },
  {
    name: "what is read aloud is not compared with what was to be read",
    file: "keypad-consent.ts",
    from: "if (!wasSaid(pending.readBack, words)) return false;",
    to: "if (wasSaid(pending.readBack, words) && words === undefined) return false;",
  },
  {
    name: "nobody notices that strangers' words were read",
    file: "rulings.ts",
    from: "if (taints(this.#parts.toolbox.policy, tool, ruling)) this.#isTainted = true;",
    to: "if (taints(this.#parts.toolbox.policy, tool, ruling)) this.#isTainted = false;",
  },
  {
    name: "what was agreed to before strangers' words were read is still good",
    file: "tool-calls.ts",
    from: 'if (this.rulings.mayBeMisled || ruling.rule === "keypad" || ruling.rule === "deny") {',
    to: "if (at < 0) {",
  },
  {
    name: "a misled model may still ask by itself",
    file: "rulings.ts",
    from: "get mayBeMisled(): boolean {\n    return this.#isTainted;",
    to: "get mayBeMisled(): boolean {\n    return false;",
    also: {
      from: "return this.#isTainted || this.#parts",
      to: "return this.#parts",
    },
  },
  {
    name: "a pattern counts as the name of the tool itself",
    file: "policy.ts",
    from: "const isNamed = own !== undefined && isExact(own.pattern);",
    to: "const isNamed = own !== undefined;",
  },
  {
    name: "of an action's names only the first counts",
    file: "meta-actions.ts",
    from: "return names.some((name) => metaToolOf(name) !== undefined) ? [] : [...new Set(names)];",
    to: "return names.slice(0, 1);",
  },
  {
    name: "what is under way is begun again",
    file: "tool-calls.ts",
    from: "return this.runs.isUnderWay(request) ||",
    to: "return",
  },
];

const REPOSITORY = join(import.meta.dir, "../../../..");

/** The call with this hole in it. */
export async function withFault<Value>(
  { name, file, also, ...first }: Fault,
  then: (build: Build) => Promise<Value>,
): Promise<Value> {
  const folder = await mkdtemp(join(tmpdir(), "fault-"));
  try {
    for (const each of ["relay/call", "relay/wire", "relay/contract.ts", "relay/jwt.ts"])
      await cp(join(REPOSITORY, each), join(folder, each), { recursive: true });
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
    const path = join(folder, "relay/call", file);
    let source = await readFile(path, "utf8");
    for (const { from, to } of also === undefined ? [first] : [first, also]) {
      if (source.split(from).length !== 2) {
        throw new Error(`"${name}" cannot be planted: ${file} does not hold, exactly once: ${from}`);
      }
      source = source.replace(from, to);
    }
    await writeFile(path, source);
    const { Call }: { Call: Build } = await import(join(folder, "relay/call/call.ts"));
    return await then(Call);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
