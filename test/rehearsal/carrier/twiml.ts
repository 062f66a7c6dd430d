/**
 * TwiML, read into a typed tree or refused. https://www.twilio.com/docs/voice/twiml
 *
 * Stricter than Twilio on purpose: where Twilio warns and carries on (12200), this refuses, and it also refuses the
 * verbs and attributes that Twilio knows and this carrier does not perform, because to skip them would be to
 * pretend. It reads; it performs nothing.
 */

import {
  attributesOf,
  booleanFrom,
  elementsIn,
  emptyOrThrow,
  integerFrom,
  invalid,
  methodFrom,
  TwimlError,
  textIn,
} from "./twiml-parts.ts";
import type { Method } from "./webhook.ts";
import { parseXml, type XmlElement, XmlError } from "./xml.ts";

export type Say = { readonly verb: "Say"; readonly text: string; readonly loop: number };
export type Pause = { readonly verb: "Pause"; readonly lengthS: number };
export type Gather = {
  readonly verb: "Gather";
  readonly action: string | undefined;
  readonly method: Method;
  readonly timeoutS: number;
  /** Empty: no key ends it early. */
  readonly finishOnKey: string;
  readonly numDigits: number | undefined;
  readonly actionOnEmptyResult: boolean;
  readonly prompts: ReadonlyArray<Say | Pause>;
};
export type Redirect = { readonly verb: "Redirect"; readonly url: string; readonly method: Method };
export type Hangup = { readonly verb: "Hangup" };
export type Reject = { readonly verb: "Reject"; readonly reason: "rejected" | "busy" };
export type Stream = {
  readonly url: string;
  readonly name: string | undefined;
  readonly statusCallback: string | undefined;
  readonly statusCallbackMethod: Method;
  readonly parameters: Readonly<Record<string, string>>;
};
export type Connect = {
  readonly verb: "Connect";
  readonly action: string | undefined;
  readonly method: Method;
  readonly stream: Stream;
};
export type Dial = {
  readonly verb: "Dial";
  readonly action: string | undefined;
  readonly method: Method;
  /** Otherwise the caller's own. */
  readonly callerId: string | undefined;
  readonly timeoutS: number;
  readonly timeLimitS: number;
  readonly answerOnBridge: boolean;
  readonly number: string;
};
export type Voicemail = {
  readonly verb: "Record";
  readonly action: string | undefined;
  readonly method: Method;
  /** Each of these ends it. */
  readonly finishOnKey: string;
  readonly maxLengthS: number;
  /** Of silence, which end it. */
  readonly timeoutS: number;
  readonly trims: boolean;
};
export type Verb = Say | Pause | Gather | Voicemail | Redirect | Hangup | Reject | Connect | Dial;

const MAX_BYTES = 64 * 1024;
/** "the combined length of each <Parameter>'s name and value must be under 500 characters" */
const PARAMETER_LIMIT_CHARS = 500;
const SAY_LIMIT_CHARS = 4096;

export function parseTwiml(text: string): Verb[] {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new TwimlError(11750, "over 64 KB");
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) throw new TwimlError(12100, error.message);
    throw error;
  }
  if (root.name !== "Response") throw new TwimlError(12102, `the root is <${root.name}>, not <Response>`);
  attributesOf(root, []);
  return elementsIn(root).map(verbFrom);
}

function verbFrom(element: XmlElement): Verb {
  switch (element.name) {
    case "Say":
      return sayFrom(element);
    case "Pause":
      return pauseFrom(element);
    case "Gather":
      return gatherFrom(element);
    case "Record":
      return recordFrom(element);
    case "Redirect": {
      const { method } = attributesOf(element, ["method"]);
      // Without one it would be the document itself, for ever.
      const url = textIn(element);
      if (url === "") throw invalid("<Redirect> leads nowhere");
      return { verb: "Redirect", url, method: methodFrom(method, "Redirect") };
    }
    case "Hangup":
      attributesOf(element, []);
      emptyOrThrow(element);
      return { verb: "Hangup" };
    case "Reject": {
      const { reason = "rejected" } = attributesOf(element, ["reason"]);
      emptyOrThrow(element);
      if (reason !== "rejected" && reason !== "busy") throw invalid(`Reject reason="${reason}"`);
      return { verb: "Reject", reason };
    }
    case "Connect":
      return connectFrom(element);
    case "Dial":
      return dialFrom(element);
    default:
      throw invalid(`<${element.name}> is no verb that this carrier performs`);
  }
}

function sayFrom(element: XmlElement): Say {
  const { loop } = attributesOf(element, ["voice", "language", "loop"]);
  const text = textIn(element).replaceAll(/\s+/g, " ");
  // https://www.twilio.com/docs/api/errors/13520: Say: Invalid text
  if (text === "") throw new TwimlError(13520, "<Say> has nothing to say");
  if (text.length > SAY_LIMIT_CHARS)
    throw new TwimlError(13520, `<Say> is over ${SAY_LIMIT_CHARS} characters`);
  return { verb: "Say", text, loop: integerFrom(loop, 1, 1, "Say loop") };
}

function pauseFrom(element: XmlElement): Pause {
  const { length } = attributesOf(element, ["length"]);
  emptyOrThrow(element);
  return { verb: "Pause", lengthS: integerFrom(length, 1, 1, "Pause length") };
}

function gatherFrom(element: XmlElement): Gather {
  const given = attributesOf(element, [
    "action",
    "method",
    "timeout",
    "finishOnKey",
    "numDigits",
    "actionOnEmptyResult",
    "input",
  ]);
  if ((given.input ?? "dtmf") !== "dtmf")
    throw invalid(`Gather input="${given.input}": only dtmf is performed`);
  const finishOnKey = given.finishOnKey ?? "#";
  if (!/^[0-9#*]?$/.test(finishOnKey)) throw invalid(`Gather finishOnKey="${finishOnKey}"`);
  return {
    verb: "Gather",
    action: given.action,
    method: methodFrom(given.method, "Gather"),
    timeoutS: integerFrom(given.timeout, 5, 1, "Gather timeout"),
    finishOnKey,
    numDigits:
      given.numDigits === undefined ? undefined : integerFrom(given.numDigits, 1, 1, "Gather numDigits"),
    actionOnEmptyResult: booleanFrom(given.actionOnEmptyResult, "Gather actionOnEmptyResult"),
    prompts: elementsIn(element).map((prompt) => {
      if (prompt.name === "Say") return sayFrom(prompt);
      if (prompt.name === "Pause") return pauseFrom(prompt);
      throw invalid(`<${prompt.name}> inside <Gather>`);
    }),
  };
}

/** https://www.twilio.com/docs/voice/twiml/record */
function recordFrom(element: XmlElement): Voicemail {
  const given = attributesOf(element, [
    "action",
    "method",
    "timeout",
    "finishOnKey",
    "maxLength",
    "playBeep",
    "trim",
  ]);
  emptyOrThrow(element);
  const { finishOnKey = "1234567890*#", trim = "trim-silence" } = given;
  if (!/^[0-9#*]+$/.test(finishOnKey)) throw invalid(`Record finishOnKey="${finishOnKey}"`);
  if (trim !== "trim-silence" && trim !== "do-not-trim") throw invalid(`Record trim="${trim}"`);
  booleanFrom(given.playBeep, "Record playBeep");
  // "greater than 1 and less than or equal to 14400 (4 hours)"; a day is for accounts that were given it.
  const maxLengthS = integerFrom(given.maxLength, 3600, 2, "Record maxLength");
  if (maxLengthS > 14_400) throw invalid(`Record maxLength="${maxLengthS}"`);
  return {
    verb: "Record",
    action: given.action,
    method: methodFrom(given.method, "Record"),
    finishOnKey,
    maxLengthS,
    timeoutS: integerFrom(given.timeout, 5, 1, "Record timeout"),
    trims: trim === "trim-silence",
  };
}

function connectFrom(element: XmlElement): Connect {
  const { action, method } = attributesOf(element, ["action", "method"]);
  const [stream, second] = elementsIn(element);
  if (stream?.name !== "Stream" || second !== undefined) throw invalid("<Connect> takes one <Stream>");
  return { verb: "Connect", action, method: methodFrom(method, "Connect"), stream: streamFrom(stream) };
}

function streamFrom(element: XmlElement): Stream {
  const given = attributesOf(element, ["url", "name", "track", "statusCallback", "statusCallbackMethod"]);
  if (given.url === undefined) throw invalid("<Stream> has no url");
  // The only track of a bidirectional stream: https://www.twilio.com/docs/voice/twiml/stream#track
  if ((given.track ?? "inbound_track") !== "inbound_track") {
    throw invalid(`Stream track="${given.track}" in <Connect>`);
  }
  refuseStreamUrl(given.url);
  const parameters: Record<string, string> = {};
  for (const parameter of elementsIn(element)) {
    if (parameter.name !== "Parameter") throw invalid(`<${parameter.name}> inside <Stream>`);
    const { name, value } = attributesOf(parameter, ["name", "value"]);
    emptyOrThrow(parameter);
    if (name === undefined || name === "" || value === undefined) {
      throw invalid("<Parameter> needs a name and a value");
    }
    if (name.length + value.length >= PARAMETER_LIMIT_CHARS) {
      throw invalid(`<Parameter> ${name}: name and value are ${name.length + value.length} characters`);
    }
    if (Object.hasOwn(parameters, name)) throw invalid(`<Parameter> ${name} given twice`);
    parameters[name] = value;
  }
  return {
    url: given.url,
    name: given.name,
    statusCallback: given.statusCallback,
    statusCallbackMethod: methodFrom(given.statusCallbackMethod, "Stream statusCallbackMethod"),
    parameters,
  };
}

/**
 * `wss` on port 443 with no query string, and anything at all on this very machine, which Twilio could never
 * reach. The codes are those under which Twilio reports the failed connection.
 */
function refuseStreamUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalid("the Stream url is not absolute");
  if (text.includes("?")) throw new TwimlError(31920, "the Stream url has a query string");
  if (text.includes("#")) throw invalid("the Stream url has a fragment");
  if (url.protocol !== "wss:" && url.protocol !== "ws:")
    throw new TwimlError(31901, `${url.protocol} in Stream`);
  if (isLoopback(url.hostname)) return;
  if (url.protocol !== "wss:") throw new TwimlError(31901, "the Stream url is not wss");
  if (url.port !== "") throw new TwimlError(31910, `the Stream url names port ${url.port}, not 443`);
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

/** https://www.twilio.com/docs/voice/twiml/dial, with the codes of https://www.twilio.com/docs/api/errors */
function dialFrom(element: XmlElement): Dial {
  const given = attributesOf(element, [
    "action",
    "method",
    "callerId",
    "timeout",
    "timeLimit",
    "answerOnBridge",
  ]);
  const isNested = element.children.some((child) => typeof child !== "string");
  const [noun, second] = isNested ? elementsIn(element) : [];
  if (noun !== undefined && (noun.name !== "Number" || second !== undefined)) {
    throw invalid("<Dial> takes one <Number>");
  }
  if (noun !== undefined) attributesOf(noun, []);
  const number = textIn(noun ?? element);
  if (!isE164(number)) throw new TwimlError(13223, "<Dial> names no E.164 number");
  if (given.callerId !== undefined && !isE164(given.callerId)) {
    throw new TwimlError(13214, `Dial callerId="${given.callerId}"`);
  }
  const timeout = given.timeout ?? "30";
  if (!/^\d{1,3}$/.test(timeout) || Number(timeout) < 5 || Number(timeout) > 600) {
    throw new TwimlError(13212, `Dial timeout="${timeout}"`);
  }
  const timeLimit = given.timeLimit ?? "14400";
  if (!/^[1-9]\d{0,4}$/.test(timeLimit) || Number(timeLimit) > 14_400) {
    throw new TwimlError(13216, `Dial timeLimit="${timeLimit}"`);
  }
  return {
    verb: "Dial",
    action: given.action,
    method: methodFrom(given.method, "Dial"),
    callerId: given.callerId,
    timeoutS: Number(timeout),
    timeLimitS: Number(timeLimit),
    answerOnBridge: booleanFrom(given.answerOnBridge, "Dial answerOnBridge"),
    number,
  };
}

const isE164 = (text: string): boolean => /^\+[1-9]\d{6,14}$/.test(text);
