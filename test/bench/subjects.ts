/**
 * What is measured: the relay as it is deployed, and the two floors. Each is a process of its own that takes streams.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { newSid } from "../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID, AUTH_TOKEN, freePort, startRelay, ticketFor } from "../rehearsal/relay.ts";
import { startChild } from "./child.ts";
import type { Command } from "./load.ts";

type Stream = Command["streams"][number];

export type Subject = {
  readonly pid: number;
  /** As the edge would have made them: a token is good for a minute and for one stream. */
  streams(count: number): Promise<Stream[]>;
  stop(): Promise<void>;
};

export const SUBJECTS = ["relay", "floor", "floorThatCuts"] as const;
export type SubjectName = (typeof SUBJECTS)[number];

export function startSubject(name: SubjectName, modelUrl: string): Promise<Subject> {
  switch (name) {
    case "relay":
      return startRelayUnderTest(modelUrl);
    case "floor":
      return startFloor({ modelUrl, json: "parse" });
    case "floorThatCuts":
      return startFloor({ modelUrl, json: "cut" });
    default:
      return name satisfies never;
  }
}

async function startRelayUnderTest(modelUrl: string): Promise<Subject> {
  const dataDir = mkdtempSync(join(tmpdir(), "relay-bench-"));
  const relay = await startRelay(freePort(), {
    modelUrl,
    modelKey: "sk-bench",
    dataDir,
    env: { MAX_CALLS: "10000", GREETING: "off", DRAIN_SECONDS: "0" },
  });
  return {
    pid: relay.pid,
    streams: (count) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const callSid = newSid("CA");
          return { ...(await ticketFor(relay, callSid)), ...ACCOUNT, callSid };
        }),
      ),
    stop: async () => {
      await relay.kill();
      rmSync(dataDir, { recursive: true });
    },
  };
}

const ACCOUNT = { accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN };
const Listening = z.object({ port: z.number() });

async function startFloor(options: object): Promise<Subject> {
  const child = startChild("./floor.ts", JSON.stringify(options));
  const { port } = Listening.parse(await child.next());
  const url = `ws://127.0.0.1:${port}/media-stream/-`;
  return {
    pid: child.pid,
    streams: async (count) =>
      Array.from({ length: count }, () => ({ ...ACCOUNT, url, callSid: newSid("CA"), parameters: {} })),
    stop: () => child.stop(),
  };
}
