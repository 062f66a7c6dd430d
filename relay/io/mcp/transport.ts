/**
 * MCP's Streamable HTTP for the SDK's client. What is different from the SDK's own transport, and why it is not that one:
 * - `send` of a request ends when its answer has come, and rejects when none can come any more. The SDK's leaves a
 *   request without an answer waiting for ever where a stream of events ends early, and tells a request that never left
 *   and one that did by the same error.
 * - What may not be done twice goes over a connection of its own (http.ts).
 * - Cancelling a request ends its connection as well.
 * Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
 */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import { nestsDeeper } from "../../wire/json.ts";
import type { McpServer } from "./address.ts";
import { EventStream } from "./event-stream.ts";
import { Http, type HttpAnswer, Unanswered, Unsent } from "./http.ts";
import { Refusal } from "./refusal.ts";

/** Between the end of a stream and asking for the rest of it, where the server does not say. */
const RESUME_AFTER_MS = 250;
const MOST_RESUMES_IN_VAIN = 3;
/** A server may ask to be left alone for a while, but an answer that is so late is nobody's. */
const LONGEST_RETRY_MS = 30_000;
const GOODBYE_WITHIN_MS = 2_000;
const LINGER_MS = 250;
/** A page of a list. It is read in one go, while calls go on. */
const MOST_OF_PAGE = 2 * 1024 * 1024;
/** No answer means anything so deep, and to write out what is nested deeper than can be written stops all for seconds. */
const MOST_DEPTH = 1_000;

/** kept: one that was used before may be used, and may turn out to be dead. own: nobody had it before. */
export type Line = "kept" | "own";

type RequestId = string | number;

export class StreamableHttp implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #http: Http;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #underWay = new Map<RequestId, AbortController>();
  readonly #chosen = new WeakMap<object, Line>();
  readonly #closing = new AbortController();
  #mcpSession: string | undefined;
  #version: string | undefined;

  constructor({ url, headers }: McpServer) {
    this.#http = new Http(url.reveal());
    this.#headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]),
    );
  }

  async start(): Promise<void> {}

  setProtocolVersion(version: string): void {
    this.#version = version;
  }

  /** Which connection the request with these parameters goes over. Unsaid: a call has its own, all others share. */
  over(line: Line, params: object): void {
    this.#chosen.set(params, line);
  }

  /** Ends with the answer. @throws Unsent, Unanswered, Refusal */
  async send(message: JSONRPCMessage): Promise<void> {
    if (!("method" in message) || !("id" in message)) return this.#notify(message);
    const stop = new AbortController();
    this.#underWay.set(message.id, stop);
    try {
      const usual = message.method === "tools/call" ? "own" : "kept";
      const isFresh = (this.#chosen.get(message.params ?? {}) ?? usual) === "own";
      const mostBytes = message.method === "tools/list" ? MOST_OF_PAGE : undefined;
      const answer = await this.#post(message, isFresh, stop.signal, mostBytes);
      if (message.method === "initialize") this.#mcpSession = answer.header("mcp-session-id");
      await this.#deliver(answer, message.id, stop);
    } finally {
      this.#underWay.delete(message.id);
    }
  }

  /**
   * Hears what the server says unasked, until the stream ends, as it may at any time. False: it offers none.
   * @throws Unsent, Unanswered, Refusal
   */
  async listen(): Promise<boolean> {
    const answer = await this.#get(undefined, this.#closing.signal);
    if (answer === undefined) return false;
    const stream = new EventStream();
    for await (const message of messagesOf(stream, answer)) this.onmessage?.(message);
    return true;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const stop of this.#underWay.values()) stop.abort();
    this.#http.close();
    this.onclose?.();
  }

  /** Tells the server that nobody will come back to this session; it may not care. */
  async goodbye(): Promise<void> {
    if (this.#mcpSession === undefined) return;
    const asked = { method: "DELETE", headers: this.#common(), isFresh: false } as const;
    const signal = AbortSignal.timeout(GOODBYE_WITHIN_MS);
    await this.#http.ask({ ...asked, signal }).then(
      (answer) => answer.discard(),
      () => undefined,
    );
  }

  async #notify(message: JSONRPCMessage): Promise<void> {
    const cancelled = cancelledBy(message);
    if (cancelled !== undefined) {
      const stop = this.#underWay.get(cancelled);
      // Its server need not hear of a request that has never reached it, and has no session to cancel the first one in.
      if (stop === undefined || this.#version === undefined) return stop?.abort();
      const telling = this.#post(message, false, this.#closing.signal);
      stop.abort();
      return void (await telling).discard();
    }
    void (await this.#post(message, false, this.#closing.signal)).discard();
  }

  async #post(
    message: JSONRPCMessage,
    isFresh: boolean,
    signal: AbortSignal,
    mostBytes?: number,
  ): Promise<HttpAnswer> {
    const headers = {
      ...this.#common(),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
    const body = JSON.stringify(message);
    const answer = await this.#http.ask({ method: "POST", headers, body, isFresh, signal, mostBytes });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await Refusal.from(answer);
  }

  /** undefined: the server offers no such stream. */
  async #get(lastEventId: string | undefined, signal: AbortSignal): Promise<HttpAnswer | undefined> {
    const headers = {
      ...this.#common(),
      accept: "text/event-stream",
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    };
    const mostBytes = lastEventId === undefined ? Number.MAX_SAFE_INTEGER : undefined;
    const answer = await this.#http.ask({ method: "GET", headers, isFresh: true, signal, mostBytes });
    if (answer.status === 200 && mediaTypeOf(answer) === "text/event-stream") return answer;
    if (answer.status >= 200 && answer.status < 300) {
      void answer.discard();
      return undefined;
    }
    const refusal = await Refusal.from(answer);
    if (refusal.status === 405) return undefined;
    throw refusal;
  }

  #common(): Record<string, string> {
    return {
      ...this.#headers,
      ...(this.#mcpSession !== undefined && { "mcp-session-id": this.#mcpSession }),
      ...(this.#version !== undefined && { "mcp-protocol-version": this.#version }),
    };
  }

  async #deliver(answer: HttpAnswer, id: RequestId, stop: AbortController): Promise<void> {
    const type = mediaTypeOf(answer);
    if (type === "text/event-stream") return this.#follow(answer, id, stop);
    const messages = type === "application/json" ? messagesIn(await answer.text()) : undefined;
    if (messages === undefined) throw new Unanswered("garbled");
    let isAnswered = false;
    for (const message of messages) {
      isAnswered ||= answers(message, id);
      this.onmessage?.(message);
    }
    if (!isAnswered) throw new Unanswered("garbled");
  }

  /** Until the answer has come, over as many streams as the server makes of it. */
  async #follow(first: HttpAnswer, id: RequestId, stop: AbortController): Promise<void> {
    const { signal } = stop;
    let stream = new EventStream();
    let answer: HttpAnswer | undefined = first;
    for (let inVain = 0; ; inVain++) {
      const before = stream.lastId;
      if (answer !== undefined && (await this.#heard(stream, answer, id, stop))) return;
      if (stream.lastId !== before) inVain = 0;
      if (signal.aborted) throw new Unanswered("stopped");
      if (stream.lastId === undefined || inVain >= MOST_RESUMES_IN_VAIN) throw new Unanswered("broken");
      await rest(Math.min(stream.retryMs ?? RESUME_AFTER_MS * 2 ** inVain, LONGEST_RETRY_MS), signal);
      answer = await this.#resumed(stream.lastId, signal);
      stream = new EventStream(stream);
    }
  }

  async #resumed(lastEventId: string, signal: AbortSignal): Promise<HttpAnswer | undefined> {
    try {
      return await this.#get(lastEventId, signal);
    } catch (thrown) {
      // That it has forgotten the stream says nothing of what it has done.
      if (thrown instanceof Refusal) throw new Unanswered("broken");
      if (thrown instanceof Unsent || thrown instanceof Unanswered) return undefined;
      throw thrown;
    }
  }

  async #heard(
    stream: EventStream,
    answer: HttpAnswer,
    id: RequestId,
    stop: AbortController,
  ): Promise<boolean> {
    const messages = messagesOf(stream, answer);
    try {
      for (;;) {
        const { done, value: message } = await messages.next();
        if (done === true) return false;
        this.onmessage?.(message);
        if (!answers(message, id)) continue;
        void this.#linger(messages, stop);
        return true;
      }
    } catch (thrown) {
      if (thrown instanceof Unanswered && thrown.why !== "too_long") return false;
      throw thrown;
    }
  }

  /** The stream should end by itself now, and then its connection can be used again. */
  async #linger(messages: AsyncGenerator<JSONRPCMessage>, stop: AbortController): Promise<void> {
    const timer = setTimeout(() => stop.abort(), LINGER_MS);
    try {
      for await (const message of messages) this.onmessage?.(message);
    } catch {
      // The answer was had.
    }
    clearTimeout(timer);
  }
}

async function* messagesOf(stream: EventStream, answer: HttpAnswer): AsyncGenerator<JSONRPCMessage> {
  for await (const piece of answer.pieces()) {
    for (const { type, data } of eventsIn(stream, piece)) {
      // What is no message is not for us; should it have been the answer, none comes.
      if (type === "message") yield* messagesIn(data) ?? [];
    }
  }
}

function* eventsIn(stream: EventStream, piece: Uint8Array) {
  try {
    yield* stream.push(piece);
  } catch (thrown) {
    throw thrown instanceof RangeError ? new Unanswered("too_long") : thrown;
  }
}

/** One, or several where a server still makes batches; undefined: something of it is no message. */
function messagesIn(text: string): JSONRPCMessage[] | undefined {
  if (nestsDeeper(text, MOST_DEPTH)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = JSONRPCMessageSchema.array().safeParse(Array.isArray(value) ? value : [value]);
  return read.success ? read.data : undefined;
}

const answers = (message: JSONRPCMessage, id: RequestId): boolean =>
  !("method" in message) && message.id === id;

function cancelledBy(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  const id = message.params?.requestId;
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

const mediaTypeOf = ({ header }: HttpAnswer): string =>
  (header("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
