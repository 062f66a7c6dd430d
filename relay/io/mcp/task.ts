/**
 * A call that the server runs only as a task: it is begun by one request and fetched by another. The first is made once,
 * as every call; the second changes nothing, and may be made again. After the first has been answered the tool is at
 * work, so that nothing that goes wrong later can mean that it was not done.
 * Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks
 */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { Unanswered } from "./http.ts";
import { CallResult } from "./result-text.ts";

/** The server may forget it then. No call waits so long. */
const KEPT_MS = 10 * 60 * 1000;
const MOST_FETCHES = 3;
const NEVER_MS = 2 ** 31 - 1;

const Begun = z.looseObject({ task: z.looseObject({ taskId: z.string() }).optional().catch(undefined) });
const Anything = z.looseObject({});

type Params = { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };

export async function runTask(client: Client, params: Params, signal: AbortSignal): Promise<CallResult> {
  const request = { method: "tools/call", params: { ...params, task: { ttl: KEPT_MS } } };
  const begun = await client.request(request, Begun, { signal, timeout: NEVER_MS });
  // It has answered as if it had not been asked for a task.
  if (begun.task === undefined) return CallResult.parse(begun);
  const { taskId } = begun.task;
  for (let fetches = 1; ; fetches++) {
    try {
      const fetch = { method: "tasks/result", params: { taskId } };
      return await client.request(fetch, CallResult, { signal, timeout: NEVER_MS });
    } catch (thrown) {
      if (signal.aborted) {
        const cancel = { method: "tasks/cancel", params: { taskId } };
        client.request(cancel, Anything, { timeout: NEVER_MS }).catch(() => {});
        throw new Unanswered("stopped");
      }
      if (saysThatItFailed(thrown)) throw thrown;
      if (thrown instanceof McpError || fetches === MOST_FETCHES) throw new Unanswered("broken");
    }
  }
}

/** The error that the tool ended with. One about the task itself says nothing of the tool. */
function saysThatItFailed(thrown: unknown): boolean {
  const ofTask: number[] = [ErrorCode.InvalidParams, ErrorCode.InvalidRequest, ErrorCode.MethodNotFound];
  return thrown instanceof McpError && !ofTask.includes(thrown.code);
}
