/**
 * Twilio's side of a call, for load: the handshake with its signature, 20 ms of audio each 20 ms, and each mark
 * echoed when the audio before it has been played. It is not the rehearsal's carrier, which checks every frame and
 * keeps every sample, and could not be 200 lines in one process beside a model.
 */
import { z } from "zod";
import { signatureFor } from "../rehearsal/carrier/sabotage.ts";
import { stampedPayload, stampIn } from "./stamp.ts";
import { Sequence, type Tally } from "./tally.ts";

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
const SAMPLES_PER_MS = 8;

export type StreamTerms = {
  readonly url: string;
  readonly accountSid: string;
  readonly authToken: string;
  readonly callSid: string;
  readonly parameters: Readonly<Record<string, string>>;
};

const FromRelay = z.object({ event: z.string(), mark: z.object({ name: z.string() }).optional() });

export class CarrierLine {
  readonly #line: number;
  readonly #terms: StreamTerms;
  readonly #tallies: { up: Tally; down: Tally };
  readonly #socket: WebSocket;
  readonly #streamSid: string;
  readonly #heard = new Sequence();
  readonly #marks: Array<{ readonly name: string; readonly dueMs: number }> = [];
  #playedToMs = 0;
  #spoken = 0;
  #numbered = 1;
  marksEchoed = 0;
  /** Settles when the socket has closed, with its code. */
  readonly closed: Promise<number>;

  constructor(line: number, terms: StreamTerms, tallies: { up: Tally; down: Tally }) {
    this.#line = line;
    this.#terms = terms;
    this.#tallies = tallies;
    this.#streamSid = `MZ${String(line).padStart(32, "0")}`;
    const signature = signatureFor(terms.authToken, terms.url, {}, undefined) ?? "";
    const socket = new WebSocket(terms.url, {
      headers: { "x-twilio-signature": signature },
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.onopen = () => this.#start();
    socket.onmessage = ({ data }) => this.#take(String(data));
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
  }

  /** 20 ms of the caller's voice. */
  speak(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#tallies.up.sent();
    const timestamp = this.#spoken * FRAME_MS;
    const payload = stampedPayload(this.#line, this.#spoken++, FRAME_SAMPLES);
    this.#socket.send(
      `{"event":"media","sequenceNumber":"${++this.#numbered}","media":{"track":"inbound","chunk":"${this.#spoken}","timestamp":"${timestamp}","payload":"${payload}"},"streamSid":"${this.#streamSid}"}`,
    );
  }

  /** Echoes the marks whose audio has been played by now. */
  echo(): void {
    const now = performance.now();
    for (let next = this.#marks[0]; next !== undefined && next.dueMs <= now; next = this.#marks[0]) {
      this.#marks.shift();
      if (this.#socket.readyState !== WebSocket.OPEN) continue;
      this.marksEchoed++;
      this.#socket.send(
        `{"event":"mark","sequenceNumber":"${++this.#numbered}","streamSid":"${this.#streamSid}","mark":{"name":"${next.name}"}}`,
      );
    }
  }

  hangUp(): void {
    const { accountSid, callSid } = this.#terms;
    this.#send({ event: "stop", stop: { accountSid, callSid }, streamSid: this.#streamSid });
    this.#socket.close(1000);
  }

  /** As a line that breaks: no `stop`, no close, an end of the connection. */
  vanish(): void {
    this.#socket.terminate();
  }

  #start(): void {
    const { accountSid, callSid, parameters } = this.#terms;
    this.#socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    const streamSid = this.#streamSid;
    const start = {
      accountSid,
      streamSid,
      callSid,
      tracks: ["inbound"],
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
      customParameters: parameters,
    };
    this.#send({ event: "start", sequenceNumber: "1", start, streamSid });
  }

  #take(message: string): void {
    const stamp = stampIn(message);
    if (stamp !== undefined) {
      this.#tallies.down.received(stamp, this.#heard.isNext(stamp));
      this.#playedToMs = Math.max(this.#playedToMs, performance.now()) + stamp.samples / SAMPLES_PER_MS;
      return;
    }
    const { mark } = FromRelay.parse(JSON.parse(message));
    if (mark !== undefined) this.#marks.push({ name: mark.name, dueMs: this.#playedToMs });
  }

  #send(frame: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}
