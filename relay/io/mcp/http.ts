/**
 * One HTTP request, and whether it left. That decides what a caller is told of a write, so it is known and not guessed:
 * a request leaves when its connection stands (with TLS: when the handshake is over), and not before.
 *
 * Why not fetch: it tells a connection that never stood and one that broke over an answer by the same words. And a
 * connection kept from before may be dead without anybody knowing, so a request that may not be made twice gets one of
 * its own (`isFresh`).
 *
 * Nothing is made twice here, no redirect is followed but within the server itself, and nothing is known of MCP.
 */
import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as SecureAgent } from "node:https";

/** It never left. */
export class Unsent extends Error {
  readonly why: "refused" | "dns" | "tls" | "timeout" | "stopped" | "broken";

  constructor(why: Unsent["why"]) {
    super(`the request never left: ${why}`);
    this.why = why;
  }
}

/** It may have left, and no answer came, or only a part of one. */
export class Unanswered extends Error {
  readonly why: "broken" | "too_long" | "stopped" | "garbled";

  constructor(why: Unanswered["why"]) {
    super(`no answer came: ${why}`);
    this.why = why;
  }
}

export type Asked = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Over a connection of its own, which nobody had before. */
  readonly isFresh: boolean;
  readonly signal: AbortSignal;
  /** Of the answer; more is nobody's answer. */
  readonly mostBytes?: number | undefined;
};

export type HttpAnswer = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Piece by piece; throws Unanswered where it breaks off, or where there is no end of it. */
  readonly pieces: () => AsyncGenerator<Uint8Array>;
  readonly text: () => Promise<string>;
  /** Nobody wants it: read to its end, so that the connection can be used again. */
  readonly discard: () => Promise<void>;
};

/** A server that does not answer a SYN may as well be down. */
const CONNECT_WITHIN_MS = 5_000;
const MOST_REDIRECTS = 3;
const MOST_KEPT = 4;
const MOST_BYTES = 8 * 1024 * 1024;
/** Gateways turn away who has no name, and without a word on it any encoding would do for an answer. */
const OURS = { "user-agent": "phone-assistant", "accept-encoding": "identity" };

export class Http {
  readonly #kept: Agent;
  #url: URL;

  constructor(url: string) {
    this.#url = new URL(url);
    const options = { keepAlive: true, maxSockets: 64, maxFreeSockets: MOST_KEPT };
    this.#kept = isSecure(this.#url) ? new SecureAgent(options) : new Agent(options);
  }

  /** @throws Unsent, Unanswered */
  async ask(asked: Asked): Promise<HttpAnswer> {
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#once(asked);
      const next = redirects < MOST_REDIRECTS ? this.#within(answer) : undefined;
      if (next === undefined) return answer;
      // It was told to ask elsewhere: nothing was done.
      void answer.discard();
      this.#url = next;
    }
  }

  close(): void {
    this.#kept.destroy();
  }

  /** Where it says to ask instead, if that is the same server. No other is ever told our key. */
  #within({ status, header }: HttpAnswer): URL | undefined {
    const location = header("location");
    // The others would make a GET of it.
    if ((status !== 307 && status !== 308) || location === undefined) return undefined;
    const next = URL.canParse(location, this.#url.href) ? new URL(location, this.#url) : undefined;
    return next?.origin === this.#url.origin && next.username === "" ? next : undefined;
  }

  #once({ method, headers, body, isFresh, signal, mostBytes = MOST_BYTES }: Asked): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Unsent("stopped"));
      const options: RequestOptions = {
        method,
        headers: {
          ...OURS,
          ...headers,
          ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
          ...(isFresh && { connection: "close" }),
        },
        agent: isFresh ? false : this.#kept,
      };
      const secure = isSecure(this.#url);
      const request = secure ? requestHttps(this.#url.href, options) : requestHttp(this.#url.href, options);
      let hasLeft = false;
      let isLate = false;
      let incoming: IncomingMessage | undefined;
      const connecting = setTimeout(() => {
        isLate = true;
        request.destroy();
      }, CONNECT_WITHIN_MS);
      const left = () => {
        hasLeft = true;
        clearTimeout(connecting);
      };
      const stop = () => request.destroy();
      signal.addEventListener("abort", stop, { once: true });
      request.once("socket", (socket) => {
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", left);
        else left();
      });
      request.on("error", (error) => {
        const why = signal.aborted ? "stopped" : isLate ? "timeout" : undefined;
        if (hasLeft) reject(new Unanswered(why === "stopped" ? why : "broken"));
        else reject(new Unsent(why ?? causeOf(error)));
        // An answer that had begun, and cannot be read further: whoever reads it is told.
        incoming?.destroy(error);
      });
      request.once("close", () => {
        clearTimeout(connecting);
        signal.removeEventListener("abort", stop);
        // No error, and no answer.
        reject(hasLeft ? new Unanswered("broken") : new Unsent("broken"));
      });
      request.once("response", (message) => {
        incoming = message;
        resolve(answerOf(message, mostBytes, signal));
      });
      request.end(body);
    });
  }
}

const isSecure = ({ protocol }: URL): boolean => protocol === "https:";

function answerOf(incoming: IncomingMessage, mostBytes: number, signal: AbortSignal): HttpAnswer {
  const { statusCode = 0, headers } = incoming;
  // Without a listener, a late error would be nobody's, and end the process.
  incoming.on("error", () => {});
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    try {
      for await (const piece of incoming) {
        if (!(piece instanceof Uint8Array)) continue;
        bytes += piece.byteLength;
        if (bytes > mostBytes) throw new Unanswered("too_long");
        yield piece;
      }
    } catch (thrown) {
      incoming.destroy();
      throw thrown instanceof Unanswered ? thrown : new Unanswered(signal.aborted ? "stopped" : "broken");
    }
  }
  return {
    status: statusCode,
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    pieces,
    text: async () => {
      const decoder = new TextDecoder();
      let text = "";
      for await (const piece of pieces()) text += decoder.decode(piece, { stream: true });
      return text + decoder.decode();
    },
    discard: () => drained(pieces()),
  };
}

async function drained(pieces: AsyncGenerator<Uint8Array>): Promise<void> {
  try {
    for await (const _ of pieces);
  } catch {
    // Nobody wanted it.
  }
}

/** Of an error before anything left: what the owner has to look at. */
function causeOf(error: Error): Unsent["why"] {
  const code = "code" in error ? String(error.code) : "";
  if (code === "ECONNREFUSED") return "refused";
  if (/^(?:ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH)/.test(code)) return "dns";
  return /CERT|TLS|SSL|EPROTO|SELF_SIGNED|ISSUER|SIGNATURE/.test(code) ? "tls" : "broken";
}
