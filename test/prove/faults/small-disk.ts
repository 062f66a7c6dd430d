/**
 * A disk of a few MB that can be filled, and that can fail as a real one does: ext4 in a file, which the kernel mounts.
 * `abort` makes it what it becomes when its device fails: read-only at once, also for files that are open. Only root
 * may mount.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type SmallDisk = {
  readonly path: string;
  fill(): void;
  unfill(): void;
  /** Read-only from now on. */
  abort(): void;
  /** As after a repair: unmounted, and mounted again. Nobody may have it open. */
  mend(): void;
  remove(): void;
};

const BLOCK = new Uint8Array(4096).fill(0x66);

export function makeDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "disk-"));
  const image = join(folder, "image");
  const path = join(folder, "mounted");
  const filler = join(path, "filler");
  mkdirSync(path);
  const mount = () => must("mount", "-o", "loop,errors=remount-ro", image, path);
  must("dd", "if=/dev/zero", `of=${image}`, "bs=1M", `count=${megabytes}`);
  must("mkfs.ext4", "-q", "-m", "0", image);
  mount();
  return {
    path,
    fill: () => {
      const file = openSync(filler, "w");
      try {
        for (;;) writeSync(file, BLOCK);
      } catch (thrown) {
        if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ENOSPC")) throw thrown;
      } finally {
        closeSync(file);
      }
    },
    unfill: () => rmSync(filler),
    abort: () => must("mount", "-o", "remount,abort", path),
    mend: () => {
      must("umount", path);
      mount();
    },
    remove: () => {
      must("umount", path);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function must(...command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}
