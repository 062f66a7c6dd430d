/**
 * One cell's stage: a relay in a process of its own, a stand-in for the model and a server of tools, with a proxy before
 * each of the three, and a call that goes through all of it. It starts things and puts them away; what is done to them
 * is faults.ts, and what is to come of it cell.ts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PlacedCall, placeCall } from "../carrier/carrier.ts";
import { newSid } from "../carrier/sid.ts";
import type { Model } from "../model/server.ts";
import { startModel } from "../model/server.ts";
import { ACCOUNT_SID, AUTH_TOKEN, freePort, type LogLine, type RunningRelay, startRelay } from "../relay.ts";
import { startTools, type Tools } from "../tools/server.ts";
import { CALLER, type House, OUR_NUMBER, type Tenant } from "./house.ts";
import { Door, type FaultProxy, startProxy } from "./proxy.ts";
import { Role } from "./role.ts";

/** About as fast as Twilio's voice, which is 65. */
export const SAY_MS_PER_CHARACTER = 50;
/** Of a webhook. Twilio waits 15 s; nothing of ours takes two, and a caller who waits for a fallback waits for it in silence. */
const WEBHOOK_LIMIT_MS = 4_000;
const OFFERED_WITHIN_MS = 20_000;
export const READ_TOOL = "todoist_find_tasks";
export const WRITE_TOOL = "todoist_create_task";

export type Stage = {
  readonly callSid: string;
  readonly role: Role;
  readonly tenant: Tenant;
  readonly relayDoor: Door;
  readonly modelDoor: Door;
  readonly modelProxy: FaultProxy;
  readonly toolsDoor: Door;
  readonly toolsProxy: FaultProxy;
  readonly model: Model;
  readonly tools: Tools;
  /** The newest. */
  readonly relay: RunningRelay;
  /** Of all the relays that there were. */
  readonly lines: readonly LogLine[];
  readonly call: PlacedCall;
  dial(): PlacedCall;
  /** One more relay, with the same records; the door leads to it as soon as it listens. */
  startRelay(): Promise<RunningRelay>;
  /** What they wrote to their standard error once they listened. */
  complaints(): string;
  stop(): Promise<void>;
};

/** A disk that is full is a write that fails, and not the signal that the kernel sends for it. */
const ALLOWING_FULL_DISKS = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"] as const;

export async function setStage(house: House): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "cell-"));
  const role = new Role();
  const model = await startModel({ script: role.script, hears: role.hears, pace: 1.5, thinkMs: 200 });
  const tools = await startTools({ dbPath: join(folder, "tools.sqlite") });
  const modelDoor = new Door(model.port);
  const toolsDoor = new Door(tools.port);
  const relayDoor = new Door(0);
  const [modelProxy, toolsProxy] = [startProxy(() => modelDoor), startProxy(() => toolsDoor)];
  const tenant: Tenant = { relayDoor, edgeMood: "well" };
  const callSid = newSid("CA");
  house.move(callSid, tenant);
  const relays: RunningRelay[] = [];
  const saidAtFirst = new Map<RunningRelay, number>();
  const lines: LogLine[] = [];
  let call: PlacedCall | undefined;
  let isOver = false;

  const config = join(folder, "mcp.json");
  await Bun.write(
    config,
    JSON.stringify({
      mcpServers: {
        tools: {
          url: tools.url.replace(`:${tools.port}/`, `:${toolsProxy.port}/`),
          headers: { Authorization: `Bearer ${tools.key}` },
        },
      },
    }),
  );
  const start = async (): Promise<RunningRelay> => {
    const relay = await startRelay(freePort(), {
      modelUrl: model.url.replace(`:${model.port}/`, `:${modelProxy.port}/`),
      modelKey: model.key,
      dataDir: folder,
      under: ALLOWING_FULL_DISKS,
      env: {
        RELAY_URL: house.relayUrl,
        FUNCTIONS_DIR: "off",
        DRAIN_SECONDS: "0",
        LOG_LEVEL: "debug",
        TRANSCRIPTION_MODEL: "gpt-transcribe",
        MCP_CONFIG: config,
        TOOL_POLICY: `${WRITE_TOOL}=allow`,
        TOOL_TIMEOUTS: `${READ_TOOL}=3`,
      },
      onLog: (line) => lines.push(line),
    });
    relays.push(relay);
    // A fault that was still to bring one back.
    if (isOver) await relay.kill("SIGKILL");
    saidAtFirst.set(relay, relay.errors().length);
    relayDoor.port = relay.port;
    return relay;
  };
  const stop = async (): Promise<void> => {
    isOver = true;
    call?.hangUp();
    for (const relay of relays) await relay.kill("SIGKILL");
    await call?.ended;
    modelProxy.stop();
    toolsProxy.stop();
    await model.stop();
    await tools.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const relay = await start();
    const isOffered = ({ event, tool }: LogLine) => event === "tool.registered" && tool === WRITE_TOOL;
    await relay.waitForLog(isOffered, OFFERED_WITHIN_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    callSid,
    role,
    tenant,
    relayDoor,
    modelDoor,
    modelProxy,
    toolsDoor,
    toolsProxy,
    model,
    tools,
    get relay() {
      const newest = relays.at(-1);
      if (newest === undefined) throw new Error("there is no relay yet");
      return newest;
    },
    lines,
    get call() {
      if (call === undefined) throw new Error("nobody has called yet");
      return call;
    },
    dial: () => {
      call = placeCall({
        callSid,
        voiceUrl: `${house.edgeBase}/voice/incoming`,
        fallbackUrl: `${house.edgeBase}/voice/fallback`,
        accountSid: ACCOUNT_SID,
        authToken: AUTH_TOKEN,
        from: CALLER,
        to: OUR_NUMBER,
        pace: { sayMsPerCharacter: SAY_MS_PER_CHARACTER },
        webhookLimitMs: WEBHOOK_LIMIT_MS,
      });
      return call;
    },
    startRelay: start,
    complaints: () => relays.map((relay) => relay.errors().slice(saidAtFirst.get(relay))).join(""),
    stop,
  };
}
