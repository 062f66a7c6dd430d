/** Bun's socket towards Twilio, as a call needs it. */
import type { TwilioLine } from "./runner.ts";

type Socket = {
  send(text: string): number;
  cork(body: () => void): void;
  close(code: number): void;
  terminate(): void;
  getBufferedAmount(): number;
};

export class TwilioSocket implements TwilioLine {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(text: string): number {
    return this.#socket.send(text);
  }

  cork(body: () => void): void {
    this.#socket.cork(body);
  }

  /**
   * A close waits behind what the peer has not taken, and Bun then gives up a peer that has stopped reading only after
   * 16 s; a terminate after the close does nothing. So one that is behind is cut off.
   */
  close(code: number): void {
    if (this.#socket.getBufferedAmount() === 0) this.#socket.close(code);
    else this.#socket.terminate();
  }
}
