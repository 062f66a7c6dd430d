/**
 * Hostile claims, truly signed: what an attacker who had the secret for a moment, or a bug on the edge, could say. Each
 * changes one thing of a good token's.
 */
import { claimsOf, forge, headerOf, type Named, type Part, type Terms } from "../forge.ts";

/** Written as it stands, for what JSON.stringify will not write. */
type Written = { readonly json: string };
const json = (text: string): Written => ({ json: text });
const isWritten = (value: unknown): value is Written =>
  typeof value === "object" && value !== null && Object.keys(value).join() === "json";

export async function hostileTimes(terms: Terms): Promise<Named> {
  const { changed } = await maker(terms);
  const { nowS } = terms;
  const shifted = (by: number) => ({ iat: nowS + by, nbf: nowS + by, exp: nowS + by + 60 });
  return {
    "exp as text": changed({ exp: String(nowS + 60) }),
    "exp a fraction": changed({ exp: nowS + 59.5 }),
    "exp 1e400": changed({ exp: json("1e400") }),
    "exp -1e400": changed({ exp: json("-1e400") }),
    "exp 1e300": changed({ exp: 1e300 }),
    "exp negative": changed({ exp: -1 }),
    "exp zero": changed({ exp: 0 }),
    "exp -0": changed({ exp: json("-0") }),
    "exp null": changed({ exp: null }),
    "exp true": changed({ exp: true }),
    "exp a list": changed({ exp: [nowS + 60] }),
    "exp an object": changed({ exp: { valueOf: nowS + 60 } }),
    "exp left out": changed({ exp: undefined }),
    "exp NaN": changed({ exp: json("NaN") }),
    "exp Infinity": changed({ exp: json("Infinity") }),
    "exp in hexadecimal": changed({ exp: json(`0x${(nowS + 60).toString(16)}`) }),
    "exp with an exponent": changed({ exp: json(`${(nowS + 60) / 1e9}e9`) }),
    "exp with a point and a zero": changed({ exp: json(`${nowS + 60}.0`) }),
    "exp with a zero before it": changed({ exp: json(`0${nowS + 60}`) }),
    "exp with a plus": changed({ exp: json(`+${nowS + 60}`) }),
    "exp in milliseconds": changed({ exp: (nowS + 60) * 1000 }),
    "exp beyond 2^53": changed({ exp: json("9007199254740993") }),
    "exp a second too late": changed({ exp: nowS + 61 }),
    "exp in a year": changed({ exp: nowS + 365 * 86_400 }),
    "exp long past": changed(shifted(-86_400)),
    "exp just past, the skew allowed for": changed(shifted(-66)),
    "exp before iat": changed({ exp: nowS - 1 }),
    "exp at iat": changed({ exp: nowS }),
    "iat in the future": changed({ iat: nowS + 30, nbf: nowS + 30, exp: nowS + 60 }),
    "iat in the future, nbf not": changed({ iat: nowS + 30 }),
    "iat far in the future": changed({ iat: nowS + 86_400, exp: nowS + 60 }),
    "iat and all the rest an hour from now": changed(shifted(3600)),
    "iat as text": changed({ iat: String(nowS) }),
    "iat a fraction": changed({ iat: nowS - 0.5, nbf: nowS - 0.5 }),
    "iat negative": changed({ iat: -1 }),
    "iat 1e400": changed({ iat: json("1e400") }),
    "iat null": changed({ iat: null }),
    "iat left out": changed({ iat: undefined }),
    "nbf in the future": changed({ nbf: nowS + 30 }),
    "nbf before iat": changed({ nbf: nowS - 1 }),
    "nbf as text": changed({ nbf: String(nowS) }),
    "nbf null": changed({ nbf: null }),
    "nbf left out": changed({ nbf: undefined }),
  };
}

export async function hostileNames(terms: Terms): Promise<Named> {
  const { changed, claims } = await maker(terms);
  const { aud, sub, account, profile, jti } = claims;
  const { host, protocol } = new URL(aud);
  const secure = protocol === "wss:";
  return {
    "aud a list with ours": changed({ aud: [aud] }),
    "aud a list of two": changed({ aud: [aud, "wss://other.example.com"] }),
    "aud a list within a list": changed({ aud: [[aud]] }),
    "aud the beginning of ours": changed({ aud: aud.slice(0, -1) }),
    "aud with ours at its beginning": changed({ aud: `${aud}.evil.example.com` }),
    "aud with ours at its end": changed({ aud: `wss://evil.example.com/${aud}` }),
    "aud with ours as a user name": changed({ aud: `${aud}@evil.example.com` }),
    "aud with a trailing dot": changed({ aud: `${aud}.` }),
    "aud with a trailing slash": changed({ aud: `${aud}/` }),
    "aud with a path": changed({ aud: `${aud}/media-stream` }),
    "aud with a query": changed({ aud: `${aud}?` }),
    "aud in capitals": changed({ aud: aud.toUpperCase() }),
    "aud with its scheme in capitals": changed({ aud: aud.replace("ws", "WS") }),
    "aud with the port that is understood": changed({ aud: secure ? `${aud}:443` : `${aud}:80` }),
    "aud with another port": changed({ aud: aud.replace(/(:\d+)?$/, ":8443") }),
    "aud of the other scheme": changed({ aud: `${secure ? "ws" : "wss"}://${host}` }),
    "aud https": changed({ aud: `https://${host}` }),
    "aud the host alone": changed({ aud: host }),
    "aud a wildcard": changed({ aud: "*" }),
    "aud with a space": changed({ aud: `${aud} ` }),
    "aud with a NUL": changed({ aud: `${aud}\0` }),
    "aud with a line": changed({ aud: `${aud}\n` }),
    "aud in other letters that look alike": changed({ aud: aud.replace(/[aeo0]/, "\u0430") }),
    "aud two, with a comma": changed({ aud: `${aud},${aud}` }),
    "aud the edge's own": changed({ aud: "edge" }),
    "aud empty": changed({ aud: "" }),
    "aud null": changed({ aud: null }),
    "aud an object": changed({ aud: { [aud]: true } }),
    "aud left out": changed({ aud: undefined }),
    "aud of another relay": changed({ aud: "wss://other.example.com" }),
    "iss the relay": changed({ iss: "relay" }),
    "iss in capitals": changed({ iss: "EDGE" }),
    "iss a list": changed({ iss: ["edge"] }),
    "iss left out": changed({ iss: undefined }),
    "sub in capitals": changed({ sub: `${sub.slice(0, -1)}F` }),
    "sub with a line": changed({ sub: `${sub}\n` }),
    "sub with a NUL": changed({ sub: `${sub}\0` }),
    "sub too short": changed({ sub: sub.slice(0, -1) }),
    "sub an account": changed({ sub: account }),
    "sub a list": changed({ sub: [sub] }),
    "sub left out": changed({ sub: undefined }),
    "account a call": changed({ account: sub }),
    "account in capitals": changed({ account: `${account.slice(0, -1)}F` }),
    "account a list": changed({ account: [account] }),
    "account left out": changed({ account: undefined }),
    "attempt negative": changed({ attempt: -1 }),
    "attempt -0": changed({ attempt: json("-0") }),
    "attempt a half": changed({ attempt: 0.5 }),
    "attempt 1000": changed({ attempt: 1000 }),
    "attempt as text": changed({ attempt: "0" }),
    "attempt with an exponent": changed({ attempt: json("1e1") }),
    "attempt true": changed({ attempt: true }),
    "attempt left out": changed({ attempt: undefined }),
    "profile too short": changed({ profile: profile.slice(0, -1) }),
    "profile a list": changed({ profile: [profile] }),
    "profile not a hash": changed({ profile: " ".repeat(43) }),
    "profile left out": changed({ profile: undefined }),
    "jti too short": changed({ jti: jti.slice(0, -1) }),
    "jti too long": changed({ jti: `${jti}A` }),
    "jti a list of its letters": changed({ jti: [...jti] }),
    "jti a number": changed({ jti: 1 }),
    "jti of NULs": changed({ jti: "\0".repeat(22) }),
    "jti of half characters, which a database may take for one another": changed({
      jti: "\ud800".repeat(22),
    }),
    "jti the relay's own mark": changed({ jti: "heartbeat" }),
    "jti left out": changed({ jti: undefined }),
  };
}

export async function hostileClaimSpellings(terms: Terms): Promise<Named> {
  const { claims, spelled, changed } = await maker(terms);
  const text = JSON.stringify(claims);
  const inner = text.slice(1, -1);
  return {
    "claims with sub twice": spelled(`{"sub":"CA${"0".repeat(32)}",${inner}}`),
    "claims with exp twice, the later last": spelled(`{${inner},"exp":${claims.exp + 3600}}`),
    "claims with exp twice, both right": spelled(`{${inner},"exp":${claims.exp}}`),
    "claims with aud twice": spelled(`{"aud":"wss://other.example.com",${inner}}`),
    "claims with jti twice": spelled(`{"jti":"${"A".repeat(22)}",${inner}}`),
    "claims with one that nobody knows": changed({ admin: true }),
    "claims with a telephone number": changed({ phone: "+15551234567" }),
    "claims with __proto__": spelled(`{"__proto__":{"admin":true},${inner}}`),
    "claims with all of it in __proto__": spelled(`{"__proto__":${text}}`),
    "claims with constructor": spelled(`{"constructor":{"prototype":{}},${inner}}`),
    "claims with an empty name": changed({ "": 1 }),
    "claims with a name in escapes": spelled(text.replace('"sub"', '"\\u0073ub"')),
    "claims with a value in escapes": spelled(text.replace('"edge"', '"\\u0065dge"')),
    "claims with a slash in escapes": spelled(text.replace("//", "\\/\\/")),
    "claims with white space": spelled(JSON.stringify(claims, null, 1)),
    "claims with a line after them": spelled(`${text}\n`),
    "claims with a byte-order mark": spelled(`\ufeff${text}`),
    "claims in UTF-16": spelled(Buffer.from(text, "utf16le")),
    "claims with bytes that are not UTF-8": spelled(Buffer.from(`{"x":"\xff",${inner}}`, "latin1")),
    "claims with half a character": changed({ x: "\ud800" }),
    "claims with a comma too many": spelled(`{${inner},}`),
    "claims with a comment": spelled(`{/**/${inner}}`),
    "claims an array": spelled(`[${text}]`),
    "claims text": spelled(JSON.stringify(text)),
    "claims a good token": spelled(spelled(text)),
    "claims null": spelled("null"),
    "claims a number": spelled("1"),
    "claims an empty object": spelled("{}"),
    "claims an empty array": spelled("[]"),
    "claims not JSON": spelled("sub=CA"),
    "claims nested 700 deep": spelled("[".repeat(700)),
    "claims with one nested 200 deep": spelled(`{${inner},"x":${"[".repeat(200)}${"]".repeat(200)}}`),
    "claims 64 KB long": changed({ x: "A".repeat(64 * 1024) }),
    "claims just over the limit": changed({ x: "A".repeat(1200) }),
  };
}

async function maker(terms: Terms) {
  const header = await headerOf(terms);
  const claims = claimsOf(terms);
  const spelled = (part: Part) => forge(header, part, terms.secret);
  /** A good token's claims with these changed; undefined leaves one out. */
  const changed = (changes: Readonly<Record<string, unknown>>) => {
    const members = Object.entries({ ...claims, ...changes }).flatMap(([name, value]) => {
      if (value === undefined) return [];
      return [`${JSON.stringify(name)}:${isWritten(value) ? value.json : JSON.stringify(value)}`];
    });
    return spelled(`{${members.join(",")}}`);
  };
  return { claims, spelled, changed };
}
