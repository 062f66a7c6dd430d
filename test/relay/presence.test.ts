/**
 * How relays are found on a machine: by what they say of themselves, if it is still them.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Presence, relayOn, relaysOn } from "../../relay/presence.ts";
import "../patience.ts";

const ABOUT = { port: 5050, reusePort: true, drainSeconds: 300 };
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "presence-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const failures: string[] = [];
const here = () => new Presence(dataDir, ABOUT, () => failures.push("failed"));
const files = () => readdirSync(join(dataDir, "relays"));
const mine = () => join(dataDir, "relays", `${process.pid}.json`);

test("a relay is found by what it says, in the stage in which it is, until it is gone", () => {
  expect(relaysOn(dataDir)).toEqual([]);
  const presence = here();
  for (const is of ["listening", "ready", "stopping"] as const) {
    presence.is(is);
    expect(relaysOn(dataDir)).toMatchObject([{ pid: process.pid, ...ABOUT, is }]);
    expect(files()).toEqual([`${process.pid}.json`]);
  }
  expect(relayOn(dataDir, process.pid)?.is).toBe("stopping");
  presence.gone();
  expect([relaysOn(dataDir), relayOn(dataDir, process.pid)]).toEqual([[], undefined]);
});

test("nobody else may read it, and it holds nothing of the configuration's secrets", () => {
  here().is("ready");
  expect(statSync(mine()).mode & 0o077).toBe(0);
  expect(Object.keys(JSON.parse(readFileSync(mine(), "utf8"))).sort()).toEqual(
    ["born", "drainSeconds", "is", "pid", "port", "reusePort"].sort(),
  );
});

test("the file of a process that is gone is no relay, and the next one that listens takes it away", async () => {
  here().is("ready");
  const gone = Bun.spawn(["true"]);
  await gone.exited;
  const text = JSON.parse(readFileSync(mine(), "utf8"));
  writeFileSync(join(dataDir, "relays", `${gone.pid}.json`), JSON.stringify({ ...text, pid: gone.pid }));
  expect(relaysOn(dataDir).map(({ pid }) => pid)).toEqual([process.pid]);
  here().is("listening");
  expect(files()).toEqual([`${process.pid}.json`]);
});

test("a process that has the number of a relay that was killed is none", () => {
  here().is("ready");
  const text = JSON.parse(readFileSync(mine(), "utf8"));
  writeFileSync(mine(), JSON.stringify({ ...text, born: "1" }));
  expect(relaysOn(dataDir)).toEqual([]);
});

test("what is no such file is passed over", () => {
  here().is("ready");
  for (const [name, text] of [
    ["1.json", "no json"],
    ["2.json", "{}"],
    [`${process.pid}.json.new`, "{"],
    ["swap.lock", ""],
  ] as const)
    writeFileSync(join(dataDir, "relays", name), text);
  expect(relaysOn(dataDir)).toHaveLength(1);
});

test("a folder that cannot be written is told of, and throws nothing", () => {
  writeFileSync(join(dataDir, "relays"), "a file");
  const presence = here();
  failures.length = 0;
  presence.is("listening");
  presence.gone();
  expect(failures).toEqual(["failed"]);
  expect(relaysOn(dataDir)).toEqual([]);
});
