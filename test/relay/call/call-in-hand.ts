/**
 * One call, held in the hand: its inputs said by short names, its effects read by where they go, and time moved
 * by nobody but the test. It decides nothing and checks nothing.
 */
import { Call, type Input, type LineNews, type Terms } from "../../../relay/call/call.ts";
import type { Clips } from "../../../relay/call/clips.ts";
import type { Ending } from "../../../relay/call/ending.ts";
import type { Entry } from "../../../relay/call/journal.ts";
import { NO_LIMITS } from "../../../relay/call/limits.ts";
import type { Effect } from "../../../relay/call/outbox.ts";
import { NO_POLICY } from "../../../relay/call/policy.ts";
import type { Brakes } from "../../../relay/call/purse.ts";
import type { Remembered } from "../../../relay/call/remembered.ts";
import type { Settings } from "../../../relay/call/session.ts";
import type { Toolbox } from "../../../relay/call/toolbox.ts";
import type { ToolOutcome, ToolRun } from "../../../relay/call/tools.ts";
import { type Profile, packProfile } from "../../../relay/contract.ts";
import type { FromModel, ModelError, ToModel } from "../../../relay/wire/realtime.ts";
import type { FromTwilio, ToTwilio } from "../../../relay/wire/twilio.ts";
import type { ResponseUsage } from "../../../relay/wire/usage.ts";

export const CALL_SID = `CA${"0123456789abcdef".repeat(2)}`;
export const ACCOUNT_SID = `AC${"fedcba9876543210".repeat(2)}`;
export const STREAM_SID = `MZ${"00112233445566778899aabbccddeeff"}`;

export const SETTINGS: Settings = {
  model: "gpt-realtime-2.1",
  voice: "marin",
  instructions: "You are a helpful assistant.",
  greeting: "Hello, how can I help?",
  turnDetection: { type: "server_vad", threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 },
  noiseReduction: "near_field",
  transcriptionModel: undefined,
  temperature: undefined,
};

export const PROFILE: Profile = { name: "Ada" };

export const NO_TOOLS: Toolbox = { tools: [], policy: NO_POLICY, unreachable: [] };

/** The base64 of so many ms of mu-law audio, every byte the same, none of it silence. */
export const audio = (ms: number, byte = 0x2a): string => Buffer.alloc(ms * 8, byte).toString("base64");

/** Of one second each, and told apart by their bytes. */
export const CLIPS: Clips = {
  one_moment: Array.from({ length: 5 }, () => audio(200, 0x11)),
  sorry: Array.from({ length: 5 }, () => audio(200, 0x12)),
  budget_spent: Array.from({ length: 5 }, () => audio(200, 0x13)),
};

/** No limit, and prices that make a token of text in the input cost a millionth of a dollar, and one of audio out ten. */
export const BRAKES: Brakes = {
  limits: NO_LIMITS,
  rates: {
    model: { text: { in: 1_000, cached: 100, out: 4_000 }, audio: { in: 5_000, cached: 100, out: 10_000 } },
    transcription: undefined,
  },
  perCallMicros: undefined,
};

export type MoreTerms = {
  readonly before?: Remembered;
  readonly isSpent?: boolean;
  readonly brakes?: Partial<Brakes>;
};

export const termsFor = (
  settings: Settings = SETTINGS,
  profile: Profile = PROFILE,
  toolbox: Toolbox = NO_TOOLS,
  more: MoreTerms = {},
): Terms => ({
  callSid: CALL_SID,
  accountSid: ACCOUNT_SID,
  profileHash: packProfile(profile).hash,
  settings,
  toolbox,
  clips: () => CLIPS,
  before: more.before,
  isSpent: more.isSpent ?? false,
  brakes: { ...BRAKES, ...more.brakes },
});

export const parametersOf = (profile: Profile): Record<string, string> =>
  Object.fromEntries(packProfile(profile).parameters.map(({ name, value }) => [name, value]));

export const PCMU = { input: { format: { type: "audio/pcmu" } }, output: { format: { type: "audio/pcmu" } } };

type StartFields = Extract<FromTwilio, { event: "start" }>["start"];

export class CallInHand {
  readonly call: Call;
  at: number;
  /** What the last input led to. */
  effects: readonly Effect[] = [];
  /** What every input so far led to. */
  readonly all: Effect[] = [];

  constructor(
    settings: Settings = SETTINGS,
    profile: Profile = PROFILE,
    at = 1_000,
    toolbox: Toolbox = NO_TOOLS,
    more: MoreTerms = {},
  ) {
    this.at = at;
    this.call = new Call(termsFor(settings, profile, toolbox, more), at);
    this.profile = profile;
    this.effects = this.call.begin();
    this.all.push(...this.effects);
  }
  readonly profile: Profile;

  give(input: Input): this {
    this.effects = this.call.step(input, this.at);
    this.all.push(...this.effects);
    return this;
  }

  /** Moves the time, and gives the clock each time the call asked for it on the way, as the runner does. */
  wait(ms: number): this {
    const until = this.at + ms;
    const seen: Effect[] = [];
    for (;;) {
      const due = this.call.nextDeadline();
      if (due === undefined || due > until) break;
      this.at = Math.max(this.at, due);
      this.give({ from: "clock" });
      seen.push(...this.effects);
    }
    this.at = until;
    this.effects = seen;
    return this;
  }

  // --- Twilio -------------------------------------------------------------------------------------------------

  twilio(frame: FromTwilio): this {
    return this.give({ from: "twilio", frame });
  }

  connected(): this {
    return this.twilio({ event: "connected" });
  }

  start(fields: Partial<StartFields> = {}, streamSid = STREAM_SID): this {
    return this.twilio({
      event: "start",
      streamSid,
      start: {
        streamSid: STREAM_SID,
        accountSid: ACCOUNT_SID,
        callSid: CALL_SID,
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: parametersOf(this.profile),
        ...fields,
      },
    });
  }

  media(timestamp: number, payload = audio(20), streamSid = STREAM_SID): this {
    return this.twilio({ event: "media", streamSid, media: { track: "inbound", timestamp, payload } });
  }

  mark(name: string): this {
    return this.twilio({ event: "mark", streamSid: STREAM_SID, mark: { name } });
  }

  /** The marks that went ahead of audio, or alone, come back: those wait for nothing. */
  probesBack(): this {
    let afterMedia = false;
    for (const frame of this.framesIn(this.all)) {
      if (frame.event === "mark" && !afterMedia) this.mark(frame.mark.name);
      afterMedia = frame.event === "media";
    }
    return this;
  }

  /** Every mark sent so far comes back. */
  marksBack(): this {
    const names = this.framesIn(this.all).flatMap((frame) =>
      frame.event === "mark" ? [frame.mark.name] : [],
    );
    for (const name of names) this.mark(name);
    return this;
  }

  press(digit: string): this {
    return this.twilio({ event: "dtmf", streamSid: STREAM_SID, dtmf: { digit } });
  }

  stop(): this {
    return this.twilio({ event: "stop", streamSid: STREAM_SID });
  }

  // --- the model ----------------------------------------------------------------------------------------------

  model(event: FromModel): this {
    return this.give({ from: "model", event });
  }

  news(news: LineNews): this {
    return this.give({ from: "line", news });
  }

  updated(output = "audio/pcmu"): this {
    return this.model({
      type: "session.updated",
      session: { audio: { input: PCMU.input, output: { format: { type: output } } } },
    });
  }

  /** Connected, started, the model dialled and configured. */
  ready(): this {
    return this.news({ is: "model_open" }).connected().start().updated();
  }

  /** `reason`: of a response that the relay asked for; undefined: the server's own. */
  created(id: string, reason?: string): this {
    const metadata = reason === undefined ? null : { reason };
    return this.model({ type: "response.created", response: { id, metadata } });
  }

  says(response_id: string, item_id: string, ms: number, content_index = 0): this {
    return this.model({
      type: "response.output_audio.delta",
      response_id,
      item_id,
      content_index,
      delta: audio(ms),
    });
  }

  /** An item is said to its end. */
  said(response_id: string, item_id: string, content_index = 0): this {
    return this.model({ type: "response.output_audio.done", response_id, item_id, content_index });
  }

  calls(
    response_id: string,
    call_id: string,
    name = "end_call",
    status = "completed",
    args: unknown = {},
  ): this {
    const text = typeof args === "string" ? args : JSON.stringify(args);
    return this.model({
      type: "response.output_item.done",
      response_id,
      item: { type: "function_call", id: `item_${call_id}`, call_id, name, arguments: text, status },
    });
  }

  /** The words of a response. */
  words(response_id: string, transcript: string): this {
    return this.model({ type: "response.output_audio_transcript.done", response_id, transcript });
  }

  /** The words of a caller's turn. */
  heard(item_id: string, transcript: string): this {
    return this.model({
      type: "conversation.item.input_audio_transcription.completed",
      item_id,
      transcript,
    });
  }

  tool(runId: string, outcome: ToolOutcome): this {
    return this.give({ from: "tool", runId, outcome });
  }

  done(
    id: string,
    status: "completed" | "cancelled" | "failed" | "incomplete" = "completed",
    code?: string,
    usage?: ResponseUsage,
  ): this {
    const status_details = code === undefined ? null : { error: { code } };
    return this.model({ type: "response.done", response: { id, status, status_details, usage } });
  }

  /** A response with one item, from its creation to its end. */
  speaks(id: string, ms: number, reason?: string): this {
    const said: Effect[] = [];
    this.created(id, reason);
    said.push(...this.effects);
    for (let left = ms; left > 0; left -= 200) {
      this.says(id, `${id}_item`, Math.min(200, left));
      said.push(...this.effects);
    }
    this.said(id, `${id}_item`);
    said.push(...this.effects);
    this.done(id);
    this.effects = [...said, ...this.effects];
    return this;
  }

  added(id: string): this {
    return this.model({ type: "conversation.item.added", item: { id } });
  }

  callerStarts(): this {
    return this.model({ type: "input_audio_buffer.speech_started" });
  }

  callerEnds(item_id = "turn"): this {
    return this.model({ type: "input_audio_buffer.committed", item_id });
  }

  error(error: ModelError): this {
    return this.model({ type: "error", error });
  }

  // --- what came of it ----------------------------------------------------------------------------------------

  framesIn(effects: readonly Effect[]): ToTwilio[] {
    return effects.flatMap((effect) => (effect.to === "twilio" ? [effect.frame] : []));
  }

  /** The frames that the last input sent to Twilio. */
  get frames(): ToTwilio[] {
    return this.framesIn(this.effects);
  }

  /** The events that the last input sent to the model. */
  get events(): ToModel[] {
    return this.effects.flatMap((effect) => (effect.to === "model" ? [effect.event] : []));
  }

  get allEvents(): ToModel[] {
    return this.all.flatMap((effect) => (effect.to === "model" ? [effect.event] : []));
  }

  ofType<Type extends ToModel["type"]>(type: Type): Extract<ToModel, { type: Type }>[] {
    const isOne = (event: ToModel): event is Extract<ToModel, { type: Type }> => event.type === type;
    return this.events.filter(isOne);
  }

  get creates() {
    return this.ofType("response.create");
  }

  /** Every item that was created so far is in the conversation. */
  itemsArrive(): this {
    for (const event of this.allEvents) {
      if (event.type === "conversation.item.create") this.added(event.item.id);
    }
    return this;
  }

  /** The tools that were set going, ever. */
  get runs(): ToolRun[] {
    return this.all.flatMap((effect) => (effect.to === "tool" && "run" in effect ? [effect.run] : []));
  }

  /** The runs that were called off, ever. */
  get aborts(): string[] {
    return this.all.flatMap((effect) => (effect.to === "tool" && "abort" in effect ? [effect.abort] : []));
  }

  /** What the model was told of its calls, by the call's id; each once. */
  get outputs(): Record<string, string> {
    const outputs: Record<string, string> = {};
    for (const event of this.allEvents) {
      if (event.type !== "conversation.item.create" || event.item.type !== "function_call_output") continue;
      const { call_id, output } = event.item;
      if (call_id in outputs) throw new Error(`${call_id} was answered twice`);
      outputs[call_id] = output;
    }
    return outputs;
  }

  get truncations() {
    return this.ofType("conversation.item.truncate").map(({ item_id, audio_end_ms }) => [
      item_id,
      audio_end_ms,
    ]);
  }

  get appended(): string[] {
    return this.ofType("input_audio_buffer.append").map(({ audio }) => audio);
  }

  get log(): Entry[] {
    return this.all.flatMap((effect) => (effect.to === "log" ? [effect.entry] : []));
  }

  logged(event: Entry["event"]): number {
    return this.log.filter((entry) => entry.event === event).length;
  }

  /** How the call ended, or undefined while it goes on. */
  get ending(): Ending | undefined {
    for (const effect of this.all) if (effect.to === "line") return effect.close;
    return undefined;
  }

  get detail(): string | undefined {
    for (const entry of this.log) if (entry.event === "call.ended") return entry.detail;
    return undefined;
  }
}

/** A call whose session is ready and whose greeting has been said and heard to the end. */
export function greeted(settings: Settings = SETTINGS): CallInHand {
  const hand = new CallInHand(settings).ready();
  // 40 ms there and back.
  hand.wait(40).probesBack();
  hand.speaks("greeting", 1000, "greeting").wait(40).probesBack().wait(1160).marksBack();
  return hand;
}
