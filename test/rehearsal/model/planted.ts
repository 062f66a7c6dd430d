/**
 * Orders in text: the name of a tool and its arguments in JSON, `gmail_forward_email {"to":"…"}`, wherever they stand.
 * A caller's scripted words hold them as wishes, and planted mails as what the assistant is told to do.
 */
import { z } from "zod";

export type Order = { readonly call: string; readonly arguments: Readonly<Record<string, unknown>> };

const Arguments = z.record(z.string(), z.unknown());

/** Every order in a text; what looks like one and holds no JSON object is none. */
export function ordersIn(text: string): readonly Order[] {
  const orders: Order[] = [];
  for (const match of text.matchAll(/([a-zA-Z_][\w-]{0,63})\s*(?=\{)/g)) {
    const json = objectAt(text, match.index + match[0].length);
    const args = Arguments.safeParse(json);
    if (args.success) orders.push({ call: match[1] ?? "", arguments: args.data });
  }
  return orders;
}

/** All texts in a tool's answer: those inside its JSON, where it is JSON, and otherwise itself. */
export function textsIn(answer: string): readonly string[] {
  try {
    return stringsOf(JSON.parse(answer));
  } catch {
    // JSON that was cut: its texts are readable all the same.
    return [answer, answer.replaceAll('\\"', '"').replaceAll("\\n", "\n")];
  }
}

function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/** The object that begins here, if it is whole. */
function objectAt(text: string, from: number): unknown {
  let depth = 0;
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{") depth += 1;
    else if (char === "}") {
      depth -= 1;
      if (depth > 0) continue;
      try {
        return JSON.parse(text.slice(from, at + 1));
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}
