/**
 * What a bad disk, or a hand that slips, does to a SQLite file that may be open. Done by another process: whoever opens
 * and closes the file takes the locks away that SQLite has on it in the same process
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export type Damage =
  /** From its beginning. */
  | "overwritten"
  /** To nothing. */
  | "cut"
  /** All but the first page. */
  | "inside";

const PAGE_BYTES = 4096;

export function damage(path: string, kind: Damage): void {
  const source = `
    const { openSync, fstatSync, writeSync, ftruncateSync } = await import("node:fs");
    const fd = openSync(${JSON.stringify(path)}, "r+");
    const bytes = Math.max(fstatSync(fd).size, ${2 * PAGE_BYTES});
    const from = ${kind === "inside" ? PAGE_BYTES : 0};
    if (${kind === "cut"}) ftruncateSync(fd, 0);
    else writeSync(fd, Buffer.alloc(bytes - from, 0x5a), 0, bytes - from, from);`;
  const { exitCode } = Bun.spawnSync([process.execPath, "-e", source], { stderr: "inherit" });
  if (exitCode !== 0) throw new Error(`${path} could not be damaged`);
}
