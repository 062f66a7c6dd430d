/** A new STREAM_TOKEN_SECRET. */
import { randomBytes } from "node:crypto";

/** HS256 wants 32 (RFC 7518, 3.2). Hexadecimal, so that no env file, shell or list of secrets can misread it. */
const SECRET_BYTES = 32;

export const randomSecret = (): string => randomBytes(SECRET_BYTES).toString("hex");
