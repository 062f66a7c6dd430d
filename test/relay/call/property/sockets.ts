/**
 * The sockets to the model of an invented call, one after the other: each opens, is refused or does nothing, holds or breaks,
 * and what was on its way when it went is gone. Each has a model of its own behind it (model.ts), which knows nothing but
 * what it is told.
 */
import type { LineNews } from "../../../../relay/call/call.ts";
import type { FromModel, ToModel } from "../../../../relay/wire/realtime.ts";
import type { Chance } from "../chance.ts";
import { type Agenda, Way } from "../simulated-world.ts";
import { type Heard, SimulatedModel, type Text } from "./model.ts";

/** How a call's sessions fare. "some": they may break at any moment; "flaky": none lasts; "gone": after the first there is none. */
export type Faults = "none" | "some" | "flaky" | "gone";

/** Of things that happen to a session, so many break it, where they may. */
const BREAKS_OFTEN = 0.006;

export type World = {
  /** Of a call that comes back, which of its parts this is. */
  readonly part: number;
  readonly faults: Faults;
  readonly modelWayMs: readonly [least: number, most: number];
  readonly mayRefuse: boolean;
};

export type Told = Omit<Heard, "send"> & {
  readonly event: (event: FromModel) => void;
  readonly news: (news: LineNews) => void;
};

export class Sockets {
  model: SimulatedModel;
  /** What each item says, whichever session said it. */
  readonly texts = new Map<string, Text>();
  /** So many were dialled. */
  #dialled = 0;
  /** Another number for each socket, and for there being none. */
  #there = 0;
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #world: World;
  readonly #told: Told;
  #toModel: Way;
  #fromModel: Way;
  /** How the sessions of this call break, where none of them lasts. */
  readonly #kind: number;

  constructor(agenda: Agenda, chance: Chance, world: World, told: Told) {
    this.#agenda = agenda;
    this.#chance = chance;
    this.#world = world;
    this.#told = told;
    this.#kind = chance.next();
    this.#toModel = this.#way();
    this.#fromModel = this.#way();
    this.model = this.#anew();
  }

  #way(): Way {
    const [least, most] = this.#world.modelWayMs;
    const network = {
      oneWayMs: this.#chance.between(least, most),
      jitterMs: this.#chance.between(0, 10),
    };
    return new Way(this.#agenda, network, this.#chance);
  }

  /** Whether the socket that is there now still is. */
  #whileThere(): () => boolean {
    const there = this.#there;
    return () => this.#there === there;
  }

  #anew(): SimulatedModel {
    const isThere = this.#whileThere();
    const { event, refused, spoke } = this.#told;
    const send = (sent: FromModel) =>
      this.#fromModel.send(() => {
        if (!isThere()) return;
        event(sent);
        if (isThere()) this.#mayBreak();
      });
    const isFirst = this.#world.part === 1 && this.#dialled < 2;
    const prefix = isFirst ? "" : `s${this.#world.part}-${this.#dialled}-`;
    const heard = { send, refused, spoke };
    return new SimulatedModel(this.#agenda, this.#chance, heard, this.#world.mayRefuse, prefix, this.texts);
  }

  // --- what the call does -------------------------------------------------------------------------------------

  dial(): void {
    const chance = this.#chance;
    this.drop();
    if (++this.#dialled > 1) {
      this.#toModel = this.#way();
      this.#fromModel = this.#way();
    }
    this.model = this.#anew();
    const isThere = this.#whileThere();
    const afterMs = chance.between(10, 400);
    const luck = chance.next();
    const { faults } = this.#world;
    const isBad = faults !== "none" && (luck < 0.12 || (faults === "gone" && this.#dialled > 1));
    const happens = (news: LineNews) =>
      this.#agenda.at(this.#agenda.now + afterMs, () => {
        if (isThere()) this.#told.news(news);
      });
    if (luck < 0.01) return happens({ is: "model_closed", code: 1006, status: 401 });
    if (!isBad) happens({ is: "model_open" });
    else if (chance.often(0.8))
      happens({ is: "model_closed", code: 1006, status: chance.one([503, 429, 500]) });
    if (faults !== "flaky") return;
    this.#agenda.at(this.#agenda.now + afterMs + chance.between(100, 1_500), () => {
      if (isThere()) this.break(this.#kind);
    });
  }

  drop(): void {
    this.model.leave();
    // Whatever is on its way is nobody's.
    this.#there++;
  }

  asked(event: ToModel): void {
    const { model } = this;
    this.#toModel.send(() => model.asked(event));
  }

  // --- what happens to them -----------------------------------------------------------------------------------

  /** @param luck which way it breaks */
  break(luck = this.#chance.next()): void {
    if (luck < 0.3) this.#told.news({ is: "model_closed", code: 1011 });
    else if (luck < 0.55) {
      this.#told.news({ is: "model_closed", code: 1006, deafMs: this.#chance.between(0, 10_000) });
    } else if (luck < 0.7) this.#told.news({ is: "model_slow" });
    else if (luck < 0.97) this.#told.event({ type: "error", error: { code: "session_expired" } });
    else this.#told.event({ type: "error", error: { code: "insufficient_quota" } });
  }

  #mayBreak(): void {
    const { faults } = this.#world;
    if ((faults === "some" || faults === "gone") && this.#chance.often(BREAKS_OFTEN)) this.break();
  }
}
