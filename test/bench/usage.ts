/**
 * What a process has used, as the kernel counts it: processor time of all its threads to the nanosecond (a tick of
 * /proc/<pid>/stat is 10 ms, more than one call uses in ten seconds), and its resident memory.
 * Source: https://docs.kernel.org/scheduler/sched-stats.html
 */
import { readdirSync, readFileSync } from "node:fs";

/** Processor time since the process began, in ms. A thread that has ended takes its part with it. */
export function cpuMs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += runningNs(`/proc/${pid}/task/${thread}/schedstat`);
  }
  return ns / 1e6;
}

/** Of one thread; it may end between being listed and being read. */
function runningNs(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[0]);
  } catch (thrown) {
    if (
      thrown instanceof Error &&
      "code" in thrown &&
      (thrown.code === "ENOENT" || thrown.code === "ESRCH")
    ) {
      return 0;
    }
    throw thrown;
  }
}

export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} shows no VmRSS`);
  return Number(kilobytes) * 1024;
}
