/**
 * The seven things that `--break` breaks: in the stand-ins or in the configuration, never in the code under rehearsal.
 * What a break looks like from outside is not written here: diagnosis.ts has to find out from what was seen.
 */
import type { Sabotage } from "../carrier/sabotage.ts";
import type { Fault } from "../model/options.ts";
import type { Course } from "./caller.ts";

export type Breakage = {
  readonly what: string;
  readonly edgeEnv?: Readonly<Record<string, string>>;
  readonly relayEnv?: Readonly<Record<string, string>>;
  readonly carrier?: Sabotage;
  readonly model?: Fault;
  /** How much of the call is worth having with it. */
  readonly course?: Course;
};

export const BREAKS = {
  signature: {
    what: "Twilio's webhooks are signed with another auth token",
    carrier: { webhookSignature: "wrong" },
  },
  token: {
    what: "the stream token is changed on its way from edge to relay",
    carrier: { mutateStreamUrl: withOtherSignature },
  },
  secret: {
    what: "edge and relay hold different secrets",
    edgeEnv: { STREAM_TOKEN_SECRET: "a-secret-that-the-relay-has-never-heard-of" },
  },
  model: {
    what: "the model refuses the relay's handshake",
    model: { refuseStatus: 503 },
  },
  "barge-in": {
    what: "the playback goes on when the caller interrupts",
    carrier: { ignoreClear: true },
    course: "hasty",
  },
  tools: {
    what: "the MCP server answers 401",
    relayEnv: { ZAPIER_MCP_TOKEN: "a-token-that-the-server-does-not-know" },
    course: "brief",
  },
  greeting: {
    what: "the assistant does not greet",
    relayEnv: { GREETING: "off" },
  },
} as const satisfies Record<string, Breakage>;

export type BreakName = keyof typeof BREAKS;

/** One character in the middle of the token's own signature: it stays well-formed and is no longer true. */
function withOtherSignature(url: string): string {
  const at = url.lastIndexOf(".") + 10;
  return `${url.slice(0, at)}${url[at] === "A" ? "B" : "A"}${url.slice(at + 1)}`;
}
