/**
 * What happened on one line, in order, in milliseconds since dial: the record that tests, demo and measurements
 * read. A closed union, so that a switch over it can be complete. It may hold anything, tokens in URLs included:
 * the rehearsal has no secrets, and whoever prints it chooses what to show.
 */

import { monotonicMs } from "./ticker.ts";

export type WebhookReason =
  | "voice"
  | "fallback"
  | "redirect"
  | "gather"
  | "record"
  | "connect"
  | "dial"
  | "stream-status";

export type EndedBy = "caller" | "twiml" | "rejected" | "error";

/** "carrier": Twilio itself closed, after a protocol error. */
export type StreamClosedBy = "relay" | "caller" | "carrier";

export type FrameCounters = {
  readonly sent: {
    readonly media: number;
    readonly mark: number;
    readonly dtmf: number;
    /** Media that Twilio threw away because the relay read too slowly (31930). */
    readonly droppedMedia: number;
  };
  readonly received: {
    readonly media: number;
    readonly mediaBytes: number;
    readonly mark: number;
    readonly clear: number;
  };
};

export type CarrierEvent = { readonly atMs: number } & (
  | {
      readonly kind: "webhook";
      readonly why: WebhookReason;
      readonly method: "GET" | "POST";
      readonly url: string;
      readonly parameters: Readonly<Record<string, string>>;
      /** Undefined when there was no HTTP answer. */
      readonly status: number | undefined;
      readonly tookMs: number;
      /** Why Twilio does not accept the answer, with its error code. */
      readonly failure: { readonly code: number; readonly reason: string } | undefined;
    }
  | {
      readonly kind: "document";
      readonly url: string;
      readonly verbs: readonly string[];
      readonly body: string;
    }
  | { readonly kind: "answered" }
  | { readonly kind: "said"; readonly text: string }
  | { readonly kind: "paused"; readonly seconds: number }
  | { readonly kind: "gathering"; readonly numDigits: number | undefined; readonly timeoutS: number }
  | { readonly kind: "gathered"; readonly digits: string; readonly why: "enough" | "finish key" | "timeout" }
  /** Behind the beep. */
  | { readonly kind: "recording"; readonly maxLengthS: number }
  | {
      readonly kind: "recorded";
      readonly why: "finish key" | "silence" | "full" | "hangup";
      /** What is left of it where silence is trimmed; 0: nobody said anything. */
      readonly seconds: number;
    }
  | { readonly kind: "redirected"; readonly url: string }
  | {
      readonly kind: "dialling";
      readonly number: string;
      /** What is shown to whoever is called. */
      readonly callerId: string;
      readonly timeoutS: number;
    }
  /** Somebody has picked up and is connected with the caller. */
  | { readonly kind: "bridged"; readonly number: string }
  | {
      readonly kind: "dialled";
      readonly number: string;
      readonly outcome: "completed" | "busy" | "no-answer" | "failed";
      readonly talkedMs: number;
    }
  | { readonly kind: "rejected"; readonly reason: "rejected" | "busy" }
  | { readonly kind: "stream-connecting"; readonly url: string; readonly streamSid: string }
  | { readonly kind: "stream-opened"; readonly streamSid: string; readonly handshakeMs: number }
  /** `status` is undefined when nothing answered. */
  | { readonly kind: "stream-refused"; readonly status: number | undefined; readonly reason: string }
  | {
      readonly kind: "stream-closed";
      readonly by: StreamClosedBy;
      readonly code: number;
      readonly reason: string;
      /** What was still in the playback buffer and was never heard. */
      readonly droppedSamples: number;
      readonly frames: FrameCounters;
    }
  | { readonly kind: "protocol-error"; readonly code: number; readonly reason: string }
  | { readonly kind: "slow-reader"; readonly code: 31930; readonly bufferedBytes: number }
  | { readonly kind: "heard-first-audio"; readonly afterAnswerMs: number }
  | {
      readonly kind: "cleared";
      readonly playedSamples: number;
      readonly droppedSamples: number;
      readonly marks: readonly string[];
    }
  /** A mark on its way back: its audio was played, or a `clear` returned it. */
  | { readonly kind: "mark"; readonly name: string; readonly why: "played" | "cleared" }
  | { readonly kind: "dtmf"; readonly digit: string; readonly to: "stream" | "gather" | "record" | "nobody" }
  | { readonly kind: "application-error"; readonly code: number; readonly reason: string }
  | { readonly kind: "ended"; readonly by: EndedBy }
);

/** Distributes over the union, so that each event keeps its own members. */
type WithoutTime<Event> = Event extends unknown ? Omit<Event, "atMs"> : never;
export type Happening = WithoutTime<CarrierEvent>;

export type EventOf<Kind extends CarrierEvent["kind"]> = Extract<CarrierEvent, { readonly kind: Kind }>;

type Waiter = {
  readonly what: string;
  readonly matches: (event: CarrierEvent) => boolean;
  readonly resolve: (event: CarrierEvent) => void;
  readonly reject: (error: Error) => void;
};

export class Timeline {
  /** A whole millisecond of the monotonic clock, as the ticker's are. */
  readonly startedMs = Math.floor(monotonicMs());
  readonly #events: CarrierEvent[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #onEvent: ((event: CarrierEvent) => void) | undefined;
  #closed = false;

  constructor(onEvent?: (event: CarrierEvent) => void) {
    this.#onEvent = onEvent;
  }

  get events(): readonly CarrierEvent[] {
    return this.#events;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Milliseconds since dial. */
  nowMs(): number {
    return monotonicMs() - this.startedMs;
  }

  /** Every event of one kind, typed as that kind. */
  all<Kind extends CarrierEvent["kind"]>(kind: Kind): Array<EventOf<Kind>> {
    return this.#events.filter((event): event is EventOf<Kind> => event.kind === kind);
  }

  emit(happening: Happening, atMs: number = this.nowMs()): void {
    const event: CarrierEvent = { atMs, ...happening };
    this.#events.push(event);
    this.#onEvent?.(event);
    for (const waiter of [...this.#waiters]) {
      if (waiter.matches(event)) waiter.resolve(event);
    }
  }

  /**
   * The first matching event at or after `sinceMs` (by default since dial, so that nothing is missed by asking
   * late). Rejects at the deadline, or as soon as the line has ended without it.
   */
  waitFor<Kind extends CarrierEvent["kind"]>(
    wanted: Kind,
    withinMs: number,
    sinceMs?: number,
  ): Promise<EventOf<Kind>>;
  waitFor(
    wanted: (event: CarrierEvent) => boolean,
    withinMs: number,
    sinceMs?: number,
  ): Promise<CarrierEvent>;
  waitFor(
    wanted: CarrierEvent["kind"] | ((event: CarrierEvent) => boolean),
    withinMs: number,
    sinceMs = 0,
  ): Promise<CarrierEvent> {
    const isWanted =
      typeof wanted === "string" ? (event: CarrierEvent): boolean => event.kind === wanted : wanted;
    const matches = (event: CarrierEvent): boolean => event.atMs >= sinceMs && isWanted(event);
    const already = this.#events.find(matches);
    if (already !== undefined) return Promise.resolve(already);
    const what = typeof wanted === "string" ? wanted : "the event waited for";
    if (this.#closed) return Promise.reject(this.#missing(what, "the line has ended"));
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(deadline);
        this.#waiters.delete(waiter);
      };
      const deadline = setTimeout(() => {
        settle();
        reject(this.#missing(what, `${withinMs} ms went by`));
      }, withinMs);
      const waiter: Waiter = {
        what,
        matches,
        resolve: (event) => {
          settle();
          resolve(event);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** The line has ended: nothing more will happen. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) {
      waiter.reject(this.#missing(waiter.what, "the line has ended"));
    }
  }

  #missing(what: string, why: string): Error {
    const tail = this.#events.slice(-12).map(({ atMs, kind }) => `${Math.round(atMs)} ms ${kind}`);
    return new Error(`${what} did not come: ${why}. The line's last events: ${tail.join(", ") || "none"}`);
  }
}
