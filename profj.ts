import { startChild } from "./test/bench/child.ts";
import { Listening, Measured } from "./test/bench/load.ts";
import { startSubject, type SubjectName } from "./test/bench/subjects.ts";
const name = (process.argv[2] ?? "relay") as SubjectName;
const cmd = process.argv[3] ?? "";
const calls = Number(process.argv[4] ?? 200);
const deltas = process.argv[5] ?? "steady";
const load = startChild("./load.ts");
const { modelUrl } = Listening.parse(await load.next());
const s = await startSubject(name, modelUrl);
const measure = async (n: number, seconds: number) => {
  load.tell({ pid: s.pid, streams: await s.streams(n), deltas, settleMs: 2000, measureMs: seconds * 1000 });
  return Measured.parse(await load.next());
};
await measure(200, 35);
const p = measure(calls, 10);
await Bun.sleep(5000);
if (cmd) { const c = Bun.spawn(["sh", "-c", cmd.replaceAll("PID", String(s.pid))], { stdout: "inherit", stderr: "inherit" }); await c.exited; }
const m = await p;
console.log(name, m.cpuMsPerCallSecond.toFixed(3), "frames", m.up.sent + m.down.sent, "marks", m.marks, "p99", m.up.latency.p99Ms.toFixed(2), m.down.latency.p99Ms.toFixed(2), "late", m.loadLateMs.toFixed(1));
await s.stop(); await load.stop();
process.exit(0);
