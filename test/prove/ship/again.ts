/**
 * What comes after the first deploy: another, a new secret while calls go on, and back to the build before. At each step
 * a call goes the whole way, and while a deploy runs one after the other does; none may fail.
 */
import { join } from "node:path";
import type { Proof, Row } from "../rows.ts";
import { CALLER, makeTown, type Town } from "./town.ts";

const OLD = "the old secret of the proofs that everybody knows";
const NEW = "the new secret of the proofs that everybody knows";

class Calls {
  readonly #town: Town;
  readonly failures: string[] = [];
  placed = 0;

  constructor(town: Town) {
    this.#town = town;
  }

  async place(when: string) {
    const call = await this.#town.call();
    this.placed += 1;
    if (call.failed !== undefined) this.failures.push(`${when}: ${call.failed}`);
    return call;
  }

  /** One after the other, for as long as this takes. */
  async during<T>(when: string, work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    const placing = (async () => {
      while (!isOver) await this.place(when);
    })();
    const [done] = await Promise.all([over, placing]);
    return done;
  }
}

async function deploy(town: Town): Promise<string> {
  const { code, out, errors } = await town.run([
    "bun",
    "--no-env-file",
    "relay/cli/deploy.ts",
    "--with",
    "twilio-run",
  ]);
  if (code !== 0) throw new Error(`the deploy ended with ${code}: ${(out + errors).slice(-1500)}`);
  return out;
}

/** @returns what is wrong, if anything */
async function endOf(town: Town, { action, callSid }: { action: string | undefined; callSid: string }) {
  const { status, text } = await town.webhook(action ?? "", callSid, { CallStatus: "completed" });
  return status === 200 && !text.includes("<Say") ? undefined : `${status} ${text.slice(0, 200)}`;
}

export const again: Proof = {
  name: "again",
  run: async (progress) => {
    const town = await makeTown();
    const calls = new Calls(town);
    const rows: Omit<Row, "group">[] = [];
    const tell = (what: string, bound: string, measured: string, ok: boolean) =>
      rows.push({ what, bound, measured, ok });
    try {
      progress("the first deploy");
      await town.writeEnvs(OLD);
      await town.startRelay(OLD);
      await deploy(town);
      const first = await calls.place("after the first deploy");
      const firstBuild = town.live()?.build.sid ?? "";

      progress("the second deploy");
      await town.project.write("assets/callers.private.json", JSON.stringify({ [CALLER]: { name: "Ada" } }));
      const said = await calls.during("during the second deploy", deploy(town));
      const second = await calls.place("after the second deploy");
      const isAnother = second.version !== first.version && second.version !== null;
      tell(
        "a second deploy, with calls coming in",
        "0 failed, another version",
        `${calls.placed} calls, ${calls.failures.length} failed; ${first.version} → ${second.version}`,
        calls.failures.length === 0 && isAnother,
      );

      const before = calls.placed;
      // npm run secret -- --rotate tells these steps.
      progress("rotation: the relay takes both secrets");
      await town.startRelay(`${NEW},${OLD}`);
      const underOld = await calls.place("the relay has both, the edge the old one");
      progress("rotation: the edge signs with the new one");
      await town.writeEnvs(`${NEW},${OLD}`);
      await calls.during("while the edge gets both", deploy(town));
      const underBoth = await calls.place("edge and relay have both");
      const ends = [await endOf(town, underOld), await endOf(town, underBoth)];
      progress("rotation: the old one goes");
      await town.startRelay(NEW);
      await calls.place("the relay has the new one, the edge both");
      await town.writeEnvs(NEW);
      await calls.during("while the edge loses the old one", deploy(town));
      await calls.place("both have the new one alone");
      tell(
        "a new secret, step by step, with calls coming in",
        "0 failed",
        `${calls.placed - before} calls, ${calls.failures.length} failed`,
        calls.failures.length === 0,
      );
      tell(
        "  the ends of calls that began before and after the edge's step",
        "both hung up, no apology",
        ends.map((wrong) => wrong ?? "hung up").join(", "),
        ends.every((wrong) => wrong === undefined),
      );

      progress("back to the first build");
      // As the second deploy printed it, of the build before.
      const printed = said.split("\n").find((line) => line.includes("twilio-run activate")) ?? "";
      const command = printed.trim().split(" ").slice(2);
      const bin = join("node_modules", "twilio-run", "bin", "twilio-run.js");
      const { code, out, errors } = await town.run(["node", bin, ...command]);
      if (code !== 0) console.log(`\n${out}${errors}`);
      const back = await calls.place("after the roll-back");
      const isFirst = town.live()?.build.sid === firstBuild && back.version === first.version;
      tell(
        "the roll-back that a deploy prints: twilio-run activate --build-sid …",
        "exit 0, the first build is live, a call is greeted",
        `exit ${code}, ${isFirst ? `${back.version} is live` : "another build is live"}, ${back.failed ?? "greeted"}`,
        code === 0 && isFirst && back.failed === undefined,
      );
      const secrets = town.live()?.variables.STREAM_TOKEN_SECRET;
      tell(
        "  it takes back the code, and leaves the secret that is in use",
        "the new one",
        secrets === NEW ? "the new one" : "another",
        secrets === NEW,
      );
      for (const failure of calls.failures) console.log(`\n${failure}`);
    } finally {
      await town.stop();
    }
    return rows;
  },
};
