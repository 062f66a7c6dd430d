/**
 * Words of a call on the disk. While it is up its conversation is kept there, and whoever reads the bytes reads no word
 * of it; a minute after it nothing of it is left, in no spelling, in any file under DATA_DIR or in a Redis that writes
 * everything down (appendonly). Each side says canaries. That the conversation was there is shown by what a new process
 * knows of it after a kill, and by opening what is sealed (sealed-search.ts).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canariesIn, spellingsOf } from "../../canaries.ts";
import { clip } from "../../rehearsal/audio/clips.ts";
import { afterHeard } from "../../rehearsal/carrier/caller.ts";
import type { PlacedCall } from "../../rehearsal/carrier/carrier.ts";
import { TOKEN_SECRET } from "../../rehearsal/relay.ts";
import { RedisServer } from "../../relay/io/redis-server.ts";
import type { Proof } from "../rows.ts";
import { seedOf } from "./memory.ts";
import { sealedIn } from "./sealed-search.ts";
import { ANYBODY, PATIENCE_MS, type Stage, startStage, until } from "./stage.ts";
import { listed } from "./swaps.ts";

export type Home = "DATA_DIR" | "Redis";

export type CanariesOutcome = {
  readonly home: Home;
  readonly bytesUp: number;
  readonly bytesAfter: number;
  /** Canaries that stand in those bytes, in any spelling. */
  readonly readableUp: readonly string[];
  readonly readableAfter: readonly string[];
  /** Conversations that whoever has the secret could open. */
  readonly sealedUp: number;
  readonly sealedAfter: number;
  /** Canaries that the new process gave its sessions. */
  readonly remembered: readonly string[];
  /** Keys of conversations that Redis still has; 0 where there is no Redis. */
  readonly keysUp: number;
  readonly keysAfter: number;
  /** Canaries that are found once they are planted in the last bytes. */
  readonly planted: readonly string[];
};

const WORDS = {
  assistant: "Kanarienvogel Bernsteinzimmer zwitschert",
  caller: "periwinkle umbrella lighthouse",
} as const;
/** Word by word: what is cut of a sentence is no less private. */
const CANARIES = Object.fromEntries(
  Object.values(WORDS)
    .flatMap((sentence) => sentence.split(" "))
    .map((word) => [word, word]),
);
const CALLS = 3;
const AFTER_MS = 60_000;
/** A byte of mu-law that an ear takes for speech. */
const LOUD = 0x20;

export async function leaveNoWords(home: Home, progress: (words: string) => void): Promise<CanariesOutcome> {
  const redis = home === "Redis" ? await RedisServer.start() : undefined;
  let stage: Stage | undefined;
  try {
    stage = await startStage({
      model: { script: () => [{ speak: WORDS.assistant, tag: LOUD }], hears: () => WORDS.caller },
      env: {
        DRAIN_SECONDS: "0",
        LOG_LEVEL: "debug",
        ...(redis !== undefined && { REDIS_URL: redis.url }),
      },
    });
    return await inWords(stage, redis, home, progress);
  } finally {
    await stage?.stop();
    await redis?.stop();
  }
}

async function inWords(
  stage: Stage,
  redis: RedisServer | undefined,
  home: Home,
  progress: (words: string) => void,
): Promise<CanariesOutcome> {
  const { model } = stage;
  const written = () =>
    Buffer.concat([stage.dataDir, ...(redis === undefined ? [] : [redis.folder])].flatMap(filesUnder));
  const keys = async () => {
    const found = await redis?.say("KEYS", "*conversation*");
    return Array.isArray(found) ? found.length : 0;
  };
  progress(`${home}: calls with canaries on both sides`);
  const calls = Array.from({ length: CALLS }, () => stage.dial(ANYBODY));
  await Promise.all(calls.map(converse));
  const sealed = () => sealedIn(written(), TOKEN_SECRET);
  await until("a conversation in the bytes", () => sealed() > 0).catch(() => {});
  // One is hung up while there is no relay; the others go on in the new process, and are hung up there.
  await stage.relay.kill("SIGKILL");
  const up = written();
  const keysUp = await keys();
  const before = model.sessions.length;
  calls[0]?.hangUp();
  await stage.start();
  const reborn = () => model.sessions.slice(before);
  const haveAnswered = () => reborn().filter(({ responses }) => responses.length > 0).length === CALLS - 1;
  await model.waitFor(haveAnswered, PATIENCE_MS).catch(() => {});
  const remembered = new Set(reborn().flatMap((session) => canariesIn(seedOf(session), CANARIES)));
  for (const call of calls) call.hangUp();
  await Promise.all(calls.map(({ ended }) => ended));
  for (let leftMs = AFTER_MS; leftMs > 0; leftMs -= 1_000) {
    progress(`${home}: ${leftMs / 1_000} s until nothing may be left`);
    await Bun.sleep(1_000);
  }
  const after = written();
  const text = after.toString("latin1");
  // In the last of its spellings, in base64 at an odd place: the hardest to find.
  const spelt = Object.keys(CANARIES).map((canary) => spellingsOf(canary).at(-1) ?? "");
  return {
    home,
    bytesUp: up.length,
    bytesAfter: after.length,
    readableUp: canariesIn(up.toString("latin1"), CANARIES),
    readableAfter: canariesIn(text, CANARIES),
    sealedUp: sealedIn(up, TOKEN_SECRET),
    sealedAfter: sealedIn(after, TOKEN_SECRET),
    remembered: [...remembered],
    keysUp,
    keysAfter: await keys(),
    planted: canariesIn(`${text}${spelt.join(" ")}`, CANARIES),
  };
}

/** Both sides have said their words, and the caller's have been written down. */
async function converse(call: PlacedCall): Promise<void> {
  await afterHeard(call, 500, PATIENCE_MS);
  await until("the end of the greeting", () => call.ear.bufferedSamples() === 0);
  await call.say(clip("caller-yes"));
  await afterHeard(call, 500, PATIENCE_MS);
}

function filesUnder(folder: string): Buffer[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
}

// --- the proof --------------------------------------------------------------------------------------------------

export const canaries: Proof = {
  name: "canaries",
  run: async (progress) => {
    const rows = [];
    const all = Object.keys(CANARIES).length;
    for (const home of ["DATA_DIR", "Redis"] as const) {
      const outcome = await leaveNoWords(home, progress);
      const { readableUp, readableAfter, sealedUp, sealedAfter, remembered, keysUp, keysAfter } = outcome;
      const isRedis = home === "Redis";
      rows.push(
        {
          what: `conversations of live calls in ${home}: kept, and not to be read`,
          bound: `all ${all} canaries known after a kill, 0 in the bytes`,
          measured: `${remembered.length} known, ${readableUp.length} in ${outcome.bytesUp} bytes${listed(readableUp)}; ${sealedUp} sealed conversations opened with the secret${isRedis ? `, ${keysUp} keys` : ""}`,
          ok:
            remembered.length === all && readableUp.length === 0 && sealedUp > 0 && (!isRedis || keysUp > 0),
        },
        {
          what: `a minute after them, in every byte of ${isRedis ? "DATA_DIR and Redis, its append-only file included" : home}`,
          bound: isRedis ? "0 canaries, 0 keys" : "0 canaries, and nothing that the secret opens",
          measured: `${readableAfter.length} of ${outcome.planted.length} canaries in ${outcome.bytesAfter} bytes${listed(readableAfter)}; ${sealedAfter} sealed conversations left${isRedis ? ` until Redis rewrites its file, ${keysAfter} keys` : ""}`,
          ok:
            readableAfter.length === 0 &&
            outcome.planted.length === all &&
            outcome.bytesAfter > 0 &&
            (isRedis ? keysAfter === 0 : sealedAfter === 0),
        },
      );
    }
    return rows;
  },
};
