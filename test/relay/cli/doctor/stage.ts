/**
 * A whole house to be examined: the rehearsed model and tools, the real relay, the real edge under twilio-run, and a
 * folder with the two env files that name them; and the doctor, run in it as npm runs it.
 */
import { chmod, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { buildForTest } from "../../../rehearsal/built.ts";
import { type RunningEdge, startEdge } from "../../../rehearsal/edge.ts";
import { type Model, startModel } from "../../../rehearsal/model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RunningRelay,
  startRelay,
} from "../../../rehearsal/relay.ts";
import { SHORT_LIVED } from "../../../rehearsal/short-lived.ts";
import { startTools, type Tools } from "../../../rehearsal/tools/server.ts";
import { newNumber, type PhoneNumber } from "../../../rehearsal/twilio-api/account.ts";
import { startTwilioApi, type TwilioApi } from "../../../rehearsal/twilio-api/api.ts";

const CLOCK = join(import.meta.dir, "shifted-clock.ts");
const DOCTOR = resolve(import.meta.dir, "../../../../relay/cli/doctor.ts");
export const SECRET = "a-secret-of-the-doctors-own-tests-long-enough";
export const CALLER = "+15550001111";
export const NUMBER = "+15550002222";
export const PIN = "48291357";

type Env = Readonly<Record<string, string>>;
export type Line = z.infer<typeof Line>;
const Line = z.object({
  id: z.string(),
  title: z.string(),
  is: z.enum(["well", "doubtful", "ill", "unasked"]),
  says: z.string(),
  findings: z.array(z.object({ says: z.string(), mend: z.string() })),
});
const Told = z.object({ isWell: z.boolean(), lines: z.array(Line) });

export type Examined = {
  readonly code: number;
  readonly isWell: boolean;
  readonly lines: readonly Line[];
  readonly line: (id: string) => Line;
  /** All that was printed, on both. */
  readonly printed: string;
};

export class House {
  readonly folder: string;
  readonly model: Model;
  readonly tools: Tools;
  /** What stands in the files; written anew for each examination. */
  relayEnv: Record<string, string>;
  edgeEnv: Record<string, string>;
  /** Of the doctor's process. */
  environment: Record<string, string>;
  /** The number is the first of its numbers. */
  readonly twilio: TwilioApi;
  /** Of the two files; undefined: it is not there. */
  modes: Record<string, number | undefined> = { ".env": 0o600, ".env.functions": 0o600 };
  relay: RunningRelay;
  edge: RunningEdge;
  readonly #relayPort: number;
  readonly #well: { readonly relayEnv: Env; readonly edgeEnv: Env };
  #isEdgeAsBuilt = true;
  readonly #others: Array<() => unknown> = [];

  private constructor(parts: {
    folder: string;
    model: Model;
    tools: Tools;
    twilio: TwilioApi;
    relayPort: number;
    relayEnv: Record<string, string>;
    edgeEnv: Record<string, string>;
    relay: RunningRelay;
    edge: RunningEdge;
  }) {
    this.folder = parts.folder;
    this.model = parts.model;
    this.tools = parts.tools;
    this.twilio = parts.twilio;
    this.environment = this.usualEnvironment;
    this.relayEnv = parts.relayEnv;
    this.edgeEnv = parts.edgeEnv;
    this.relay = parts.relay;
    this.edge = parts.edge;
    this.#relayPort = parts.relayPort;
    this.#well = { relayEnv: { ...parts.relayEnv }, edgeEnv: { ...parts.edgeEnv } };
  }

  /** @param changes of the relay's variables, but not of its file: it is not well until it is restarted */
  static async build(changes: Env = {}): Promise<House> {
    const folder = await mkdtemp(join(tmpdir(), "house-"));
    await mkdir(join(folder, "data"), { mode: 0o700 });
    const model = await startModel();
    const tools = await startTools({ dbPath: join(folder, "tools.sqlite") });
    const twilio = await startTwilioApi({
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      numbers: [newNumber(NUMBER)],
    });
    const relayPort = freePort();
    const relayUrl = `ws://127.0.0.1:${relayPort}`;
    const relayEnv = {
      RELAY_URL: relayUrl,
      PORT: String(relayPort),
      STREAM_TOKEN_SECRET: SECRET,
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      OPENAI_API_KEY: model.key,
      OPENAI_REALTIME_URL: model.url,
      ZAPIER_MCP_URL: tools.url,
      ZAPIER_MCP_TOKEN: tools.key,
      DATA_DIR: "data",
      MIN_DISK_MB: "0",
      MAX_STALL_MS: "off",
      PHONE_NUMBER: NUMBER,
    };
    const edgeEnv = {
      RELAY_URL: relayUrl,
      STREAM_TOKEN_SECRET: SECRET,
      ALLOWED_NUMBERS: CALLER,
      // Nobody comes in by a number alone.
      STIR_POLICY: "require",
      ACCOUNT_SID,
      AUTH_TOKEN,
    };
    await cp(resolve(DOCTOR, "../../../.twilioserverlessrc"), join(folder, ".twilioserverlessrc"));
    await buildForTest(join(folder, "dist"), join(folder, "assets", "callers.private.json"));
    const [relay, edge] = await Promise.all([
      startRelay(relayPort, {
        modelUrl: model.url,
        modelKey: model.key,
        dataDir: join(folder, "data"),
        env: { STREAM_TOKEN_SECRET: SECRET, ...changes },
      }),
      startEdge({ dist: join(folder, "dist"), env: edgeEnv }),
    ]);
    const owned = { ...edgeEnv, EDGE_URL: edge.base };
    const house = new House({
      folder,
      model,
      tools,
      twilio,
      relayPort,
      relayEnv,
      edgeEnv: owned,
      relay,
      edge,
    });
    house.point(edge.base);
    return house;
  }

  get usualEnvironment(): Record<string, string> {
    return { ...this.twilio.env, NO_PROXY: "localhost,127.0.0.1" };
  }

  get number(): PhoneNumber {
    const [number] = this.twilio.numbers;
    if (number === undefined) throw new Error("the account has lost its number");
    return number;
  }

  /** The number, at an edge. */
  point(base: string): void {
    const { number } = this;
    number.voice_url = `${base}/voice/incoming`;
    number.voice_method = "POST";
    number.voice_fallback_url = `${base}/voice/fallback`;
    number.voice_fallback_method = "POST";
    number.voice_application_sid = null;
    number.trunk_sid = null;
  }

  /** Anew, with what stands in its file now. */
  async restartRelay(changes: Env = {}): Promise<void> {
    await this.relay.kill("SIGKILL");
    this.relay = await startRelay(this.#relayPort, {
      modelUrl: this.model.url,
      modelKey: this.model.key,
      dataDir: join(this.folder, "data"),
      env: { ...this.relayEnv, DATA_DIR: join(this.folder, "data"), ...changes },
    });
  }

  /** The edge as its file is now, but for these, and the doctor's build if there is none of its own. */
  async deploy(changes: Env = {}, dist = join(this.folder, "dist")): Promise<void> {
    await this.edge.stop();
    const deployed = { ...withoutUrl(this.edgeEnv), ...changes };
    this.#isEdgeAsBuilt = JSON.stringify(deployed) === JSON.stringify(withoutUrl(this.#well.edgeEnv));
    this.edge = await startEdge({ dist, env: deployed });
    this.edgeEnv.EDGE_URL = this.edge.base;
    this.point(this.edge.base);
  }

  /** Ended with the house. */
  put<T extends { stop(): unknown }>(one: T): T {
    this.#others.push(() => one.stop());
    return one;
  }

  async examine(...args: string[]): Promise<Examined> {
    const { code, printed, out } = await runDoctor(this, ["--json", "--within", "60", ...args]);
    const { isWell, lines } = Told.parse(JSON.parse(out));
    const line = (id: string): Line => {
      const found = lines.find((one) => one.id === id);
      if (found === undefined) throw new Error(`no line ${id} among ${lines.map((one) => one.id)}`);
      return found;
    };
    return { code, isWell, lines, line, printed };
  }

  /** As it was built, but for what was broken outside of its files. */
  async putBack(): Promise<void> {
    this.relayEnv = { ...this.#well.relayEnv };
    this.edgeEnv = { ...this.#well.edgeEnv, EDGE_URL: this.edge.base };
    this.environment = this.usualEnvironment;
    if (!this.#isEdgeAsBuilt) await this.deploy();
    this.point(this.edge.base);
    this.modes = { ".env": 0o600, ".env.functions": 0o600 };
  }

  async write(): Promise<void> {
    for (const [name, env] of [
      [".env", this.relayEnv],
      [".env.functions", this.edgeEnv],
    ] as const) {
      const mode = this.modes[name];
      await rm(join(this.folder, name), { force: true });
      if (mode === undefined) continue;
      const text = Object.entries(env).map(([key, value]) => `${key}=${value}\n`);
      await Bun.write(join(this.folder, name), text.join(""));
      await chmod(join(this.folder, name), mode);
    }
  }

  async stop(): Promise<void> {
    for (const stop of this.#others.splice(0)) await stop();
    await Promise.all([this.relay.kill("SIGKILL"), this.edge.stop()]);
    await Promise.all([this.tools.stop(), this.model.stop(), this.twilio.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

const withoutUrl = ({ EDGE_URL: _, ...env }: Env): Env => env;

/** As npm runs it, in the house's folder with the files as they are now. */
export async function runDoctor(
  house: House,
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly printed: string }> {
  await house.write();
  const child = Bun.spawn([process.execPath, "--no-env-file", "--preload", CLOCK, DOCTOR, ...args], {
    cwd: house.folder,
    env: { PATH: process.env.PATH ?? "", ...SHORT_LIVED, ...house.environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, printed: out + err };
}
