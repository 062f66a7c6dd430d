/**
 * Hostile headers: the part of a token that is read before its signature is checked, and so the one that has broken
 * most libraries (RFC 8725, 2.1 to 2.10). Each is signed with the right key, unless leaving the signature out or
 * swapping the key is the attack.
 */
import { createHmac } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { base64url, claimsOf, forge, headerOf, hmac, type Named, type Terms } from "../forge.ts";

const NONE = ["none", "None", "NONE", "nOnE", "noNe", "none ", " none", "none\0", "n\u043ene", ""] as const;

/** Labels over an HMAC with the right secret; the hash is what the label promises, where it promises one. */
const LABELS: ReadonlyArray<readonly [alg: unknown, hash?: string]> = [
  ["HS384", "sha384"],
  ["HS512", "sha512"],
  ["HS1", "sha1"],
  ["HS384"],
  ["HS512"],
  ["hs256"],
  ["Hs256"],
  ["HS256 "],
  [" HS256"],
  ["HS256\0"],
  ["HS256\n"],
  ["HS-256"],
  ["HS256/64"],
  ["HMAC-SHA256"],
  ["RS256"],
  ["RS384", "sha384"],
  ["RS512", "sha512"],
  ["PS256"],
  ["ES256"],
  ["ES384", "sha384"],
  ["ES512", "sha512"],
  ["ES256K"],
  ["EdDSA"],
  ["Ed25519"],
  ["dir"],
  ["A256KW"],
  ["PBES2-HS256+A128KW"],
  [null],
  [0],
  [false],
  [true],
  [["HS256"]],
  [{}],
  [{ toString: "HS256" }],
];

export async function hostileAlgorithms(terms: Terms): Promise<Named> {
  const header = await headerOf(terms);
  const claims = claimsOf(terms);
  const named: Record<string, string> = {};
  for (const alg of NONE) {
    const token = forge({ ...header, alg }, claims, terms.secret);
    const [first, second] = token.split(".");
    const name = `alg ${JSON.stringify(alg)}`;
    named[`${name}, with the right HMAC`] = token;
    named[`${name}, with an empty signature`] = `${first}.${second}.`;
    named[`${name}, with no signature`] = `${first}.${second}`;
  }
  for (const [alg, hash = "sha256"] of LABELS) {
    named[`alg ${JSON.stringify(alg)} over an HMAC with ${hash}`] = forge(
      { ...header, alg },
      claims,
      terms.secret,
      hash,
    );
  }
  const { alg: _, ...without } = header;
  named["no alg"] = forge(without, claims, terms.secret);
  return named;
}

export async function hostileKids(terms: Terms): Promise<Named> {
  const header = await headerOf(terms);
  const claims = claimsOf(terms);
  const { kid } = header;
  const by = (other: unknown, secret: string | Uint8Array = terms.secret) =>
    forge({ ...header, kid: other }, claims, secret);
  const { kid: _, ...without } = header;
  return {
    "kid a path, signed with the empty file's content": by("../../../../../../dev/null", ""),
    "kid a path, signed with the right key": by("../../../../../../dev/null"),
    "kid an absolute path": by("/dev/null"),
    "kid a path that ends in ours": by(`./${kid}`),
    "kid a file URL": by("file:///dev/null", ""),
    "kid a web address": by("https://evil.example.com/key", "evil"),
    "kid SQL that would choose the key": by("x' UNION SELECT 'evil' --", "evil"),
    "kid SQL that is always true": by("' OR '1'='1"),
    "kid a shell command": by(`${kid};id|`),
    "kid an array that holds ours": by([kid]),
    "kid an object": by({ kid }),
    "kid a number": by(0),
    "kid null": by(null),
    "kid true": by(true),
    "kid empty": by(""),
    "kid an index into the keys": by("0"),
    "kid __proto__": by("__proto__"),
    "kid __proto__, signed with what it would read as": by("__proto__", "[object Object]"),
    "kid constructor": by("constructor"),
    "kid toString": by("toString", "function toString() { [native code] }"),
    "kid hasOwnProperty": by("hasOwnProperty"),
    "kid of 10 KB": by("k".repeat(10_240)),
    "kid with a space after it": by(`${kid} `),
    "kid with a NUL after it": by(`${kid}\0`),
    "kid with a line after it": by(`${kid}\n`),
    "kid in the other case": by(kid === kid.toUpperCase() ? kid.toLowerCase() : kid.toUpperCase()),
    "kid without its last character": by(kid.slice(0, -1)),
    "kid with one character more": by(`${kid}A`),
    "kid and another, with a comma": by(`${kid},${kid}`),
    "kid a pattern": by(".*"),
    "no kid": forge(without, claims, terms.secret),
  };
}

export async function hostileMembers(terms: Terms): Promise<Named> {
  const header = await headerOf(terms);
  const claims = claimsOf(terms);
  const evil = "an attacker's own key, of thirty-two bytes or more";
  const jwk = { kty: "oct", k: base64url(evil), alg: "HS256" };
  const withMembers = (members: object, secret = terms.secret) =>
    forge({ ...header, ...members }, claims, secret);
  const unencoded = `${base64url(JSON.stringify({ ...header, b64: false, crit: ["b64"] }))}.${JSON.stringify(claims)}`;
  return {
    "jwk with the attacker's key, signed with it": withMembers({ jwk }, evil),
    "jwk with the right key": withMembers({ jwk: { kty: "oct", k: base64url(terms.secret) } }),
    "jwk with the attacker's key, signed with the right one": withMembers({ jwk }),
    "jwk with the attacker's key under our kid": withMembers({ jwk: { ...jwk, kid: header.kid } }, evil),
    "jku on the attacker's server": withMembers({ jku: "https://evil.example.com/jwks.json" }, evil),
    "jku, signed with the right key": withMembers({ jku: "https://relay.example.com/jwks.json" }),
    "x5u on the attacker's server": withMembers({ x5u: "https://evil.example.com/cert.pem" }, evil),
    "x5c with a certificate in it": withMembers({ x5c: ["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"] }),
    x5t: withMembers({ x5t: base64url(new Uint8Array(20)) }),
    "x5t#S256": withMembers({ "x5t#S256": base64url(new Uint8Array(32)) }),
    "crit that names exp": withMembers({ crit: ["exp"], exp: claims.exp }),
    "crit that names nothing known": withMembers({ crit: ["x"], x: 1 }),
    "crit that is empty": withMembers({ crit: [] }),
    "crit that is not a list": withMembers({ crit: "b64" }),
    "crit with b64 true": withMembers({ crit: ["b64"], b64: true }),
    "b64 true alone": withMembers({ b64: true }),
    "b64 false alone": withMembers({ b64: false }),
    "b64 false, and the claims as they are": `${unencoded}.${base64url(hmac(terms.secret, unencoded))}`,
    "zip, and the claims deflated": forge(
      { ...header, zip: "DEF" },
      deflateRawSync(JSON.stringify(claims)),
      terms.secret,
    ),
    "zip, and the claims as they are": withMembers({ zip: "DEF" }),
    "cty JWT, and a good token within": forge(
      { ...header, cty: "JWT" },
      forge(header, claims, terms.secret),
      terms.secret,
    ),
    "enc, as of an encrypted token": withMembers({ enc: "A128CBC-HS256" }),
    "p2c, which makes a reader work for hours": withMembers({ p2c: 2_000_000_000, p2s: "c2FsdA" }),
    "epk on a curve": withMembers({ epk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } }),
    "a claim in the header": withMembers({ sub: claims.sub }),
    "a nonce": withMembers({ nonce: "x" }),
    "one member that nobody knows": withMembers({ x: 1 }),
    "an empty name": withMembers({ "": 1 }),
    ...Object.fromEntries(
      [
        "JWT",
        "jwt",
        "application/stream+jwt",
        "STREAM+JWT",
        "stream+jwt ",
        "stream+jwt\0",
        "stream",
        "stream+jws",
        "at+jwt",
        "",
        null,
        0,
        ["stream+jwt"],
        { typ: "stream+jwt" },
      ].map((typ) => [`typ ${JSON.stringify(typ)}`, withMembers({ typ })]),
    ),
    "no typ": forge({ alg: header.alg, kid: header.kid }, claims, terms.secret),
  };
}

export async function hostileHeaderSpellings(terms: Terms): Promise<Named> {
  const { alg, typ, kid } = await headerOf(terms);
  const claims = claimsOf(terms);
  const text = JSON.stringify({ alg, typ, kid });
  const spelled = (header: string | Uint8Array) => forge(header, claims, terms.secret);
  const inner = text.slice(1, -1);
  const utf16 = Buffer.from(text, "utf16le");
  return {
    "header with alg twice, none first": spelled(`{"alg":"none",${inner}}`),
    "header with alg twice, none last": spelled(`{${inner},"alg":"none"}`),
    "header with alg twice, both right": spelled(`{${inner},"alg":"HS256"}`),
    "header with typ twice": spelled(`{"typ":"ending+jwt",${inner}}`),
    "header with kid twice": spelled(`{"kid":"x",${inner}}`),
    "header in another order": spelled(JSON.stringify({ kid, typ, alg })),
    "header with white space": spelled(JSON.stringify({ alg, typ, kid }, null, 1)),
    "header with a space before it": spelled(` ${text}`),
    "header with a line after it": spelled(`${text}\n`),
    "header with a NUL after it": spelled(`${text}\0`),
    "header with a byte-order mark": spelled(`\ufeff${text}`),
    "header in UTF-16": spelled(utf16),
    "header with a name in escapes": spelled(text.replace('"alg"', '"\\u0061lg"')),
    "header with a value in escapes": spelled(text.replace("HS256", "\\u0048S256")),
    "header with a value in full-width letters": spelled(text.replace("HS256", "ＨＳ２５６")),
    "header with __proto__": spelled(`{${inner},"__proto__":{"alg":"none"}}`),
    "header with all of it in __proto__": spelled(`{"__proto__":${text}}`),
    "header with constructor": spelled(`{${inner},"constructor":{"prototype":{}}}`),
    "header with a comma too many": spelled(`{${inner},}`),
    "header with a comment": spelled(`{/**/${inner}}`),
    "header in single quotes": spelled(text.replaceAll('"', "'")),
    "header with bytes that are not UTF-8": spelled(
      Buffer.from(text.replace("HS256", "HS\xff256"), "latin1"),
    ),
    "header with overlong UTF-8": spelled(
      Buffer.concat([Buffer.from([0xc1, 0xbb]), Buffer.from(text.slice(1))]),
    ),
    "header twice": spelled(text + text),
    "header an array": spelled(`[${text}]`),
    "header text": spelled(JSON.stringify(text)),
    "header a number": spelled("1"),
    "header null": spelled("null"),
    "header true": spelled("true"),
    "header an empty object": spelled("{}"),
    "header not JSON": spelled("alg=HS256"),
    "header nested 700 deep": spelled("[".repeat(700)),
    "header with a member nested 300 deep": spelled(`{${inner},"x":${"[".repeat(300)}${"]".repeat(300)}}`),
    "header with an object nested 250 deep": spelled(`${'{"alg":'.repeat(150)}1${"}".repeat(150)}`),
    "header hashed without any key": unkeyed(text, claims),
  };
}

/** What is left of an HMAC when the reader takes a missing key for an empty one. */
function unkeyed(header: string, claims: object): string {
  const signed = `${base64url(header)}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${base64url(createHmac("sha256", "").update(signed).digest())}`;
}
