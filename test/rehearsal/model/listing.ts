/**
 * GET /v1/models/{model}: whether a key may use a model, which costs nothing to ask.
 * https://platform.openai.com/docs/api-reference/models/retrieve
 */
import type { Options } from "./options.ts";

/** undefined: it was asked for something else. */
export function modelAnswer(request: Request, { key, models }: Options): Response | undefined {
  const model = /^\/v1\/models\/([^/]+)$/.exec(new URL(request.url).pathname)?.[1];
  if (model === undefined || request.method !== "GET") return undefined;
  const no = (status: number, code: string, message: string): Response =>
    Response.json({ error: { type: "invalid_request_error", code, message, param: null } }, { status });
  if (request.headers.get("authorization") !== `Bearer ${key}`) {
    return no(401, "invalid_api_key", "Incorrect API key provided.");
  }
  const id = decodeURIComponent(model);
  if (!models.includes(id)) {
    return no(404, "model_not_found", `The model '${id}' does not exist or you do not have access to it.`);
  }
  return Response.json({ id, object: "model", created: 1_780_000_000, owned_by: "system" });
}
