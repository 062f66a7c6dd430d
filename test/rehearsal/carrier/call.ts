/**
 * One incoming call, run as Twilio runs it: fetch a document, perform its verbs in order, follow where they lead,
 * until a hang-up. https://www.twilio.com/docs/voice/twiml
 *
 * Where Twilio's documentation is silent, this is what is done, and nothing may rest on it that cannot be checked
 * on a live account:
 * - a handshake that fails ends <Connect> as a stream that ended does: the status callback gets stream-error, then
 *   `action` is requested, or without one the next verb runs;
 * - a stream that the relay closes is stream-stopped, whatever the code; stream-error is for handshakes and for
 *   messages that break the protocol;
 * - when the caller hangs up in <Connect>, <Dial> or <Record>, `action` is requested with CallStatus=completed and its answer
 *   is thrown away; any other verb is just dropped.
 */

import { type Document, type Errand, type ErrandSettings, Errands } from "./errands.ts";
import { type PhoneBook, performDial } from "./far-end.ts";
import { Hangup, HungUp } from "./hangup.ts";
import type { Line } from "./line.ts";
import type { Network } from "./network.ts";
import { newSid } from "./sid.ts";
import { MediaStream } from "./stream.ts";
import type { EndedBy } from "./timeline.ts";
import type { Connect, Dial, Gather, Pause, Say, Verb, Voicemail } from "./twiml.ts";
import { performRecord } from "./voicemail.ts";
import type { Method, Parameters } from "./webhook.ts";

export type Pace = {
  readonly sayMsPerCharacter: number;
  /** How long a second of <Pause>, or of a <Gather>'s timeout, takes. */
  readonly secondMs: number;
};

export type CallSettings = ErrandSettings & {
  readonly voiceUrl: string;
  readonly network: Network;
  readonly omitSilence: boolean;
  readonly markEvents: boolean;
  readonly pace: Pace;
  /** Who is there when the application dials somebody. */
  readonly phoneBook: PhoneBook;
};

type Next =
  | { readonly kind: "fetch"; readonly errand: Errand }
  | { readonly kind: "end"; readonly by: EndedBy };
const NEXT_VERB = undefined;

/** What Twilio's voice says when there is nothing left to fall back on. */
const APPLICATION_ERROR = "We're sorry, an application error has occurred. Goodbye.";

export class Call {
  readonly #line: Line;
  readonly #settings: CallSettings;
  readonly #hangup = new Hangup();
  readonly #errands: Errands;
  #keys: { readonly of: "gather" | "record"; readonly take: (digit: string) => void } | undefined;
  #stream: MediaStream | undefined;

  constructor(line: Line, settings: CallSettings) {
    this.#line = line;
    this.#settings = settings;
    this.#errands = new Errands(line, this.#hangup, settings);
  }

  get stream(): MediaStream | undefined {
    return this.#stream;
  }

  async run(): Promise<EndedBy> {
    try {
      const { voiceUrl } = this.#settings;
      let errand: Errand = { why: "voice", url: voiceUrl, method: "POST", extra: {} };
      for (;;) {
        const document = await this.#errands.fetch(errand);
        if (document === undefined) {
          this.#line.answer();
          await this.#say({ verb: "Say", text: APPLICATION_ERROR, loop: 1 });
          return "error";
        }
        const next = await this.#perform(document);
        if (next.kind === "end") return next.by;
        errand = next.errand;
      }
    } catch (error) {
      if (error instanceof HungUp) return "caller";
      throw error;
    } finally {
      await this.#errands.settled();
    }
  }

  hangUp(): void {
    if (this.#hangup.happened) return;
    this.#hangup.happen();
    this.#stream?.hangUp();
  }

  press(digit: string): void {
    const to = this.#keys?.of ?? (this.#stream?.isOpen === true ? "stream" : "nobody");
    this.#line.timeline.emit({ kind: "dtmf", digit, to });
    if (this.#keys !== undefined) this.#keys.take(digit);
    else if (this.#stream?.isOpen === true) this.#stream.press(digit);
  }

  // --- verbs --------------------------------------------------------------------------------------------------

  async #perform(document: Document): Promise<Next> {
    for (const verb of document.verbs) {
      // "answerOnBridge will cause the inbound call to ring until the dialed number answers", as the first verb.
      const waits = verb.verb === "Reject" || (verb.verb === "Dial" && verb.answerOnBridge);
      if (!waits) this.#line.answer();
      const next = await this.#performVerb(verb, document.url);
      if (next !== NEXT_VERB) return next;
    }
    this.#line.answer();
    return { kind: "end", by: "twiml" };
  }

  async #performVerb(verb: Verb, documentUrl: string): Promise<Next | typeof NEXT_VERB> {
    switch (verb.verb) {
      case "Say":
        await this.#say(verb);
        return NEXT_VERB;
      case "Pause":
        await this.#pause(verb);
        return NEXT_VERB;
      case "Gather":
        return this.#gather(verb, documentUrl);
      case "Record":
        return this.#record(verb, documentUrl);
      case "Connect":
        return this.#connect(verb, documentUrl);
      case "Dial":
        return this.#dial(verb, documentUrl);
      case "Redirect": {
        const url = against(documentUrl, verb.url);
        this.#line.timeline.emit({ kind: "redirected", url });
        return { kind: "fetch", errand: { why: "redirect", url, method: verb.method, extra: {} } };
      }
      case "Hangup":
        return { kind: "end", by: "twiml" };
      case "Reject": {
        // "The very first verb" is not billed; after an answer it is a hang-up.
        if (this.#line.answered) return { kind: "end", by: "twiml" };
        this.#line.timeline.emit({ kind: "rejected", reason: verb.reason });
        return { kind: "end", by: "rejected" };
      }
      default:
        return verb satisfies never;
    }
  }

  async #say({ text, loop }: Say): Promise<void> {
    for (let times = loop; times > 0; times--) {
      this.#line.timeline.emit({ kind: "said", text });
      await this.#hangup.sleep(text.length * this.#settings.pace.sayMsPerCharacter);
    }
  }

  async #pause({ lengthS }: Pause): Promise<void> {
    this.#line.timeline.emit({ kind: "paused", seconds: lengthS });
    await this.#hangup.sleep(lengthS * this.#settings.pace.secondMs);
  }

  async #gather(verb: Gather, documentUrl: string): Promise<Next | typeof NEXT_VERB> {
    const { timeoutS, finishOnKey, numDigits } = verb;
    this.#line.timeline.emit({ kind: "gathering", numDigits, timeoutS });
    const finished = Promise.withResolvers<"enough" | "finish key" | "timeout">();
    const pressed = Promise.withResolvers<void>();
    let digits = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => finished.resolve("timeout"), timeoutS * this.#settings.pace.secondMs);
    };
    let listening = true;
    const take = (digit: string): void => {
      listening = false;
      pressed.resolve();
      if (digit === finishOnKey) return finished.resolve("finish key");
      digits += digit;
      if (digits.length === numDigits) return finished.resolve("enough");
      wait();
    };
    this.#keys = { of: "gather", take };
    try {
      for (const prompt of verb.prompts) {
        if (!listening) break;
        const spoken = prompt.verb === "Say" ? this.#say(prompt) : this.#pause(prompt);
        // "After the first digit is received the audio will stop playing."
        await Promise.race([spoken, pressed.promise]);
      }
      if (listening) wait();
      const why = await this.#hangup.unless(finished.promise);
      this.#line.timeline.emit({ kind: "gathered", digits, why });
      if (digits === "" && !verb.actionOnEmptyResult) return NEXT_VERB;
      const extra = {
        Digits: digits,
        FinishedOnKey: why === "finish key" ? finishOnKey : "",
        msg: "Gather End",
      };
      // "If no action is provided, Twilio will by default make a request to the current document's URL."
      return this.#follow("gather", verb.action ?? "", verb.method, documentUrl, extra);
    } finally {
      clearTimeout(timer);
      this.#keys = undefined;
    }
  }

  async #record(verb: Voicemail, documentUrl: string): Promise<Next | typeof NEXT_VERB> {
    const told = await performRecord(verb, {
      line: this.#line,
      hangup: this.#hangup,
      accountSid: this.#settings.accountSid,
      recordingSid: newSid("RE"),
      secondMs: this.#settings.pace.secondMs,
      onKey: (take) => {
        this.#keys = take === undefined ? undefined : { of: "record", take };
      },
    });
    // "If Twilio receives an empty recording, it will not make a request to the 'action' URL."
    if (told === undefined) return this.#hangup.unless(Promise.resolve(NEXT_VERB));
    return this.#follow("record", verb.action ?? "", verb.method, documentUrl, told);
  }

  async #connect(verb: Connect, documentUrl: string): Promise<Next | typeof NEXT_VERB> {
    const { accountSid, callSid, authToken, network, omitSilence, sabotage, markEvents } = this.#settings;
    const streamSid = newSid("MZ");
    const tell = (event: string, error?: string): void =>
      this.#tellStreamStatus(verb, documentUrl, streamSid, event, error);
    const stream = new MediaStream(this.#line, {
      accountSid,
      callSid,
      authToken,
      streamSid,
      url: verb.stream.url,
      parameters: verb.stream.parameters,
      network,
      omitSilence,
      sabotage,
      markEvents,
      onMedia: undefined,
    });
    this.#stream = stream;
    this.#line.attach(stream);
    const opening = await stream.opening;
    if (opening.opened) tell("stream-started");
    const end = await stream.ended;
    this.#stream = undefined;
    this.#line.detach(stream);
    if (end.error !== undefined && end.by !== "caller") tell("stream-error", end.error);
    if (opening.opened && end.error === undefined) tell("stream-stopped");
    if (verb.action === undefined) return this.#hangup.unless(Promise.resolve(NEXT_VERB));
    return this.#follow("connect", verb.action, verb.method, documentUrl, {});
  }

  async #dial(verb: Dial, documentUrl: string): Promise<Next | typeof NEXT_VERB> {
    const { phoneBook, pace, from, to } = this.#settings;
    const told = await performDial(verb, {
      phoneBook,
      hangup: this.#hangup,
      timeline: this.#line.timeline,
      secondMs: pace.secondMs,
      from,
      to,
      onBridge: () => this.#line.answer(),
    });
    if (verb.action === undefined) return this.#hangup.unless(Promise.resolve(NEXT_VERB));
    return this.#follow("dial", verb.action, verb.method, documentUrl, told);
  }

  /** To an action URL. Of a call that is over, it is told and its answer is thrown away. */
  async #follow(
    why: "gather" | "record" | "connect" | "dial",
    action: string,
    method: Method,
    documentUrl: string,
    extra: Parameters,
  ): Promise<Next> {
    const errand: Errand = { why, url: against(documentUrl, action), method, extra };
    if (!this.#hangup.happened) return { kind: "fetch", errand };
    await this.#errands.tellCompleted(errand);
    throw new HungUp();
  }

  /** https://www.twilio.com/docs/voice/twiml/stream#statuscallback. The call does not wait for it; its end does. */
  #tellStreamStatus(
    { stream }: Connect,
    documentUrl: string,
    streamSid: string,
    event: string,
    error: string | undefined,
  ): void {
    if (stream.statusCallback === undefined) return;
    this.#errands.tellStreamStatus(against(documentUrl, stream.statusCallback), stream.statusCallbackMethod, {
      AccountSid: this.#settings.accountSid,
      CallSid: this.#settings.callSid,
      StreamSid: streamSid,
      StreamName: stream.name ?? streamSid,
      StreamEvent: event,
      ...(error === undefined ? {} : { StreamError: error }),
      Timestamp: new Date().toISOString(),
    });
  }
}

/** A URL as it stands in a document: absolute ones are kept to the letter, because their letters are signed. */
function against(documentUrl: string, url: string): string {
  return /^https?:\/\//i.test(url) ? url : new URL(url, documentUrl).href;
}
