/**
 * Hostile from outside: a good token in another spelling, in another wrapping, with another signature, and good
 * tokens that are for something else.
 */
import { createHash } from "node:crypto";
import {
  callerIdOf,
  keyFrom,
  mintEndingToken,
  mintPinState,
  mintState,
  mintTransferState,
  mintTriesToken,
  newTryId,
} from "../../../../relay/contract.ts";
import { base64url, claimsOf, forge, headerOf, hmac, type Named, type Terms } from "../forge.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The same bytes, with bits set in the last character that no byte uses; undefined where it has none such. */
function twinsOf(part: string): readonly string[] {
  const unused = part.length % 4 === 2 ? 4 : part.length % 4 === 3 ? 2 : 0;
  const last = ALPHABET.indexOf(part.slice(-1));
  return Array.from(
    { length: 2 ** unused - 1 },
    (_, bits) => part.slice(0, -1) + ALPHABET.charAt(last ^ (bits + 1)),
  );
}

export async function hostileSpellings(terms: Terms): Promise<Named> {
  const header = await headerOf(terms);
  const good = () => {
    const token = forge(header, claimsOf(terms), terms.secret);
    const [first = "", second = "", third = ""] = token.split(".");
    return { token, first, second, third };
  };
  const { token, first, second, third } = good();
  const named: Record<string, string> = {
    "padding after the signature": `${token}=`,
    "padding after the header": `${first}=.${second}.${third}`,
    "padding after the claims": `${first}.${second}==.${third}`,
    "a space before": ` ${token}`,
    "a space after": `${token} `,
    "a tab after": `${token}\t`,
    "a line after": `${token}\n`,
    "a carriage return and a line after": `${token}\r\n`,
    "a space within": `${first}. ${second}.${third}`,
    "a line within a part": `${first}.${second.slice(0, 76)}\n${second.slice(76)}.${third}`,
    "a NUL after": `${token}\0`,
    "a NUL and more after": `${token}\0.png`,
    "a NUL within": `${first}\0.${second}.${third}`,
    "a byte-order mark before": `\ufeff${token}`,
    "a space of no width within": `${first}.\u200b${second}.${third}`,
    "a letter that looks alike": token.replace("e", "\u0435"),
    "a full-width letter": token.replace("e", "ｅ"),
    "dots of another alphabet": `${first}\u3002${second}\u3002${third}`,
    "its dots percent-encoded": `${first}%2E${second}%2E${third}`,
    "its first letter percent-encoded": `%65${token.slice(1)}`,
    "all of it percent-encoded": [...token].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(""),
    "percent-encoded twice": `%2565${token.slice(1)}`,
    "a NUL percent-encoded after": `${token}%00`,
    "a dot before": `.${token}`,
    "a dot after": `${token}.`,
    "two dots within": `${first}..${second}.${third}`,
    "a fourth part": `${token}.${third}`,
    "a fourth part, empty, and a fifth": `${token}..`,
    "five parts, as of an encrypted token": `${first}.${base64url("key")}.${base64url("iv")}.${second}.${third}`,
    "one part": first,
    "two parts": `${first}.${second}`,
    "no header": `.${second}.${third}`,
    "no claims": `${first}..${third}`,
    "no signature": `${first}.${second}.`,
    "parts in another order": `${second}.${first}.${third}`,
    "nothing at all": "",
    "a dot": ".",
    "two dots": "..",
    null: "null",
    undefined: "undefined",
    "with the word Bearer": `Bearer ${token}`,
    "in quotes": `"${token}"`,
    twice: `${token}${token}`,
    "twice, with a comma": `${token},${token}`,
    "with a way back": `../media-stream/${token}/../x`,
    "with a slash after": `${token}/`,
    "with a backslash after": `${token}\\`,
    "with a semicolon and more": `${token};a=b`,
    "flattened JSON serialisation": JSON.stringify({ protected: first, payload: second, signature: third }),
    "general JSON serialisation": JSON.stringify({
      payload: second,
      signatures: [{ protected: first, signature: third }],
    }),
    "JSON serialisation in base64url": base64url(
      JSON.stringify({ protected: first, payload: second, signature: third }),
    ),
    "in capitals": token.toUpperCase(),
    "64 KB of one letter": "A".repeat(64 * 1024),
    "64 KB of dots": ".".repeat(64 * 1024),
    "a signature of 64 KB": `${first}.${second}.${"A".repeat(64 * 1024)}`,
    "a token and 64 KB of padding": `${token}${"=".repeat(64 * 1024)}`,
  };
  for (const [index, twin] of twinsOf(third).entries()) {
    named[`the signature's unused bits flipped, ${index + 1}`] = `${first}.${second}.${twin}`;
  }
  // The signature is over the spelling, so that nothing but the spelling is wrong.
  for (const twin of twinsOf(first).slice(0, 3)) {
    named[`the header's unused bits flipped, ${twin.slice(-1)}`] = signed(`${twin}.${second}`, terms);
  }
  for (const lengthen of ["", "x", "xx"]) {
    const claims = base64url(`${JSON.stringify(claimsOf(terms))}${lengthen.replaceAll("x", " ")}`);
    for (const twin of twinsOf(claims).slice(0, 3)) {
      named[`the claims' unused bits flipped, ${lengthen.length} and ${twin.slice(-1)}`] = signed(
        `${first}.${twin}`,
        terms,
      );
    }
  }
  let odd = good();
  while (!/[-_]/.test(odd.third)) odd = good();
  named["the signature in the other base64 alphabet"] =
    `${odd.first}.${odd.second}.${odd.third.replaceAll("-", "+").replaceAll("_", "/")}`;
  named["the signature in the other alphabet, and padded"] =
    `${odd.first}.${odd.second}.${Buffer.from(odd.third, "base64url").toString("base64")}`;
  named["header and claims in the other alphabet, and signed so"] = signed(
    `${Buffer.from(first, "base64url").toString("base64")}.${Buffer.from(second, "base64url").toString("base64")}`,
    terms,
  );
  named["the signature in hexadecimal"] =
    `${first}.${second}.${Buffer.from(third, "base64url").toString("hex")}`;
  return named;
}

const signed = (text: string, { secret }: Terms): string => `${text}.${base64url(hmac(secret, text))}`;

export async function hostileSignatures(terms: Terms): Promise<Named> {
  const { secret } = terms;
  const header = await headerOf(terms);
  const claims = claimsOf(terms);
  const token = forge(header, claims, secret);
  const [first = "", second = "", third = ""] = token.split(".");
  const bytes = Buffer.from(third, "base64url");
  const by = (key: string | Uint8Array) => forge(header, claims, key);
  const withSignature = (signature: Uint8Array) => `${first}.${second}.${base64url(signature)}`;
  const other = "another secret, also of thirty-two bytes";
  return {
    "an empty key": by(""),
    "a key of one zero byte": by(new Uint8Array(1)),
    "a key of 32 zero bytes": by(new Uint8Array(32)),
    "a key of 64 zero bytes": by(new Uint8Array(64)),
    "the secret with a line after it": by(`${secret}\n`),
    "the secret without its last byte": by(secret.slice(0, -1)),
    "the secret in base64": by(Buffer.from(secret).toString("base64")),
    "the secret in hexadecimal": by(Buffer.from(secret).toString("hex")),
    "the secret's hash": by(createHash("sha256").update(secret).digest()),
    "the kid for a key": by(header.kid),
    "the word secret": by("secret"),
    "the words undefined and null": by("undefined"),
    "another secret under the name of ours": by(other),
    "another secret under its own name": forge({ ...header, kid: (await keyFrom(other)).kid }, claims, other),
    "a signature of zeros": withSignature(new Uint8Array(32)),
    "a signature cut to 16 bytes": withSignature(bytes.subarray(0, 16)),
    "a signature cut to one byte": withSignature(bytes.subarray(0, 1)),
    "a signature of 31 bytes": withSignature(bytes.subarray(0, 31)),
    "a signature of 33 bytes": withSignature(Buffer.concat([bytes, new Uint8Array(1)])),
    "a signature twice": withSignature(Buffer.concat([bytes, bytes])),
    "a signature backwards": withSignature(Buffer.from(bytes.toReversed())),
    "a hash without a key": withSignature(createHash("sha256").update(`${first}.${second}`).digest()),
    "a hash of key and text": withSignature(
      createHash("sha256").update(`${secret}${first}.${second}`).digest(),
    ),
    "a signature over the claims alone": withSignature(hmac(secret, second)),
    "a signature over the JSON": withSignature(
      hmac(secret, `${JSON.stringify(header)}.${JSON.stringify(claims)}`),
    ),
    "a signature over the text with a dot after it": withSignature(hmac(secret, `${first}.${second}.`)),
    "a signature of another good token": `${first}.${second}.${
      forge(header, claimsOf({ ...terms, callSid: `CA${"9".repeat(32)}` }), secret).split(".")[2]
    }`,
    "the claims of another good token": `${first}.${
      forge(header, claimsOf({ ...terms, callSid: `CA${"9".repeat(32)}` }), secret).split(".")[1]
    }.${third}`,
    "an HMAC with SHA-1": forge(header, claims, secret, "sha1"),
    "an HMAC with SHA-384": forge(header, claims, secret, "sha384"),
    "an HMAC with SHA-512": forge(header, claims, secret, "sha512"),
    "an HMAC with MD5": forge(header, claims, secret, "md5"),
    "an HMAC with SHA-512, cut to 32 bytes": withSignature(
      hmac(secret, `${first}.${second}`, "sha512").subarray(0, 32),
    ),
  };
}

export async function otherKinds(terms: Terms): Promise<Named> {
  const { secret, relay, callSid, nowS } = terms;
  const key = await keyFrom(secret);
  const caller = await callerIdOf(key, "+15551234567");
  const ask = { relay, caller, tryId: newTryId() };
  const tokens = {
    ending: await mintEndingToken(key, { relay, callSid }, nowS),
    state: await mintState(key, { callSid, attempt: 0, remints: 0, relay }, nowS),
    transfer: await mintTransferState(key, { callSid, attempt: 0, relay, to: "anna" }, nowS),
    pin: await mintPinState(key, { callSid, tries: 0 }, nowS),
    "tries, to ask": await mintTriesToken(key, { ...ask, act: "ask" }, nowS),
    "tries, to spend": await mintTriesToken(key, { ...ask, act: "spend" }, nowS),
    "tries, to refund": await mintTriesToken(key, { ...ask, act: "refund" }, nowS),
  };
  const header = await headerOf(terms);
  const named: Record<string, string> = {};
  for (const [kind, token] of Object.entries(tokens)) {
    const claims = Buffer.from(token.split(".")[1] ?? "", "base64url");
    named[`a token of the kind ${kind}`] = token;
    named[`the claims of the kind ${kind} under the typ of a stream`] = forge(header, claims, secret);
  }
  for (const typ of ["ending+jwt", "state+jwt", "pin+jwt", "tries+jwt"]) {
    named[`the claims of a stream under the typ ${typ}`] = forge({ ...header, typ }, claimsOf(terms), secret);
  }
  return named;
}
