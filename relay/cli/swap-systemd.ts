/**
 * Relays as two instances of one systemd template, relay@a and relay@b, of which one runs and the other is started to
 * take its place. The one that runs is also the one that starts with the machine.
 */
import { spawnSync } from "node:child_process";
import type { Running } from "../presence.ts";
import { NoSwap, type Started } from "./swapping.ts";

const INSTANCES = ["a", "b"] as const;
const TOLD_LINES = "15";

/** @param template as in relay@ */
export function systemdUnits(template: string): {
  start: (old: readonly Running[]) => Started;
  end: (old: Running) => void;
} {
  const units = INSTANCES.map((instance) => `${template}${instance}.service`);
  const pidOf = (unit: string): number => Number(show(unit, "MainPID"));
  const unitOf = ({ pid }: Running): string | undefined => units.find((unit) => pidOf(unit) === pid);
  let fresh: string | undefined;
  return {
    start: (old) => {
      if (old.every((relay) => unitOf(relay) === undefined)) {
        throw new NoSwap(
          `The relay that runs (${old.map(({ pid }) => pid).join(", ")}) is none of ${units.join(", ")}. Stop it, and start one of these.`,
        );
      }
      const unit = units.find((one) => ["inactive", "failed"].includes(show(one, "ActiveState")));
      if (unit === undefined) {
        throw new NoSwap(
          `Neither of ${units.join(" and ")} is free: one still lets its calls finish. Wait for it (systemctl status '${template}*'), and swap again.`,
        );
      }
      systemctl("start", unit);
      fresh = unit;
      return {
        pid: () => pidOf(unit) || undefined,
        hasFailed: () => ["inactive", "failed"].includes(show(unit, "ActiveState")),
        stop: () => void systemctl("stop", "--no-block", unit),
        lastLines: () => run("journalctl", ["-u", unit, "-n", TOLD_LINES, "--no-pager", "-o", "cat"]).out,
      };
    },
    end: (old) => {
      const unit = unitOf(old);
      if (unit === undefined) {
        process.kill(old.pid, "SIGTERM");
        return;
      }
      if (run("systemctl", ["is-enabled", "--quiet", unit]).code === 0 && fresh !== undefined) {
        systemctl("enable", "--quiet", fresh);
        systemctl("disable", "--quiet", unit);
      }
      systemctl("stop", "--no-block", unit);
    },
  };
}

const show = (unit: string, property: string): string =>
  systemctl("show", "--property", property, "--value", unit);

function systemctl(...args: string[]): string {
  const { code, out, errors } = run("systemctl", args);
  if (code !== 0) throw new NoSwap(`systemctl ${args.join(" ")} failed: ${errors || `exit code ${code}`}`);
  return out;
}

function run(command: string, args: readonly string[]): { code: number | null; out: string; errors: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (error !== undefined) throw new NoSwap(`${command} cannot be run: ${error.message}`);
  return { code: status, out: stdout.trim(), errors: stderr.trim() };
}
