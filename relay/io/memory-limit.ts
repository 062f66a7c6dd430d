/**
 * How much memory the kernel lets this process have before it kills it: the smallest limit of its control groups, as a
 * container or a systemd unit (MemoryMax) sets it. https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
import { readFileSync } from "node:fs";
import { posix } from "node:path";

/** What is no limit at all is written as `max`, or by version 1 as a number of exabytes. */
const NO_LIMIT_BYTES = 2 ** 50;

/**
 * @param read undefined: there is no such file
 * @returns undefined: there is no limit, or this is no Linux
 */
export function memoryLimitBytes(read: (path: string) => string | undefined = textOf): number | undefined {
  const limits = (read("/proc/self/cgroup") ?? "").split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === "") return upwards("/sys/fs/cgroup", path, "memory.max", read);
    if (controllers?.split(",").includes("memory") !== true) return [];
    return upwards("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", read);
  });
  const least = Math.min(...limits);
  return least < NO_LIMIT_BYTES ? least : undefined;
}

/** A group is held to the limits of those that it is in; in a container its path may not be there, but its root is. */
function upwards(
  root: string,
  path: string,
  file: string,
  read: (path: string) => string | undefined,
): number[] {
  const text = read(posix.join(root, path, file))?.trim();
  const here = text !== undefined && /^\d+$/.test(text) ? [Number(text)] : [];
  return path === "/" ? here : [...here, ...upwards(root, posix.dirname(path), file, read)];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
