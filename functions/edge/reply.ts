/**
 * What a webhook answers, as a value, and the one place where it is handed to Twilio's runtime.
 *
 * The runtime hangs until its 10 s limit when `callback` is not called, and fails the call when a handler throws;
 * so every handler runs inside `answer`, which calls back once, whatever happens.
 */
import type { ServerlessCallback, TwilioResponse } from "@twilio-labs/serverless-runtime-types/types";
import { log } from "./log.ts";
import { farewell } from "./sentences.ts";
import type { Problem } from "./settings.ts";
import { twiml, type Verb } from "./twiml.ts";
import { UNMARKED, VERSION_HEADER } from "./version.ts";
import type { WebhookRefusal } from "./webhook.ts";

export type Reply =
  | { readonly kind: "twiml"; readonly verbs: readonly Verb[] }
  /** Heard and noted; there is nothing to say. */
  | { readonly kind: "noted" }
  /** Not from Twilio: no TwiML, no reason. */
  | { readonly kind: "forbidden" };

export const say = (verbs: readonly Verb[]): Reply => ({ kind: "twiml", verbs });

/** The owner is told what to mend; the caller only that it does not work. */
export function misconfigured(problems: readonly Problem[]): Reply {
  for (const problem of problems) log({ event: "misconfigured", ...problem });
  return say(farewell("unavailable"));
}

export function notFromTwilio(path: string, refusal: WebhookRefusal): Reply {
  log({ event: "webhook_refused", path, ...refusal });
  return { kind: "forbidden" };
}

/** @param otherwise the answer when `work` throws, which is a bug of ours and must not be the caller's silence */
export async function answer(
  { path, response, callback }: { path: string; response: TwilioResponse; callback: ServerlessCallback },
  otherwise: Reply,
  work: () => Promise<Reply>,
): Promise<void> {
  let reply = otherwise;
  try {
    reply = await work();
  } catch (error) {
    log({ event: "bug", path, ...described(error) });
  }
  callback(null, filled(response, reply));
}

function filled(response: TwilioResponse, reply: Reply): TwilioResponse {
  switch (reply.kind) {
    case "twiml":
      return marked(response).appendHeader("Content-Type", "text/xml").setBody(twiml(reply.verbs));
    case "noted":
      return marked(response).setStatusCode(204).setBody("");
    case "forbidden":
      return response.setStatusCode(403).appendHeader("Content-Type", "text/plain").setBody("");
    default:
      return reply satisfies never;
  }
}

/** Only for Twilio, and for whoever can sign as Twilio does. */
const marked = (response: TwilioResponse): TwilioResponse => response.appendHeader(VERSION_HEADER, UNMARKED);

/** An error's message may quote what it choked on, so only its name and the places in our code are kept. */
function described(error: unknown): { error: string; stack: readonly string[] } {
  if (!(error instanceof Error)) return { error: typeof error, stack: [] };
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return { error: error.name, stack: places.slice(0, 8).map((line) => line.trim()) };
}
