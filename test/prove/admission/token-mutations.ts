/**
 * Mutations of a good token, as an attacker without the secret can make them: bits, letters, lengths, and parts of
 * other good tokens. From a seed, so that a failure can be had again.
 */
import { keyFrom, verifyStreamToken } from "../../../relay/contract.ts";
import { type Dice, diceOf } from "./dice.ts";
import { base64url, claimsOf, forge, headerOf, type Terms } from "./forge.ts";

type Mutate = (parts: readonly [string, string, string], others: Others, dice: Dice) => string;
/** Parts of good tokens of other calls: what an attacker who has seen several can put together. */
type Others = readonly (readonly [string, string, string])[];

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BESIDE = `${ALPHABET}=.+/ %\0\n~`;

const join = (parts: readonly string[]): string => parts.join(".");
const letterOf = (letters: string, dice: Dice): string => letters.charAt(dice.below(letters.length));

/** One part, decoded, changed, and encoded again; canonical, so that only the change can be what refuses it. */
const within =
  (change: (bytes: Buffer, dice: Dice) => Buffer): Mutate =>
  (parts, _, dice) => {
    const at = dice.below(3);
    return join(
      parts.map((part, index) =>
        index === at ? base64url(change(Buffer.from(part, "base64url"), dice)) : part,
      ),
    );
  };

const MUTATIONS: Readonly<Record<string, Mutate>> = {
  "a bit flipped": within((bytes, dice) => {
    const at = dice.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
    return bytes;
  }),
  "a byte written over": within((bytes, dice) => {
    bytes[dice.below(bytes.length)] = dice.below(256);
    return bytes;
  }),
  "a digit or letter of the claims for another": (parts, _, dice) => {
    const text = Buffer.from(parts[1], "base64url").toString("latin1");
    const at = dice.below(text.length);
    const letter = letterOf('0123456789abcdefABCDEF":,{}[]-.e', dice);
    return join([
      parts[0],
      base64url(Buffer.from(text.slice(0, at) + letter + text.slice(at + 1), "latin1")),
      parts[2],
    ]);
  },
  "bytes cut out of a part": within((bytes, dice) => {
    const from = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + dice.below(8))]);
  }),
  "bytes put into a part": within((bytes, dice) => {
    const at = dice.below(bytes.length + 1);
    const more = Buffer.from(Array.from({ length: 1 + dice.below(8) }, () => dice.below(256)));
    return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
  }),
  "a letter for another of the alphabet": (parts, _, dice) => {
    const token = join(parts);
    const at = dice.below(token.length);
    return token.slice(0, at) + letterOf(ALPHABET, dice) + token.slice(at + 1);
  },
  "a letter for one beside the alphabet": (parts, _, dice) => {
    const token = join(parts);
    const at = dice.below(token.length);
    return token.slice(0, at) + letterOf(BESIDE, dice) + token.slice(at + 1);
  },
  "two letters exchanged": (parts, _, dice) => {
    const letters = [...join(parts)];
    const [a, b] = [dice.below(letters.length), dice.below(letters.length)];
    [letters[a], letters[b]] = [letters[b] ?? "", letters[a] ?? ""];
    return letters.join("");
  },
  "letters put in": (parts, _, dice) => {
    const token = join(parts);
    const at = dice.below(token.length + 1);
    const more = Array.from({ length: 1 + dice.below(4) }, () => letterOf(BESIDE, dice)).join("");
    return token.slice(0, at) + more + token.slice(at);
  },
  "letters taken out": (parts, _, dice) => {
    const token = join(parts);
    const at = dice.below(token.length);
    return token.slice(0, at) + token.slice(at + 1 + dice.below(4));
  },
  "cut off at an end": (parts, _, dice) => {
    const token = join(parts);
    const count = 1 + dice.below(token.length);
    return dice.below(2) === 0 ? token.slice(0, -count) : token.slice(count);
  },
  "parts in another order, twice or left out": (parts, _, dice) =>
    join(Array.from({ length: 2 + dice.below(3) }, () => parts[dice.pick([0, 1, 2] as const)])),
  "a part of another good token": (parts, others, dice) => {
    const other = others[dice.below(others.length)] ?? parts;
    const at = dice.below(3);
    return join(parts.map((part, index) => (index === at ? (other[index] ?? "") : part)));
  },
  "the beginning of one and the end of another": (parts, others, dice) => {
    const [token, other] = [join(parts), join(others[dice.below(others.length)] ?? parts)];
    const at = dice.below(token.length);
    return token.slice(0, at) + other.slice(at);
  },
};

export type Outcome = {
  /** Those that were the original, or another good token put together again, are not counted. */
  readonly tried: number;
  readonly accepted: readonly string[];
  readonly byKind: Readonly<Record<string, number>>;
  readonly byRefusal: Readonly<Record<string, number>>;
};

const OTHERS = 16;
/** A fresh original now and then, so that no property of one token's bytes decides. */
const EACH_ORIGINAL = 5_000;

export async function tryTokenMutations(
  terms: Terms,
  { count, seed }: { count: number; seed: number },
  tell: (done: number) => void,
  verify: typeof verifyStreamToken = verifyStreamToken,
): Promise<Outcome> {
  const dice = diceOf(seed);
  const keys = [await keyFrom(terms.secret)];
  const header = await headerOf(terms);
  const good = () => forge(header, claimsOf(terms), terms.secret);
  const partsOf = (token: string) => {
    const [first = "", second = "", third = ""] = token.split(".");
    return [first, second, third] as const;
  };
  const others: Others = Array.from({ length: OTHERS }, () => partsOf(good()));
  const goods = new Set(others.map(join));

  const byKind: Record<string, number> = {};
  const byRefusal: Record<string, number> = {};
  const accepted: string[] = [];
  const kinds = Object.entries(MUTATIONS);
  let original = "";
  for (let tried = 0; tried < count; ) {
    if (tried % EACH_ORIGINAL === 0) {
      goods.delete(original);
      original = good();
      const verified = await verify(keys, original, terms.relay, terms.nowS);
      if (!verified.ok) throw new Error(`an original is refused: ${verified.why}`);
      goods.add(original);
      tell(tried);
    }
    const [kind, mutate] = kinds[dice.below(kinds.length)] ?? kinds[0] ?? ["", join];
    const mutant = mutate(partsOf(original), others, dice);
    if (goods.has(mutant)) continue;
    tried++;
    byKind[kind] = (byKind[kind] ?? 0) + 1;
    const verified = await verify(keys, mutant, terms.relay, terms.nowS);
    if (verified.ok) accepted.push(`${kind}: ${mutant}`);
    else byRefusal[verified.why] = (byRefusal[verified.why] ?? 0) + 1;
  }
  return { tried: count, accepted, byKind, byRefusal };
}
