/**
 * Where the relay writes down which tokens were used: a disk that cannot, or a Redis that forgets, admits nobody or
 * admits twice. What is written here to find that out is gone again at once; the records themselves are only read.
 */
import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { rm, stat, statfs, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join, resolve } from "node:path";
import type { Config } from "../../config.ts";
import { isDamage, sqliteCodeOf, troubleOf } from "../../io/sqlite-file.ts";
import type { Secret } from "../../secret.ts";
import { RELAY_ENV } from "./given.ts";
import { ill, Line, nothing, type Trouble, type Verdict, well, wellBut } from "./line.ts";

const MB = 2 ** 20;
const RECORDS = "relay.sqlite";

export function recordLines(settings: Line<Config>, folder: string): readonly Line<unknown>[] {
  const disk = new Line<void>(
    {
      group: "records",
      name: "disk",
      title: "DATA_DIR",
      lateMend: "the disk of DATA_DIR does not answer: look at it",
    },
    async ({ have }) => {
      const { dataDir, minDiskMb } = await have(settings);
      return disked(resolve(folder, dataDir), dataDir, minDiskMb);
    },
  );
  const file = new Line<void>({ group: "records", name: "file", title: RECORDS }, async ({ have }) => {
    const { dataDir, redisUrl } = await have(settings);
    if (redisUrl !== undefined) return nothing("the records are in Redis");
    await have(disk);
    return filed(resolve(folder, dataDir));
  });
  const redis = new Line<void>(
    { group: "records", name: "redis", title: "Redis", withinMs: 5_000, lateMend: REDIS },
    async ({ have, signal }) => {
      const { redisUrl } = await have(settings);
      if (redisUrl === undefined)
        return nothing("no REDIS_URL: the records are a file, as they should be on one machine");
      return redised(redisUrl, signal);
    },
  );
  return [disk, file, redis];
}

async function disked(path: string, dataDir: string, minDiskMb: number): Promise<Verdict<void>> {
  const place = await nearest(path);
  const isThere = place === path;
  const stats = await stat(place);
  const rights = `let the relay's user own it (chown, chmod 700), or set DATA_DIR in ${RELAY_ENV} to a folder that it may write`;
  if (!stats.isDirectory()) {
    return ill(
      `${dataDir} cannot be a folder: ${isThere ? "it is a file" : "a file stands in its path"}`,
      `move that file away, or set DATA_DIR in ${RELAY_ENV} to another folder`,
    );
  }
  const probe = join(place, `.doctor-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(probe, "", { flag: "wx", mode: 0o600 });
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ENOSPC" || code === "EDQUOT") return ill(`its disk is full (${code})`, "make room on it");
    return ill(`${dataDir} cannot be written (${code})`, rights);
  } finally {
    await rm(probe, { force: true });
  }
  const { bavail, bsize } = await statfs(place);
  const freeMb = Math.floor((bavail * bsize) / MB);
  if (freeMb < minDiskMb) {
    const says = `${freeMb} MB are free, and MIN_DISK_MB demands ${minDiskMb}: the relay takes no calls`;
    return ill(says, `make room on the disk of ${dataDir}, or lower MIN_DISK_MB in ${RELAY_ENV}`);
  }
  const free = freeMb >= 10_240 ? `${Math.floor(freeMb / 1024)} GB` : `${freeMb} MB`;
  if (!isThere) return well(`the relay will make it; it may, and ${free} are free`, undefined);
  const found: Trouble[] =
    (stats.mode & 0o077) === 0
      ? []
      : [{ says: "others on this machine may look into it", mend: `chmod 700 ${dataDir}` }];
  return wellBut(`can be written, and ${free} are free`, found, undefined);
}

/** It, or what it would be made in. */
async function nearest(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const isThere = await stat(at).then(
      () => true,
      (thrown) => {
        if (codeOf(thrown) === "ENOENT" || codeOf(thrown) === "ENOTDIR") return false;
        throw thrown;
      },
    );
    if (isThere) return at;
  }
}

/** Only read: whoever makes a file of records says with it that older tokens are not to be taken. */
async function filed(path: string): Promise<Verdict<void>> {
  const file = join(path, RECORDS);
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined) return well("not there yet: the relay makes it at its first start", undefined);
  const away = `stop the relay, move ${RECORDS}, ${RECORDS}-wal and ${RECORDS}-shm away, and start it again; how calls ended, and wrong PINs of the last hour, are lost then`;
  if (stats.size === 0) return ill(`${RECORDS} in DATA_DIR is empty`, away);
  try {
    const db = new Database(file, { readonly: true });
    try {
      const found = db.query("PRAGMA quick_check(1)").values()[0]?.[0];
      if (found !== "ok") return ill(`${RECORDS} in DATA_DIR is damaged`, away);
    } finally {
      db.close();
    }
  } catch (thrown) {
    const code = sqliteCodeOf(thrown);
    const trouble = troubleOf(code, RECORDS);
    return isDamage(code) ? ill(trouble, away) : ill(`${RECORDS} cannot be read (${code})`, trouble);
  }
  return well("whole", undefined);
}

// --- Redis ------------------------------------------------------------------------------------------------------

const REDIS =
  "check that Redis runs, is reached from here, and speaks TLS where REDIS_URL begins with rediss://";
const PROBE = "{relay}:doctor";
const CONNECTS_WITHIN_MS = 3_000;

async function redised(url: Secret, signal: AbortSignal): Promise<Verdict<void>> {
  const client = new Bun.RedisClient(url.reveal(), {
    autoReconnect: false,
    enableOfflineQueue: false,
    connectionTimeout: CONNECTS_WITHIN_MS,
  });
  signal.addEventListener("abort", () => client.close());
  try {
    await client.connect();
    await client.send("SET", [PROBE, "1", "EX", "5"]);
    await client.send("DEL", [PROBE]);
    const info = String(await client.send("INFO", []).catch(() => ""));
    return judged((name) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1]);
  } catch (thrown) {
    const listens = await someoneListens(new URL(url.reveal()));
    return redisTrouble(thrown, listens);
  } finally {
    client.close();
  }
}

function judged(said: (name: string) => string | undefined): Verdict<void> {
  const found: Trouble[] = [];
  const policy = said("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    const says = `it may throw records away when its memory is full (${/^[a-z-]+$/.exec(policy)?.[0] ?? "maxmemory-policy"})`;
    found.push({
      says,
      mend: "redis-cli CONFIG SET maxmemory-policy noeviction, and the same in its configuration",
    });
  }
  if (said("aof_enabled") === "0") {
    const says = "it forgets the last uses of tokens when it is killed";
    found.push({
      says,
      mend: "redis-cli CONFIG SET appendonly yes, appendfsync always, and the same in its configuration",
    });
  }
  if (found.length === 0) {
    return well(
      policy === undefined
        ? "takes writes; it does not tell how it keeps them"
        : "takes writes, and keeps them",
      undefined,
    );
  }
  // One that forgets lets a token in twice.
  return {
    is: "ill",
    says: found.length === 1 ? (found[0]?.says ?? "") : "it loses records",
    findings: found,
  };
}

function someoneListens({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port) || 6379 });
    socket.setTimeout(CONNECTS_WITHIN_MS, () => socket.destroy());
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

/** The first word of a server's error is its kind; the rest may hold anything. */
function redisTrouble(thrown: unknown, someoneListens: boolean): Verdict<never> {
  const said = thrown instanceof Error ? thrown.message : "";
  const kind = /^[A-Z]{2,}(?= )/.exec(said)?.[0] ?? codeOf(thrown);
  switch (kind) {
    // Bun tells a refused password in no other way.
    case "ERR_REDIS_CONNECTION_CLOSED":
      if (!someoneListens) return ill("nobody listens there", REDIS);
      return ill(
        "it hangs up at once: it does not take the password, or one side speaks TLS and the other does not",
        `write the password into REDIS_URL of ${RELAY_ENV}, rediss://:PASSWORD@host:6379 with TLS and redis:// without`,
      );
    case "NOAUTH":
    case "WRONGPASS":
      return ill(
        "it does not take the password",
        `write it into REDIS_URL of ${RELAY_ENV}: rediss://:PASSWORD@host:6379`,
      );
    case "READONLY":
      return ill("it is a replica, which takes no writes", "let REDIS_URL name the primary");
    case "OOM":
      return ill("its memory is full", "raise its maxmemory, or clear what is not the relay's");
    case "MISCONF":
      return ill(
        "it cannot write to its own disk, and takes no writes",
        "look at its log, and make room there",
      );
    default:
      return ill(`it does not answer (${kind})`, REDIS);
  }
}

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "unknown";
