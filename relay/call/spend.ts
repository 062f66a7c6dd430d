/**
 * What a call costs: from the usage that OpenAI reports to millionths of a dollar, in whole numbers and never too few of
 * them. What is not reported is estimated upward: a budget that is spent too early is an annoyance, one that is
 * overspent is a bill. Nothing here knows of budgets.
 *
 * Every response reads its whole context again; cached tokens are a part of what it read, at a price of their own.
 * Source: https://developers.openai.com/api/docs/guides/realtime-costs
 */
import type { ResponseUsage, TranscriptionUsage } from "../wire/usage.ts";

/** Billionths of a dollar for one token: OpenAI's prices for a million tokens are whole numbers of them. */
export type TokenRates = { readonly in: number; readonly cached: number; readonly out: number };
export type ModelRates = { readonly text: TokenRates; readonly audio: TokenRates };
/** Billionths of a dollar, for one minute or one token. */
export type TranscriptionRates =
  | { readonly by: "minute"; readonly minute: number }
  | { readonly by: "token"; readonly textIn: number; readonly audioIn: number; readonly textOut: number };

/** undefined: there is no price for it, and it is counted in tokens alone. */
export type Rates = {
  readonly model: ModelRates | undefined;
  readonly transcription: TranscriptionRates | undefined;
};

/** `textIn` and `audioIn` without what was cached. */
export type Tokens = {
  readonly textIn: number;
  readonly textCached: number;
  readonly textOut: number;
  readonly audioIn: number;
  readonly audioCached: number;
  readonly audioOut: number;
};
export const NO_TOKENS: Tokens = {
  textIn: 0,
  textCached: 0,
  textOut: 0,
  audioIn: 0,
  audioCached: 0,
  audioOut: 0,
};

export type Cost = {
  readonly micros: number;
  readonly tokens: Tokens;
  /** Some of it was not reported. */
  readonly isEstimated: boolean;
};

export type SpendTerms = {
  readonly rates: Rates;
  /** How long the instructions and the tools are that every response reads. */
  readonly contextChars: number;
  /** Of the call before it came here. */
  readonly spentMicros: number;
};

const NANOS_PER_MICRO = 1_000;
const MS_PER_MINUTE = 60_000;
const CALLER_MS_PER_TOKEN = 100;
const ASSISTANT_MS_PER_TOKEN = 50;
/** A token is about four characters of English, and fewer of other languages. */
const LEAST_CHARS_PER_TOKEN = 2;

type Input = Pick<Tokens, "textIn" | "textCached" | "audioIn" | "audioCached">;
type Output = Pick<Tokens, "textOut" | "audioOut">;

export const plus = (one: Tokens, other: Tokens): Tokens => ({
  textIn: one.textIn + other.textIn,
  textCached: one.textCached + other.textCached,
  textOut: one.textOut + other.textOut,
  audioIn: one.audioIn + other.audioIn,
  audioCached: one.audioCached + other.audioCached,
  audioOut: one.audioOut + other.audioOut,
});

export class Spend {
  readonly #rates: Rates;
  /** Responses that are not done: how much of each was heard of, in ms of audio. */
  readonly #open = new Map<string, number>();
  #micros: number;
  #tokens = NO_TOKENS;
  /** Of a response. */
  #dearestMicros = 0;
  /** What a response has read last, as far as is known, and when. */
  #read: { readonly text: number; readonly audio: number };
  #readAt: number;
  /** What the assistant has said since. */
  #saidMs = 0;
  #transcribedAt: number;

  constructor({ rates, contextChars, spentMicros }: SpendTerms, at: number) {
    this.#rates = rates;
    this.#micros = spentMicros;
    this.#read = { text: Math.ceil(contextChars / LEAST_CHARS_PER_TOKEN), audio: 0 };
    this.#readAt = at;
    this.#transcribedAt = at;
  }

  /** Of the whole call. */
  get micros(): number {
    return this.#micros;
  }

  /** Of this stream of the call. */
  get tokens(): Tokens {
    return this.#tokens;
  }

  /** What the responses that are under way may come to cost, if nobody is ever told. */
  atRiskMicros(at: number): number {
    const audioOut = Math.ceil(Math.max(0, ...this.#open.values()) / ASSISTANT_MS_PER_TOKEN);
    const tokens = { ...NO_TOKENS, ...this.#mostRead(at), audioOut };
    const unknown = microsFrom(nanosOf(tokens, this.#rates.model));
    return this.#open.size * (this.#dearestMicros === 0 ? unknown : this.#dearestMicros);
  }

  /** It was at risk when the process died in which this call was. */
  lost(micros: number): Cost {
    return this.#book({ micros, tokens: NO_TOKENS, isEstimated: true });
  }

  created(responseId: string): void {
    this.#open.set(responseId, 0);
  }

  /** Audio of a response has come, whether anybody hears it or not: it is billed. */
  spoke(responseId: string, ms: number): void {
    const spokenMs = this.#open.get(responseId);
    if (spokenMs !== undefined) this.#open.set(responseId, spokenMs + ms);
  }

  /** undefined: it cost nothing that anybody knows of. */
  done(responseId: string, status: string, usage: ResponseUsage | undefined, at: number): Cost | undefined {
    const spokenMs = this.#open.get(responseId) ?? 0;
    this.#open.delete(responseId);
    // One that failed before it said anything is not billed, and reports nothing.
    if (usage === undefined && status === "failed" && spokenMs === 0) return undefined;
    return this.#response(usage, spokenMs, at);
  }

  /** The session or the call is over, and what was under way will not be reported any more. */
  abandoned(at: number): Cost | undefined {
    let sum: Cost | undefined;
    for (const spokenMs of this.#open.values()) {
      const cost = this.#response(undefined, spokenMs, at);
      sum = sum === undefined ? cost : add(sum, cost);
    }
    this.#open.clear();
    return sum;
  }

  /** A turn of the caller's was put into writing, which is billed apart. */
  transcribed(usage: TranscriptionUsage | undefined, at: number): Cost | undefined {
    const mostMs = Math.max(0, at - this.#transcribedAt);
    this.#transcribedAt = at;
    const { transcription: rates } = this.#rates;
    if (rates === undefined) return undefined;
    const { nanos, isEstimated } = transcriptionCost(usage, rates, mostMs);
    return this.#book({ micros: microsFrom(nanos), tokens: NO_TOKENS, isEstimated });
  }

  #response(usage: ResponseUsage | undefined, spokenMs: number, at: number): Cost {
    const said = { textOut: 0, audioOut: Math.ceil(spokenMs / ASSISTANT_MS_PER_TOKEN) };
    const told = { input: inputOf(usage), output: outputOf(usage) };
    // Whoever reports that audio was made of nothing reports nothing.
    const output =
      told.output?.textOut === 0 && told.output.audioOut === 0 && spokenMs > 0 ? undefined : told.output;
    const input = told.input === undefined || sumOf(told.input) === 0 ? undefined : told.input;
    const tokens = { ...(input ?? this.#mostRead(at)), ...(output ?? said) };
    this.#read = { text: tokens.textIn + tokens.textCached, audio: tokens.audioIn + tokens.audioCached };
    this.#readAt = at;
    this.#saidMs = spokenMs;
    const isEstimated = input === undefined || output === undefined;
    const micros = microsFrom(nanosOf(tokens, this.#rates.model));
    this.#dearestMicros = Math.max(this.#dearestMicros, micros);
    return this.#book({ micros, tokens, isEstimated });
  }

  /** What was read last and all that may have been said since, none of it cached. */
  #mostRead(at: number): Input {
    const callerMs = Math.max(0, at - this.#readAt);
    const since =
      Math.ceil(callerMs / CALLER_MS_PER_TOKEN) + Math.ceil(this.#saidMs / ASSISTANT_MS_PER_TOKEN);
    return { textIn: this.#read.text, textCached: 0, audioIn: this.#read.audio + since, audioCached: 0 };
  }

  #book(cost: Cost): Cost {
    this.#micros += cost.micros;
    this.#tokens = plus(this.#tokens, cost.tokens);
    return cost;
  }
}

const add = (one: Cost, other: Cost): Cost => ({
  micros: one.micros + other.micros,
  tokens: plus(one.tokens, other.tokens),
  isEstimated: one.isEstimated || other.isEstimated,
});

/** undefined: it is not reported. */
function inputOf(usage: ResponseUsage | undefined): Input | undefined {
  const { text_tokens, audio_tokens, cached_tokens, cached_tokens_details } =
    usage?.input_token_details ?? {};
  const all = usage?.input_tokens;
  if (text_tokens === undefined && audio_tokens === undefined && all === undefined) return undefined;
  const text = text_tokens ?? 0;
  // Of whatever is in the sum and not among the kinds nobody knows the price: it is the dearer one.
  const audio = Math.max(audio_tokens ?? 0, (all ?? 0) - text);
  const cached = Math.min(cached_tokens ?? Number.POSITIVE_INFINITY, text + audio);
  // Where the kinds of what was cached are not told, it is text as far as that goes: less is saved on it.
  const told = cached_tokens_details ?? (cached_tokens === undefined ? {} : untold(cached, text));
  const textCached = Math.min(told.text_tokens ?? 0, text, cached);
  const audioCached = Math.min(told.audio_tokens ?? 0, audio, cached - textCached);
  return { textIn: text - textCached, textCached, audioIn: audio - audioCached, audioCached };
}

const untold = (cached: number, text: number) => {
  const text_tokens = Math.min(cached, text);
  return { text_tokens, audio_tokens: cached - text_tokens };
};

function outputOf(usage: ResponseUsage | undefined): Output | undefined {
  const { text_tokens, audio_tokens } = usage?.output_token_details ?? {};
  const all = usage?.output_tokens;
  if (text_tokens === undefined && audio_tokens === undefined && all === undefined) return undefined;
  const textOut = text_tokens ?? 0;
  return { textOut, audioOut: Math.max(audio_tokens ?? 0, (all ?? 0) - textOut) };
}

const sumOf = ({ textIn, textCached, audioIn, audioCached }: Input): number =>
  textIn + textCached + audioIn + audioCached;

const nanosOf = (tokens: Tokens, rates: ModelRates | undefined): number =>
  rates === undefined
    ? 0
    : tokens.textIn * rates.text.in +
      tokens.textCached * rates.text.cached +
      tokens.textOut * rates.text.out +
      tokens.audioIn * rates.audio.in +
      tokens.audioCached * rates.audio.cached +
      tokens.audioOut * rates.audio.out;

/** @param mostMs no more audio than that can have been transcribed */
function transcriptionCost(
  usage: TranscriptionUsage | undefined,
  rates: TranscriptionRates,
  mostMs: number,
): { readonly nanos: number; readonly isEstimated: boolean } {
  if (rates.by === "minute") {
    const ms = usage?.type === "duration" ? usage.seconds * 1000 : mostMs;
    return { nanos: (ms * rates.minute) / MS_PER_MINUTE, isEstimated: usage?.type !== "duration" };
  }
  const { textIn, audioIn, textOut } = rates;
  if (usage?.type === "tokens" && usage.input_tokens !== undefined && usage.output_tokens !== undefined) {
    const text = Math.min(usage.input_token_details?.text_tokens ?? 0, usage.input_tokens);
    const nanos = text * textIn + (usage.input_tokens - text) * audioIn + usage.output_tokens * textOut;
    return { nanos, isEstimated: false };
  }
  const ms = usage?.type === "duration" ? usage.seconds * 1000 : mostMs;
  const tokens = Math.ceil(ms / ASSISTANT_MS_PER_TOKEN);
  return { nanos: tokens * audioIn + tokens * textOut, isEstimated: true };
}

const microsFrom = (nanos: number): number => Math.ceil(nanos / NANOS_PER_MICRO);
