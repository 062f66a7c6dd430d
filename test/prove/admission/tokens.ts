/**
 * Hostile tokens against the contract itself, and over the wire against the real relay, each with Twilio's signature
 * over the very URL: the token alone must refuse it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyFrom, MEDIA_STREAM_PATH, verifyStreamToken } from "../../../relay/contract.ts";
import { NEW_FOR_S } from "../../../relay/io/records.ts";
import { Store } from "../../../relay/io/store.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID, freePort, startRelay, TOKEN_SECRET } from "../../rehearsal/relay.ts";
import { addressOf, knockAt, signatureOf } from "./door.ts";
import type { Terms } from "./forge.ts";
import { goodTokens, hostileTokens } from "./hostile/tokens.ts";
import { startSilentModel } from "./silent-model.ts";

export const RELAY_NAME = "wss://relay.example.com";
export const OLDER_SECRET = "the secret that was there before it and is long enough";

export const termsNow = (): Terms => ({
  secret: TOKEN_SECRET,
  relay: RELAY_NAME,
  accountSid: ACCOUNT_SID,
  callSid: newSid("CA"),
  nowS: Math.floor(Date.now() / 1000),
});

export type Verdicts = {
  readonly hostile: number;
  /** The names of the hostile ones that came in. */
  readonly accepted: readonly string[];
  readonly good: number;
  /** The names of the good ones that did not. */
  readonly refused: readonly string[];
};

export async function verifyHostileTokens(): Promise<Verdicts> {
  const terms = { ...termsNow(), nowS: 1_800_000_000 };
  const keys = [await keyFrom(terms.secret), await keyFrom(OLDER_SECRET)];
  const isTaken = async (token: string) => (await verifyStreamToken(keys, token, terms.relay, terms.nowS)).ok;
  const hostile = await hostileTokens(terms);
  const accepted: string[] = [];
  for (const [name, token] of hostile) if (await isTaken(token)) accepted.push(name);
  const good = Object.entries(await goodTokens(terms, OLDER_SECRET));
  const refused: string[] = [];
  for (const [name, token] of good) if (!(await isTaken(token))) refused.push(name);
  return { hostile: hostile.size, accepted, good: good.length, refused };
}

export type WireVerdicts = Verdicts & {
  readonly knocks: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Sessions that the relay had opened with the model before the first good token: money spent on strangers. */
  readonly sessions: number;
};

const AT_ONCE = 16;
/** So old is the relay's file of uses when it starts. */
const OLD_FOR_S = 10 * NEW_FOR_S;
/** HTTP's own refusals, before the relay is asked: a request line that is none, and one that is too long. */
const REFUSALS = new Set([400, 401, 404, 414, 431, 505]);

export async function knockWithHostileTokens(): Promise<WireVerdicts> {
  const model = startSilentModel();
  const dataDir = mkdtempSync(join(tmpdir(), "hostile-"));
  // A new one takes no token that was made before it, good or hostile: the token alone is to decide.
  Store.open(dataDir, termsNow().nowS - OLD_FOR_S).close();
  const relay = await startRelay(freePort(), {
    modelUrl: model.url,
    modelKey: "sk-hostile",
    dataDir,
    env: {
      RELAY_URL: RELAY_NAME,
      STREAM_TOKEN_SECRET: `${TOKEN_SECRET},${OLDER_SECRET}`,
      MAX_CALLS: "100",
      DRAIN_SECONDS: "0",
    },
  });
  try {
    const byStatus: Record<string, number> = {};
    let knocks = 0;
    const ask = (token: string) =>
      knockAt({
        port: relay.port,
        path: `${MEDIA_STREAM_PATH}${token}`,
        signature: signatureOf(`${RELAY_NAME}${MEDIA_STREAM_PATH}${token}`),
        from: addressOf(knocks++),
      });
    const hostile = await hostileTokens(termsNow());
    const accepted: string[] = [];
    const spelled = [...hostile].flatMap(([name, token]) =>
      spellingsOf(token).map((spelling) => ({ name, spelling })),
    );
    for (let from = 0; from < spelled.length; from += AT_ONCE) {
      await Promise.all(
        spelled.slice(from, from + AT_ONCE).map(async ({ name, spelling }) => {
          const status = await ask(spelling);
          byStatus[status] = (byStatus[status] ?? 0) + 1;
          if (!REFUSALS.has(status)) accepted.push(`${name}: ${status}`);
        }),
      );
    }
    const sessions = model.sessions();
    // Each of its own call: a second stream of one call's attempt is refused, and should be.
    const refused: string[] = [];
    const names = Object.keys(await goodTokens(termsNow(), OLDER_SECRET));
    for (const name of names) {
      const token = (await goodTokens(termsNow(), OLDER_SECRET))[name] ?? "";
      const status = await ask(token);
      if (status !== 101) refused.push(`${name}: ${status}`);
    }
    return {
      hostile: hostile.size,
      accepted,
      good: names.length,
      refused,
      knocks,
      byStatus,
      sessions,
    };
  } finally {
    await relay.kill("SIGKILL");
    await model.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** As it is, where a request line can hold it; percent-encoded, where it has letters that no path may have; both. */
function spellingsOf(token: string): readonly string[] {
  const encoded = token.replaceAll(/[^\x21-\x7e]|["#<>?`{}|\\^]/gu, encodeSafely);
  return encoded === token ? [token] : [token, encoded];
}

function encodeSafely(letter: string): string {
  return [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
