/**
 * The responses of a session: one at a time in the default conversation, any number beside it, and the accounts of
 * each when it is over.
 *
 * It asks the script what to say and leaves the saying to speaking.ts.
 */
import { seededRandom } from "../carrier/network.ts";
import type { ResponseParams } from "./client-events.ts";
import { type Conversation, type Item, itemFrom } from "./conversation.ts";
import { holdToRules, withoutCalls } from "./held-script.ts";
import type { Options } from "./options.ts";
import { detailsOf, type Outcome, reasonOf } from "./outcome.ts";
import { type Moment, nowAt, type ResponseRecord, type SessionRecord } from "./records.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { RemoteCall, RemoteCalls } from "./remote-calls.ts";
import { type Occasion, type Plan, readingOf } from "./script.ts";
import { refuseParams } from "./settings.ts";
import { shown } from "./shown-item.ts";
import { Speaking } from "./speaking.ts";
import { functionNames } from "./tool-shape.ts";
import { plus, type Tokens, textTokens, tokensOf, usageOf } from "./usage.ts";

type Cause = Occasion["cause"];
type Under = { readonly speaking: Speaking; readonly record: ResponseRecord };

export type Way = {
  readonly conversationId: string;
  readonly newId: (kind: string) => string;
  readonly send: (event: { readonly type: string; readonly [field: string]: unknown }) => void;
  readonly tell: (moment: Moment) => void;
  /** A refusal of something that no client event asked for. */
  readonly refuse: (why: Refusal) => void;
  /** A response of the default conversation is over, after so much sound. */
  readonly answered: (soundMs: number) => void;
  /** The words of the caller's last turn, if they have been written by now. */
  readonly transcript: () => string | undefined;
  /** Native MCP. */
  readonly remote: () => RemoteCalls;
};

export class Responses {
  readonly #conversation: Conversation;
  readonly #session: SessionRecord;
  readonly #options: Options;
  readonly #way: Way;
  readonly #reply: (occasion: Occasion) => Plan;
  /** Of the default conversation: one at a time. */
  #active: Under | undefined;
  readonly #outOfBand = new Set<Under>();
  /** The caller's turn has ended while a cancelled response still had deltas to deliver. */
  #owed: Cause | undefined;
  #outputs: Array<Occasion["outputs"][number]> = [];
  #texts: string[] = [];
  #readBefore: Tokens = { text: 0, audio: 0 };
  /** The same in every run. */
  readonly #random = seededRandom(1);

  constructor(conversation: Conversation, session: SessionRecord, options: Options, way: Way) {
    this.#conversation = conversation;
    this.#session = session;
    this.#options = options;
    this.#way = way;
    this.#reply = readingOf(options.script, options.delivery);
  }

  get active(): boolean {
    return this.#active !== undefined;
  }

  /** The assistant's voice has been heard. */
  get spoken(): boolean {
    return this.#session.responses.some((response) => response.firstSoundAt !== undefined);
  }

  /** The script is told of it when it is asked next. */
  note(item: Item): void {
    if (item.kind === "function_call_output") {
      const call = this.#session.items.find(
        (each) => each.kind === "function_call" && each.callId === item.callId,
      );
      const name = call?.kind === "function_call" ? call.name : "";
      this.#outputs.push({ callId: item.callId, name, output: item.output });
      this.#way.tell({ what: "tool_output", callId: item.callId });
    } else if (item.kind === "message") {
      this.#texts.push(...item.content.filter((part) => part.words !== "").map((part) => part.words));
    }
  }

  noteRemote({ id, name, output, error }: RemoteCall): void {
    this.#outputs.push({ callId: id, name, output: output ?? error?.message ?? "" });
  }

  interrupt(): void {
    this.#active?.speaking.cancel("turn_detected");
  }

  stop(): void {
    for (const { speaking } of this.#all) speaking.stop();
  }

  get #all(): readonly Under[] {
    return [...(this.#active ? [this.#active] : []), ...this.#outOfBand];
  }

  cancel(responseId: string | undefined): Refusal | undefined {
    const under =
      responseId === undefined ? this.#active : this.#all.find(({ record }) => record.id === responseId);
    const why =
      under === undefined || under.speaking.cancelling
        ? refusal("response_cancel_not_active", "Cancellation failed: no active response found")
        : undefined;
    const cancel = { responseId: responseId ?? null, refused: why?.message ?? null };
    this.#session.cancels.push({ at: nowAt(), ...cancel });
    this.#way.tell({ what: "cancel", ...cancel });
    if (why === undefined) under?.speaking.cancel("client_cancelled");
    return why;
  }

  respondByItself(cause: Cause): void {
    if (this.#active?.speaking.cancelling) {
      this.#owed = cause;
      return;
    }
    const why = this.create(cause, {});
    if (why !== undefined) this.#way.refuse(why);
  }

  create(cause: Cause, params: ResponseParams): Refusal | undefined {
    const { settings } = this.#session;
    const outOfBand = params.conversation === "none";
    if (!outOfBand && this.#active !== undefined) {
      const message =
        `Conversation already has an active response in progress: ${this.#active.record.id}. ` +
        "Wait until the response is finished before creating a new one.";
      return refusal("conversation_already_has_active_response", message);
    }
    const [modality] = params.output_modalities ?? settings.output_modalities;
    const voiced = params.audio?.output?.format ?? settings.audio.output.format;
    if (modality === "audio" && voiced.type !== "audio/pcmu") {
      return refusal("invalid_value", "This stand-in speaks audio/pcmu only: set audio.output.format first.");
    }
    const why = refuseParams(settings, params, this.spoken) ?? this.#refuseReferences(params.input ?? []);
    if (why !== undefined) return why;

    const id = this.#way.newId("resp");
    const metadata = params.metadata ?? {};
    const record: ResponseRecord = {
      id,
      cause,
      metadata,
      outOfBand,
      createdAt: nowAt(),
      firstSoundAt: undefined,
      doneAt: undefined,
      status: "in_progress",
      reason: undefined,
      soundMs: 0,
      itemIds: [],
      usage: undefined,
    };
    this.#session.responses.push(record);
    const tools = params.tools ?? settings.tools;
    const toolChoice = params.tool_choice ?? settings.tool_choice;
    // A response with an input of its own knows nothing of the conversation.
    const input = params.input?.map((item) => this.#contextItem(item));
    const remote = this.#way.remote();
    const occasion: Occasion = {
      cause,
      metadata,
      instructions: params.instructions ?? settings.instructions,
      outOfBand,
      response: this.#session.responses.length,
      turn: this.#session.turns,
      heard: this.#session.turns === 0 ? undefined : this.#options.hears(this.#session.turns)?.words,
      transcript: this.#way.transcript(),
      outputs: input === undefined ? this.#outputs : [],
      texts: input === undefined ? this.#texts : [],
      tools,
      toolNames: functionNames(tools),
      remoteTools: remote.tools,
      approvals: remote.approvals,
      toolChoice,
      conversation: input ?? [...this.#conversation.items],
      session: this.#session.index,
    };
    const plan = this.#reply(occasion);
    holdToRules(plan.output, occasion, params.parallel_tool_calls ?? settings.others.parallel_tool_calls);
    if (!outOfBand) {
      this.#outputs = [];
      this.#texts = [];
    }
    const read = plus(tokensOf(input ?? this.#conversation.items), {
      text: textTokens(`${params.instructions ?? settings.instructions}${JSON.stringify(tools)}`),
      audio: 0,
    });
    const maxOutputTokens = params.max_output_tokens ?? settings.max_output_tokens;
    const shownResponse = (rest: Readonly<Record<string, unknown>>) => ({
      object: "realtime.response",
      id,
      conversation_id: outOfBand ? null : this.#way.conversationId,
      output_modalities: [modality],
      max_output_tokens: maxOutputTokens,
      audio: {
        output: { format: voiced, voice: params.audio?.output?.voice ?? settings.audio.output.voice },
      },
      metadata: params.metadata ?? null,
      ...rest,
    });
    this.#way.tell({ what: "response_started", responseId: id, cause, metadata });
    this.#way.send({
      type: "response.created",
      response: shownResponse({ status: "in_progress", status_details: null, output: [], usage: null }),
    });
    this.#way.send({ type: "rate_limits.updated", rate_limits: RATE_LIMITS });

    const under: Under = {
      record,
      speaking: new Speaking({
        responseId: id,
        plan: toolChoice === "none" ? { ...plan, output: withoutCalls(plan.output) } : plan,
        modality,
        maxOutputTokens,
        conversation: outOfBand ? undefined : this.#conversation,
        newId: (kind) => this.#way.newId(kind),
        random: this.#random,
        send: (event) => this.#way.send(event),
        onItem: (item) => {
          this.#session.items.push(item);
          record.itemIds = [...record.itemIds, item.id];
        },
        onSound: () => {
          if (record.firstSoundAt !== undefined) return;
          record.firstSoundAt = nowAt();
          this.#way.tell({ what: "first_sound", responseId: id });
        },
        onRemoteCall: (item, outputIndex) =>
          remote.called({ item, responseId: id, outputIndex, inConversation: !outOfBand }),
        onEnd: (outcome) => this.#ended(under, outcome, read, shownResponse),
      }),
    };
    if (outOfBand) this.#outOfBand.add(under);
    else this.#active = under;
    return undefined;
  }

  #contextItem(item: NonNullable<ResponseParams["input"]>[number]): Item {
    if (item.type !== "item_reference") return itemFrom(item, this.#way.newId);
    const found = this.#conversation.find(item.id);
    if (found === undefined) throw new Error(`the reference to ${item.id} was not refused`);
    return found;
  }

  #refuseReferences(input: NonNullable<ResponseParams["input"]>): Refusal | undefined {
    for (const [index, item] of input.entries()) {
      if (item.type !== "item_reference" || this.#conversation.find(item.id) !== undefined) continue;
      return refusal("item_not_found", `Item with ID '${item.id}' not found.`, `response.input[${index}].id`);
    }
    return undefined;
  }

  #ended(
    under: Under,
    outcome: Outcome,
    read: Tokens,
    shownResponse: (rest: Readonly<Record<string, unknown>>) => Record<string, unknown>,
  ): void {
    const { record, speaking } = under;
    const spoken = tokensOf(speaking.items);
    const usage = usageOf(read, this.#readBefore, spoken);
    this.#readBefore = read;
    record.usage = usage;
    record.doneAt = nowAt();
    record.status = outcome.status;
    record.soundMs = speaking.soundMs;
    record.reason = reasonOf(outcome);
    this.#outOfBand.delete(under);
    if (this.#active === under) this.#active = undefined;
    this.#way.send({
      type: "response.done",
      response: shownResponse({
        status: outcome.status,
        status_details: detailsOf(outcome),
        output: speaking.items.map(shown),
        usage,
      }),
    });
    const words = speaking.items.flatMap((item) =>
      item.kind === "message" ? item.content.map((part) => part.words) : [],
    );
    this.#way.tell({
      what: "response_done",
      responseId: record.id,
      status: outcome.status,
      reason: record.reason ?? null,
      soundMs: record.soundMs,
      words: words.join(" "),
    });
    if (!record.outOfBand) this.#way.answered(record.soundMs);
    const owed = this.#owed;
    this.#owed = undefined;
    if (owed !== undefined) this.respondByItself(owed);
  }
}

const RATE_LIMITS = [
  { name: "requests", limit: 1000, remaining: 999, reset_seconds: 60 },
  { name: "tokens", limit: 50000, remaining: 45000, reset_seconds: 60 },
];
