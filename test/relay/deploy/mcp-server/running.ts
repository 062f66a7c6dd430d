/**
 * The server of the recipe in a process of its own, started with the very arguments of the unit or the compose file:
 * only the places are others.
 */
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { z } from "zod";
import { SHORT_LIVED } from "../../../rehearsal/short-lived.ts";

export const RECIPE = join(import.meta.dir, "../../../../relay/deploy/mcp-server");
export const TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

export type Ended = { readonly code: number; readonly output: string; readonly errors: string };
export type Running = {
  readonly url: URL;
  readonly kill: (signal?: NodeJS.Signals) => Promise<Ended>;
};

/** Runs until it ends by itself. */
export const runToItsEnd = (args: readonly string[]): Promise<Ended> => spawn(args).ended;

/** Resolves when it says where it listens. */
export async function startServer(args: readonly string[]): Promise<Running> {
  const { child, ended, listening } = spawn(args);
  const url = await Promise.race([listening, ended]);
  if (!(url instanceof URL)) throw new Error(`it has ended with ${url.code}: ${url.errors}`);
  return {
    url,
    kill: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
  };
}

function spawn(args: readonly string[]) {
  const child = Bun.spawn([process.execPath, "--no-env-file", join(RECIPE, "server.ts"), ...args], {
    // Of the environment it reads nothing.
    env: SHORT_LIVED,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const { promise: listening, resolve } = Promise.withResolvers<URL>();
  const read = async (): Promise<Ended> => {
    const errors = new Response(child.stderr).text();
    const decoder = new TextDecoder();
    let output = "";
    for await (const bytes of child.stdout) {
      output += decoder.decode(bytes, { stream: true });
      const url = /^listening on (\S+)\n/.exec(output)?.[1];
      if (url !== undefined) resolve(new URL(url));
    }
    return { code: await child.exited, output, errors: await errors };
  };
  return { child, listening, ended: read() };
}

/**
 * The SDK's own, with what a relay sends.
 * @param where is asked before every request: a server that is started again has another port
 */
export async function connect(where: () => URL, authorization = `Bearer ${TOKEN}`): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(where(), {
    requestInit: { headers: { Authorization: authorization } },
    fetch: (_, init) => fetch(where(), init),
  });
  await client.connect(transport);
  return client;
}

const Result = z.object({
  content: z.tuple([z.object({ type: z.literal("text"), text: z.string() })]),
  isError: z.boolean().optional(),
});

/** What a tool answers, in its one text. */
export async function ask(client: Client, name: string, things?: unknown): Promise<string> {
  const args = things === undefined ? {} : { things };
  const { content, isError } = Result.parse(await client.callTool({ name, arguments: args }));
  return isError === true ? `error: ${content[0].text}` : content[0].text;
}
