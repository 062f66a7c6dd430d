/**
 * The socket to the model. Source: https://platform.openai.com/docs/guides/realtime-websocket
 */
import type { Secret } from "../secret.ts";

export type ModelAddress = { readonly url: string; readonly model: string; readonly apiKey: Secret };

export type ModelEars = {
  readonly opened: () => void;
  /** undefined: a binary frame, which this protocol does not have. */
  readonly message: (text: string | undefined) => void;
  /**
   * `status`: the HTTP answer's, where the handshake was refused. `deafMs`: for so long, at most, nothing had come.
   * Called once.
   */
  readonly closed: (code: number, status: number | undefined, deafMs: number) => void;
};

export type ModelLine = {
  /** Does nothing once the socket is closing. */
  readonly send: (text: string) => void;
  /** Bytes given to `send` that have not left yet. */
  readonly backlog: () => number;
  readonly close: () => void;
};

/** A peer that does not answer our close has had its time. */
const CLOSE_WITHIN_MS = 500;

/** A peer that has vanished sends no close, and the kernel takes minutes of audio for it: only a ping finds out. */
const PATIENCE = { pingEveryMs: 1_000, silentForMs: 4_000 } as const;

export function dialModel(
  { url, model, apiKey }: ModelAddress,
  ears: ModelEars,
  patience: { readonly pingEveryMs: number; readonly silentForMs: number } = PATIENCE,
): ModelLine {
  const address = new URL(url);
  address.searchParams.set("model", model);
  const socket = new WebSocket(address.href, {
    headers: { Authorization: `Bearer ${apiKey.reveal()}` },
    // The audio is already compressed, and 20 ms of it are too short to gain anything.
    perMessageDeflate: false,
  });
  let status: number | undefined;
  let closing: ReturnType<typeof setTimeout> | undefined;
  // A flag and not a time: it is set for every message.
  let wasHeard = true;
  // Counted, and not timed: where this process stood still, nobody else was silent.
  let silentTimes = 0;
  let heardAt = performance.now();
  const watching = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    silentTimes = wasHeard ? 0 : silentTimes + 1;
    if (wasHeard) heardAt = performance.now();
    wasHeard = false;
    if (silentTimes * patience.pingEveryMs >= patience.silentForMs) return socket.terminate();
    // Whoever has just said something need not be asked.
    if (silentTimes > 0) socket.ping();
  }, patience.pingEveryMs);
  socket.onopen = () => ears.opened();
  socket.onmessage = ({ data }) => {
    wasHeard = true;
    ears.message(typeof data === "string" ? data : undefined);
  };
  socket.addEventListener("pong", () => {
    wasHeard = true;
  });
  // Bun tells an HTTP refusal only in words: "Expected 101 status code: 401".
  socket.onerror = (event) => {
    const said = "message" in event && typeof event.message === "string" ? event.message : "";
    status = Number(/status code: (\d{3})/.exec(said)?.[1]) || undefined;
  };
  socket.onclose = ({ code }) => {
    clearInterval(watching);
    clearTimeout(closing);
    // It may have come right after the last look but one.
    const deafMs = wasHeard ? 0 : performance.now() - heardAt + patience.pingEveryMs;
    ears.closed(code, status, deafMs);
  };
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    backlog: () => socket.bufferedAmount,
    close: () => {
      if (socket.readyState === WebSocket.CLOSED || closing !== undefined) return;
      if (socket.readyState === WebSocket.CONNECTING) return socket.terminate();
      socket.close(1000);
      closing = setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS);
    },
  };
}
