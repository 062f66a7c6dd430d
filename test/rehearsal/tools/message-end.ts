/**
 * Where one HTTP/1.1 message ends and the next begins (RFC 9112, section 6), for who has to cut between two of them.
 * It understands no more of a message than that.
 */

type State = "head" | "length" | "chunk-size" | "chunk" | "trailer" | "until-close";

const LINE_END = 10;

export class MessageEnd {
  readonly #kind: "request" | "answer";
  #state: State = "head";
  /** The head, and later the line of a chunk's size or of a trailer. */
  #line = "";
  /** Bytes still to come of a body or a chunk, with the line end that closes a chunk. */
  #left = 0;

  constructor(kind: "request" | "answer") {
    this.#kind = kind;
  }

  /** @returns how many of these bytes belong to the message, if they hold its end; it is ready for the next one then */
  take(bytes: Uint8Array): number | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "until-close") return undefined;
      if (this.#state === "length" || this.#state === "chunk") {
        const taken = Math.min(this.#left, bytes.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left > 0) continue;
        if (this.#state === "length") return this.#ended(at);
        this.#state = "chunk-size";
        continue;
      }
      const byte = bytes[at] ?? 0;
      at += 1;
      this.#line += String.fromCharCode(byte);
      if (byte === LINE_END && this.#lineEnded()) return this.#ended(at);
    }
    return undefined;
  }

  #ended(at: number): number {
    this.#state = "head";
    this.#line = "";
    return at;
  }

  /** @returns whether the message has ended with this line */
  #lineEnded(): boolean {
    const line = this.#line;
    if (this.#state === "head") return line.endsWith("\r\n\r\n") && this.#headEnded(line);
    this.#line = "";
    if (this.#state === "trailer") return line === "\r\n";
    const size = Number.parseInt(line, 16);
    this.#state = size === 0 ? "trailer" : "chunk";
    this.#left = size + 2;
    return false;
  }

  #headEnded(head: string): boolean {
    this.#line = "";
    if (this.#kind === "answer" && /^HTTP\/1\.1 1/.test(head)) return false;
    if (/^transfer-encoding:[^\r]*chunked/im.test(head)) {
      this.#state = "chunk-size";
      return false;
    }
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (length !== undefined) {
      this.#state = "length";
      this.#left = Number(length);
      return this.#left === 0;
    }
    if (this.#kind === "request" || /^HTTP\/1\.1 (?:204|304)/.test(head)) return true;
    this.#state = "until-close";
    return false;
  }
}
