/**
 * Server-sent events, from bytes as they come.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export type StreamEvent = { readonly type: string; readonly data: string };

/** A line or an event of this length is nobody's answer. */
const MOST_CHARS = 16 * 1024 * 1024;

export class EventStream {
  readonly #decoder = new TextDecoder();
  #line = "";
  #data: string[] = [];
  #dataChars = 0;
  #type = "";
  #id: string | undefined;
  #isAfterReturn = false;
  /** Where to go on from, should the stream break; undefined: the server keeps nothing. */
  lastId: string | undefined;
  /** How long the server would have us wait before that. */
  retryMs: number | undefined;

  /** @param broken goes on where that one ended; what it had only a part of is lost */
  constructor(broken?: EventStream) {
    this.lastId = broken?.lastId;
    this.retryMs = broken?.retryMs;
  }

  /** @throws RangeError where it would have to keep too much */
  *push(bytes: Uint8Array): Generator<StreamEvent> {
    const text = this.#decoder.decode(bytes, { stream: true });
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const char = text[at];
      const isSecondHalf = this.#isAfterReturn && char === "\n" && at === from && this.#line === "";
      this.#isAfterReturn = false;
      if (char !== "\n" && char !== "\r") continue;
      if (!isSecondHalf) {
        const event = this.#take(this.#line + text.slice(from, at));
        this.#line = "";
        if (event !== undefined) yield event;
      }
      this.#isAfterReturn = char === "\r";
      from = at + 1;
    }
    this.#line += text.slice(from);
    if (this.#line.length + this.#dataChars > MOST_CHARS) throw new RangeError("an event without an end");
  }

  #take(line: string): StreamEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
      this.#dataChars += value.length;
    } else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): StreamEvent | undefined {
    const data = this.#data.join("\n");
    const type = this.#type === "" ? "message" : this.#type;
    if (this.#id !== undefined) this.lastId = this.#id === "" ? undefined : this.#id;
    this.#data = [];
    this.#dataChars = 0;
    this.#type = "";
    return data === "" ? undefined : { type, data };
  }
}
