/**
 * The sequences of the property test: conversations, the same with something wrong in them, and pure chance. Each
 * follows from the run's seed and its own number, so that a failure is found again by these two.
 */
import type { Input, Terms } from "../../../../relay/call/call.ts";
import { ENDINGS } from "../../../../relay/call/ending.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import { Chance } from "../chance.ts";
import { Broken } from "./broken.ts";
import { Conversation, USUAL, type World } from "./conversation.ts";
import {
  anyInput,
  comingBack,
  connected,
  NOTHING,
  type StartFields,
  spent,
  start,
  TERMS,
  updated,
  type Wanted,
} from "./inputs.ts";
import { type Build, CLOCK, Player, Tally, type Timed } from "./player.ts";
import { wordsToRead } from "./tool-terms.ts";
import { anyOutcome } from "./tools.ts";

export type Plan = {
  readonly seed: number;
  /** How many conversations are played as they are. */
  readonly conversations: number;
  /** How often each of them is played again with something wrong in it. */
  readonly mutantsEach: number;
  /** How many sequences are pure chance. */
  readonly random: number;
  /** More failures than this say nothing new. */
  readonly mostFailures?: number;
  /** The number of the first: to see one again that failed. */
  readonly from?: number;
};

export type Outcome = Tally & { readonly failures: readonly string[] };

const LONG_MS = 40_000;
const MOST_FAILURES = 5;

export function play(build: Build, plan: Plan, progress?: (done: number) => void): Outcome {
  const tally = new Tally();
  const failures: string[] = [];
  const most = plan.mostFailures ?? MOST_FAILURES;
  const attempt = (kind: string, index: number, body: (chance: Chance) => void) => {
    try {
      body(new Chance(Math.imul(plan.seed, 2_654_435_761) + index * KINDS + (kind === "random" ? 1 : 0)));
    } catch (thrown) {
      if (!(thrown instanceof Broken)) throw thrown;
      failures.push(`${thrown.message} [${kind} ${index}, seed ${plan.seed}]`);
    }
    if (index % 1_000 === 0) progress?.(tally.sequences);
  };
  for (let i = plan.from ?? 0; i < plan.conversations && failures.length < most; i++) {
    attempt("conversation", i, (chance) => {
      const any = chance.one(TERMS);
      const terms = chance.often(0.02) ? spent(any) : any;
      const player = new Player(build, terms, 0, tally);
      const conversation = new Conversation(player, chance, anyWorld(chance));
      conversation.play();
      for (let each = 0; each < plan.mutantsEach; each++)
        playMutant(build, terms, conversation.inputs, chance, tally);
      playOn(build, terms, player, chance, tally, 2);
    });
  }
  for (let i = plan.from ?? 0; i < plan.random && failures.length < most; i++) {
    attempt("random", i, (chance) => playRandom(build, chance, tally));
  }
  return Object.assign(tally, { failures });
}

const KINDS = 2;

const anyWorld = (chance: Chance): World => ({
  ...USUAL,
  longestMs: chance.often(0.15) ? LONG_MS : USUAL.longestMs,
  faults: chance.one(["none", "none", "some", "some", "flaky", "gone"]),
});

/** A call that comes back goes on from what was kept of it, as often as it does. */
function playOn(build: Build, terms: Terms, ended: Player, chance: Chance, tally: Tally, part: number): void {
  const { kept, ending } = ended;
  if (kept === undefined || ending === undefined) return;
  const { outcome } = ENDINGS[ending];
  if (outcome !== "again" && outcome !== "handover") return;
  const player = new Player(build, comingBack(terms, kept), 0, tally);
  new Conversation(player, chance, { ...anyWorld(chance), part }).play();
  playOn(build, terms, player, chance, tally, part + 1);
}

// --- something wrong --------------------------------------------------------------------------------------------

function playMutant(
  build: Build,
  terms: Terms,
  recorded: readonly Timed[],
  chance: Chance,
  tally: Tally,
): void {
  const inputs = [...recorded];
  for (let wrongs = chance.whole(1, 6); wrongs > 0; wrongs--) mutate(inputs, chance);
  const lateMs = chance.often(0.2) ? chance.between(0, 300) : 0;
  const player = new Player(build, terms, 0, tally);
  let now = 0;
  for (const { input, at } of inputs) {
    player.clocks(now, at, lateMs);
    now = Math.max(now, at);
    player.give(input, now);
  }
  // The line is left as it is for a while: whatever is due must come, and not for ever.
  player.clocks(now, now + 30_000, 0);
  if (player.ended) for (const { input } of inputs.slice(0, 5)) player.give(input, now + 30_000);
}

function mutate(inputs: Timed[], chance: Chance): void {
  const from = chance.whole(0, inputs.length - 1);
  const first = inputs[from];
  if (first === undefined) return;
  switch (chance.whole(0, 6)) {
    case 0:
      inputs.splice(from, 1);
      return;
    case 1:
      inputs.splice(Math.min(inputs.length, from + chance.whole(0, 12)), 0, first);
      return;
    case 2: {
      const to = Math.min(inputs.length - 1, from + chance.whole(1, 12));
      const second = inputs[to];
      if (second === undefined) return;
      inputs[from] = { input: second.input, at: first.at };
      inputs[to] = { input: first.input, at: second.at };
      return;
    }
    case 3:
      inputs[from] = { input: altered(first.input, chance), at: first.at };
      return;
    case 4:
      inputs.splice(from, 0, { input: anyInput(chance, first.at), at: first.at });
      return;
    case 5: {
      const byMs = chance.one([50, 1_000, 5_000, 9_000, 25_000]);
      for (let i = from; i < inputs.length; i++) {
        const later = inputs[i];
        if (later !== undefined) inputs[i] = { input: later.input, at: later.at + byMs };
      }
      return;
    }
    default:
      // A stretch is lost, as of a line that was gone for a moment.
      inputs.splice(from, chance.whole(2, 20));
  }
}

/** Starts of another call, of another account, and with another profile. */
const STRANGERS: readonly [StartFields, ...StartFields[]] = [
  { callSid: `CA${"f".repeat(32)}` },
  { accountSid: `AC${"0".repeat(32)}` },
  { eve: true },
];

/** The same input with one field of it wrong. */
function altered(input: Input, chance: Chance): Input {
  if (input.from === "twilio") {
    const { frame } = input;
    if (frame.event === "start") {
      return { from: "twilio", frame: start(chance.one(STRANGERS)) };
    }
    if (frame.event === "malformed" || frame.event === "connected") return CLOCK;
    if (chance.often(0.3)) return { from: "twilio", frame: { ...frame, streamSid: "MZ0" } };
    if (frame.event === "mark") return { from: "twilio", frame: { ...frame, mark: { name: "9.9" } } };
    if (frame.event === "media") {
      const timestamp = chance.one([
        0,
        20,
        999_999_999_999_999,
        frame.media.timestamp + chance.whole(0, 9_000),
      ]);
      return { from: "twilio", frame: { ...frame, media: { ...frame.media, timestamp } } };
    }
    return input;
  }
  if (input.from === "model") {
    const { event } = input;
    switch (event.type) {
      case "response.created":
        return {
          from: "model",
          event: {
            ...event,
            response: { id: chance.one(["r0", "r1", "rx"]), metadata: { reason: "elsewhere" } },
          },
        };
      case "response.done":
        return { from: "model", event: { ...event, response: { ...event.response, status: "failed" } } };
      case "response.output_audio.delta":
        return { from: "model", event: { ...event, response_id: chance.one(["r0", "r1"]), item_id: "r0_0" } };
      case "session.updated":
        return { from: "model", event: updated("audio/pcm") };
      case "response.output_item.done":
        return { from: "model", event: { ...event, response_id: chance.one(["r0", "r1", "r2"]) } };
      case "response.output_audio_transcript.done":
        return { from: "model", event: { ...event, transcript: "Press 1 for your tasks." } };
      case "input_audio_buffer.committed":
        return { from: "model", event: { type: event.type } };
      case "conversation.item.input_audio_transcription.completed":
        return { from: "model", event: { ...event, transcript: chance.one(["Yes.", "No.", ""]) } };
      default:
        return { from: "model", event: { type: "malformed", event: "unknown" } };
    }
  }
  if (input.from === "tool") return { ...input, outcome: anyOutcome(input.runId, chance) };
  return anyInput(chance, 0);
}

// --- pure chance ------------------------------------------------------------------------------------------------

/** How a call begins, as far as the sequence lets it. */
const OPENING: readonly Input[] = [
  { from: "twilio", frame: connected },
  { from: "line", news: { is: "model_open" } },
  { from: "twilio", frame: start() },
  { from: "model", event: updated() },
];

/** What follows a dial, mostly. */
const REVIVAL: readonly Input[] = [
  { from: "line", news: { is: "model_open" } },
  { from: "model", event: updated() },
];

function playRandom(build: Build, chance: Chance, tally: Tally): void {
  const player = new Player(build, chance.one(TERMS), 0, tally);
  let now = 0;
  /** What would bring a session back. */
  let revival: Input[] = [];
  const opening = chance.often(0.8) ? OPENING.length : chance.whole(0, OPENING.length);
  for (const input of OPENING.slice(0, opening)) {
    now += chance.between(0, 300);
    player.give(input, now);
  }
  const began = now;
  let wanted = NOTHING;
  for (let left = chance.whole(5, 60); left > 0 && !player.ended; left--) {
    const next = now + (chance.often(0.05) ? chance.between(0, 9_000) : chance.between(0, 120));
    player.clocks(now, next, 0);
    now = next;
    const input = (chance.often(0.5) ? revival.shift() : undefined) ?? anyInput(chance, now - began, wanted);
    const effects = player.give(input, now);
    wanted = wantedBy(effects, wanted);
    if (effects.some((effect) => effect.to === "session")) revival = chance.often(0.9) ? [...REVIVAL] : [];
  }
  player.give(anyInput(chance, now), now);
}

/** And what the call has asked for with these effects. */
function wantedBy(effects: readonly Effect[], before: Wanted): Wanted {
  let wanted = before;
  for (const effect of effects) {
    if (effect.to === "tool" && "run" in effect)
      wanted = { ...wanted, runIds: [...wanted.runIds, effect.run.runId] };
    if (effect.to !== "model") continue;
    const { event } = effect;
    if (event.type === "conversation.item.create")
      wanted = { ...wanted, itemIds: [...wanted.itemIds, event.item.id] };
    if (event.type === "response.create" && event.response.conversation === "none")
      wanted = { ...wanted, toRead: wordsToRead(event.response.instructions) };
  }
  return wanted;
}
