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
    const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    ns += Number(running);
  }
  return ns / 1e6;
}

export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} shows no VmRSS`);
  return Number(kilobytes) * 1024;
}
