/**
 * The MCP side of the rehearsed tools: the SDK's own Server, one for each session, answering `tools/list` in pages and
 * `tools/call` as the behaviours have it. Transport, sessions and keys are door.ts; what a tool does is the store's.
 *
 * Answers as McpServer gives them: an unknown tool and wrong arguments are results with `isError`, not errors. The bare
 * Server is used because a list must be able to hold what no decent server would list.
 */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from "@modelcontextprotocol/sdk/types.js";
import type { Behaviour, Behaviours } from "./behaviour.ts";
import type { Answer, Offered } from "./offered.ts";

/** A `tools/call` that has reached the server, understood or not. */
export type CallSeen = {
  readonly at: number;
  readonly session: string;
  /** As it was called. */
  readonly tool: string;
  /** The action's name, where it was run through a meta-tool; otherwise the tool's. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** It was carried out, and did not refuse itself. */
  done: boolean;
  end: "under way" | "answered" | "refused" | "thrown" | "hanging" | "cut" | "cancelled";
};

/** The HTTP exchange that a call came by. */
export type Exchange = {
  /** Its connection ends after so many more bytes of the answer. */
  readonly cut: (afterBytes: number) => void;
};

export type Room = {
  readonly offered: () => readonly Offered[];
  readonly pageSize: number;
  readonly listChanged: boolean;
  readonly behaviours: Behaviours;
  readonly calls: CallSeen[];
  readonly changed: () => void;
  readonly exchange: (id: unknown) => Exchange | undefined;
};

export function serverIn(room: Room): Server {
  const server = new Server(
    { name: "rehearsed-tools", version: "1.0.0" },
    { capabilities: { tools: room.listChanged ? { listChanged: true } : {} } },
  );
  server.setRequestHandler(ListToolsRequestSchema, async ({ params }, { signal }) => {
    const { beforeMs, ends } = room.behaviours.ofList();
    await pause(beforeMs, signal);
    if (ends.is === "throw") throw new McpError(ends.code, ends.message);
    if (ends.is === "hang") await never(signal);
    return pageOf(room, params?.cursor);
  });
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sessionId, authInfo }) => {
    const args = params.arguments ?? {};
    const use = room
      .offered()
      .find(({ listing }) => listing.name === params.name)
      ?.use(args);
    const call: CallSeen = {
      at: Date.now(),
      session: sessionId ?? "",
      tool: params.name,
      name: use?.name ?? params.name,
      arguments: args,
      done: false,
      end: "under way",
    };
    room.calls.push(call);
    room.changed();
    const ended = (end: CallSeen["end"]): void => {
      call.end = end;
      room.changed();
    };
    if (use === undefined) {
      ended("refused");
      return resultOf({ isError: true, value: [] }, `MCP error -32602: Tool ${params.name} not found`);
    }
    const behaviour = room.behaviours.ofCall(use.name);
    await pause(behaviour.beforeMs, signal);
    if (signal.aborted) {
      ended("cancelled");
      return resultOf(NOTHING);
    }
    const answer = behaviour.done ? use.perform() : NOTHING;
    call.done = behaviour.done && !answer.isError;
    room.changed();
    await pause(behaviour.afterMs, signal);
    return end(behaviour.ends, answer, signal, ended, room.exchange(authInfo?.extra?.exchange));
  });
  return server;
}

const NOTHING: Answer = { isError: false, value: { results: [] } };

async function end(
  ends: Behaviour["ends"],
  answer: Answer,
  signal: AbortSignal,
  ended: (end: CallSeen["end"]) => void,
  exchange: Exchange | undefined,
): Promise<CallToolResult> {
  switch (ends.is) {
    case "answer":
      ended(answer.isError ? "refused" : "answered");
      return resultOf(answer);
    case "error":
      ended("refused");
      return resultOf({ isError: true, value: [] }, ends.text);
    case "throw":
      ended("thrown");
      throw new McpError(ends.code, ends.message);
    case "hang":
      ended("hanging");
      await never(signal);
      return resultOf(NOTHING);
    case "cut":
      ended("cut");
      exchange?.cut(ends.afterBytes);
      return resultOf(answer);
    case "long":
      ended("answered");
      return resultOf(answer, JSON.stringify(answer.value) + filler(ends.chars));
    case "unstructured": {
      ended("answered");
      const { structuredContent: _, ...rest } = resultOf(answer);
      return rest;
    }
    default:
      return ends satisfies never;
  }
}

/** Structured content goes with every answer that is an object: without an outputSchema nobody looks at it. */
function resultOf({ isError, value }: Answer, text = JSON.stringify(value)): CallToolResult {
  const content: CallToolResult["content"] = [{ type: "text", text }];
  if (isError) return { content, isError };
  return Array.isArray(value) ? { content } : { content, structuredContent: { ...value } };
}

function pageOf({ offered, pageSize }: Room, cursor: string | undefined): Record<string, unknown> {
  const all = offered();
  const from = cursor === undefined ? 0 : Number(/^after-(\d+)$/.exec(cursor)?.[1]);
  if (!(from >= 0 && from <= all.length)) throw new McpError(ErrorCode.InvalidParams, "Invalid cursor");
  const to = from + pageSize;
  return {
    tools: all.slice(from, to).map(({ listing }) => listing),
    ...(to < all.length ? { nextCursor: `after-${to}` } : {}),
  };
}

const WORDS = "and so on, and so forth, with a great deal more of the same; ";
const filler = (chars: number): string => ` ${WORDS.repeat(Math.ceil(chars / WORDS.length))}`.slice(0, chars);

/** Over at once when the call is cancelled. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}

/** Until the call is cancelled or its session closed. */
function never(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve());
  return promise;
}
