/**
 * What must hold of the carrier's side of the line: its frames in their order, a start that is the call's own, and every
 * way to end that follows from them or from the sockets themselves.
 */
import type { Input, LineNews, Terms } from "../../../../relay/call/call.ts";
import type { Ending } from "../../../../relay/call/ending.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { FromTwilio } from "../../../../relay/wire/twilio.ts";
import { hold } from "./broken.ts";
import { PROFILE_TEXT } from "./inputs.ts";

const START_WITHIN_MS = 5_000;

/** How the call must end in this step, and why. */
export type Due = { readonly ending: Ending; readonly why: string };

export class LineWatch {
  readonly #terms: Terms;
  readonly #openedAt: number;
  #isConnected = false;
  #streamSid: string | undefined;
  startedAt: number | undefined;

  constructor(terms: Terms, openedAt: number) {
    this.#terms = terms;
    this.#openedAt = openedAt;
  }

  get isStarted(): boolean {
    return this.startedAt !== undefined;
  }

  isOwn(streamSid: string): boolean {
    return streamSid === this.#streamSid;
  }

  get dueBy(): number | undefined {
    return this.isStarted ? undefined : this.#openedAt + START_WITHIN_MS;
  }

  takeIn(input: Input, at: number): Due | undefined {
    if (input.from === "twilio") return this.#frame(input.frame, at);
    if (input.from === "line") return this.#news(input.news.is);
    const isLate = input.from === "clock" && !this.isStarted && at >= this.#openedAt + START_WITHIN_MS;
    return isLate ? { ending: "no_start", why: "no start in time" } : undefined;
  }

  #frame(frame: FromTwilio, at: number): Due | undefined {
    const violation = (why: string) => ({ ending: "protocol_violation" as const, why });
    if (frame.event === "malformed") return violation("a malformed frame");
    if (frame.event === "connected") {
      if (this.#isConnected) return violation("a second connected");
      this.#isConnected = true;
      return;
    }
    if (frame.event === "start") {
      if (!this.#isConnected || this.isStarted) return violation("a start out of order");
      if (!this.#matches(frame)) return { ending: "wrong_start", why: "a start that does not match" };
      this.#streamSid = frame.streamSid;
      this.startedAt = at;
      return;
    }
    if (!this.isStarted) return violation("a frame before start");
    if (!this.isOwn(frame.streamSid)) return violation("another stream's frame");
    return frame.event === "stop" ? { ending: "caller_hung_up", why: "stop" } : undefined;
  }

  #matches({ start, streamSid }: Extract<FromTwilio, { event: "start" }>): boolean {
    return (
      start.callSid === this.#terms.callSid &&
      start.accountSid === this.#terms.accountSid &&
      start.streamSid === streamSid &&
      start.customParameters.profile0 === PROFILE_TEXT.get(this.#terms)
    );
  }

  #news(is: LineNews["is"]): Due | undefined {
    switch (is) {
      case "model_open":
      case "model_closed":
      case "model_slow":
      case "budget_spent":
        return;
      case "relay_stopping":
        return this.isStarted ? undefined : { ending: "handed_over", why: "a relay that stops before start" };
      case "twilio_closed":
        return { ending: "line_lost", why: is };
      case "twilio_slow":
        return { ending: "line_too_slow", why: is };
      case "superseded":
      case "bug":
        return { ending: is, why: is };
      default:
        return is satisfies never;
    }
  }
}

/** What is done before anything has come in. */
export function holdBegun(terms: Terms, begun: readonly Effect[]): void {
  const dials = begun.filter((effect) => effect.to === "session" && effect.is === "dial").length;
  hold("the model is dialled at once, and only if it can be paid for", dials === (terms.isSpent ? 0 : 1));
  hold("nothing else is done before anything has come in", begun.length === dials);
}
