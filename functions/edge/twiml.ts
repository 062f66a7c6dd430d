/**
 * TwiML as a value, and its one way into XML.
 *
 * Only the verbs that we say are here. The string is built by hand because a VoiceResponse costs the whole of
 * `require("twilio")` in a cold start; a test holds it to what twilio's own builder prints.
 */

export type Verb =
  | { readonly verb: "say"; readonly language: string; readonly text: string }
  | { readonly verb: "hangup" }
  | { readonly verb: "reject" }
  | { readonly verb: "pause"; readonly lengthS: number }
  /** Twilio posts to this address what it would have posted to an action, and goes on with what it is answered. */
  | { readonly verb: "redirect"; readonly url: string }
  | {
      /** The caller's voice. When there was none, Twilio goes on with the next verb, and otherwise to `action`. */
      readonly verb: "record";
      readonly action: string;
      readonly finishOnKey: "#";
      readonly maxLengthS: number;
      /** Of silence, which end it. */
      readonly timeoutS: number;
    }
  | {
      /** Digits from the keypad. When none were typed, Twilio goes on with the next verb. */
      readonly verb: "gather";
      readonly action: string;
      readonly finishOnKey: "#";
      readonly numDigits: number;
      readonly timeoutS: number;
      readonly prompt: { readonly language: string; readonly text: string };
    }
  | {
      /** The caller is put through; Twilio then goes to `action`, and to no verb behind this one. */
      readonly verb: "dial";
      readonly action: string;
      readonly timeoutS: number;
      /** E.164. */
      readonly number: string;
    }
  | {
      readonly verb: "connect";
      /** Where Twilio goes when the stream has ended, however it ended. */
      readonly action: string;
      readonly stream: {
        readonly url: string;
        readonly statusCallback: string;
        readonly parameters: ReadonlyArray<{ readonly name: string; readonly value: string }>;
      };
    };

export function twiml(verbs: readonly Verb[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${element("Response", {}, verbs.map(print).join(""))}`;
}

function print(verb: Verb): string {
  switch (verb.verb) {
    case "say":
      return element("Say", { language: verb.language }, escapeText(verb.text));
    case "hangup":
      return element("Hangup");
    case "reject":
      return element("Reject");
    case "pause":
      return element("Pause", { length: String(verb.lengthS) });
    case "redirect":
      return element("Redirect", {}, escapeText(verb.url));
    case "record": {
      const { action, finishOnKey, maxLengthS, timeoutS } = verb;
      const attributes = { action, finishOnKey, maxLength: String(maxLengthS), timeout: String(timeoutS) };
      return element("Record", attributes);
    }
    case "gather": {
      const { action, finishOnKey, numDigits, timeoutS, prompt } = verb;
      const attributes = {
        input: "dtmf",
        action,
        finishOnKey,
        numDigits: String(numDigits),
        timeout: String(timeoutS),
      };
      return element("Gather", attributes, print({ verb: "say", ...prompt }));
    }
    case "dial": {
      const { action, timeoutS, number } = verb;
      const attributes = { action, timeout: String(timeoutS), answerOnBridge: "true" };
      return element("Dial", attributes, element("Number", {}, escapeText(number)));
    }
    case "connect": {
      const { url, statusCallback, parameters } = verb.stream;
      const inner = parameters.map(({ name, value }) => element("Parameter", { name, value })).join("");
      return element("Connect", { action: verb.action }, element("Stream", { url, statusCallback }, inner));
    }
    default:
      return verb satisfies never;
  }
}

function element(name: string, attributes: Readonly<Record<string, string>> = {}, inner = ""): string {
  const printed = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`);
  const start = `<${name}${printed.join("")}`;
  return inner === "" ? `${start}/>` : `${start}>${inner}</${name}>`;
}

/** XML 1.0 has no way to write most control characters, not even escaped: one of them voids the document. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu;

const escapeText = (text: string): string =>
  text
    .replace(UNPRINTABLE, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#xD;");

/** Without its escape, white space in an attribute reaches the reader as a plain space (XML 1.0, 3.3.3). */
const escapeAttribute = (text: string): string =>
  text
    .replace(UNPRINTABLE, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\t", "&#x9;")
    .replaceAll("\n", "&#xA;")
    .replaceAll("\r", "&#xD;");
