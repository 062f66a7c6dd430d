/**
 * The effects of one step, in the order in which they are to happen, and the ids that one call gives out.
 */
import type { NewItem, ToModel } from "../wire/realtime.ts";
import type { ToTwilio } from "../wire/twilio.ts";
import type { Ending } from "./ending.ts";
import type { Entry } from "./journal.ts";
import type { Tokens } from "./spend.ts";
import type { ToolCaller, ToolRun } from "./tools.ts";

export type Effect =
  | { readonly to: "twilio"; readonly frame: ToTwilio }
  | { readonly to: "model"; readonly event: ToModel }
  | { readonly to: "log"; readonly entry: Entry }
  | { readonly to: "tool"; readonly run: ToolRun; readonly caller: ToolCaller }
  /** It is not waited for any more. */
  | { readonly to: "tool"; readonly abort: string }
  /** A new socket to the model, in place of any other; or none. */
  | { readonly to: "session"; readonly is: "dial" | "drop" }
  /** What is remembered of the call has changed: to be kept soon, or before anything else is done. */
  | { readonly to: "memory"; readonly is: "changed" | "now" }
  /** So much was spent, in millionths of a dollar. */
  | { readonly to: "spend"; readonly micros: number; readonly tokens: Tokens }
  /** Record the ending, end what runs and close both sockets. The last effect of a call. */
  | { readonly to: "line"; readonly close: Ending; readonly transferTo?: string };

/** Enough to see what is wrong. */
const MOST_TROUBLES_TOLD = 20;

const NONE: readonly Effect[] = [];

export class Outbox {
  #effects: Effect[] = [];
  #ids = 0;
  #troubles = 0;
  #isMuted = false;

  put(effect: Effect): void {
    this.#effects.push(effect);
  }

  twilio(frame: ToTwilio): void {
    this.put({ to: "twilio", frame });
  }

  model(event: ToModel): void {
    if (!this.#isMuted || event.type === "session.update") this.put({ to: "model", event });
  }

  /** There is no session that could be told anything; what one must know is in the memory. */
  mute(isMuted: boolean): void {
    this.#isMuted = isMuted;
  }

  log(entry: Entry): void {
    this.put({ to: "log", entry });
  }

  /** What the model does wrong: it may do so at every frame, so only the first of it is told. */
  trouble(entry: Entry): void {
    this.#troubles++;
    if (this.#troubles <= MOST_TROUBLES_TOLD) this.log(entry);
  }

  /** Adds an item to the conversation and returns its id. */
  item(item: NewItem): string {
    this.model({ type: "conversation.item.create", event_id: this.id("item-"), item });
    return item.id;
  }

  id(prefix: string): string {
    this.#ids++;
    return `${prefix}${this.#ids}`;
  }

  take(): readonly Effect[] {
    if (this.#effects.length === 0) return NONE;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
