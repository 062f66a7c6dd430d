/**
 * One connection for all that a process keeps in Redis: whoever asks is answered within a second or told that they are
 * not, and nothing that was asked while it was away is done later.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { Health } from "../../../relay/io/health.ts";
import { RecordsFailure } from "../../../relay/io/records.ts";
import { RedisConnection } from "../../../relay/io/redis-connection.ts";
import { Secret } from "../../../relay/secret.ts";
import { Stopwatch, until } from "../../patience.ts";
import { hasRedis, RedisServer } from "./redis-server.ts";

let redis: RedisServer | undefined;
let connection: RedisConnection | undefined;
afterEach(async () => {
  connection?.close();
  await redis?.stop();
});

async function connect() {
  const server = await RedisServer.start();
  redis = server;
  const told: string[] = [];
  const health = new Health(({ event, ...rest }) =>
    told.push("code" in rest ? `${event} ${rest.code}` : event),
  );
  const greeted: unknown[] = [];
  const opened = await RedisConnection.open(new Secret(server.url), health, async (to) => {
    greeted.push(await to.ask("PING", []));
    health.worked();
  });
  connection = opened;
  return { server, connection: opened, told, greeted };
}

describe.skipIf(!hasRedis)("a connection to Redis", () => {
  test("greets each time that it is made, and goes on making one while there is none", async () => {
    const { server, connection, told, greeted } = await connect();
    expect(greeted).toEqual(["PONG"]);
    expect(told).toEqual([]);
    await server.kill();
    await until(() => told.length === 1);
    const asked = await connection.ask("SET", ["late", "1"]).catch((thrown) => thrown);
    expect(asked).toBeInstanceOf(RecordsFailure);
    expect(asked).toMatchObject({ code: "away", mend: expect.stringContaining("REDIS_URL") });
    await server.start();
    await until(() => greeted.length === 2);
    expect(told).toEqual(["store.failed away", "store.recovered"]);
    expect(await connection.ask("EXISTS", ["late"])).toBe(0);
  });

  test("that hangs is given up after a second by all who ask, and is made anew", async () => {
    const { server, connection, told } = await connect();
    server.signal("SIGSTOP");
    const watch = new Stopwatch();
    const codes = await Promise.all(
      ["a", "b"].map((key) => connection.ask("SET", [key, "1"]).catch((thrown) => thrown.code)),
    );
    expect(watch.stop()).toBeLessThan(10_000);
    expect(codes).toContain("no answer");
    expect(codes).not.toContain("OK");
    server.signal("SIGCONT");
    await until(() => told.at(-1) === "store.recovered");
    expect(await connection.ask("PING", [])).toBe("PONG");
  });

  test("says of a refusal what kind it is, and none of its words", async () => {
    const { connection } = await connect();
    await connection.ask("SET", ["text", "words"]);
    const refused = await connection.ask("INCR", ["text"]).catch((thrown) => thrown);
    expect(refused).toMatchObject({ code: "ERR", message: "ERR" });
    expect(await connection.run("return {KEYS[1], ARGV[1]}", ["key"], [7])).toEqual(["key", "7"]);
  });
});
