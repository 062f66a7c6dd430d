/**
 * What broke, in plain words, found from what was seen and from nothing else: this file does not know what `--break`
 * was asked to break. The first layer that noticed names it, because everything behind it only suffers from it.
 */
import type { BreakName } from "./breaks.ts";
import { bargeInOf, TRUNCATED_WITHIN_MS } from "./checks.ts";
import { figure } from "./paint.ts";
import { numberIn, type Seen, textIn } from "./seen.ts";

export type Diagnosis = {
  /** Which of the seven it is; undefined for something else. */
  readonly name: BreakName | undefined;
  readonly what: string;
  /** Which layer noticed, and how. */
  readonly noticed: string;
  /** What the caller heard of it. */
  readonly heard: string;
  readonly mend: string | undefined;
};

type Finding = Omit<Diagnosis, "heard">;

/** Undefined when nothing of the kind was seen. */
export function diagnose(seen: Seen): Diagnosis | undefined {
  const finding =
    atTheEdge(seen) ?? atTheRelay(seen) ?? atTheModel(seen) ?? atTheTools(seen) ?? inTheConversation(seen);
  return finding && { ...finding, heard: heardBy(seen) };
}

function atTheEdge(seen: Seen): Finding | undefined {
  const refused = seen.edgeLine("webhook_refused");
  if (refused !== undefined) {
    const status = seen.carrier("webhook").find(({ why }) => why === "voice")?.status;
    return {
      name: "signature",
      what: "The webhook did not carry the signature of the account's auth token.",
      noticed: `The edge, before anything else: ${textIn(refused, "why")}, HTTP ${status ?? "?"} and no TwiML. No token was made, and the relay never heard of the call.`,
      mend: "AUTH_TOKEN on the edge must be the auth token of the account that the number belongs to.",
    };
  }
  const settings = seen.edgeLine("misconfigured");
  if (settings !== undefined) {
    return {
      name: undefined,
      what: `The edge is not set up: ${textIn(settings, "variable")} ${textIn(settings, "wrong")}.`,
      noticed: "The edge, which reads its settings for every call.",
      mend: textIn(settings, "mend"),
    };
  }
  const turnedAway = seen.edgeLine("call_turned_away");
  if (turnedAway === undefined) return undefined;
  return {
    name: undefined,
    what: "The caller may not come in.",
    noticed: `The edge: ${textIn(turnedAway, "why")}.`,
    mend: "ALLOWED_NUMBERS or assets/callers.private.json names who may call.",
  };
}

function atTheRelay(seen: Seen): Finding | undefined {
  const why = seen.refusal;
  if (why === undefined) return undefined;
  const status = seen.carrier("stream-refused")[0]?.status;
  const answered = `The relay, at the handshake: ${why}, HTTP ${status ?? "?"}, before it dialled the model.`;
  if (why === "token unknown key") {
    const mend = seen.edgeLine("relay_refused_token");
    return {
      name: "secret",
      what: "Edge and relay hold different secrets.",
      noticed: `${answered}${mend === undefined ? "" : " The edge then could not ask how the call had ended either: its second token was refused too."}`,
      mend:
        mend === undefined ? "STREAM_TOKEN_SECRET must be the same on both." : sentence(textIn(mend, "mend")),
    };
  }
  if (why.startsWith("token ")) {
    return {
      name: "token",
      what: "The stream's token is not the one that the edge made.",
      noticed: `${answered} Its secret is the edge's own: it was the token that had changed.`,
      mend: "A token goes from the TwiML to the relay untouched, within 60 s, and once.",
    };
  }
  return {
    name: undefined,
    what: "The relay did not let the stream in.",
    noticed: answered,
    mend: undefined,
  };
}

function atTheModel(seen: Seen): Finding | undefined {
  const ended = seen.relayLine("call.ended")?.what;
  const ending = ended === undefined ? "" : textIn(ended, "ending");
  if (ended === undefined || !ending.startsWith("model_")) return undefined;
  const refusals = seen.moments("refused_handshake");
  const [refused] = refusals;
  const edge = seen.edgeLine("call_broken_off");
  const then = seen.carrier("said").length > 0 ? "apologised" : "hung up without an apology of its own";
  const isTold = seen.hearing.played.some(({ clip, state }) => clip === "sorry" && state === "whole");
  const apologised = isTold ? "it apologised to the caller itself, " : "";
  const told =
    edge === undefined
      ? ""
      : ` /voice/ended asked the relay, was told "${textIn(edge, "ending")}", and ${then}.`;
  if (refused !== undefined) {
    return {
      name: "model",
      what: `The model refused the relay's handshake with HTTP ${refused.what.status}${refusals.length > 1 ? `, ${refusals.length} times` : ""}.`,
      noticed: `The relay: ${apologised}the call ended as ${ending}, and the line was closed with ${seen.carrier("stream-closed")[0]?.code ?? "?"}.${told}`,
      mend: "401: OPENAI_API_KEY. 404: OPENAI_MODEL. 429 or 5xx: OpenAI itself; see status.openai.com.",
    };
  }
  const error = seen.moments("error")[0]?.what;
  return {
    name: "model",
    what: `The model could not go on${error === undefined ? "" : `: ${error.code ?? error.message}`}.`,
    noticed: `The relay: ${apologised}the call ended as ${ending} (${textIn(ended, "detail")}).${told}`,
    mend: undefined,
  };
}

/** A call goes on without them, so that whatever else is broken in it has broken by itself and comes first. */
function atTheTools(seen: Seen): Finding | undefined {
  const away = seen.relayLine("mcp.unreachable")?.what;
  if (away !== undefined) {
    const why = textIn(away, "why");
    return {
      name: "tools",
      what:
        why === "unauthorized"
          ? "The MCP server does not take the relay's key."
          : `The MCP server cannot be used: ${why}.`,
      noticed: `The relay, before the call: ${textIn(away, "server")}: ${why}. The call went on without its tools, and the model was told so.`,
      mend: sentence(textIn(away, "mend")),
    };
  }
  const undone = seen.relay.find(({ what }) => what.event === "tool.done" && what.outcome !== "answered");
  if (undone === undefined) return undefined;
  return {
    name: undefined,
    what: `A tool did not answer: ${textIn(undone.what, "tool")}.`,
    noticed: `The relay, in the call: ${textIn(undone.what, "outcome")}.`,
    mend: undefined,
  };
}

function inTheConversation(seen: Seen): Finding | undefined {
  const ready = seen.relayLine("session.ready");
  if (ready === undefined) return undefined;
  const [first] = seen.hearing.heard;
  if (first === undefined || first.startMs === undefined) {
    const asked = seen.moments("response_started").length > 0;
    return {
      name: "greeting",
      what: asked ? "The assistant's greeting was never heard." : "The assistant never began to greet.",
      noticed: asked
        ? "The model began a response, and none of its sound came to the ear."
        : `The caller, and nobody else: the model's session was ready after ${figure(numberIn(ready.what, "afterMs"))} ms, and the relay asked it for nothing.`,
      mend: "GREETING on the relay: leave it out for the usual one; off waits for the caller to speak first.",
    };
  }
  return atTheInterruption(seen);
}

function atTheInterruption(seen: Seen): Finding | undefined {
  const bargeIn = bargeInOf(seen);
  const interrupted = seen.missed?.includes("interrupted") === true;
  if (bargeIn === undefined && !interrupted) return undefined;
  const { heardMs = Number.NaN, toldMs, droppedMs } = bargeIn ?? {};
  const frames = seen.carrier("stream-closed")[0]?.frames;
  if (droppedMs === undefined) {
    const sent = frames !== undefined && frames.received.clear > 0;
    const story =
      toldMs === undefined
        ? "the model was told nothing"
        : `the model was told that ${figure(toldMs)} ms were heard, and the ear had got ${figure(heardMs, 1)} ms when the caller gave up`;
    return {
      name: "barge-in",
      what: "The caller interrupted, and the assistant talked on.",
      noticed: sent
        ? `The ear: the relay sent its clear in time and the carrier played on; ${story}.`
        : `The ear: no clear reached the carrier; ${story}.`,
      mend: undefined,
    };
  }
  if (toldMs !== undefined && Math.abs(heardMs - toldMs) <= TRUNCATED_WITHIN_MS) return undefined;
  return {
    name: "barge-in",
    what: "The model does not know how much of its answer was heard.",
    noticed: `The ear: it had ${figure(heardMs, 1)} ms, and the model was told ${toldMs === undefined ? "nothing" : `${figure(toldMs)} ms`}.`,
    mend: undefined,
  };
}

/** The assistant's voice, the relay's, Twilio's, or nothing: in the order of the call. */
function heardBy(seen: Seen): string {
  const parts: string[] = [];
  for (const heard of seen.hearing.heardInOrder) {
    const ms = heard.heardSamples / 8;
    if (heard.who === "relay") {
      const share = heard.state === "whole" ? "" : `, ${(ms / 1000).toFixed(1)} s of it`;
      parts.push(`“${heard.words}” (the relay's own voice${share})`);
      continue;
    }
    if (ms === 0) continue;
    const words = seen.hearing.sayingOf(heard)?.words ?? "";
    parts.push(`the assistant, for ${(ms / 1000).toFixed(1)} s: “${words}”`);
  }
  for (const { text } of seen.carrier("said")) parts.push(`“${text}” (Twilio's voice)`);
  if (parts.length > 0) return `${sentence(parts.join("; then "))}`;
  const opened = seen.carrier("stream-opened")[0];
  const closed = seen.carrier("stream-closed")[0];
  if (opened === undefined || closed === undefined) return "Nothing.";
  return `Silence, for ${((closed.atMs - opened.atMs) / 1000).toFixed(1)} s, until they hung up.`;
}

const sentence = (text: string): string => {
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.)”]$/.test(whole) ? whole : `${whole}.`;
};
