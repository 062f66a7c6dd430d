/**
 * JSON that knows on which line everything stands, because JSON.parse keeps no places: a mistake in the callers file is
 * reported by its line at build, at deploy and at run time, by the same code. It takes what JSON.parse takes (a test
 * holds it to that), but for nesting that no file of ours has; and it keeps members that stand twice, of which JSON.parse
 * silently keeps the last.
 */

export type Located = { readonly line: number } & (
  | { readonly kind: "object"; readonly members: readonly Member[] }
  | { readonly kind: "array"; readonly items: readonly Located[] }
  | { readonly kind: "scalar"; readonly value: string | number | boolean | null }
);
export type Member = { readonly name: string; readonly line: number; readonly value: Located };

/** Says what was expected and never what stood there: that may be a number or a PIN. */
export class JsonSyntaxError extends Error {
  readonly line: number;

  constructor(expected: string, line: number) {
    super(expected);
    this.line = line;
  }
}

const DEEPEST = 64;

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON does not take them in a string
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

export function parseLocated(text: string): Located {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

/** What JSON.parse would have made of it. */
export function plain(located: Located): unknown {
  switch (located.kind) {
    case "object":
      // Not a loop of assignments: a member `__proto__` is a member like any other.
      return Object.fromEntries(located.members.map(({ name, value }) => [name, plain(value)]));
    case "array":
      return located.items.map(plain);
    case "scalar":
      return located.value;
    default:
      return located satisfies never;
  }
}

/** The line of what a path leads to, or of the last step that is there. */
export function lineAt(located: Located, path: readonly PropertyKey[]): number {
  let { line } = located;
  let at: Located | undefined = located;
  for (const step of path) {
    if (at?.kind === "object") {
      const member: Member | undefined = at.members.find(({ name }) => name === step);
      at = member?.value;
      line = member?.line ?? line;
    } else if (at?.kind === "array") {
      at = typeof step === "number" ? at.items[step] : undefined;
      line = at?.line ?? line;
    }
  }
  return line;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Located {
    if (depth > DEEPEST) throw this.#wrong(`no more than ${DEEPEST} levels`);
    this.#skipSpace();
    const line = this.#line;
    if (this.#take("{")) return { kind: "object", line, members: this.#list("}", () => this.#member(depth)) };
    if (this.#take("[")) return { kind: "array", line, items: this.#list("]", () => this.value(depth + 1)) };
    const token = this.#match(STRING) ?? this.#match(NUMBER) ?? this.#match(WORD);
    if (token === undefined) throw this.#wrong("a value");
    const value: unknown = JSON.parse(token);
    if (isScalar(value)) return { kind: "scalar", line, value };
    throw this.#wrong("a value");
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#wrong("nothing more");
  }

  #list<T>(close: "}" | "]", item: () => T): T[] {
    const items: T[] = [];
    this.#skipSpace();
    if (this.#take(close)) return items;
    for (;;) {
      items.push(item());
      this.#skipSpace();
      if (this.#take(close)) return items;
      if (!this.#take(",")) throw this.#wrong(`"," or "${close}"`);
    }
  }

  #member(depth: number): Member {
    this.#skipSpace();
    const line = this.#line;
    const token = this.#match(STRING);
    if (token === undefined) throw this.#wrong("a name in double quotes");
    this.#skipSpace();
    if (!this.#take(":")) throw this.#wrong('":"');
    return { name: String(JSON.parse(token)), line, value: this.value(depth + 1) };
  }

  #skipSpace(): void {
    for (const character of this.#match(SPACE) ?? "") if (character === "\n") this.#line += 1;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #wrong(expected: string): JsonSyntaxError {
    return new JsonSyntaxError(`expected ${expected}`, this.#line);
  }
}

const isScalar = (value: unknown): value is string | number | boolean | null =>
  value === null || ["string", "number", "boolean"].includes(typeof value);
