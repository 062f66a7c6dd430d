/**
 * What one call asks of the application: its documents, with the fallback URL behind them, and the status callbacks
 * that nobody waits for. It fetches and reads; what a document then does is the call's business.
 *
 * Twilio's documentation speaks of the fallback for the number's own URL; here every document that cannot be had or
 * read sends the call there, once.
 */

import type { Hangup } from "./hangup.ts";
import type { Line } from "./line.ts";
import type { Sabotage } from "./sabotage.ts";
import type { WebhookReason } from "./timeline.ts";
import { parseTwiml, type Verb } from "./twiml.ts";
import { TwimlError } from "./twiml-parts.ts";
import {
  type CallFacts,
  type CallStatus,
  callParameters,
  type Method,
  type Parameters,
  sendWebhook,
  type WebhookAnswer,
  type WebhookFailure,
} from "./webhook.ts";

export type Errand = {
  readonly why: Exclude<WebhookReason, "stream-status">;
  readonly url: string;
  readonly method: Method;
  /** Beside what every voice request carries. */
  readonly extra: Parameters;
};

export type Document = { readonly url: string; readonly verbs: readonly Verb[] };

export type ErrandSettings = CallFacts & {
  readonly fallbackUrl: string | undefined;
  readonly authToken: string;
  readonly sabotage: Sabotage;
  readonly webhookLimitMs: number;
};

export class Errands {
  readonly #line: Line;
  readonly #hangup: Hangup;
  readonly #settings: ErrandSettings;
  #callbacks: Promise<unknown> = Promise.resolve();

  constructor(line: Line, hangup: Hangup, settings: ErrandSettings) {
    this.#line = line;
    this.#hangup = hangup;
    this.#settings = settings;
  }

  /** The document, or the fallback's, or undefined: then there is nothing left to perform. */
  async fetch(errand: Errand): Promise<Document | undefined> {
    const first = await this.#attempt(errand);
    if ("verbs" in first) return first;
    this.#line.timeline.emit({ kind: "application-error", ...first });
    const { fallbackUrl } = this.#settings;
    if (fallbackUrl === undefined) return undefined;
    // https://www.twilio.com/docs/voice/twiml#request-parameters: what the fallback URL is told besides.
    const extra = { ErrorCode: String(first.code), ErrorUrl: errand.url };
    const second = await this.#attempt({ why: "fallback", url: fallbackUrl, method: "POST", extra });
    if ("verbs" in second) return second;
    this.#line.timeline.emit({ kind: "application-error", ...second });
    return undefined;
  }

  /** Asks as of a call that is over; the answer is thrown away. */
  async tellCompleted({ why, url, method, extra }: Errand): Promise<void> {
    await this.#send(why, url, method, { ...callParameters(this.#settings, "completed"), ...extra });
  }

  /** In order, and behind the call's back: only {@link settled} waits for them. */
  tellStreamStatus(url: string, method: Method, parameters: Parameters): void {
    this.#callbacks = this.#callbacks.then(() => this.#send("stream-status", url, method, parameters));
  }

  async settled(): Promise<void> {
    await this.#callbacks;
  }

  async #attempt({ why, url, method, extra }: Errand): Promise<Document | WebhookFailure> {
    const status: CallStatus = this.#line.answered ? "in-progress" : "ringing";
    const parameters = { ...callParameters(this.#settings, status), ...extra };
    const answer = await this.#hangup.unless(this.#send(why, url, method, parameters));
    if (answer.failure !== undefined) return answer.failure;
    try {
      const verbs = parseTwiml(answer.body);
      const names = verbs.map(({ verb }) => verb);
      this.#line.timeline.emit({ kind: "document", url: answer.url, verbs: names, body: answer.body });
      return { url: answer.url, verbs };
    } catch (error) {
      if (error instanceof TwimlError) return { code: error.code, reason: error.message };
      throw error;
    }
  }

  async #send(why: WebhookReason, url: string, method: Method, truth: Parameters): Promise<WebhookAnswer> {
    const { authToken, sabotage, webhookLimitMs } = this.#settings;
    const parameters = sabotage.mutateWebhook?.(truth) ?? truth;
    const answer = await sendWebhook({
      url,
      method,
      parameters,
      authToken,
      sabotage: sabotage.webhookSignature,
      limitMs: webhookLimitMs,
      wants: why === "stream-status" ? "an acknowledgement" : "TwiML",
    });
    const { status, tookMs, failure } = answer;
    this.#line.timeline.emit({ kind: "webhook", why, method, url, parameters, status, tookMs, failure });
    return answer;
  }
}
