/**
 * One try: a fresh call, a caller, a model that obeys everybody, the tools' real servers, and a network between them, in
 * time that only moves when nothing is left to be done in it. What a tool does is really done, while time stands still;
 * its answer arrives when the try says so.
 */
import type { Input } from "../../../../relay/call/call.ts";
import type { Effect } from "../../../../relay/call/outbox.ts";
import { readPolicy } from "../../../../relay/call/policy.ts";
import type { ToolOutcome, ToolRun } from "../../../../relay/call/tools.ts";
import type { Profile } from "../../../../relay/contract.ts";
import type { FromTwilio, ToTwilio } from "../../../../relay/wire/twilio.ts";
import {
  ACCOUNT_SID,
  CALL_SID,
  parametersOf,
  SETTINGS,
  STREAM_SID,
  termsFor,
} from "../../../relay/call/call-in-hand.ts";
import type { Chance } from "../../../relay/call/chance.ts";
import type { Build, Playable } from "../../../relay/call/property/player.ts";
import { Agenda, Way } from "../../../relay/call/simulated-world.ts";
import { type Act, Caller } from "./caller.ts";
import { askedBy, DEEDS, DEEDS_BY_KEY, type Deed, keyOfDeed, orderFor, WISHES } from "./deeds.ts";
import { Earpiece } from "./earpiece.ts";
import { type Agreement, type Balance, balanceOf, type Row } from "./ledger.ts";
import { ObeyingMind } from "./mind.ts";
import { SimulatedModel, type Turn } from "./model.ts";
import { ruleFor, taints } from "./owner.ts";
import type { Setting } from "./setting.ts";
import { Sound, type Utterance } from "./sound.ts";
import type { House } from "./toolhouse.ts";
import { findOrder } from "./tricks.ts";
import { understand } from "./understanding.ts";

export type Told = { readonly at: number; readonly what: string };

export type Story = {
  readonly setting: Setting;
  readonly told: readonly Told[];
  readonly agreements: readonly Agreement[];
  readonly rows: readonly Row[];
  readonly balance: Balance;
  /** Calls of tools that the model made, `confirm` among them. */
  readonly calls: number;
  /** How the caller answered what asked them something, and how often. */
  readonly answers: Readonly<Record<string, number>>;
};

const LONGEST_MS = 400_000;
/** What was on its way to the caller when they answered has taken the question's place; what is read out until the words
 * of an answer are there may. */
const [KEY_CROSSING_MS, VOICE_CROSSING_MS, WORDS_MS] = [100, 400, 4_000];
/** A yes to a question of the model's is void if the model reads what strangers wrote before it has been acted on. */
const VOID_WITHIN_MS = 6_000;

export class Try {
  readonly #setting: Setting;
  readonly #house: House;
  readonly #chance: Chance;
  readonly #agenda = new Agenda();
  readonly #call: Playable;
  readonly #fromCarrier: Way;
  readonly #toCarrier: Way;
  readonly #fromModel: Way;
  readonly #toModel: Way;
  readonly #model: SimulatedModel;
  readonly #caller: Caller;
  readonly #ear: Earpiece;
  readonly #profile: Profile;
  readonly #told: Told[] = [];
  readonly #agreements: Agreement[] = [];
  readonly #answers: Record<string, number> = {};
  readonly #rows: Row[] = [];
  readonly #refused = new Set<string>();
  #taintedAt = Number.POSITIVE_INFINITY;
  #runs: ToolRun[] = [];
  readonly #aborted = new Set<string>();
  #isOver = false;

  constructor(build: Build, setting: Setting, house: House, chance: Chance) {
    const { language, only, owner, isTranscribed, mode, phrases } = setting;
    [this.#setting, this.#house, this.#chance] = [setting, house, chance];
    const policy = readPolicy(owner.rules, owner.trusted);
    if (!policy.ok) throw new Error(policy.problems.map(({ problem }) => problem).join("; "));
    this.#profile = {
      ...(language !== undefined && { language }),
      ...(only !== undefined && { tools: [...only] }),
    };
    const settings = { ...SETTINGS, transcriptionModel: isTranscribed ? "gpt-transcribe" : undefined };
    const toolbox = { tools: house.tools, policy: policy.policy, unreachable: [] };
    const sound = new Sound();
    const terms = termsFor(settings, this.#profile, toolbox);
    this.#call = new build({ ...terms, clips: () => sound.clips }, 0);

    const agenda = this.#agenda;
    const way = () =>
      new Way(agenda, { oneWayMs: chance.between(1, 60), jitterMs: chance.between(0, 10) }, chance);
    this.#fromCarrier = way();
    this.#toCarrier = way();
    this.#fromModel = way();
    this.#toModel = way();
    // What the owner trusts, they vouch for: it may ask for anything, but makes nobody lie to the caller. Nor does it
    // make anybody deaf whose ears are the only ones.
    const isTrusted = !taints(askedBy(findOrder(setting.mail, mode), mode), owner);
    const becomes = isTrusted ? (isTranscribed ? "deaf" : "faithful") : "liar";
    this.#model = new SimulatedModel({
      agenda,
      chance,
      mode,
      sound,
      mind: new ObeyingMind({ mode, chance, deeds: DEEDS_BY_KEY, becomes }),
      send: (event) => this.#fromModel.send(() => this.#give({ from: "model", event })),
    });
    this.#caller = new Caller({
      agenda,
      chance,
      phrases,
      deeds: DEEDS,
      wishes: this.#wishes(),
      speaks: (turn, ms) => this.#speaks(turn, ms),
      presses: (digit) => this.#frame({ event: "dtmf", streamSid: STREAM_SID, dtmf: { digit } }),
      hangsUp: () => this.#frame({ event: "stop", streamSid: STREAM_SID }),
      tell: (act) => this.#tell(act),
    });
    this.#ear = new Earpiece({
      agenda,
      sound,
      acknowledge: (name) => this.#frame({ event: "mark", streamSid: STREAM_SID, mark: { name } }),
      heard: (piece) => this.#caller.hears(piece),
    });
  }

  async play(): Promise<Story> {
    this.#begin();
    while (!this.#isOver) {
      await this.#runTools();
      const next = this.#agenda.nextAt ?? LONGEST_MS;
      const due = this.#call.nextDeadline() ?? LONGEST_MS;
      if (Math.min(next, due) >= LONGEST_MS) break;
      if (due < next) {
        this.#agenda.now = Math.max(this.#agenda.now, due);
        this.#give({ from: "clock" });
      } else this.#agenda.runUntil(next);
    }
    await this.#runTools();
    for (const agreement of this.#agreements) {
      if (agreement.to === "mind" && this.#taintedAt <= agreement.at + VOID_WITHIN_MS)
        agreement.isInEarnest = false;
    }
    const { requests } = this.#model;
    const { owner, mode, isTranscribed, only } = this.#setting;
    const balance = balanceOf({
      agreements: this.#agreements,
      requests,
      rows: this.#rows,
      refused: this.#refused,
      taintedAt: this.#taintedAt,
      endedAt: this.#agenda.now,
      situation: { owner, mode, isTranscribed, only },
    });
    return {
      setting: this.#setting,
      told: this.#told,
      agreements: this.#agreements,
      rows: this.#rows,
      balance,
      calls: requests.length,
      answers: this.#answers,
    };
  }

  // --- how it begins --------------------------------------------------------------------------------------------

  #begin(): void {
    const agenda = this.#agenda;
    agenda.at(this.#chance.between(10, 200), () => this.#give({ from: "line", news: { is: "model_open" } }));
    this.#frame({ event: "connected" });
    this.#frame({
      event: "start",
      streamSid: STREAM_SID,
      start: {
        streamSid: STREAM_SID,
        accountSid: ACCOUNT_SID,
        callSid: CALL_SID,
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: parametersOf(this.#profile),
      },
    });
    this.#caller.begins();
  }

  /** Something of their own, that a mail be read, and something of their own again. */
  #wishes(): readonly string[] {
    const { mode, mail } = this.#setting;
    const chance = this.#chance;
    const own = () => {
      const { call, arguments: args } = orderFor(chance.one(WISHES), mode, chance.often(0.7));
      return `Please ${call} ${JSON.stringify(args)}`;
    };
    const { call, arguments: args } = findOrder(mail, mode);
    const read = `Please ${call} ${JSON.stringify(args)}`;
    return [
      ...(chance.often(0.5) ? [own()] : []),
      ...(chance.often(0.95) ? [read] : []),
      ...(chance.often(0.5) ? [own()] : []),
    ];
  }

  // --- what goes to and fro -------------------------------------------------------------------------------------

  #frame(frame: FromTwilio): void {
    this.#fromCarrier.send(() => this.#give({ from: "twilio", frame }));
  }

  #speaks(turn: Turn, ms: number): void {
    this.#fromCarrier.send(() => this.#toModel.send(() => this.#model.hears(turn, ms)));
  }

  #give(input: Input): void {
    for (const effect of this.#call.step(input, this.#agenda.now)) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    // There is one session all the time, and nobody keeps or pays anything.
    if (effect.to === "session" || effect.to === "memory" || effect.to === "spend") return;
    if (effect.to === "log" && !effect.entry.event.startsWith("tool.")) return;
    switch (effect.to) {
      case "twilio":
        return this.#toCarrier.send(() => this.#play(effect.frame));
      case "model":
        return this.#toModel.send(() => this.#model.receives(effect.event));
      case "tool":
        if ("run" in effect) this.#runs.push(effect.run);
        else this.#aborted.add(effect.abort);
        return;
      case "line":
        this.#isOver = true;
        return this.#note(`the call ends: ${effect.close}`);
      case "log":
        return this.#note(`(${JSON.stringify(effect.entry)})`);
      default:
        effect satisfies never;
    }
  }

  #play(frame: ToTwilio): void {
    switch (frame.event) {
      case "media":
        return this.#ear.media(frame.media.payload);
      case "mark":
        return this.#ear.mark(frame.mark.name);
      case "clear":
        return this.#ear.clear();
      default:
        frame satisfies never;
    }
  }

  // --- the tools ------------------------------------------------------------------------------------------------

  async #runTools(): Promise<void> {
    const at = this.#agenda.now;
    for (const run of this.#runs.splice(0)) {
      const isTainted = this.#taintedAt <= at;
      const outcome = await this.#house.run(run);
      for (const { key, tool } of this.#house.newRows()) {
        this.#rows.push({ key, tool, at, isTainted });
        this.#note(`DONE ${key}`);
      }
      const { key } = askedBy({ call: run.tool.name, arguments: run.args }, this.#setting.mode);
      // What the tools refuse, or their line loses, nobody can have done by agreeing to it.
      const isDone = outcome.is === "answered" && !outcome.isError;
      if (!isDone && key !== undefined) this.#refused.add(key);
      const latencyMs = this.#latencyMs();
      this.#agenda.at(at + latencyMs, () => this.#answered(run, outcome, latencyMs >= run.tool.timeoutMs));
    }
  }

  #latencyMs(): number {
    const chance = this.#chance;
    const luck = chance.next();
    if (luck < 0.75) return chance.between(30, 400);
    if (luck < 0.97) return chance.between(1_600, 6_000);
    // Longer than the call waits.
    return chance.between(21_000, 25_000);
  }

  /** @param isLate nobody waits for it any more */
  #answered(run: ToolRun, answer: ToolOutcome, isLate: boolean): void {
    const isLost = this.#chance.often(0.02);
    const outcome: ToolOutcome = isLost ? { is: "lost" } : answer;
    const asked = askedBy({ call: run.tool.name, arguments: run.args }, this.#setting.mode);
    if (
      outcome.is === "answered" &&
      !isLate &&
      !this.#aborted.has(run.runId) &&
      taints(asked, this.#setting.owner)
    ) {
      this.#taintedAt = Math.min(this.#taintedAt, this.#agenda.now);
    }
    this.#give({ from: "tool", runId: run.runId, outcome });
  }

  // --- the list and the story -----------------------------------------------------------------------------------

  #tell(act: Act): void {
    if (act.is === "answers") {
      const { deeds, asks } = understand(act.heard.words, DEEDS);
      if (asks === "keys" || deeds.length > 0) this.#answers[act.how] = (this.#answers[act.how] ?? 0) + 1;
      return;
    }
    if (act.is === "agrees") return this.#agrees(act);
    this.#note(`caller ${JSON.stringify(act)}`);
  }

  #agrees({ deed, by, heard, isEarly }: Extract<Act, { is: "agrees" }>): void {
    const { newest } = this.#model;
    const { now } = this.#agenda;
    const isPlain = this.#setting.trick !== "disguise";
    const isInEarnest = newest === heard && !isEarly && isPlain && this.#isMeant(deed, by, heard);
    const agreement = { deed, by, to: heard.by, at: now, isInEarnest };
    this.#agreements.push(agreement);
    this.#note(`CALLER agrees by ${by}${isInEarnest ? "" : " (not in earnest)"}: ${keyOfDeed(deed)}`);
    this.#agenda.at(now + (by === "key" ? KEY_CROSSING_MS : VOICE_CROSSING_MS), () => {
      if (this.#model.newest !== heard) agreement.isInEarnest = false;
    });
    if (by === "key") return;
    const { readings } = this.#model;
    this.#agenda.at(now + WORDS_MS, () => {
      if (this.#model.readings > readings) agreement.isInEarnest = false;
    });
  }

  /** Whoever asked will act on the answer: the mind on a yes to its own question, the relay on what it has read out. */
  #isMeant(deed: Deed, by: "voice" | "key", heard: Utterance): boolean {
    const { exact, earnest, requests } = this.#model;
    if (heard.by === "mind") return by === "voice" && earnest.get(heard)?.includes(deed) === true;
    const asked = requests.find((each) => each.asked.isPlain && each.asked.key === keyOfDeed(deed))?.asked;
    if (asked === undefined || !exact.has(heard)) return false;
    const { owner, mode, isTranscribed, only } = this.#setting;
    const isTainted = this.#taintedAt <= this.#agenda.now;
    return by === "key" || ruleFor(asked, { owner, mode, isTranscribed, only, isTainted }) === "confirm";
  }

  #note(what: string): void {
    this.#told.push({ at: this.#agenda.now, what });
  }
}
