/**
 * A plausible call, played out: a carrier with a queue and marks, a model (model.ts) and its tools (tools.ts), and a
 * caller who speaks, interrupts, agrees or does not, presses keys and hangs up. Everything is seeded. The inputs are
 * written down, so that they can be played again with something wrong in them.
 *
 * Here, where nothing is wrong, more can be asked than of a mutated sequence: that the model refuses nothing, that what
 * is truncated is what the ear got, and that a key agrees only to what the ear got whole.
 */
import type { Input, LineNews } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import type { NewItem } from "../../../../relay/wire/realtime.ts";
import type { FromTwilio } from "../../../../relay/wire/twilio.ts";
import { CLIPS, STREAM_SID } from "../call-in-hand.ts";
import type { Chance } from "../chance.ts";
import { Agenda, Queue, Way } from "../simulated-world.ts";
import { Broken, hold } from "./broken.ts";
import { Caller } from "./caller.ts";
import { connected, someAudio, start } from "./inputs.ts";
import type { Response, SimulatedModel } from "./model.ts";
import type { Player, Timed } from "./player.ts";
import { Sockets, type World as SocketWorld } from "./sockets.ts";
import { performTool } from "./tools.ts";

const FRAME_MS = 100;
/** The ways here are short and even, so that an honest error stays far below this. */
const WITHIN_MS = 60;

/** A breath at the end may be missing, and what is on its way when the caller speaks over it. */
const LAST_SYLLABLE_MS = 500;
const LONGEST_WORD = 9;

/** How this call is unlike most. */
export type World = SocketWorld & {
  readonly longestMs: number;
  /** From the beginning of the caller's speech, as it is detected, to its commit, at least. */
  readonly leastTurnMs: number;
};

/** A create that found a response active. */
export type Refusal = {
  readonly whose: "ours" | "server's";
  readonly at: number;
  /** When the caller was sent the first of a response that began after it. */
  answeredAt: number | undefined;
};

export const USUAL: World = {
  longestMs: 14_000,
  /** The ways to the model and back, each. */
  modelWayMs: [1, 60],
  leastTurnMs: 200,
  part: 1,
  /** Creates that cross with a response are refused, and counted. */
  mayRefuse: false,
  faults: "none",
};
/** A call that is to move may do so until then. */
const MOVES_WITHIN_MS = 10_000;

export class Conversation {
  readonly inputs: Timed[] = [];
  readonly refusals: Refusal[] = [];
  readonly count = { creates: 0, fillers: 0, readings: 0, runs: 0, interruptions: 0 };
  readonly #player: Player;
  readonly #chance: Chance;
  readonly #agenda = new Agenda();
  readonly #fromCarrier: Way;
  readonly #toCarrier: Way;
  readonly #queue: Queue;
  readonly #world: World;
  readonly #sockets: Sockets;
  #end: number;
  /** Most of the time this caller waits until nobody speaks. */
  readonly #isPolite: boolean;
  readonly #caller: Caller;
  #playing: string | undefined;
  /** What the carrier was sent last of the assistant's is cut, though the ear may not know it yet. */
  #isCut = false;
  #said: string | undefined;
  /** The item that reads a question to the caller. */
  #question: string | undefined;
  readonly #outOfBand = new Set<string>();
  #pressedAt = 0;
  /** When each response in the conversation began. */
  readonly #began = new Map<string, number>();

  constructor(player: Player, chance: Chance, world: World = USUAL) {
    this.#world = world;
    this.#player = player;
    this.#chance = chance;
    this.#isPolite = chance.often(0.6);
    const way = (least: number, most: number) =>
      new Way(
        this.#agenda,
        { oneWayMs: chance.between(least, most), jitterMs: chance.between(0, 10) },
        chance,
      );
    this.#fromCarrier = way(1, 60);
    this.#toCarrier = way(1, 60);
    this.#end = world.longestMs + 2_000;
    this.#sockets = new Sockets(this.#agenda, chance, world, {
      event: (event) => this.#give({ from: "model", event }),
      news: (news) => this.#news(news),
      refused: (whose) => this.refusals.push({ whose, at: this.#agenda.now, answeredAt: undefined }),
      spoke: (response) => this.#toBeAnswered(response),
    });
    this.#caller = new Caller(this.#agenda, chance, world.leastTurnMs, () => this.model);
    this.#queue = new Queue(this.#agenda, 0, (name) =>
      this.#frame({ event: "mark", streamSid: STREAM_SID, mark: { name } }),
    );
  }

  get model(): SimulatedModel {
    return this.#sockets.model;
  }

  play(): void {
    this.#perform(this.#player.begun);
    this.#begin();
    while (!this.#player.ended) {
      const end = this.#end;
      const next = this.#agenda.nextAt ?? end;
      const due = this.#player.call.nextDeadline() ?? end;
      if (Math.min(next, due) >= end) return;
      if (due < next) {
        this.#agenda.now = Math.max(this.#agenda.now, due);
        this.#perform(this.#player.give({ from: "clock" }, this.#agenda.now));
      } else {
        this.#agenda.runUntil(next);
      }
    }
  }

  // --- how it goes ----------------------------------------------------------------------------------------------

  #begin(): void {
    const chance = this.#chance;
    const agenda = this.#agenda;
    const { longestMs } = this.#world;
    this.#frame(connected);
    agenda.at(chance.between(0, 50), () => this.#frame(start(chance.often(0.01) ? { eve: true } : {})));
    agenda.at(100, () => this.#hearCaller(0));
    for (let at = 500 + chance.between(0, 4_000); at < longestMs; at += chance.between(500, 5_000)) {
      const lastsMs = chance.between(200, 2_000);
      if (chance.often(0.12)) agenda.at(at, () => this.#press(chance.one(["1", "1", "2", "7", "*"])));
      else agenda.at(at, () => this.#mayInterrupt() && this.#caller.speak(lastsMs));
    }
    agenda.at(chance.between(3_000, longestMs), () => this.#ending());
    if (chance.often(0.05)) agenda.at(chance.between(0, longestMs), () => this.#move());
  }

  #move(): void {
    this.#end = Math.max(this.#end, this.#agenda.now + MOVES_WITHIN_MS);
    this.#news({ is: "relay_stopping" });
  }

  #ending(): void {
    const way = this.#chance.next();
    if (way < 0.6) this.#frame({ event: "stop", streamSid: STREAM_SID });
    else if (way < 0.75) this.#news({ is: "twilio_closed", code: 1006 });
    else if (way < 0.8) this.#move();
    else if (way < 0.82) this.#news({ is: "superseded" });
    else if (way < 0.85) this.#news({ is: "budget_spent" });
    else if (way < 0.87) this.#news({ is: "bug" });
    else if (way < 0.89) this.#news({ is: "twilio_slow" });
    else if (this.#world.faults !== "none") this.#sockets.break();
  }

  #hearCaller(index: number): void {
    // A phone that leaves out its silence.
    if (this.#caller.isSpeaking || index % 64 < 32) {
      const media = {
        track: "inbound" as const,
        timestamp: index * FRAME_MS,
        payload: someAudio(FRAME_MS, index),
      };
      this.#frame({ event: "media", streamSid: STREAM_SID, media });
    }
    this.#agenda.at(this.#agenda.now + FRAME_MS, () => this.#hearCaller(index + 1));
  }

  #press(digit: string): void {
    const pressedAt = this.#agenda.now;
    this.#fromCarrier.send(() => {
      this.#pressedAt = pressedAt;
      this.#give({ from: "twilio", frame: { event: "dtmf", streamSid: STREAM_SID, dtmf: { digit } } });
    });
  }

  #mayInterrupt(): boolean {
    return !this.#isPolite || (!this.model.isSpeaking && this.#agenda.now > this.#queue.quietAt);
  }

  /** Somebody who was asked something answers, mostly when it is over. */
  #toBeAnswered({ toRead }: Response): void {
    const chance = this.#chance;
    const overAt = Math.max(this.#queue.quietAt, this.#agenda.now) + chance.between(-600, 1_500);
    if (toRead !== undefined && chance.often(0.8)) {
      const digit = chance.one(["1", "1", "1", "2", "5"]);
      this.#agenda.at(overAt, () => this.#press(digit));
      if (chance.often(0.2)) this.#agenda.at(overAt + chance.between(50, 600), () => this.#press(digit));
    } else if (this.model.held.length > 0 && chance.often(0.5)) {
      this.#agenda.at(overAt, () => this.#caller.speak(chance.between(200, 800)));
    }
  }

  // --- what goes to and fro -------------------------------------------------------------------------------------

  #frame(frame: FromTwilio): void {
    this.#fromCarrier.send(() => this.#give({ from: "twilio", frame }));
  }

  #news(news: LineNews): void {
    this.#give({ from: "line", news });
  }

  #give(input: Input): void {
    const at = this.#agenda.now;
    this.inputs.push({ input, at });
    const event = input.from === "model" ? input.event : undefined;
    this.#playing = event?.type === "response.output_audio.delta" ? event.item_id : undefined;
    this.#said = event?.type === "response.output_audio.delta" ? event.delta : undefined;
    if (event?.type === "response.created") {
      if (event.response.metadata?.reason === "read_back") this.#outOfBand.add(event.response.id);
      else this.#began.set(event.response.id, at);
    }
    if (event?.type === "response.output_audio.delta" && this.#outOfBand.has(event.response_id))
      this.#question = event.item_id;
    const effects = this.#player.give(input, at);
    const isRun = effects.some((effect) => effect.to === "tool" && "run" in effect);
    if (isRun && input.from === "twilio") this.#holdHeard();
    this.#perform(effects);
    if (event?.type === "response.output_audio.delta") this.#spoken(event.response_id, effects);
    if (event?.type === "response.output_item.done") this.#caller.answered();
    if (event?.type === "session.updated") this.#agenda.at(at + 100, () => this.#caller.repeat());
  }

  #spoken(responseId: string, effects: readonly Effect[]): void {
    if (!this.#caller.isHeard) this.#caller.answered();
    const beganAt = this.#began.get(responseId);
    if (beganAt === undefined || !effects.some(({ to }) => to === "twilio")) return;
    for (const refusal of this.refusals) if (beganAt > refusal.at) refusal.answeredAt ??= this.#agenda.now;
  }

  #counted(effect: Effect): void {
    if (effect.to === "tool" && "run" in effect) this.count.runs++;
    if (effect.to === "twilio" && effect.frame.event === "clear") this.count.interruptions++;
    if (effect.to !== "model" || effect.event.type !== "response.create") return;
    const { reason } = effect.event.response.metadata;
    this.count.creates++;
    if (reason === "filler") this.count.fillers++;
    if (reason === "read_back") this.count.readings++;
  }

  /** A key was taken for a yes: to what was asked, all of it in the ear when the key was pressed, and last. */
  #holdHeard(): void {
    const item = this.#question ?? "";
    const saidMs = this.model.saidMs(item);
    const heardMs = this.#queue.playedMs(item, this.#pressedAt);
    hold(
      "a key agrees to a question that was heard to its end",
      saidMs > 0 && heardMs >= saidMs - LAST_SYLLABLE_MS,
    );
    hold("a key agrees to what was heard last", this.#queue.lastHeard(this.#pressedAt) === item);
  }

  /** The relay's own words come when the ear hears nothing, or what it hears is cut for them. */
  #holdQuiet(payload: string): void {
    // What ends the call may be said behind what is said to its end.
    if (payload !== CLIPS.one_moment[0]) return;
    const lastsMs =
      this.#queue.lastHeard(this.#queue.quietAt) === "clip" ? 0 : this.#queue.quietAt - this.#agenda.now;
    hold("the relay does not talk over what is playing", this.#isCut || lastsMs <= WITHIN_MS);
  }

  /** What a new session is told that the assistant said is no more than the ear got, but for a word. */
  #holdSaid(item: NewItem): void {
    if (item.type !== "message" || item.role !== "assistant") return;
    const words = item.content[0].text.replace(/ …$/, "");
    for (const [itemId, text] of this.#sockets.texts) {
      if (words === "" || !text.words.startsWith(words)) continue;
      const heard = (text.words.length * (this.#queue.heardMs(itemId) + WITHIN_MS)) / text.ms;
      if (words.length <= heard + LONGEST_WORD) return;
    }
    const isFromBefore = this.#player.before?.lines.some(
      (line) => line.by === "assistant" && line.words === words,
    );
    hold("a new session is told no more than was heard", isFromBefore === true);
  }

  #perform(effects: readonly Effect[]): void {
    const cuts = new Map<string, number>();
    for (const effect of effects) {
      this.#counted(effect);
      if (effect.to === "twilio") {
        const { frame } = effect;
        const isClip = frame.event === "media" && frame.media.payload !== this.#said;
        const item = isClip ? "clip" : (this.#playing ?? "none");
        if (frame.event === "media") {
          const ms = Buffer.byteLength(frame.media.payload, "base64") / 8;
          if (isClip) this.#holdQuiet(frame.media.payload);
          this.#isCut &&= isClip;
          this.#toCarrier.send(() => this.#queue.media(item, ms));
        } else if (frame.event === "mark") {
          this.#toCarrier.send(() => this.#queue.mark(frame.mark.name));
        } else {
          this.#isCut = true;
          this.#toCarrier.send(() => this.#cleared(cuts));
        }
      } else if (effect.to === "model") {
        const { event } = effect;
        if (event.type === "conversation.item.truncate") cuts.set(event.item_id, event.audio_end_ms);
        if (event.type === "conversation.item.create") this.#holdSaid(event.item);
        this.#sockets.asked(event);
      } else if (effect.to === "session") {
        this.#caller.sessionLost();
        if (effect.is === "dial") this.#sockets.dial();
        else this.#sockets.drop();
      } else if (effect.to === "tool") {
        performTool(effect, this.#agenda, this.#chance, (input) => this.#give(input));
      }
    }
  }

  #cleared(cuts: ReadonlyMap<string, number>): void {
    this.#queue.clear();
    for (const [item, endMs] of cuts) {
      const off = Math.abs(endMs - this.#queue.heardMs(item));
      if (off > WITHIN_MS) throw new Broken("what is truncated is what the ear got");
    }
  }
}
