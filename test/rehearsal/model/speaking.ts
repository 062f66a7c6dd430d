/**
 * One response on its way to the client: its events in the live service's order, each at its time, and its close-out
 * when it is cancelled half-way.
 *
 * Every due time counts from the response's start, so a late timer is made up for and nothing drifts. What the
 * `.done` events say is what the deltas before them brought, no more.
 * Source: the response lifecycle of RealtimeServerEvent in npm's openai package.
 */
import { BYTES_PER_MS } from "../audio/clips.ts";
import { type Conversation, type Item, type Part, partOf } from "./conversation.ts";
import type { Outcome } from "./outcome.ts";
import type { RemoteCall, RemoteStep } from "./remote-calls.ts";
import type { Output, Plan } from "./script.ts";
import { shown } from "./shown-item.ts";
import { type Step, timetableOf } from "./timetable.ts";
import { ASSISTANT_MS_PER_TOKEN } from "./usage.ts";

/** Deltas of a cancelled response that are still in the pipe follow each other fast. */
const LATE_GAP_MS = 20;

export type Stage = {
  readonly responseId: string;
  readonly plan: Plan;
  readonly modality: "audio" | "text";
  readonly maxOutputTokens: number | "inf";
  /** Absent for a response outside the default conversation. */
  readonly conversation: Conversation | undefined;
  readonly newId: (kind: string) => string;
  readonly random: () => number;
  readonly send: (event: { readonly type: string; readonly [field: string]: unknown }) => void;
  readonly onItem: (item: Item) => void;
  readonly onSound: () => void;
  /** A call of an MCP server's tool is written to its end. */
  readonly onRemoteCall: (item: RemoteCall, outputIndex: number) => RemoteStep;
  readonly onEnd: (outcome: Outcome) => void;
};

export class Speaking {
  readonly #stage: Stage;
  readonly #steps: Step[];
  #startedAt = performance.now();
  /** Nothing of it goes on before an MCP call has its result. */
  #pausedAt: number | undefined;
  readonly items: Item[] = [];
  #open: Item | undefined;
  /** The open item's words, as far as its deltas have brought them. */
  #said = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #cancelled: Outcome | undefined;
  #over = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    const limitMs =
      stage.maxOutputTokens === "inf"
        ? Number.POSITIVE_INFINITY
        : stage.maxOutputTokens * ASSISTANT_MS_PER_TOKEN;
    this.#steps = [...timetableOf(stage.plan, limitMs, stage.random)];
    this.#arm();
  }

  /** Cancelled, with its last deltas still to come. */
  get cancelling(): boolean {
    return this.#cancelled !== undefined && !this.#over;
  }

  get soundMs(): number {
    return this.items.reduce((sum, item) => sum + (partIn(item)?.sentMs ?? 0), 0);
  }

  cancel(reason: "turn_detected" | "client_cancelled"): void {
    if (this.#over || this.#cancelled !== undefined) return;
    this.#resume();
    this.#cancelled = { status: "cancelled", reason };
    // What may still come is the sound that was being made; a call or an item that was to follow never comes.
    const others = this.#steps.findIndex((step) => step.kind !== "sound");
    const pipe = this.#steps.slice(0, others < 0 ? 0 : others);
    this.#steps.length = 0;
    const nowMs = performance.now() - this.#startedAt;
    const late = this.#open === undefined ? [] : pipe.slice(0, this.#stage.plan.delivery.lateDeltas);
    this.#steps.push(...late.map((step, nth) => ({ ...step, dueMs: nowMs + nth * LATE_GAP_MS })));
    this.#steps.push({ kind: "end", dueMs: nowMs + Math.max(0, late.length - 1) * LATE_GAP_MS });
    this.#perform();
  }

  /** The connection is gone: nothing more is sent, not even an end. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#steps[0];
    if (next === undefined || this.#over || this.#pausedAt !== undefined) return;
    const inMs = this.#startedAt + next.dueMs - performance.now();
    this.#timer = setTimeout(() => this.#perform(), Math.max(0, inMs));
  }

  #perform(): void {
    const nowMs = performance.now() - this.#startedAt;
    for (let step = this.#steps[0]; step !== undefined && step.dueMs <= nowMs; step = this.#steps[0]) {
      this.#steps.shift();
      this.#act(step);
      if (this.#over || this.#pausedAt !== undefined) return;
    }
    this.#arm();
  }

  #act(step: Step): void {
    switch (step.kind) {
      case "announce":
        return this.#announce(step.output);
      case "sound":
        return this.#sound(step.bytes, step.words);
      case "arguments":
        return this.#arguments(step.text);
      case "finish":
        return this.#close("completed");
      case "end":
        return this.#end();
      default:
        return step satisfies never;
    }
  }

  #announce(output: Output): void {
    const { newId } = this.#stage;
    const id = newId("item");
    const item = itemOf(output, id, () => newId("call"));
    this.#open = item;
    this.#said = "";
    this.#add(item);
    if (item.kind !== "message") return;
    item.content.push(partOf(this.#stage.modality === "audio" ? "output_audio" : "output_text", "", 0));
    this.#send("response.content_part.added", { ...this.#place(), part: this.#shownPart("") });
  }

  #add(item: Item): void {
    const { conversation, responseId, onItem } = this.#stage;
    const previous = conversation?.lastId ?? null;
    this.items.push(item);
    conversation?.append(item);
    onItem(item);
    this.#send("response.output_item.added", {
      response_id: responseId,
      output_index: this.items.length - 1,
      item: shown(item),
    });
    if (conversation !== undefined) {
      this.#send("conversation.item.added", { previous_item_id: previous, item: shown(item) });
    }
  }

  #sound(bytes: Uint8Array, words: string): void {
    const part = this.#open === undefined ? undefined : partIn(this.#open);
    if (part === undefined) return;
    this.#said += words;
    if (!part.truncated) part.words += words;
    if (part.type === "output_text") {
      if (words !== "") this.#send("response.output_text.delta", { ...this.#place(), delta: words });
      return;
    }
    const ms = bytes.length / BYTES_PER_MS;
    part.sentMs += ms;
    if (!part.truncated) part.audioMs += ms;
    if (words !== "")
      this.#send("response.output_audio_transcript.delta", { ...this.#place(), delta: words });
    this.#send("response.output_audio.delta", {
      ...this.#place(),
      delta: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"),
    });
    this.#stage.onSound();
  }

  #arguments(text: string): void {
    const item = this.#open;
    if (item?.kind !== "function_call" && item?.kind !== "mcp_call") return;
    item.arguments += text;
    this.#send(`${ARGUMENTS[item.kind]}.delta`, { ...this.#called(item), delta: text });
  }

  #close(status: "completed" | "incomplete"): void {
    const item = this.#open;
    if (item === undefined) return;
    if (item.kind === "message") {
      if (this.#stage.modality === "audio") {
        this.#send("response.output_audio.done", this.#place());
        this.#send("response.output_audio_transcript.done", { ...this.#place(), transcript: this.#said });
      } else {
        this.#send("response.output_text.done", { ...this.#place(), text: this.#said });
      }
      this.#send("response.content_part.done", { ...this.#place(), part: this.#shownPart(this.#said) });
    } else if (item.kind === "function_call" || item.kind === "mcp_call") {
      const name = item.kind === "function_call" ? { name: item.name } : {};
      const whole = { ...this.#called(item), ...name, arguments: item.arguments };
      this.#send(`${ARGUMENTS[item.kind]}.done`, whole);
    }
    this.#open = undefined;
    // What becomes of a call that OpenAI makes itself is told when it is known.
    if (item.kind === "mcp_call" && status === "completed") return this.#handOver(item);
    item.status = status;
    this.#finish(item);
  }

  #handOver(item: RemoteCall): void {
    const { approval, settled } = this.#stage.onRemoteCall(item, this.items.length - 1);
    if (approval !== undefined) {
      this.#add(approval);
      this.#finish(approval);
    }
    if (settled === undefined) return;
    this.#pausedAt = performance.now();
    settled.then(() => this.#resume());
  }

  #resume(): void {
    if (this.#pausedAt === undefined) return;
    this.#startedAt += performance.now() - this.#pausedAt;
    this.#pausedAt = undefined;
    this.#arm();
  }

  #finish(item: Item): void {
    const { conversation, responseId } = this.#stage;
    this.#send("response.output_item.done", {
      response_id: responseId,
      output_index: this.items.length - 1,
      item: shown(item),
    });
    if (conversation?.find(item.id) === undefined) return;
    this.#send("conversation.item.done", {
      previous_item_id: conversation.before(item.id),
      item: shown(item),
    });
  }

  #end(): void {
    const { plan, maxOutputTokens } = this.#stage;
    const cutShort = this.#open !== undefined;
    this.#close("incomplete");
    this.#over = true;
    const ends: Outcome | undefined = this.#cancelled ?? plan.ends;
    if (ends !== undefined) return this.#stage.onEnd(ends);
    this.#stage.onEnd(
      cutShort && maxOutputTokens !== "inf"
        ? { status: "incomplete", reason: "max_output_tokens" }
        : { status: "completed" },
    );
  }

  #place() {
    return {
      response_id: this.#stage.responseId,
      item_id: this.#open?.id,
      output_index: this.items.length - 1,
      content_index: 0,
    };
  }

  #called(item: Extract<Item, { kind: "function_call" | "mcp_call" }>) {
    const place = {
      response_id: this.#stage.responseId,
      item_id: item.id,
      output_index: this.items.length - 1,
    };
    return item.kind === "function_call" ? { ...place, call_id: item.callId } : place;
  }

  #shownPart(words: string) {
    return this.#stage.modality === "audio"
      ? { type: "audio", transcript: words }
      : { type: "text", text: words };
  }

  #send(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#stage.send({ type, ...fields });
  }
}

const ARGUMENTS = {
  function_call: "response.function_call_arguments",
  mcp_call: "response.mcp_call_arguments",
} as const;

function itemOf(output: Output, id: string, newCallId: () => string): Item {
  const status = "in_progress";
  if ("call" in output) {
    const callId = output.callId ?? newCallId();
    return { id, kind: "function_call", status, name: output.call, callId, arguments: "" };
  }
  if (!("mcp" in output)) return { id, kind: "message", role: "assistant", status, content: [] };
  const { mcp: name, server } = output;
  return {
    id,
    kind: "mcp_call",
    status,
    server,
    name,
    arguments: "",
    approvalId: null,
    output: null,
    error: null,
  };
}

const partIn = (item: Item): Part | undefined => (item.kind === "message" ? item.content[0] : undefined);
