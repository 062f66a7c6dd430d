/**
 * One bidirectional media stream as Twilio runs it: the WebSocket, the frames both ways, the playback buffer. The
 * line that it belongs to gives it the clock and the caller's voice; it gives the line what the caller hears. Marks
 * go back on the line's 20 ms tick, as audio leaves Twilio in packets of 20 ms; a `clear` acts on arrival, to the
 * sample.
 *
 * A message that breaks the protocol ends the stream here (31950, 31951). Twilio's page calls it a warning, sent
 * once a stream; the rehearsal must not let it pass unseen.
 */

import {
  connectedFrame,
  decodeFromRelay,
  dtmfFrame,
  type FromRelay,
  markFrame,
  mediaFrame,
  startFrame,
  stopFrame,
} from "./frames.ts";
import type { Line, LineStream } from "./line.ts";
import { FRAME_SAMPLES, silence } from "./mulaw.ts";
import { DelayLine, type Network } from "./network.ts";
import { Playback } from "./playback.ts";
import { type StreamSabotage, signatureFor } from "./sabotage.ts";
import { monotonicMs } from "./ticker.ts";
import type { FrameCounters, StreamClosedBy } from "./timeline.ts";

export type StreamIdentity = {
  readonly accountSid: string;
  readonly authToken: string;
  readonly callSid: string;
  readonly streamSid: string;
};

export type StreamOptions = StreamIdentity & {
  readonly url: string;
  /** Scheme and host of where `url` leads to, behind a proxy that ends TLS; by default where it says. */
  readonly reachedAt?: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly network: Network;
  readonly omitSilence: boolean;
  readonly sabotage: StreamSabotage;
  /** An event for each mark, which load does without. */
  readonly markEvents: boolean;
  /** Sees every frame of audio at arrival, before the buffer: where latency is measured. */
  readonly onMedia: ((bytes: Uint8Array) => void) | undefined;
};

export type StreamOpening =
  | { readonly opened: true }
  | { readonly opened: false; readonly status: number | undefined; readonly reason: string };

export type StreamEnd = {
  readonly by: StreamClosedBy;
  readonly code: number;
  readonly error: string | undefined;
  readonly frames: FrameCounters;
};

/** Twilio gives up on a server that does not answer (31921's neighbours name no figure; ours). */
const HANDSHAKE_LIMIT_MS = 10_000;
/** How long a closed peer may take to say so too. */
const CLOSE_LIMIT_MS = 2_000;
/** What the relay may leave unread before its audio is dropped (31930): two minutes of frames. */
const SLOW_READER_BYTES = 2 * 1024 * 1024;
const PROTOCOL_ERROR_CLOSE = 1002;

type Outgoing =
  | { readonly kind: "text"; readonly text: string; readonly isMedia: boolean }
  | { readonly kind: "close"; readonly code: number };
type Incoming =
  | { readonly kind: "message"; readonly message: unknown }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string };

const SILENT_FRAME = silence(FRAME_SAMPLES);

export class MediaStream implements LineStream {
  readonly playback: Playback;
  readonly opening: Promise<StreamOpening>;
  readonly ended: Promise<StreamEnd>;
  readonly #line: Line;
  readonly #options: StreamOptions;
  readonly #socket: WebSocket;
  readonly #out: DelayLine<Outgoing>;
  readonly #in: DelayLine<Incoming>;
  readonly #settleOpening: (opening: StreamOpening) => void;
  readonly #settleEnd: (end: StreamEnd) => void;
  readonly #sent = { media: 0, mark: 0, dtmf: 0, droppedMedia: 0 };
  readonly #received = { media: 0, mediaBytes: 0, mark: 0, clear: 0 };
  readonly #askedMs = monotonicMs();
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  #closing: { readonly by: StreamClosedBy; readonly error: string | undefined } | undefined;
  #startedMs = 0;
  #sequenceNumber = 0;
  #chunk = 0;
  #failure = "";
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(line: Line, options: StreamOptions) {
    this.#line = line;
    this.#options = options;
    this.playback = new Playback(line.ear);
    const opening = Promise.withResolvers<StreamOpening>();
    const ended = Promise.withResolvers<StreamEnd>();
    this.opening = opening.promise;
    this.#settleOpening = opening.resolve;
    this.ended = ended.promise;
    this.#settleEnd = ended.resolve;
    const { network } = options;
    this.#out = new DelayLine(network, (item) => this.#deliverOut(item));
    // Another seed, or both directions would have the same jitter.
    this.#in = new DelayLine({ ...network, seed: network.seed + 0x5bd1e995 }, (item) =>
      this.#deliverIn(item),
    );

    const url = options.sabotage.mutateStreamUrl?.(options.url) ?? options.url;
    line.timeline.emit({ kind: "stream-connecting", url, streamSid: options.streamSid });
    // https://www.twilio.com/docs/voice/media-streams: the signature covers the wss URL, and no parameters.
    const signature = signatureFor(options.authToken, url, {}, options.sabotage.streamSignature);
    const { origin } = new URL(url);
    this.#socket = new WebSocket(url.replace(origin, options.reachedAt ?? origin), {
      headers: signature === undefined ? {} : { "x-twilio-signature": signature },
      perMessageDeflate: false,
    });
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = ({ data }) => this.#in.push({ kind: "message", message: data });
    this.#socket.onerror = (event) => {
      this.#failure = event instanceof ErrorEvent ? event.message : "the connection failed";
    };
    this.#socket.onclose = ({ code, reason }) => this.#socketClosed(code, reason);
    this.#deadline = setTimeout(() => {
      this.#failure = `no answer to the handshake within ${HANDSHAKE_LIMIT_MS} ms`;
      this.#socket.terminate();
    }, HANDSHAKE_LIMIT_MS);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get frames(): FrameCounters {
    return { sent: { ...this.#sent }, received: { ...this.#received } };
  }

  tick(dueMs: number, spoken: Uint8Array | undefined): void {
    if (this.#state !== "open") return;
    if (dueMs > this.#startedMs && (spoken !== undefined || !this.#options.omitSilence)) {
      this.#chunk += 1;
      const media = {
        chunk: this.#chunk,
        timestampMs: dueMs - this.#startedMs,
        bytes: spoken ?? SILENT_FRAME,
      };
      this.#send(mediaFrame(this.#nextNumber(), this.#options.streamSid, media), true);
    }
    for (const name of this.playback.takeDueMarks()) this.#echo(name, "played");
  }

  press(digit: string): void {
    this.#sent.dtmf += 1;
    this.#send(dtmfFrame(this.#nextNumber(), this.#options.streamSid, digit));
  }

  /** Anything at all, as no Twilio would send it. */
  sendRaw(text: string): void {
    this.#send(text);
  }

  /** The caller has hung up: `stop`, and then the socket closes. */
  hangUp(): void {
    if (this.#state === "open") this.#send(this.#stopText());
    this.#close("caller", 1000, undefined);
  }

  #stopText(): string {
    return stopFrame(this.#nextNumber(), this.#options.streamSid, this.#options);
  }

  #open(): void {
    clearTimeout(this.#deadline);
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.#startedMs = Math.floor(monotonicMs());
    const { accountSid, callSid, streamSid, parameters, sabotage } = this.#options;
    this.#line.timeline.emit({
      kind: "stream-opened",
      streamSid,
      handshakeMs: monotonicMs() - this.#askedMs,
    });
    this.#settleOpening({ opened: true });
    this.#send(connectedFrame());
    for (let times = sabotage.omitStart ? 0 : sabotage.repeatStart ? 2 : 1; times > 0; times--) {
      this.#send(
        startFrame(this.#nextNumber(), streamSid, {
          accountSid: sabotage.startAccountSid ?? accountSid,
          streamSid,
          callSid: sabotage.startCallSid ?? callSid,
          customParameters: sabotage.mutateParameters?.(parameters) ?? parameters,
        }),
      );
    }
  }

  #nextNumber(): number {
    this.#sequenceNumber += 1;
    return this.#sequenceNumber;
  }

  #send(text: string, isMedia = false): void {
    if (this.#state === "open") this.#out.push({ kind: "text", text, isMedia });
  }

  #deliverOut(item: Outgoing): void {
    switch (item.kind) {
      case "text": {
        if (this.#socket.readyState !== WebSocket.OPEN) return;
        const { bufferedAmount } = this.#socket;
        if (item.isMedia && bufferedAmount > SLOW_READER_BYTES) {
          if (this.#sent.droppedMedia === 0) {
            this.#line.timeline.emit({ kind: "slow-reader", code: 31930, bufferedBytes: bufferedAmount });
          }
          this.#sent.droppedMedia += 1;
          return;
        }
        if (item.isMedia) this.#sent.media += 1;
        this.#socket.send(item.text);
        return;
      }
      case "close": {
        this.#socket.close(item.code);
        this.#deadline = setTimeout(() => this.#socket.terminate(), CLOSE_LIMIT_MS);
        return;
      }
      default:
        item satisfies never;
    }
  }

  #deliverIn(item: Incoming): void {
    switch (item.kind) {
      case "message": {
        if (this.#state !== "open") return;
        const decoded = decodeFromRelay(item.message, this.#options.streamSid);
        if (decoded.ok) this.#receive(decoded.frame);
        else this.#violated(decoded.error.code, decoded.error.reason);
        return;
      }
      case "closed": {
        this.#finish("relay", item.code, item.reason, undefined);
        return;
      }
      default:
        item satisfies never;
    }
  }

  #receive(frame: FromRelay): void {
    // Up to this very sample the old buffer was being heard.
    this.#line.advance(monotonicMs());
    switch (frame.event) {
      case "media": {
        const bytes = Buffer.from(frame.media.payload, "base64");
        this.#received.media += 1;
        this.#received.mediaBytes += bytes.length;
        this.#options.onMedia?.(bytes);
        this.playback.add(bytes);
        return;
      }
      case "mark": {
        this.#received.mark += 1;
        this.playback.mark(frame.mark.name);
        if (this.playback.bufferedSamples === 0) {
          for (const name of this.playback.takeDueMarks()) this.#echo(name, "played");
        }
        return;
      }
      case "clear": {
        this.#received.clear += 1;
        if (this.#options.sabotage.ignoreClear) return;
        const { droppedSamples, marks } = this.playback.clear();
        const { timeline, ear } = this.#line;
        const record = { playedSamples: ear.playedSamples, droppedSamples };
        const atMs = timeline.nowMs();
        ear.cleared({ atMs, ...record });
        timeline.emit({ kind: "cleared", ...record, marks }, atMs);
        for (const name of marks) this.#echo(name, "cleared");
        return;
      }
      default:
        frame satisfies never;
    }
  }

  #echo(name: string, why: "played" | "cleared"): void {
    if (this.#options.sabotage.loseMarks) return;
    this.#sent.mark += 1;
    if (this.#options.markEvents) this.#line.timeline.emit({ kind: "mark", name, why });
    this.#send(markFrame(this.#nextNumber(), this.#options.streamSid, name));
  }

  #violated(code: 31950 | 31951, reason: string): void {
    this.#line.timeline.emit({ kind: "protocol-error", code, reason });
    this.#close("carrier", PROTOCOL_ERROR_CLOSE, `${code} ${reason}`);
  }

  #close(by: StreamClosedBy, code: number, error: string | undefined): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#closing = { by, error };
    if (this.#state === "connecting") {
      this.#socket.terminate();
      return;
    }
    this.#out.push({ kind: "close", code });
    this.#state = "closing";
  }

  #socketClosed(code: number, reason: string): void {
    clearTimeout(this.#deadline);
    if (this.#state === "connecting") {
      this.#state = "closed";
      const status = /status code:? ?(\d{3})/i.exec(this.#failure)?.[1];
      const refusal = {
        status: status === undefined ? undefined : Number(status),
        reason: this.#failure || reason || `closed with ${code}`,
      };
      this.#line.timeline.emit({ kind: "stream-refused", ...refusal });
      this.#settleOpening({ opened: false, ...refusal });
      const by = this.#closing?.by ?? "relay";
      this.#settleEnd({ by, code, error: refusal.reason, frames: this.frames });
      return;
    }
    // What the relay sent before it closed is still on its way, and arrives first.
    if (this.#closing === undefined) this.#in.push({ kind: "closed", code, reason });
    else this.#finish(this.#closing.by, code, reason, this.#closing.error);
  }

  #finish(by: StreamClosedBy, code: number, reason: string, error: string | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#line.advance(monotonicMs());
    const { droppedSamples } = this.playback.clear();
    const { frames } = this;
    this.#line.detach(this);
    this.#line.timeline.emit({ kind: "stream-closed", by, code, reason, droppedSamples, frames });
    this.#settleEnd({ by, code, error, frames });
  }
}
