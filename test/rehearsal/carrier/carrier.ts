/**
 * The carrier: a stand-in for Twilio's voice network that speaks its real protocols, strictly. `placeCall` dials as
 * a caller would, through the webhooks; `openStream` opens one media stream directly, for the relay alone and for
 * load. Both give the same handset: what a person with a phone can do, and what they hear.
 */

import { Call, type Pace } from "./call.ts";
import type { Ear } from "./ear.ts";
import type { PhoneBook } from "./far-end.ts";
import { type Keep, Line } from "./line.ts";
import type { SayOutcome, Voice } from "./mouth.ts";
import { type Network, NO_DELAY } from "./network.ts";
import type { Sabotage, StreamSabotage } from "./sabotage.ts";
import { newSid } from "./sid.ts";
import { MediaStream, type StreamEnd, type StreamOpening } from "./stream.ts";
import type { CarrierEvent, EndedBy, Timeline } from "./timeline.ts";
import { WEBHOOK_LIMIT_MS } from "./webhook.ts";

/** What a person with a phone can do. */
export type Handset = {
  readonly callSid: string;
  readonly ear: Ear;
  readonly timeline: Timeline;
  /** Milliseconds since dial. */
  nowMs(): number;
  /** Mu-law at 8 kHz, queued behind what is being said. Resolves when the last of it has gone out. */
  say(mulaw: Uint8Array): Promise<SayOutcome>;
  /** Everything the caller said since the answer, silence and all, on the ear's clock. */
  spoken(): Uint8Array;
  /** Stops speaking at once; what was not yet said is dropped. */
  hush(): void;
  press(digit: string): void;
  hangUp(): void;
  waitFor: Timeline["waitFor"];
};

type LineOptions = {
  readonly accountSid: string;
  readonly authToken: string;
  /** By default a new one. */
  readonly callSid?: string | undefined;
  readonly network?: Network | undefined;
  /** Silent frames are left out, as some networks do. */
  readonly omitSilence?: boolean | undefined;
  readonly keep?: Keep | undefined;
  readonly onEvent?: ((event: CarrierEvent) => void) | undefined;
};

export type CallOptions = LineOptions & {
  readonly voiceUrl: string;
  readonly fallbackUrl?: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly stirVerstat?: string | undefined;
  readonly sabotage?: Sabotage | undefined;
  readonly pace?: Partial<Pace> | undefined;
  /** Who is there when the application dials somebody; by default nobody has a number. */
  readonly phoneBook?: PhoneBook | undefined;
  readonly webhookLimitMs?: number | undefined;
};

export type CallReport = {
  readonly callSid: string;
  readonly endedBy: EndedBy;
  readonly durationMs: number;
  /** What Twilio's own voice said. */
  readonly said: readonly string[];
  readonly events: readonly CarrierEvent[];
  readonly ear: Ear;
};

export type PlacedCall = Handset & {
  /** What Twilio's own voice said so far. */
  said(): string[];
  /** Sends anything at all over the open stream. */
  sendRaw(text: string): void;
  readonly ended: Promise<CallReport>;
};

/** Fast, so that tests are; Twilio's voices take about 65 ms a character. */
const DEFAULT_PACE: Pace = { sayMsPerCharacter: 5, secondMs: 1000 };

export function placeCall(options: CallOptions): PlacedCall {
  const callSid = options.callSid ?? newSid("CA");
  const line = new Line(options.keep ?? "all", options.onEvent);
  const call = new Call(line, {
    voiceUrl: options.voiceUrl,
    fallbackUrl: options.fallbackUrl,
    accountSid: options.accountSid,
    authToken: options.authToken,
    callSid,
    from: options.from,
    to: options.to,
    stirVerstat: options.stirVerstat,
    network: options.network ?? NO_DELAY,
    omitSilence: options.omitSilence ?? false,
    sabotage: options.sabotage ?? {},
    markEvents: options.keep !== "counts",
    pace: { ...DEFAULT_PACE, ...options.pace },
    phoneBook: options.phoneBook ?? {},
    webhookLimitMs: options.webhookLimitMs ?? WEBHOOK_LIMIT_MS,
  });
  const said = (): string[] => line.timeline.all("said").map(({ text }) => text);
  const ended = call.run().then(
    (endedBy): CallReport => {
      line.timeline.emit({ kind: "ended", by: endedBy });
      const durationMs = line.timeline.nowMs();
      line.end();
      return { callSid, endedBy, durationMs, said: said(), events: line.timeline.events, ear: line.ear };
    },
    (error: unknown) => {
      call.hangUp();
      line.end();
      throw error;
    },
  );
  return {
    ...handsetOf(line, callSid),
    press: (digit) => call.press(digit),
    hangUp: () => call.hangUp(),
    sendRaw: (text) => call.stream?.sendRaw(text),
    said,
    ended,
  };
}

export type OpenStreamOptions = LineOptions & {
  readonly url: string;
  /** Scheme and host of where `url` leads to, behind a proxy that ends TLS; by default where it says. */
  readonly reachedAt?: string | undefined;
  readonly streamSid?: string | undefined;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly sabotage?: StreamSabotage | undefined;
  /** Every frame of audio at arrival, before the buffer: where latency is measured. */
  readonly onMedia?: ((mulaw: Uint8Array) => void) | undefined;
  /** Asked for each 20 ms in which nothing is waiting to be said. */
  readonly voice?: Voice | undefined;
};

export type StreamReport = StreamEnd & {
  readonly opening: StreamOpening;
  readonly durationMs: number;
  readonly events: readonly CarrierEvent[];
  readonly ear: Ear;
};

export type OpenedStream = Handset & {
  readonly streamSid: string;
  readonly opening: Promise<StreamOpening>;
  sendRaw(text: string): void;
  readonly ended: Promise<StreamReport>;
};

/** One stream and nothing around it. The call counts as answered at once. */
export function openStream(options: OpenStreamOptions): OpenedStream {
  const callSid = options.callSid ?? newSid("CA");
  const streamSid = options.streamSid ?? newSid("MZ");
  const line = new Line(options.keep ?? "all", options.onEvent, options.voice);
  line.answer();
  const stream = new MediaStream(line, {
    accountSid: options.accountSid,
    authToken: options.authToken,
    callSid,
    streamSid,
    url: options.url,
    reachedAt: options.reachedAt,
    parameters: options.parameters ?? {},
    network: options.network ?? NO_DELAY,
    omitSilence: options.omitSilence ?? false,
    sabotage: options.sabotage ?? {},
    markEvents: options.keep !== "counts",
    onMedia: options.onMedia,
  });
  line.attach(stream);
  const ended = Promise.all([stream.opening, stream.ended]).then(([opening, end]): StreamReport => {
    line.timeline.emit({ kind: "ended", by: endOf(opening, end) });
    const durationMs = line.timeline.nowMs();
    line.end();
    return { ...end, opening, durationMs, events: line.timeline.events, ear: line.ear };
  });
  return {
    ...handsetOf(line, callSid),
    press: (digit) => {
      line.timeline.emit({ kind: "dtmf", digit, to: stream.isOpen ? "stream" : "nobody" });
      if (stream.isOpen) stream.press(digit);
    },
    hangUp: () => stream.hangUp(),
    sendRaw: (text) => stream.sendRaw(text),
    streamSid,
    opening: stream.opening,
    ended,
  };
}

function endOf(opening: StreamOpening, { by, error }: StreamEnd): EndedBy {
  if (by === "caller") return "caller";
  return opening.opened && error === undefined ? "twiml" : "error";
}

function handsetOf(line: Line, callSid: string): Omit<Handset, "press" | "hangUp"> {
  return {
    callSid,
    ear: line.ear,
    timeline: line.timeline,
    nowMs: () => line.timeline.nowMs(),
    say: (mulaw) => line.mouth.say(mulaw),
    spoken: () => line.spoken(),
    hush: () => line.mouth.hush(),
    waitFor: line.timeline.waitFor.bind(line.timeline),
  };
}
