/**
 * The socket to the model. Source: https://platform.openai.com/docs/guides/realtime-websocket
 */
import type { Secret } from "../secret.ts";

export type ModelAddress = { readonly url: string; readonly model: string; readonly apiKey: Secret };

/** Whoever listens to sockets, and is told of which: one that was left may still have something to say. */
export type ModelEars = {
  modelOpened(line: ModelLine): void;
  /** undefined: a binary frame, which this protocol does not have. */
  modelSaid(line: ModelLine, text: string | undefined): void;
  /**
   * `status`: the HTTP answer's, where the handshake was refused. `deafMs`: for so long, at most, nothing had come.
   * Called once.
   */
  modelClosed(line: ModelLine, code: number, status: number | undefined, deafMs: number): void;
};

export type ModelLine = {
  /** Does nothing once the socket is closing. */
  send(text: string): void;
  /** Bytes given to `send` that have not left yet. */
  backlog(): number;
  close(): void;
};

/** A peer that does not answer our close has had its time. */
const CLOSE_WITHIN_MS = 500;

/** A peer that has vanished sends no close, and the kernel takes minutes of audio for it: only a ping finds out. */
const PATIENCE = { pingEveryMs: 1_000, silentForMs: 4_000 } as const;

type Patience = { readonly pingEveryMs: number; readonly silentForMs: number };

export const dialModel = (
  { url, model, apiKey }: ModelAddress,
  ears: ModelEars,
  patience: Patience = PATIENCE,
): ModelLine => {
  const address = new URL(url);
  address.searchParams.set("model", model);
  const socket = new WebSocket(address.href, {
    headers: { Authorization: `Bearer ${apiKey.reveal()}` },
    // The audio is already compressed, and 20 ms of it are too short to gain anything.
    perMessageDeflate: false,
  });
  return new ModelSocket(socket, ears, patience);
};

class ModelSocket implements ModelLine {
  readonly #socket: WebSocket;
  readonly #ears: ModelEars;
  readonly #patience: Patience;
  readonly #watching: ReturnType<typeof setInterval>;
  #isOpen = false;
  // A flag and not a time: it is set for every message.
  #wasHeard = true;
  #heardAt = performance.now();
  // Counted, and not timed: where this process stood still, nobody else was silent.
  #silentTimes = 0;
  #status: number | undefined;
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket, ears: ModelEars, patience: Patience) {
    this.#socket = socket;
    this.#ears = ears;
    this.#patience = patience;
    this.#watching = setInterval(() => this.#watch(), patience.pingEveryMs);
    socket.onopen = () => {
      this.#isOpen = true;
      ears.modelOpened(this);
    };
    socket.onmessage = ({ data }) => {
      this.#wasHeard = true;
      ears.modelSaid(this, typeof data === "string" ? data : undefined);
    };
    socket.addEventListener("pong", () => {
      this.#wasHeard = true;
    });
    // Bun tells an HTTP refusal only in words: "Expected 101 status code: 401".
    socket.onerror = (event) => {
      const said = "message" in event && typeof event.message === "string" ? event.message : "";
      this.#status = Number(/status code: (\d{3})/.exec(said)?.[1]) || undefined;
    };
    socket.onclose = ({ code }) => this.#closed(code);
  }

  send(text: string): void {
    if (this.#isOpen) this.#socket.send(text);
  }

  backlog(): number {
    return this.#socket.bufferedAmount;
  }

  close(): void {
    const socket = this.#socket;
    if (socket.readyState === WebSocket.CLOSED || this.#closing !== undefined) return;
    if (socket.readyState === WebSocket.CONNECTING) return socket.terminate();
    this.#isOpen = false;
    socket.close(1000);
    this.#closing = setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS);
  }

  #watch(): void {
    const { pingEveryMs, silentForMs } = this.#patience;
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#silentTimes = this.#wasHeard ? 0 : this.#silentTimes + 1;
    if (this.#wasHeard) this.#heardAt = performance.now();
    this.#wasHeard = false;
    if (this.#silentTimes * pingEveryMs >= silentForMs) return this.#socket.terminate();
    // Whoever has just said something need not be asked.
    if (this.#silentTimes > 0) this.#socket.ping();
  }

  #closed(code: number): void {
    this.#isOpen = false;
    clearInterval(this.#watching);
    clearTimeout(this.#closing);
    // It may have come right after the last look but one.
    const deafMs = this.#wasHeard ? 0 : performance.now() - this.#heardAt + this.#patience.pingEveryMs;
    this.#ears.modelClosed(this, code, this.#status, deafMs);
  }
}
