/**
 * Control groups as Linux shows them, of both versions, in a container and outside of one.
 */
import { expect, test } from "bun:test";
import { memoryLimitBytes } from "../../../relay/io/memory-limit.ts";

const MB = 2 ** 20;
const limitIn = (files: Readonly<Record<string, string>>) => memoryLimitBytes((path) => files[path]);

test("a unit's limit is read, and the smaller one of what it is in", () => {
  const self = "0::/system.slice/relay.service\n";
  const unit = "/sys/fs/cgroup/system.slice/relay.service/memory.max";
  expect(limitIn({ "/proc/self/cgroup": self, [unit]: `${300 * MB}\n` })).toBe(300 * MB);
  const slice = { "/sys/fs/cgroup/system.slice/memory.max": `${200 * MB}\n` };
  expect(limitIn({ "/proc/self/cgroup": self, [unit]: "max\n", ...slice })).toBe(200 * MB);
});

test("a container that sees its own group as the root has that one's limit", () => {
  const files = { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": `${512 * MB}\n` };
  expect(limitIn(files)).toBe(512 * MB);
});

test("version 1 is read too, where a container's path is not there but its root is", () => {
  const files = {
    "/proc/self/cgroup": "9:cpuset:/\n4:cpu,memory:/docker/abc\n0::/\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${256 * MB}\n`,
  };
  expect(limitIn(files)).toBe(256 * MB);
});

test("no limit is none, however it is written, and neither is a system without control groups", () => {
  const unlimited = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
  expect(limitIn({ "/proc/self/cgroup": "4:memory:/\n", [unlimited]: "9223372036854771712\n" })).toBe(
    undefined,
  );
  expect(limitIn({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" })).toBeUndefined();
  expect(limitIn({})).toBeUndefined();
});
