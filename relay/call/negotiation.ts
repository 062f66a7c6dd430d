/**
 * Getting the session that the call needs: dialled, configured, and known to be so. One bad field voids a whole
 * session.update, and a call must never go on with default settings and nobody knowing: a field that the call can
 * do without is left out and the update sent again, with a warning that says so; anything else ends the call.
 */
import type { FromModel, ModelError } from "../wire/realtime.ts";
import { printable, UPDATE_ID } from "./model-errors.ts";
import type { Outbox } from "./outbox.ts";
import { type OptionalField, optionalField, type Settings, sessionFor, type Wanted } from "./session.ts";

type State = "dialling" | "open" | "configuring" | "ready";
type Audio = Extract<FromModel, { type: "session.updated" }>["session"]["audio"];

const MEND = "the model does not take this setting and the call goes on without it: remove its variable";
const MENDS: Partial<Record<OptionalField, string>> = {
  truncation:
    "the model does not take a retention ratio and the call goes on without it: nothing to mend, but calls that outgrow the context cost more",
  "tools.mcp":
    "OpenAI does not take the MCP servers and the call goes on without their tools: it must reach each of them from the internet; MCP_MODE=bridged has the relay ask them instead",
};

export class Negotiation {
  readonly #settings: Settings;
  readonly #outbox: Outbox;
  readonly #without = new Set<OptionalField>();
  #state: State = "dialling";
  #wanted: Wanted | undefined;
  #updateId = "";

  constructor(settings: Settings, outbox: Outbox) {
    this.#settings = settings;
    this.#outbox = outbox;
  }

  get state(): State {
    return this.#state;
  }

  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** Another session is to take its place. What the server refused once is not asked of it again. */
  redial(): void {
    this.#state = "dialling";
  }

  /** The socket to the model is open. */
  opened(): void {
    if (this.#state !== "dialling") return;
    this.#state = "open";
    if (this.#wanted !== undefined) this.#update(this.#wanted);
  }

  /** The call has started, and this is its caller. */
  started(wanted: Wanted): void {
    this.#wanted = wanted;
    if (this.#state === "open") this.#update(wanted);
  }

  /** The caller's words are there to be read. */
  get isTranscribed(): boolean {
    return this.#settings.transcriptionModel !== undefined && !this.#without.has("audio.input.transcription");
  }

  /** session.updated. "default audio": the server did not take the format, and nothing would be understood. */
  updated(audio: Audio): "ready" | "default audio" | "not asked" {
    if (this.#state !== "configuring") return "not asked";
    if (audio.input.format.type !== "audio/pcmu" || audio.output.format.type !== "audio/pcmu") {
      return "default audio";
    }
    this.#state = "ready";
    return "ready";
  }

  /** An error about the settings. Returns what the call cannot do without, if it was that. */
  refused(error: ModelError): { readonly param: string } | undefined {
    if (this.#state !== "configuring" || this.#wanted === undefined) return undefined;
    if (error.event_id != null && error.event_id !== this.#updateId) return undefined;
    const field = optionalField(error, this.#wanted.tools);
    if (field === undefined || this.#without.has(field)) {
      const param = printable(error.param);
      this.#outbox.log({
        event: "session.refused",
        level: "error",
        code: printable(error.code ?? error.type),
        param,
        mend: "the model refused this setting: check OPENAI_MODEL, VOICE, TURN_DETECTION and the VAD_ variables",
      });
      return { param };
    }
    this.#without.add(field);
    this.#outbox.log({
      event: "session.field_refused",
      level: "warn",
      field,
      mend: MENDS[field] ?? MEND,
    });
    this.#update(this.#wanted);
    return undefined;
  }

  #update(wanted: Wanted): void {
    this.#state = "configuring";
    this.#updateId = this.#outbox.id(UPDATE_ID);
    this.#outbox.model({
      type: "session.update",
      event_id: this.#updateId,
      session: sessionFor(this.#settings, wanted, this.#without),
    });
  }
}
