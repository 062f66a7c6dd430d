/**
 * What every cell of the fault matrix shares: the real edge, and the two proxies that all calls go through, one before
 * the edge and one before the relays. Both know by the CallSid whose call they have before them: each cell has a relay of
 * its own behind the one address that the edge knows.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Clips } from "../../../relay/call/clips.ts";
import { readClips } from "../../../relay/io/clips.ts";
import { buildForTest } from "../built.ts";
import { type RunningEdge, startEdge } from "../edge.ts";
import { ACCOUNT_SID, AUTH_TOKEN, TOKEN_SECRET } from "../relay.ts";
import { type Door, startProxy } from "./proxy.ts";

export const CALLER = "+15551234567";
export const OUR_NUMBER = "+15557654321";

/** How the edge meets its callers. */
export type EdgeMood = "well" | "failing" | "hanging";

/** What a cell puts behind the doors. */
export type Tenant = { readonly relayDoor: Door; edgeMood: EdgeMood };

export type House = {
  /** The relay's address, as the edge, the tokens and the signatures have it. */
  readonly relayUrl: string;
  readonly edgeBase: string;
  readonly edge: RunningEdge;
  readonly clips: Clips;
  move(callSid: string, tenant: Tenant): void;
  stop(): Promise<void>;
};

const Claims = z.object({ sub: z.string() });

export async function openHouse(): Promise<House> {
  const tenants = new Map<string, Tenant>();
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  const relays = startProxy((head) => tenants.get(callSidIn(head))?.relayDoor);
  const relayUrl = `ws://127.0.0.1:${relays.port}`;
  let edge: RunningEdge | undefined;
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 60,
    fetch: (request) => passedOn(request, edge?.base ?? "", (callSid) => tenants.get(callSid)?.edgeMood),
  });
  const edgeBase = `http://127.0.0.1:${front.port}`;
  const stop = async () => {
    await front.stop(true);
    relays.stop();
    await edge?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const callers = join(folder, "callers.json");
    await Bun.write(callers, JSON.stringify({ [CALLER]: { name: "Ada", language: "en" } }));
    await buildForTest(join(folder, "dist"), callers);
    edge = await startEdge({
      dist: join(folder, "dist"),
      env: {
        ACCOUNT_SID,
        AUTH_TOKEN,
        RELAY_URL: relayUrl,
        STREAM_TOKEN_SECRET: TOKEN_SECRET,
        EDGE_URL: edgeBase,
      },
    });
    const clips = (await readClips())("en");
    const move = (callSid: string, tenant: Tenant) => void tenants.set(callSid, tenant);
    return { relayUrl, edgeBase, edge, clips, move, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** In a stream's address it stands in the token, in the edge's question as it is. */
function callSidIn(head: string): string {
  const asked = /^GET \/calls\/(CA[0-9a-f]{32})\/ending /.exec(head)?.[1];
  if (asked !== undefined) return asked;
  const claims = /^GET \/media-stream\/[\w-]+\.([\w-]+)\./.exec(head)?.[1] ?? "";
  try {
    return Claims.parse(JSON.parse(Buffer.from(claims, "base64url").toString())).sub;
  } catch {
    return "";
  }
}

/** Longer than Twilio waits for anything. */
const HANGING_MS = 20_000;

async function passedOn(
  request: Request,
  base: string,
  moodOf: (callSid: string) => EdgeMood | undefined,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = await request.text();
  const mood = moodOf(new URLSearchParams(body).get("CallSid") ?? "") ?? "well";
  // It needs nothing but itself, and fails when Twilio does.
  const isFallback = pathname === "/voice/fallback";
  if (mood === "failing" && !isFallback) return new Response("scripted", { status: 500 });
  if (mood === "hanging" && !isFallback) await Bun.sleep(HANGING_MS);
  const headers = new Headers();
  for (const name of ["content-type", "x-twilio-signature"]) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { method } = request;
  const answer = await fetch(`${base}${pathname}${search}`, {
    method,
    headers,
    redirect: "manual",
    ...(method === "POST" && { body }),
  });
  const type = answer.headers.get("content-type");
  return new Response(answer.status === 204 ? null : await answer.arrayBuffer(), {
    status: answer.status,
    headers: type === null ? {} : { "content-type": type },
  });
}
