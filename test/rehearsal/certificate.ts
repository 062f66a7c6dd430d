/**
 * A certificate that is good for some hours and for nobody but a test, made where it is used, so that no key lies about.
 * X.509 by hand, as much of it as a client looks at that is told to trust this very certificate: RFC 5280, 4.1.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

const HOUR_MS = 3_600_000;
/** A proof may take long. */
const GOOD_FOR_MS = 12 * HOUR_MS;

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes);
const utcTime = (atMs: number) => {
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(digits.slice(2)));
};
const COMMON_NAME = Buffer.from("0603550403", "hex");
const SUBJECT_ALT_NAME = Buffer.from("0603551d11", "hex");
const ECDSA_WITH_SHA256 = sequence(Buffer.from("06082a8648ce3d040302", "hex"));

/** @param names whose it says it is; a name may begin with a star */
function subjectAltName(names: readonly string[]): Buffer {
  // RFC 5280, 4.2.1.6: a name is [2], an address [7].
  const each = names.map((name) =>
    isIPv4(name) ? der(0x87, Buffer.from(name.split(".").map(Number))) : der(0x82, Buffer.from(name)),
  );
  return sequence(SUBJECT_ALT_NAME, der(0x04, sequence(...each)));
}

/** @param host whose it says it is */
export function certificateOf(
  host: string,
  ...others: readonly string[]
): { readonly key: string; readonly cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(host)))));
  const now = Date.now();
  const certified = sequence(
    // Version 3, for its extensions.
    der(0xa0, der(0x02, Buffer.from([2]))),
    // No two of the same name and number: who has seen the one would not believe the other.
    der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(utcTime(now - HOUR_MS), utcTime(now + GOOD_FOR_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(subjectAltName([host, ...others]))),
  );
  const cert = sequence(certified, ECDSA_WITH_SHA256, bits(sign("sha256", certified, privateKey)));
  const lines = (cert.toString("base64").match(/.{1,64}/g) ?? []).join("\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
