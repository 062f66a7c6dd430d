/** Twilio's identifiers: two letters for the kind and 32 hex digits. */

import { randomBytes } from "node:crypto";

export const newSid = (kind: "AC" | "CA" | "MZ" | "RE"): string => kind + randomBytes(16).toString("hex");
