/**
 * A certificate, by default for localhost, that nobody trusts, made anew each time: one that is committed is one that somebody
 * trusts one day. Source: https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
import { generateKeyPairSync, sign } from "node:crypto";

const tagged = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const inside = Buffer.concat(parts);
  const { length } = inside;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), inside]);
};
const sequence = (...parts: readonly Uint8Array[]) => tagged(0x30, ...parts);
const bytes = (hex: string) => Buffer.from(hex, "hex");
const bits = (content: Uint8Array) => tagged(0x03, bytes("00"), content);
const utc = (year: string) => tagged(0x17, Buffer.from(`${year}0101000000Z`));

const ECDSA_WITH_SHA256 = sequence(tagged(0x06, bytes("2a8648ce3d040302")));
const COMMON_NAME = bytes("550403");
const SUBJECT_ALT_NAME = bytes("551d11");

/** @param given.until the year of its end, in two digits */
export function selfSigned(given: { readonly name?: string; readonly until?: string } = {}): {
  cert: string;
  key: string;
} {
  const host = Buffer.from(given.name ?? "localhost");
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const name = sequence(tagged(0x31, sequence(tagged(0x06, COMMON_NAME), tagged(0x0c, host))));
  const forHost = sequence(tagged(0x82, host));
  const told = sequence(
    tagged(0xa0, tagged(0x02, bytes("02"))),
    tagged(0x02, bytes("01")),
    ECDSA_WITH_SHA256,
    name,
    sequence(utc("20"), utc(given.until ?? "49")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(sequence(tagged(0x06, SUBJECT_ALT_NAME), tagged(0x04, forHost)))),
  );
  const certificate = sequence(told, ECDSA_WITH_SHA256, bits(sign("sha256", told, privateKey)));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
