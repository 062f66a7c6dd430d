/** The disk of DATA_DIR, the file of records, and Redis. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasRedis, RedisServer } from "../../../io/redis-server.ts";
import type { Breakage } from "../breakage.ts";
import type { House } from "../stage.ts";
import { relayVariable } from "./settings.ts";

const at = (house: House, name: string): string => join(house.folder, name);

const DISK: readonly Breakage[] = [
  {
    name: "DATA_DIR is a file",
    line: "records/disk",
    says: /cannot be a folder: it is a file/,
    mend: /move that file away/,
    break: (house) => {
      writeFileSync(at(house, "elsewhere"), "");
      house.relayEnv.DATA_DIR = "elsewhere";
    },
    apply: (house) => {
      rmSync(at(house, "elsewhere"));
      mkdirSync(at(house, "elsewhere"), { mode: 0o700 });
    },
  },
  {
    name: "others may look into DATA_DIR",
    line: "records/disk",
    is: "doubtful",
    says: /others on this machine may look into it/,
    mend: /chmod 700 elsewhere/,
    break: (house) => chmodSync(at(house, "elsewhere"), 0o755),
    apply: (house) => chmodSync(at(house, "elsewhere"), 0o700),
  },
  {
    name: "hardly anything is free on the disk",
    line: "records/disk",
    says: /are free, and MIN_DISK_MB demands 1000000/,
    mend: /make room on the disk of elsewhere, or lower MIN_DISK_MB/,
    ...relayVariable("MIN_DISK_MB", "1000000"),
  },
  {
    name: "the file of records is damaged",
    line: "records/file",
    says: /relay\.sqlite in DATA_DIR is damaged/,
    mend: /move relay\.sqlite, relay\.sqlite-wal and relay\.sqlite-shm away/,
    break: (house) => writeFileSync(at(house, "elsewhere/relay.sqlite"), "no database at all. ".repeat(200)),
    apply: (house) => {
      rmSync(at(house, "elsewhere"), { recursive: true });
      house.relayEnv.DATA_DIR = "data";
    },
  },
];

/** Of one Redis: each breaks what the one before has mended. */
function redisBreakages(): readonly Breakage[] {
  let redis: RedisServer;
  return [
    {
      name: "Redis takes no records that last",
      line: "records/redis",
      says: /throw records away .*allkeys-lru[\s\S]*forgets the last uses/,
      mend: /maxmemory-policy noeviction[\s\S]*appendonly yes/,
      break: async (house) => {
        redis = house.put(await RedisServer.start({ password: "a-password" }));
        house.relayEnv.REDIS_URL = redis.url;
        await redis.say("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        await redis.say("CONFIG", "SET", "appendonly", "no");
      },
      apply: async () => {
        await redis.say("CONFIG", "SET", "maxmemory-policy", "noeviction");
        await redis.say("CONFIG", "SET", "appendonly", "yes");
      },
    },
    {
      name: "another password of Redis",
      line: "records/redis",
      says: /does not take the password/,
      mend: /write the password into REDIS_URL of \.env/,
      break: (house) => {
        house.relayEnv.REDIS_URL = redis.url.replace("a-password", "another");
      },
      apply: (house) => {
        house.relayEnv.REDIS_URL = redis.url;
      },
    },
    {
      name: "Redis is a replica",
      line: "records/redis",
      says: /it is a replica/,
      mend: /name the primary/,
      break: () => redis.say("REPLICAOF", "127.0.0.1", "1"),
      apply: () => redis.say("REPLICAOF", "NO", "ONE"),
    },
    {
      name: "Redis is down",
      line: "records/redis",
      says: /nobody listens there/,
      mend: /check that Redis runs/,
      break: () => redis.kill(),
      apply: () => redis.start(),
    },
  ];
}

export const RECORDS: readonly Breakage[] = [...DISK, ...(hasRedis ? redisBreakages() : [])];
