/**
 * A SQLite file under DATA_DIR: damage is seen when it is opened and while it is open, and what is wrong is said with the
 * file's name and the mend.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "../../patience.ts";
import {
  isBusy,
  isDamage,
  removeSqliteFile,
  SqliteFile,
  sqliteCodeOf,
  troubleOf,
} from "../../../relay/io/sqlite-file.ts";
import { damage } from "./damage.ts";

const SCHEMA = "CREATE TABLE IF NOT EXISTS things (thing TEXT) STRICT";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sqlite-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, "a.sqlite");
const open = () => SqliteFile.open(folder, "a.sqlite", SCHEMA);
const put = (file: SqliteFile, thing = "x".repeat(1_000)) =>
  file.db.query("INSERT INTO things VALUES (?)").run(thing);
const things = (file: SqliteFile) => file.db.query("SELECT count(*) FROM things").values()[0]?.[0];
/** All that was written is in the file itself. */
const settle = (file: SqliteFile) => file.db.query("PRAGMA wal_checkpoint(TRUNCATE)").get();
const codeOf = (body: () => unknown): string => {
  try {
    body();
    return "none";
  } catch (thrown) {
    return sqliteCodeOf(thrown);
  }
};

describe("a file", () => {
  test("is made in a folder that is made for it, nobody else's to read, and removed with all that is its", () => {
    folder = join(folder, "deep");
    const file = open();
    put(file);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).sort()).toEqual(["a.sqlite", "a.sqlite-shm", "a.sqlite-wal"]);
    expect(file.walBytes).toBeGreaterThan(0);
    settle(file);
    expect(file.walBytes).toBe(0);
    file.close();
    removeSqliteFile(folder, "a.sqlite");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that is overwritten, from its beginning or within, is not opened", () => {
    for (const kind of ["overwritten", "inside"] as const) {
      const file = open();
      for (let n = 0; n < 100; n++) put(file);
      file.close();
      damage(path(), kind);
      expect([kind, isDamage(codeOf(open))]).toEqual([kind, true]);
      removeSqliteFile(folder, "a.sqlite");
    }
    writeFileSync(path(), "not a database, but long enough to be looked at as one".repeat(20));
    expect(codeOf(open)).toBe("SQLITE_NOTADB");
  });

  test("that is damaged while it is open is seen as soon as it is read anew", () => {
    for (const kind of ["overwritten", "cut", "inside"] as const) {
      const file = open();
      for (let n = 0; n < 100; n++) put(file);
      settle(file);
      expect(things(file)).toBe(100);
      damage(path(), kind);
      expect(file.isInPlace).toBe(true);
      expect([kind, codeOf(() => things(file))]).toEqual([kind, "none"]);
      file.readAnew();
      expect([kind, isDamage(codeOf(() => things(file)))]).toEqual([kind, true]);
      file.close();
      removeSqliteFile(folder, "a.sqlite");
    }
  });

  test("is in its place until it, or its log, is moved or replaced", () => {
    const moves: ReadonlyArray<(file: SqliteFile) => unknown> = [
      () => renameSync(path(), join(folder, "away")),
      () => rmSync(`${path()}-wal`),
      () => {
        rmSync(path());
        writeFileSync(path(), "");
      },
    ];
    for (const move of moves) {
      const file = open();
      put(file);
      settle(file);
      put(file);
      expect(file.isInPlace).toBe(true);
      const other = open();
      other.close();
      expect(file.isInPlace).toBe(true);
      move(file);
      expect(file.isInPlace).toBe(false);
      file.close();
      removeSqliteFile(folder, "a.sqlite");
    }
  });
});

test("what is wrong is said with the file and a mend, and what nobody knows still with both", () => {
  expect(isBusy("SQLITE_BUSY_SNAPSHOT")).toBe(true);
  expect(isBusy("SQLITE_FULL")).toBe(false);
  expect(sqliteCodeOf("thrown")).toBe("unknown");
  const said = (code: string) => troubleOf(code, "a.sqlite");
  expect(said("SQLITE_FULL")).toBe("the disk has no room for a.sqlite in DATA_DIR: make room");
  expect(said("ENOSPC")).toBe(said("SQLITE_FULL"));
  expect(said("SQLITE_CORRUPT_INDEX")).toBe("a.sqlite in DATA_DIR is damaged");
  expect(said("SQLITE_NOTADB")).toBe(said("SQLITE_CORRUPT_INDEX"));
  expect(said("SQLITE_READONLY_DBMOVED")).toContain("permissions");
  expect(said("EROFS")).toBe(said("SQLITE_CANTOPEN"));
  expect(said("SQLITE_BUSY")).toContain("another process holds a.sqlite");
  for (const code of ["SQLITE_IOERR_WRITE", "unknown"]) {
    expect(said(code)).toBe(
      "a.sqlite in DATA_DIR cannot be read or written: check the disk, its room, and the permissions",
    );
  }
});
