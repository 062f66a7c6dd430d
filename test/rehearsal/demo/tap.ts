/**
 * A tap on the line between the relay and the real model: every message passes untouched, and what is notable in it
 * is told in the stand-in's own terms, so that the demo reads both alike. It takes no part in the conversation, keeps
 * no key, and listens on this machine only.
 */
import { z } from "zod";
import { type Notable, nowAt } from "../model/records.ts";
import type { Told } from "./seen.ts";
import type { Saying } from "./voice.ts";

const PATH = "/v1/realtime";
const UPSTREAM_WITHIN_MS = 10_000;

/** Tokens, as OpenAI bills them. */
export type Usage = { audioIn: number; audioOut: number; textIn: number; textOut: number };

export type Tap = {
  usage(): Usage;
  readonly url: string;
  readonly port: number;
  openSockets(): number;
  said(responseId: string): Saying | undefined;
  told(): readonly Told[];
  stop(): Promise<void>;
};

type Line = {
  readonly upstream: WebSocket;
  socket: Bun.ServerWebSocket<Line> | undefined;
  readonly early: string[];
};
type Growing = { words: string; readonly sound: Uint8Array[]; soundBytes: number; whole: boolean };

const Delta = z.object({ response_id: z.string(), delta: z.string() });
const Tokens = z.object({ audio_tokens: z.number().default(0), text_tokens: z.number().default(0) });
const FromServer = z.discriminatedUnion("type", [
  z.object({ type: z.literal("session.updated") }),
  z.object({
    type: z.literal("input_audio_buffer.speech_started"),
    audio_start_ms: z.number(),
    item_id: z.string(),
  }),
  z.object({
    type: z.literal("input_audio_buffer.speech_stopped"),
    audio_end_ms: z.number(),
    item_id: z.string(),
  }),
  z.object({
    type: z.literal("response.created"),
    response: z.object({ id: z.string(), metadata: z.record(z.string(), z.string()).nullish() }),
  }),
  Delta.extend({ type: z.literal("response.output_audio.delta") }),
  Delta.extend({ type: z.literal("response.output_audio_transcript.delta") }),
  z.object({
    type: z.literal("response.output_item.done"),
    item: z.object({ type: z.literal("function_call"), call_id: z.string(), name: z.string() }),
  }),
  z.object({
    type: z.literal("response.done"),
    response: z.object({
      id: z.string(),
      status: z.enum(["in_progress", "completed", "cancelled", "incomplete", "failed"]),
      status_details: z.object({ reason: z.string().nullish() }).nullish(),
      usage: z.object({ input_token_details: Tokens, output_token_details: Tokens }).nullish(),
    }),
  }),
  z.object({
    type: z.literal("error"),
    error: z.object({
      code: z.string().nullish(),
      message: z.string(),
      param: z.string().nullish(),
      event_id: z.string().nullish(),
    }),
  }),
]);
const FromRelay = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("conversation.item.truncate"),
    item_id: z.string(),
    content_index: z.number(),
    audio_end_ms: z.number(),
  }),
  z.object({
    type: z.literal("conversation.item.create"),
    item: z.object({ type: z.literal("function_call_output"), call_id: z.string(), output: z.string() }),
  }),
]);

export async function startTap(terms: {
  readonly upstream: string;
  readonly onEvent: (event: Notable) => void;
}): Promise<Tap> {
  const tell = terms.onEvent;
  const responses = new Map<string, Growing>();
  const lines = new Set<Line>();
  /** The names of the tools that were called, by call id. */
  const called = new Map<string, string>();
  const told: Told[] = [];
  let opened = 0;
  const used: Usage = { audioIn: 0, audioOut: 0, textIn: 0, textOut: 0 };

  const of = (id: string): Growing => {
    const known = responses.get(id);
    if (known !== undefined) return known;
    const grown: Growing = { words: "", sound: [], soundBytes: 0, whole: false };
    responses.set(id, grown);
    return grown;
  };

  function fromServer(text: string): void {
    const parsed = FromServer.safeParse(JSON.parse(text));
    if (!parsed.success) return;
    const event = parsed.data;
    const when = { at: nowAt(), session: 0 };
    switch (event.type) {
      case "session.updated":
        return tell({ ...when, what: "settings_taken" });
      case "input_audio_buffer.speech_started":
        return tell({
          ...when,
          what: "speech_started",
          audioStartMs: event.audio_start_ms,
          itemId: event.item_id,
        });
      case "input_audio_buffer.speech_stopped":
        return tell({
          ...when,
          what: "speech_stopped",
          audioEndMs: event.audio_end_ms,
          itemId: event.item_id,
        });
      case "response.created": {
        const { id, metadata } = event.response;
        const cause = metadata ? "create" : "speech";
        return tell({ ...when, what: "response_started", responseId: id, cause, metadata: metadata ?? {} });
      }
      case "response.output_audio.delta": {
        const growing = of(event.response_id);
        const bytes = Buffer.from(event.delta, "base64");
        growing.sound.push(bytes);
        growing.soundBytes += bytes.length;
        if (growing.sound.length === 1) tell({ ...when, what: "first_sound", responseId: event.response_id });
        return;
      }
      case "response.output_audio_transcript.delta":
        of(event.response_id).words += event.delta;
        return;
      case "response.output_item.done":
        called.set(event.item.call_id, event.item.name);
        return;
      case "response.done": {
        const { id, status, status_details, usage } = event.response;
        used.audioIn += usage?.input_token_details.audio_tokens ?? 0;
        used.textIn += usage?.input_token_details.text_tokens ?? 0;
        used.audioOut += usage?.output_token_details.audio_tokens ?? 0;
        used.textOut += usage?.output_token_details.text_tokens ?? 0;
        const growing = of(id);
        growing.whole = true;
        const soundMs = growing.soundBytes / 8;
        const reason = status_details?.reason ?? null;
        return tell({
          ...when,
          what: "response_done",
          responseId: id,
          status,
          reason,
          soundMs,
          words: growing.words,
        });
      }
      case "error": {
        const { code = null, message, param = null, event_id = null } = event.error;
        const type = "invalid_request_error";
        return tell({ ...when, what: "error", type, code, message, param, eventId: event_id, about: null });
      }
      default:
        event satisfies never;
    }
  }

  function fromRelay(text: string): void {
    // Nearly all of them are audio.
    const parsed = text.includes("conversation.item.") ? FromRelay.safeParse(JSON.parse(text)) : undefined;
    if (!parsed?.success) return;
    const event = parsed.data;
    if (event.type === "conversation.item.create") {
      told.push({ tool: called.get(event.item.call_id) ?? "", output: event.item.output });
      return;
    }
    const { item_id: itemId, content_index: contentIndex, audio_end_ms: audioEndMs } = event;
    const when = { at: nowAt(), session: 0 };
    tell({ ...when, what: "truncate", itemId, contentIndex, audioEndMs, sentMs: Number.NaN, refused: null });
  }

  const server = Bun.serve<Line>({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request, bun) => {
      const upstream = `${terms.upstream}${new URL(request.url).search}`;
      const dialled = await dial(upstream, request.headers.get("authorization") ?? "", fromServer);
      if ("status" in dialled) {
        tell({ at: nowAt(), session: opened, what: "refused_handshake", status: dialled.status });
        return new Response(null, { status: dialled.status });
      }
      if (bun.upgrade(request, { data: dialled })) return undefined;
      dialled.upstream.close();
      return new Response(null, { status: 426 });
    },
    websocket: {
      maxPayloadLength: 24 * 1024 * 1024,
      perMessageDeflate: false,
      open: (socket) => {
        const line = socket.data;
        line.socket = socket;
        lines.add(line);
        opened += 1;
        const model = new URL(line.upstream.url).searchParams.get("model") ?? "";
        tell({ at: nowAt(), session: 0, what: "opened", model });
        for (const text of line.early.splice(0)) socket.send(text);
        line.upstream.onclose = ({ code, reason }) => socket.close(code === 1006 ? 1011 : code, reason);
      },
      message: ({ data: { upstream } }, message) => {
        const text = typeof message === "string" ? message : message.toString("utf8");
        fromRelay(text);
        upstream.send(text);
      },
      close: ({ data: line }, code) => {
        lines.delete(line);
        line.upstream.close();
        tell({ at: nowAt(), session: 0, what: "closed", code });
      },
    },
  });
  const { port } = server;
  if (port === undefined) throw new Error("the tap listens on no port");
  return {
    url: `ws://127.0.0.1:${port}${PATH}`,
    port,
    usage: () => used,
    openSockets: () => lines.size,
    told: () => told,
    said: (id) => {
      const known = responses.get(id);
      return (
        known && { words: known.words, sound: new Uint8Array(Buffer.concat(known.sound)), whole: known.whole }
      );
    },
    stop: async () => {
      for (const { upstream } of lines) upstream.close();
      await server.stop(true);
    },
  };
}

/** The real server first: if it refuses, the relay must be refused in the same way. */
function dial(
  url: string,
  authorization: string,
  heard: (text: string) => void,
): Promise<Line | { readonly status: number }> {
  return new Promise((resolve) => {
    const upstream = new WebSocket(url, { headers: { authorization }, perMessageDeflate: false });
    const line: Line = { upstream, socket: undefined, early: [] };
    let failure = "";
    const timer = setTimeout(() => upstream.terminate(), UPSTREAM_WITHIN_MS);
    upstream.onopen = () => {
      clearTimeout(timer);
      resolve(line);
    };
    upstream.onmessage = ({ data }) => {
      const text = String(data);
      if (line.socket === undefined) line.early.push(text);
      else line.socket.send(text);
      heard(text);
    };
    upstream.onerror = (event) => {
      failure = event instanceof ErrorEvent ? event.message : "";
    };
    upstream.onclose = () => {
      clearTimeout(timer);
      resolve({ status: Number(/status code:? ?(\d{3})/i.exec(failure)?.[1] ?? 502) });
    };
  });
}
