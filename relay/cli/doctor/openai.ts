/**
 * Whether OpenAI takes the key, knows the model, and opens a session: what every call begins with. Nothing is spent: a
 * model is looked up, and a session is closed as soon as it stands, before anything was said in it.
 * https://platform.openai.com/docs/guides/error-codes, https://platform.openai.com/docs/api-reference/models/retrieve
 */
import { z } from "zod";
import type { Config } from "../../config.ts";
import { dialModel } from "../../io/model.ts";
import { type Asking, ill, Line, nothing, type Verdict, well } from "./line.ts";

const KEYS = "platform.openai.com/api-keys";
const Failed = z.object({ error: z.object({ code: z.string().nullish(), type: z.string().nullish() }) });
const Event = z.looseObject({ type: z.string() });

export type OpenAiLines = { readonly model: Line<void>; readonly session: Line<void> };

export function openAiLines(settings: Line<Config>): OpenAiLines {
  const model = new Line<void>(
    { group: "openai", name: "model", title: "key and model", lateMend: NETWORK },
    (asking) => looked(settings, asking),
  );
  const session = new Line<void>(
    { group: "openai", name: "session", title: "a session", lateMend: NETWORK },
    (asking) => opened(settings, asking),
  );
  return { model, session };
}

const NETWORK =
  "look at this machine's network, at OPENAI_REALTIME_URL where it is set, and at status.openai.com";

/** Beside `…/realtime`, whatever stands before it. */
export function modelUrl(realtimeUrl: string, model: string): string {
  const url = new URL(realtimeUrl);
  url.protocol = url.protocol === "ws:" ? "http:" : "https:";
  url.pathname = url.pathname.replace(/\/[^/]*\/?$/, `/models/${encodeURIComponent(model)}`);
  url.search = "";
  return url.href;
}

async function looked(settings: Line<Config>, { have, signal }: Asking): Promise<Verdict<void>> {
  const { realtimeUrl, apiKey, settings: chosen } = await have(settings);
  let response: Response;
  try {
    const headers = { authorization: `Bearer ${apiKey.reveal()}` };
    response = await fetch(modelUrl(realtimeUrl, chosen.model), { headers, redirect: "manual", signal });
  } catch {
    return ill(`nobody answers at ${hostOf(realtimeUrl)}`, NETWORK);
  }
  const { status } = response;
  if (response.ok) return well(`the key is taken, and ${chosen.model} is allowed`, undefined);
  const code = codeIn(await response.text().catch(() => ""));
  // Of a key that may only do some things; whether it may do this one tells the session.
  if (status === 403 && code !== "model_not_found")
    return nothing("this key may not list models, and need not");
  if (status === 404 && code !== "model_not_found") return nothing(`${hostOf(realtimeUrl)} lists no models`);
  return refused(status, code, chosen.model);
}

function opened(settings: Line<Config>, asking: Asking): Promise<Verdict<void>> {
  const { promise, resolve, reject } = Promise.withResolvers<Verdict<void>>();
  asking
    .have(settings)
    .then(({ realtimeUrl: url, apiKey, settings: { model } }) => {
      const line = dialModel(
        { url, model, apiKey },
        {
          modelOpened: () => {},
          modelSaid: (_line, text) => {
            const event = Event.safeParse(jsonOf(text ?? ""));
            if (!event.success || (event.data.type !== "session.created" && event.data.type !== "error"))
              return;
            resolve(
              event.data.type === "error"
                ? refused(undefined, codeIn(text ?? ""), model)
                : well(`${model} answers at ${hostOf(url)}; closed before anything was spent`, undefined),
            );
            line.close();
          },
          modelClosed: (_line, _code, status) =>
            resolve(
              status === undefined
                ? ill(`no session at ${hostOf(url)}: the connection was lost or refused`, NETWORK)
                : refused(status, undefined, model),
            ),
        },
      );
      asking.signal.addEventListener("abort", () => line.close());
    })
    .catch(reject);
  return promise;
}

function refused(status: number | undefined, code: string | undefined, model: string): Verdict<never> {
  switch (code) {
    case "invalid_api_key":
      return refused(401, undefined, model);
    case "model_not_found":
      return refused(404, undefined, model);
    case "insufficient_quota":
    case "billing_hard_limit_reached":
      return ill(
        "the account has no credit left (insufficient_quota)",
        "add credit at platform.openai.com/settings/organization/billing, or raise the project's limit there",
      );
    case "rate_limit_exceeded":
      return ill(
        "OpenAI is asked too often just now (rate_limit_exceeded)",
        "wait a minute and run this again; the limits stand at platform.openai.com/settings/organization/limits",
      );
  }
  switch (status) {
    case 401:
      return ill(
        "OpenAI does not take the key (401)",
        `make a new one at ${KEYS}, put it into OPENAI_API_KEY, and restart the relay`,
      );
    case 403:
      return ill(
        "the key is taken, but may not do this (403)",
        `allow it "Realtime" and "Models" at ${KEYS} (Permissions: All), or use a key of a project that may; some countries are not served at all`,
      );
    case 404:
      return ill(
        `OpenAI knows no model "${model}" that this key may use (404)`,
        "set OPENAI_MODEL=gpt-realtime-2.1, or allow the model to the key's project (platform.openai.com/settings, Limits)",
      );
    case 429:
      return ill(
        "OpenAI refuses for now (429): too many requests, or no credit left",
        "add credit at platform.openai.com/settings/organization/billing; if there is some, wait a minute and run this again",
      );
  }
  const what = [status, code].filter((part) => part !== undefined).join(", ");
  return ill(
    `OpenAI does not open a session (${what || "no reason given"})`,
    "look at status.openai.com; if all is well there, check OPENAI_MODEL and OPENAI_REALTIME_URL",
  );
}

const hostOf = (url: string): string => new URL(url).host;

/** Only what has the form of a code: the rest of an error may quote the key. */
function codeIn(text: string): string | undefined {
  const failed = Failed.safeParse(jsonOf(text));
  const code = failed.success ? (failed.data.error.code ?? failed.data.error.type ?? "") : "";
  return /^[a-z][a-z_]{1,63}$/.test(code) ? code : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
