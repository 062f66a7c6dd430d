/**
 * One connection through the fault proxy, once it is known whose it is: HTTP in general, and the WebSocket that one may
 * turn into, which is passed on frame by frame, so that a fault can be put between two of them.
 */
import { MessageEnd } from "../tools/message-end.ts";
import { Outlet, type Wire } from "../tools/outlet.ts";
import { type Frame, FrameSplitter, makeClose, makeText, OPCODE } from "./frames.ts";
import { type Manner, Way } from "./way.ts";

/** To the side that was dialled, or back to the one that dialled. */
export type Side = "server" | "client";

/** Sees every frame before it goes on; false: it does not. */
export type Watch = (frame: Frame, to: Side) => boolean;

/** What becomes of a connection when it comes. */
export type Welcome =
  | { readonly is: "let in" }
  /** Reset. */
  | { readonly is: "reset" }
  /** Every request is answered with this status and nothing else. */
  | { readonly is: "status"; readonly status: number }
  /** Accepted, and then nothing, ever. */
  | { readonly is: "ignored" }
  /** Let in after a while. */
  | { readonly is: "let in late"; readonly afterMs: number };

const HEAD_END = "\r\n\r\n";

export class Passage {
  readonly isWebSocket: boolean;
  readonly #client: Outlet;
  #server: Outlet | undefined;
  readonly #toServer: Way;
  readonly #toClient: Way;
  readonly #frames = { server: new FrameSplitter(), client: new FrameSplitter() } as const;
  /** The answer to the handshake, as long as it is not whole. */
  #answer: Buffer | undefined;
  readonly #requestEnd = new MessageEnd("request");
  #status: number | undefined;
  #watch: Watch | undefined;
  #isOver = false;

  /** @param head the request that it began with, of which nothing has been passed on */
  constructor(client: Wire, head: string) {
    this.isWebSocket = /^upgrade: *websocket/im.test(head);
    this.#client = new Outlet(client);
    this.#toServer = new Way(() => this.#server);
    this.#toClient = new Way(() => this.#client);
    this.#answer = Buffer.alloc(0);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  // --- faults ---------------------------------------------------------------------------------------------------

  /** Of one direction, or of both. */
  manner(manner: Manner, to: Side | "both" = "both"): void {
    if (to !== "client") this.#toServer.manner = manner;
    if (to !== "server") this.#toClient.manner = manner;
  }

  watch(watch: Watch | undefined): void {
    this.#watch = watch;
  }

  /** Both ends are reset. */
  reset(): void {
    this.#isOver = true;
    this.#toServer.stop();
    this.#toClient.stop();
    this.#client.finish("reset");
    this.#server?.finish("reset");
  }

  /** As if the server had said it. */
  sayToClient(...texts: readonly string[]): void {
    for (const text of texts) this.#toClient.push(makeText(text, false));
  }

  sayToServer(...texts: readonly string[]): void {
    for (const text of texts) this.#toServer.push(makeText(text, true));
  }

  bytesToClient(bytes: Uint8Array): void {
    this.#toClient.push(bytes);
  }

  /** As if the server had closed; its own connection is closed too. */
  closeToClient(code: number, reason = ""): void {
    this.#toClient.push(makeClose(code, reason, false));
    this.#toClient.finish("close");
    this.#server?.finish("close");
    this.#isOver = true;
  }

  /** From now on no request gets further than to this answer. */
  answerWith(status: number): void {
    this.#status = status;
  }

  // --- the proxy's sockets --------------------------------------------------------------------------------------

  fromClient(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#status !== undefined) return this.#refuse(bytes, this.#status);
    if (!this.isWebSocket || this.#answer !== undefined) return this.#toServer.push(bytes);
    for (const frame of this.#frames.server.take(bytes)) this.#pass(frame, "server");
  }

  fromServer(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#answer === undefined) {
      if (!this.isWebSocket) return this.#toClient.push(bytes);
      for (const frame of this.#frames.client.take(bytes)) this.#pass(frame, "client");
      return;
    }
    this.#answer = Buffer.concat([this.#answer, bytes]);
    const end = this.#answer.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#answer.subarray(0, end + HEAD_END.length);
    const rest = this.#answer.subarray(head.length);
    this.#answer = undefined;
    this.#toClient.push(this.isWebSocket ? head : asLast(head));
    if (rest.length > 0) this.fromServer(rest);
  }

  serverOpen(server: Wire): void {
    this.#server = new Outlet(server);
    if (this.#isOver) this.#server.finish("reset");
    else this.#toServer.flush();
  }

  clientDrained(): void {
    this.#client.drained();
  }

  serverDrained(): void {
    this.#server?.drained();
  }

  /** However dead the line is, the server is told: its own count is what tells who has let go. */
  clientGone(): void {
    this.#isOver = true;
    this.#toServer.stop();
    this.#toClient.stop();
    this.#server?.finish("close");
  }

  serverGone(how: "close" | "reset"): void {
    this.#toClient.finish(how);
  }

  #pass(frame: Frame, to: Side): void {
    if (this.#watch !== undefined && !this.#watch(frame, to)) return;
    (to === "server" ? this.#toServer : this.#toClient).push(frame.bytes);
  }

  #refuse(bytes: Uint8Array, status: number): void {
    if (this.#requestEnd.take(bytes) === undefined) return;
    this.#client.write(Buffer.from(statusAnswer(status)));
    this.#client.finish("close");
  }
}

/** Whoever asks again does so by another connection, which may be met in another way. */
const statusAnswer = (status: number): string =>
  `HTTP/1.1 ${status} Scripted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

/** Whoever asks again does so by another connection, which may be another's. */
const asLast = (head: Buffer): Buffer =>
  Buffer.from(head.toString("latin1").replace("\r\n", "\r\nConnection: close\r\n"), "latin1");

export const textOf = (frame: Frame): string | undefined =>
  frame.opcode === OPCODE.text ? frame.payload().toString("utf8") : undefined;
