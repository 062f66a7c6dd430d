/** Bun's socket towards Twilio, as a call needs it. */
import type { TwilioLine } from "./runner.ts";

/**
 * A close waits behind what the peer has not taken, and Bun then gives up a peer that has stopped reading only after
 * 16 s; a terminate after the close does nothing. So one that is behind is cut off.
 */
export const lineOf = (socket: {
  readonly send: (text: string) => number;
  readonly cork: (body: () => void) => void;
  readonly close: (code: number) => void;
  readonly terminate: () => void;
  readonly getBufferedAmount: () => number;
}): TwilioLine => ({
  send: (text) => socket.send(text),
  cork: (body) => socket.cork(body),
  close: (code) => (socket.getBufferedAmount() === 0 ? socket.close(code) : socket.terminate()),
});
