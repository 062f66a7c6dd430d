/**
 * Webhooks that somebody did sign, and that are not for us: by Twilio for another address or another account, or by
 * whoever has another account's auth token.
 */
import { ACCOUNT, AUTH_TOKEN } from "../../functions/signed.ts";
import {
  type Captured,
  captured,
  type Parameters,
  parametersOf,
  rewritten,
  signatureFor,
} from "./captured.ts";
import type { Dice } from "./dice.ts";

/** Twilio's own signature, for another of its addresses: a second service, a test stage, a port, a path. */
export function elsewhere(from: Captured, _: readonly Captured[], dice: Dice): Captured {
  const { host } = new URL(from.base);
  const bases = [
    ...[
      `https://${host}:8443`,
      `https://${host}:80`,
      `https://${host}:444`,
      `http://${host}`,
      `http://${host}:443`,
    ],
    ...[`wss://${host}`, `https://${host}.evil.example.com`, `https://evil.example.com`, `https://${host}.`],
    ...[
      `https://user@${host}`,
      `https://${host}/v2`,
      `https://www.${host}`,
      `https://${host}%00`,
      "https://",
      "",
    ],
  ] as const;
  const paths = ["", "/", "/x", "//", "/../pin", "?a=b", "#a", "%20", ".js", ".protected"] as const;
  const isBase = dice.below(2) === 0;
  const base = isBase ? dice.pick(bases) : from.base;
  const path = isBase ? from.path : `${from.path}${dice.pick(paths)}`;
  const varied = [...parametersOf(from), [`Varied${dice.below(1e9)}`, ""] as const];
  const url = `${base}${path}${from.query === "" ? "" : `?${from.query}`}`;
  const signature = signatureFor(isBase || path !== from.path ? url : `${url}/`, varied);
  return { ...rewritten(from, varied), signature };
}

/** Signed by Twilio with our auth token, and for an account that is not ours, or not any more. */
export function stale(from: Captured, _: readonly Captured[], dice: Dice): Captured {
  const hex = Array.from({ length: 32 }, () => "0123456789abcdef".charAt(dice.below(16))).join("");
  const other = dice.pick([
    `AC${hex}`,
    ACCOUNT.toUpperCase(),
    `${ACCOUNT} `,
    ACCOUNT.slice(0, -1),
    "",
    `AC${hex}0`,
  ] as const);
  const parameters: Parameters = [
    ...parametersOf(from).map(([name, value]) => [name, name === "AccountSid" ? other : value] as const),
    [`Varied${dice.below(1e9)}`, ""],
  ];
  return captured(from.base, from.path, from.query, parameters);
}

export function otherToken(from: Captured, _: readonly Captured[], dice: Dice): Captured {
  const token = dice.pick([
    "",
    AUTH_TOKEN.slice(1),
    `${AUTH_TOKEN}0`,
    AUTH_TOKEN.toUpperCase(),
    "f".repeat(32),
  ] as const);
  const varied: Parameters = [...parametersOf(from), [`Varied${dice.below(1e9)}`, ""]];
  const url = `${from.base}${from.path}${from.query === "" ? "" : `?${from.query}`}`;
  return { ...rewritten(from, varied), signature: signatureFor(url, varied, token) };
}
