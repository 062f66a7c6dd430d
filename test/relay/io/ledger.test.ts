/** What was spent, kept in a file and in a real Redis: each booking once, by day and by month, for all who share it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileLedger, type Ledger } from "../../../relay/io/ledger.ts";
import { RecordsFailure } from "../../../relay/io/records.ts";
import { RedisLedger } from "../../../relay/io/redis-ledger.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";

const DAY = "2026-11-21";
const FILE = "spend.sqlite";
let bookings = 0;
const booking = (micros: number, day = DAY) => ({ id: `booking-${bookings++}`, day, micros });

const toClose: Array<() => void> = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "ledger-"));
  toClose.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
function inFile(dataDir = folder()): Ledger {
  const ledger = FileLedger.open(dataDir);
  toClose.unshift(() => ledger.close());
  return ledger;
}

function failureOf(body: () => unknown): unknown {
  try {
    body();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

/** What holds for each of them. */
function behaves(open: () => Promise<readonly [Ledger, Ledger]>): void {
  test("adds up what is spent in a day and in its month", async () => {
    const [ledger] = await open();
    expect(await ledger.look(DAY)).toEqual({ dayMicros: 0, monthMicros: 0 });
    await ledger.add(booking(5));
    expect(await ledger.add(booking(7))).toEqual({ dayMicros: 12, monthMicros: 12 });
    expect(await ledger.add(booking(100, "2026-11-22"))).toEqual({ dayMicros: 100, monthMicros: 112 });
    expect(await ledger.add(booking(1000, "2026-12-01"))).toEqual({ dayMicros: 1000, monthMicros: 1000 });
    expect(await ledger.look(DAY)).toEqual({ dayMicros: 12, monthMicros: 112 });
  });

  test("tells each of those who share it what the others have spent", async () => {
    const [one, other] = await open();
    await one.add(booking(3));
    expect(await other.look(DAY)).toEqual({ dayMicros: 3, monthMicros: 3 });
    expect(await other.add(booking(4))).toEqual({ dayMicros: 7, monthMicros: 7 });
    expect(await one.look(DAY)).toEqual({ dayMicros: 7, monthMicros: 7 });
  });

  test("loses nothing of what several add at once", async () => {
    const [one, other] = await open();
    const adding = Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? one : other).add(booking(n)));
    const totals = await Promise.all(adding);
    expect(Math.max(...totals.map(({ dayMicros }) => dayMicros))).toBe(4950);
    expect(new Set(totals.map(({ dayMicros }) => dayMicros)).size).toBeGreaterThan(90);
    expect((await one.look(DAY)).dayMicros).toBe(4950);
  });

  test("counts more than fits into 32 bits", async () => {
    const [ledger] = await open();
    await ledger.add(booking(3_000_000_000));
    expect((await ledger.add(booking(3_000_000_000))).dayMicros).toBe(6_000_000_000);
  });
}

describe("a ledger in a file", () => {
  behaves(async () => {
    const dataDir = folder();
    return [inFile(dataDir), inFile(dataDir)];
  });

  test("is there again after it was closed, and after its process was killed", async () => {
    const dataDir = folder();
    const ledger = FileLedger.open(dataDir);
    await ledger.add(booking(11));
    ledger.close();
    const code = `
      import { FileLedger } from ${JSON.stringify(join(import.meta.dir, "../../../relay/io/ledger.ts"))};
      await FileLedger.open(process.argv[1]).add({ id: "a", day: ${JSON.stringify(DAY)}, micros: 22 });
      process.kill(process.pid, "SIGKILL");`;
    const child = Bun.spawn([process.execPath, "-e", code, dataDir], { stdout: "ignore", stderr: "inherit" });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    expect(await inFile(dataDir).look(DAY)).toEqual({ dayMicros: 33, monthMicros: 33 });
  });

  test("that is no database is not taken for an empty one", () => {
    const dataDir = folder();
    writeFileSync(join(dataDir, FILE), "no database at all, but long enough to be read ".repeat(30));
    const outcome = failureOf(() => FileLedger.open(dataDir));
    expect(outcome).toMatchObject({
      code: "SQLITE_NOTADB",
      mend: expect.stringContaining("move spend.sqlite"),
    });
    expect(readFileSync(join(dataDir, FILE), "utf8")).toStartWith("no database");
  });

  test("that was damaged while no relay had it open is not opened", async () => {
    const dataDir = folder();
    const ledger = FileLedger.open(dataDir);
    for (let month = 1; month <= 12; month++) await ledger.add(booking(5, `2026-${month + 10}-01`));
    ledger.close();
    const file = join(dataDir, FILE);
    writeFileSync(file, readFileSync(file).fill(0xee, 4096));
    expect(failureOf(() => FileLedger.open(dataDir))).toMatchObject({
      mend: expect.stringContaining("is damaged"),
    });
  });

  test("that was taken away is not added to, nor read: it would all be lost with the process", async () => {
    const dataDir = folder();
    const ledger = inFile(dataDir);
    await ledger.add(booking(5));
    renameSync(join(dataDir, FILE), join(dataDir, "elsewhere"));
    for (const asked of [ledger.add(booking(5)), ledger.look(DAY)]) {
      const outcome = await asked.catch((thrown) => thrown);
      expect(outcome).toMatchObject({ mend: expect.stringContaining("is gone") });
    }
    renameSync(join(dataDir, "elsewhere"), join(dataDir, FILE));
    expect(await ledger.add(booking(5))).toEqual({ dayMicros: 10, monthMicros: 10 });
  });

  test("keeps its sums, and nothing of who spent them", async () => {
    const dataDir = folder();
    const ledger = inFile(dataDir);
    await ledger.add({ id: "canary-of-a-booking", day: DAY, micros: 5 });
    const bytes = ["", "-wal"].map((end) => readFileSync(join(dataDir, FILE + end)).toString("latin1"));
    expect(bytes.join("")).toContain(DAY);
    expect(bytes.join("")).not.toContain("canary");
  });
});

describe.skipIf(!hasRedis)("a ledger in Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  }, PATIENCE_MS);
  afterAll(() => redis.stop());

  /** As redis-connection.ts asks, without its care for what fails. */
  async function connection() {
    const client = new Bun.RedisClient(redis.url, { autoReconnect: false });
    await client.connect();
    toClose.push(() => client.close());
    const run = (script: string, keys: readonly string[], values: ReadonlyArray<string | number>) =>
      client.send("EVAL", [script, String(keys.length), ...keys, ...values.map(String)]);
    return { run };
  }

  behaves(async () => {
    await redis.say("FLUSHALL");
    return [new RedisLedger(await connection()), new RedisLedger(await connection())];
  });

  test("counts a booking once that is sent again, because its answer never came", async () => {
    await redis.say("FLUSHALL");
    const { run } = await connection();
    let isDeaf = true;
    const ledger = new RedisLedger({
      run: async (...asked) => {
        const answer = await run(...asked);
        if (isDeaf) throw new RecordsFailure("no answer", "");
        return answer;
      },
    });
    const one = booking(5);
    await expect(ledger.add(one)).rejects.toThrow("no answer");
    isDeaf = false;
    expect(await ledger.add(one)).toEqual({ dayMicros: 5, monthMicros: 5 });
    expect(await ledger.add(one)).toEqual({ dayMicros: 5, monthMicros: 5 });
  });

  test("forgets by itself what nobody adds to any more", async () => {
    await redis.say("FLUSHALL");
    const ledger = new RedisLedger(await connection());
    await ledger.add(booking(5));
    await ledger.look(DAY);
    for (const key of ["2026-11-21", "2026-11", "heartbeat"]) {
      expect(Number(await redis.say("TTL", `{relay}:spend:${key}`))).toBeGreaterThan(0);
    }
  });
});
