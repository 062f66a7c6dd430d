/**
 * A secret that cannot be printed by mistake: in a template, as JSON, in a stack or by console.log it says [secret].
 * Only `reveal` gives the text, so that a search for that word finds every place where one is used.
 */
const SHOWN = "[secret]";

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  /** What console.log and Bun.inspect ask: https://nodejs.org/api/util.html#utilinspectcustom */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}
