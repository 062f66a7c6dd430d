/**
 * What may be done with a request in this call, as the call stands now: the policy's word, made stricter by what the
 * call has read and by what may have been done already; and who is to ask the caller.
 */
import type { Outbox } from "./outbox.ts";
import { type Ruling, rulingOf, taints } from "./policy.ts";
import type { Offer, Toolbox } from "./toolbox.ts";
import type { Tool, ToolRequest } from "./tools.ts";

export type RulingParts = {
  readonly toolbox: Toolbox;
  readonly offer: Offer;
  readonly isTranscribed: () => boolean;
  readonly outbox: Outbox;
};

export class Rulings {
  readonly #parts: RulingParts;
  /** It may have been done already. */
  readonly #isLost: (request: ToolRequest) => boolean;
  /** The model has read what strangers may have written. */
  #isTainted = false;

  constructor(parts: RulingParts, isLost: (request: ToolRequest) => boolean) {
    this.#parts = parts;
    this.#isLost = isLost;
  }

  /** What the model asks of the caller may be something else than what it would have done. */
  get mayBeMisled(): boolean {
    return this.#isTainted;
  }

  /** What has to be confirmed is asked in the relay's own words, and not left to the model to ask. */
  asksItself({ tool }: ToolRequest): boolean {
    // What OpenAI runs has no output that could tell the model of an id to confirm.
    return this.#isTainted || this.#parts.offer.native.asked.has(tool);
  }

  /** Of a request that has just come: the log is told of it. */
  asked(request: ToolRequest): Ruling {
    const ruling = this.of(request);
    const { rule, why } = ruling;
    this.#parts.outbox.log({ event: "tool.asked", level: "info", tool: request.tool.name, rule, why });
    return ruling;
  }

  of(request: ToolRequest): Ruling {
    const { toolbox, isTranscribed } = this.#parts;
    const ruling = rulingOf(toolbox.policy, request.tool, request.args, this.#isTainted);
    if (ruling.rule === "confirm" && this.#isTainted && !isTranscribed()) {
      // A misled model could take any turn of the caller's for a yes, and there are no words to hold against it.
      return { ...ruling, rule: "keypad", why: "the call has read what others wrote, and hears no words" };
    }
    if (ruling.rule === "allow" && ruling.kind === "write" && this.#isLost(request)) {
      return { ...ruling, rule: "confirm", why: "it may have been done already" };
    }
    return ruling;
  }

  /** The model reads what a use of this tool has returned. */
  returned(tool: Tool, ruling: Ruling): void {
    if (taints(this.#parts.toolbox.policy, tool, ruling)) this.#isTainted = true;
  }

  /** The model reads something of which nobody can say who wrote it. */
  distrust(): void {
    this.#isTainted = true;
  }
}
