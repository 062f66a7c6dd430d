/**
 * The official test server, `@modelcontextprotocol/server-everything`, in a process of its own: whether all that it
 * lists is offered and can be called, and whether a call goes on when it is killed and started again meanwhile. What it
 * lists is asked of it by the SDK's own client, so that the relay is not its own witness.
 */
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { z } from "zod";
import type { Tool, ToolArguments, ToolOutcome } from "../../../relay/call/tools.ts";
import { systemClock } from "../../../relay/io/clock.ts";
import { Catalogue } from "../../../relay/io/mcp/catalogue.ts";
import { Secret } from "../../../relay/secret.ts";
import { clip } from "../../rehearsal/audio/clips.ts";
import type { Script } from "../../rehearsal/model/script.ts";
import { Tools } from "../../rehearsal/model/tool-shape.ts";
import { freePort } from "../../rehearsal/relay.ts";
import { PATIENCE_MS, startScene, until } from "./scene.ts";

const MAIN = join(
  import.meta.dir,
  "..",
  "..",
  "..",
  "node_modules",
  "@modelcontextprotocol",
  "server-everything",
  "dist",
  "index.js",
);

export type Everything = {
  readonly url: string;
  readonly label: string;
  /** Requests that it said it received, since it was started last. */
  posts(): number;
  /** Killed, and started again at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

export async function startEverything(): Promise<Everything> {
  const port = freePort();
  const start = async () => {
    const child = Bun.spawn(["node", MAIN, "streamableHttp"], {
      env: { PATH: process.env.PATH ?? "", PORT: String(port) },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    let said = "";
    const read = async (stream: ReadableStream<Uint8Array>) => {
      const decoder = new TextDecoder();
      for await (const bytes of stream) said += decoder.decode(bytes, { stream: true });
    };
    const reading = Promise.all([read(child.stdout), read(child.stderr)]);
    const isUp = () => said.includes("listening on port");
    await until("the official server", () => isUp() || child.exitCode !== null);
    if (!isUp()) throw new Error(`the official server has ended: ${said}`);
    return {
      posts: () => said.split("Received MCP POST request").length - 1,
      kill: async () => {
        child.kill("SIGKILL");
        await child.exited;
        await reading;
      },
    };
  };
  let running = await start();
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    label: "everything",
    posts: () => running.posts(),
    restart: async () => {
      await running.kill();
      running = await start();
    },
    stop: () => running.kill(),
  };
}

// --- all that it lists ------------------------------------------------------------------------------------------

export type Called = { readonly tool: string; readonly outcome: ToolOutcome };
export type EverythingResult = {
  /** By the SDK's own client. */
  readonly listed: readonly string[];
  /** By the relay's catalogue, as the server calls them. */
  readonly offered: readonly string[];
  /** Of those, what the Realtime API would refuse. */
  readonly unfit: readonly string[];
  readonly called: readonly Called[];
};

/** What a schema does not say: a URL that needs no network, and a time that nobody minds waiting. */
const CHOSEN: Readonly<Record<string, ToolArguments>> = {
  "gzip-file-as-resource": { data: "data:text/plain,milk", name: "milk.gz" },
  "trigger-long-running-operation": { duration: 0.2, steps: 2 },
};

export async function callEverything(server: Everything): Promise<EverythingResult> {
  const listed = await listedBy(server.url);
  const catalogue = new Catalogue(
    [
      {
        label: server.label,
        url: new Secret(server.url),
        headers: {},
        prefix: undefined,
        keptIn: "this proof",
        timeoutMs: undefined,
      },
    ],
    {
      clock: systemClock,
      log: () => {},
      policy: { rules: [], trustedReads: [] },
      reserved: new Set(),
      timeoutMsOf: () => 20_000,
    },
  );
  try {
    await catalogue.open(PATIENCE_MS);
    const { tools } = catalogue.list;
    const called: Called[] = [];
    for (const tool of tools) {
      const args = CHOSEN[remoteNameOf(tool)] ?? argumentsFor(tool.parameters);
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const outcome = await catalogue.run({ runId: `run-${called.length}`, tool, args }, signal);
      called.push({ tool: tool.name, outcome });
    }
    return { listed, offered: tools.map(remoteNameOf), unfit: tools.filter(isUnfit).map(nameOf), called };
  } finally {
    await catalogue.close();
  }
}

const nameOf = ({ name }: Tool): string => name;
const remoteNameOf = ({ source, name }: Tool): string => (source.is === "mcp" ? source.remoteName : name);
const isUnfit = ({ name, description, parameters }: Tool): boolean =>
  !Tools.safeParse([{ type: "function", name, description, parameters }]).success;

async function listedBy(url: string): Promise<string[]> {
  const client = new Client({ name: "proof", version: "1" }, { capabilities: {} });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}

const Schema = z.looseObject({
  type: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
});
const ObjectSchema = z.looseObject({
  properties: z.record(z.string(), Schema).default({}),
  required: z.array(z.string()).default([]),
});

/** The least that a schema allows: what it demands, and of that what it offers first. */
function argumentsFor(schema: unknown): ToolArguments {
  const { properties, required } = ObjectSchema.parse(schema);
  return Object.fromEntries(required.map((name) => [name, valueFor(Schema.parse(properties[name] ?? {}))]));
}

function valueFor({ type, enum: choices, minimum, ...rest }: z.infer<typeof Schema>): unknown {
  if (rest.default !== undefined) return rest.default;
  if (choices !== undefined) return choices[0];
  if (type === "number" || type === "integer") return minimum ?? 2;
  return type === "boolean" ? false : "milk";
}

// --- killed in the middle of a call -----------------------------------------------------------------------------

export type RestartResult = {
  /** What the model was given after each use: before, during and after the end of the server. */
  readonly outputs: readonly string[];
  /** Answers that the caller heard. */
  readonly heard: number;
  readonly modelErrors: number;
};

const SUM: ToolArguments = { a: 19, b: 23 };
/** Byte values of the answers. */
const ANSWERS = [41, 42, 43] as const;
const SPOKEN_MS = 500;

/**
 * Adds, begins what takes long, adds again: one for each turn that the caller is at. However often they are heard to
 * speak in it: where this process stands still, a word may come in two, and what it interrupts is said again.
 */
const scriptAt =
  (turn: () => number): Script =>
  ({ cause, conversation, outputs, metadata }) => {
    const uses = conversation.filter(({ kind }) => kind === "function_call").length;
    const answers = conversation.filter(({ kind }) => kind === "function_call_output").length;
    if (cause === "speech" && uses < turn()) {
      return turn() === 2
        ? [{ call: "trigger-long-running-operation", arguments: { duration: 60, steps: 2 } }]
        : [{ call: "get-sum", arguments: SUM }];
    }
    const tag = ANSWERS[answers - 1];
    const isAnswer = outputs.length > 0 || (cause === "speech" && answers === turn());
    return metadata.reason === "filler" || !isAnswer || tag === undefined
      ? [{ tag: 9, ms: 300 }]
      : [{ tag, ms: SPOKEN_MS }];
  };

export async function killedMeanwhile(server: Everything): Promise<RestartResult> {
  let at = 0;
  const scene = await startScene({
    model: { script: scriptAt(() => at) },
    servers: { [server.label]: { url: server.url } },
    offering: [server.label],
    // By its name it may change something, whatever the server says of it: it is not asked twice.
    env: { TOOL_POLICY: "trigger-long-running-operation=allow" },
  });
  try {
    const { line, session } = await scene.dial({ scene: "restart" });
    const outputs = () => session.items.filter((item) => item.kind === "function_call_output");
    const turn = async (number: number, then?: () => Promise<void>) => {
      at = number;
      await line.say(clip("caller-yes"));
      await then?.();
      await scene.model.waitFor(() => outputs().length >= number, PATIENCE_MS);
      const tag = ANSWERS[number - 1] ?? 0;
      await until(`answer ${number}`, () => line.ear.heardOf(tag) >= SPOKEN_MS * 8);
    };
    await turn(1);
    await turn(2, async () => {
      const began = () => session.items.filter(({ kind }) => kind === "function_call").length === 2;
      await scene.model.waitFor(began, PATIENCE_MS);
      const posts = server.posts();
      // It is at work on it, and not only about to be asked.
      await until("the request at the server", () => server.posts() > posts);
      await server.restart();
    });
    await turn(3);
    line.hangUp();
    await line.ended;
    return {
      outputs: outputs().map(({ output }) => output),
      heard: ANSWERS.filter((tag) => line.ear.heardOf(tag) >= SPOKEN_MS * 8).length,
      modelErrors: session.errors.length,
    };
  } finally {
    await scene.stop();
  }
}
