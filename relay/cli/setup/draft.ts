/**
 * The two env files as they would become: what is there, and what setup means to change. Nothing is on the disk until
 * the writes of a draft are carried out, so whoever leaves in the middle leaves everything as it was.
 */
import { type EnvFile, type EnvKind, type EnvWrite, readEnvFile } from "../env-file.ts";
import type { Values } from "./checks.ts";
import type { Place, Question } from "./questions.ts";

export type Side = {
  readonly path: string;
  readonly file: EnvFile | undefined;
  /** The example: how a new file begins, and whose values are nobody's. */
  readonly example: EnvFile;
};

export type Sides = Readonly<Record<EnvKind, Side>>;

export const KINDS: readonly EnvKind[] = ["relay", "edge"];

export class Draft {
  readonly sides: Sides;
  readonly #changes: Record<EnvKind, Map<string, string | undefined>>;

  constructor(sides: Sides, changes?: Values) {
    this.sides = sides;
    this.#changes = { relay: new Map(changes?.relay), edge: new Map(changes?.edge) };
  }

  get values(): Values {
    return { relay: this.#valuesOf("relay"), edge: this.#valuesOf("edge") };
  }

  /** Trimmed, as both sides read it; empty where there is none. */
  valueAt({ kind, variable }: Place): string {
    return (this.values[kind].get(variable) ?? "").trim();
  }

  isNew(kind: EnvKind): boolean {
    return this.sides[kind].file === undefined;
  }

  /** A draft in which this is so as well. */
  with(place: Place, value: string): Draft {
    const next = new Draft(this.sides);
    for (const kind of KINDS)
      for (const [name, each] of this.#changes[kind]) next.#changes[kind].set(name, each);
    const was = this.#stands(place);
    if (was === value || (was === undefined && value === ""))
      next.#changes[place.kind].delete(place.variable);
    else next.#changes[place.kind].set(place.variable, value);
    return next;
  }

  /** At every place of the question; a list of relays keeps the other relays. */
  answering(question: Question, value: string): Draft {
    const [first] = question.places;
    const before = this.valueAt(first);
    return question.places.reduce<Draft>((draft, place) => {
      const isList = question.name === "relayUrl" && place.kind === "edge";
      return draft.with(place, isList ? inList(this.valueAt(place), before, value) : value);
    }, this);
  }

  /** What would be written, and where, by name. */
  get changed(): readonly Place[] {
    return KINDS.flatMap((kind) => [...this.#changes[kind].keys()].map((variable) => ({ kind, variable })));
  }

  /** Of the files that change or come into being. */
  get writes(): readonly EnvWrite[] {
    return KINDS.flatMap((kind) => {
      const { path, file, example } = this.sides[kind];
      const changes = this.#changes[kind];
      if (file !== undefined && changes.size === 0) return [];
      return [{ path, kind, from: file, template: example.text, changes, over: new Set(changes.keys()) }];
    });
  }

  #valuesOf(kind: EnvKind): ReadonlyMap<string, string> {
    const { file, example } = this.sides[kind];
    const values = new Map(file?.values ?? example.values);
    for (const variable of PLACEHOLDERS[kind]) {
      if (values.get(variable) === example.values.get(variable)) values.delete(variable);
    }
    for (const [name, value] of this.#changes[kind]) {
      if (value === undefined) values.delete(name);
      else values.set(name, value);
    }
    return values;
  }

  /** In the file, or in the text that it begins as. */
  #stands({ kind, variable }: Place): string | undefined {
    const { file, example } = this.sides[kind];
    return (file ?? example).values.get(variable);
  }
}

/** Where an example shows a value that is right and nobody's own. */
const PLACEHOLDERS: Readonly<Record<EnvKind, readonly string[]>> = {
  relay: ["RELAY_URL"],
  edge: ["RELAY_URL", "ALLOWED_NUMBERS"],
};

/** One relay of several in another's place, or before the others. */
function inList(list: string, before: string, value: string): string {
  const relays = list
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  if (relays.length < 2 || relays.includes(value)) return relays.length < 2 ? value : list;
  const replaced = relays.map((each) => (each === before ? value : each));
  return (replaced.includes(value) ? replaced : [value, ...relays]).join(",");
}

/** @param path of the env file; its example lies beside it */
export async function readSide(path: string, kind: EnvKind): Promise<Side | undefined> {
  const example = await readEnvFile(`${path}.example`, kind);
  return example && { path, file: await readEnvFile(path, kind), example };
}

/** Where one side has an answer and the other has none: the same for both, and nobody has to be asked. */
export function levelled(draft: Draft, questions: readonly Question[]): Draft {
  return questions.reduce((level, { places }) => {
    const given = places.map((place) => level.valueAt(place)).find((value) => value !== "");
    if (given === undefined) return level;
    return places.reduce<Draft>((next, place) => {
      // A list of relays does not say which of them is this one.
      if (next.valueAt(place) !== "" || (place.variable === "RELAY_URL" && given.includes(","))) return next;
      return next.with(place, given);
    }, level);
  }, draft);
}
