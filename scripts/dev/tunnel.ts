/**
 * A public name for a port of this machine, by whichever of cloudflared and ngrok is installed. Both are started as their
 * makers document it and understood by what they print; nothing of theirs is changed or kept.
 *
 * https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/, https://ngrok.com/docs/agent/cli/
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Child, endGroup, PIPED } from "./children.ts";

export const TUNNELLERS = ["cloudflared", "ngrok"] as const;
export type Tunneller = (typeof TUNNELLERS)[number];

export type Wish = {
  /** undefined: whichever is there. */
  readonly by: Tunneller | undefined;
  /** Of a tunnel of cloudflared's that is set up already; then the host is needed too. */
  readonly name: string | undefined;
  /** The public name, where it is the owner's; undefined: one is made up by theirs. */
  readonly host: string | undefined;
  readonly withinMs: number;
};

export type Tunnel = {
  readonly by: Tunneller;
  /** Without a scheme. */
  readonly host: string;
  /** Its exit code, whenever it comes. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
};

/** In words for whoever started it. */
export class TunnelError extends Error {}

/**
 * @param folder of our own, for files that it is to read
 * @param hasStarted with its process id, before it is up
 * @param givenUp nobody wants it any more, and what has been started of it is ended
 */
export async function openTunnel(
  port: number,
  wish: Wish,
  folder: string,
  hasStarted: (pid: number) => void,
  givenUp: AbortSignal,
): Promise<Tunnel> {
  const by = chosen(wish);
  const command = by === "cloudflared" ? await cloudflared(port, wish, folder) : ngrok(port, wish);
  const child = Bun.spawn([...command], PIPED);
  hasStarted(child.pid);
  const heard = new Heard(by, wish.host);
  for (const stream of [child.stdout, child.stderr]) void listen(stream, (line) => heard.line(line));
  const { promise: none, resolve: isOver } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => isOver(undefined), wish.withinMs);
  givenUp.addEventListener("abort", () => isOver(undefined));
  if (givenUp.aborted) isOver(undefined);
  const first = await Promise.race([heard.host, child.exited, none]);
  clearTimeout(timer);
  if (typeof first === "string" && !givenUp.aborted) {
    return { by, host: first, ended: child.exited, stop: () => endGroup(child) };
  }
  await endGroup(child);
  if (givenUp.aborted) throw new TunnelError("The tunnel was given up.");
  const seconds = Math.round(wish.withinMs / 1000);
  const what = first === undefined ? `did not come up within ${seconds} s` : `ended at once, with ${first}`;
  const said = heard.complaint === undefined ? "It said nothing of why." : `It said: ${heard.complaint}`;
  throw new TunnelError(`The tunnel by ${by} ${what}. ${said}\n${MENDS[by]}`);
}

const MENDS: Readonly<Record<Tunneller, string>> = {
  cloudflared:
    "See whether cloudflared comes up by itself: cloudflared tunnel --url http://localhost:5050 (it needs UDP or TCP port 7844 outwards).",
  ngrok: "See whether ngrok comes up by itself: ngrok http 5050 (it needs ngrok config add-authtoken once).",
};

function chosen({ by, name, host }: Wish): Tunneller {
  if (name !== undefined && host === undefined) {
    throw new TunnelError(
      "--tunnel-name needs --tunnel-host: cloudflared does not tell a named tunnel's public name.",
    );
  }
  if (host !== undefined && name === undefined && by === "cloudflared") {
    throw new TunnelError(
      "--tunnel-host needs --tunnel-name with cloudflared: only a named tunnel has a host of yours.",
    );
  }
  const wanted = name === undefined ? by : "cloudflared";
  // A host without a name is one that ngrok has reserved.
  const order: readonly Tunneller[] = host !== undefined && name === undefined ? ["ngrok"] : TUNNELLERS;
  const candidates = wanted === undefined ? order : [wanted];
  const found = candidates.find((each) => Bun.which(each) !== null);
  if (found !== undefined) return found;
  throw new TunnelError(
    `${candidates.join(" or ")} is not installed, or not in PATH. Install ${candidates.length > 1 ? "one of them" : "it"}:
  cloudflared  https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/downloads/
               (macOS: brew install cloudflared; no account needed)
  ngrok        https://ngrok.com/download (needs an account: ngrok config add-authtoken …)`,
  );
}

/** With a configuration of our own: one of the owner's would take the quick tunnel's requests elsewhere. */
async function cloudflared(port: number, { name }: Wish, folder: string): Promise<readonly string[]> {
  const config = join(folder, "cloudflared.yml");
  const ingress = name === undefined ? "" : `ingress:\n  - service: http://localhost:${port}\n`;
  await writeFile(config, `no-autoupdate: true\n${ingress}`);
  const way = name === undefined ? ["--url", `http://localhost:${port}`] : ["run", name];
  return ["cloudflared", "tunnel", "--config", config, ...way];
}

const ngrok = (port: number, { host }: Wish): readonly string[] => [
  ...["ngrok", "http", String(port), "--log", "stdout", "--log-format", "json"],
  ...(host === undefined ? [] : ["--url", `https://${host}`]),
];

/** A line of ngrok's log; other members are of no matter here. */
const NgrokLine = z.looseObject({
  lvl: z.string(),
  msg: z.string(),
  url: z.string().optional(),
  err: z.string().optional(),
});

/** What a tunneller prints, until its public name is known and it is connected. */
export class Heard {
  readonly host: Promise<string>;
  /** The last thing that it was unhappy about. */
  complaint: string | undefined;
  readonly #by: Tunneller;
  readonly #tell: (host: string) => void;
  #name: string | undefined;

  /** @param host where it is known beforehand */
  constructor(by: Tunneller, host: string | undefined) {
    this.#by = by;
    this.#name = host;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.host = promise;
    this.#tell = resolve;
  }

  line(line: string): void {
    if (this.#by === "cloudflared") this.#cloudflareds(line);
    else this.#ngroks(line);
  }

  /** 2026-01-01T00:00:00Z INF |  https://some-words.trycloudflare.com  |, and later … INF Registered tunnel connection … */
  #cloudflareds(line: string): void {
    const [, host] = /INF \|\s+https:\/\/([a-z0-9-]+\.trycloudflare\.com)\s+\|/.exec(line) ?? [];
    this.#name ??= host;
    const [, complaint] = /\b(?:ERR|FTL) (.*)$/.exec(line) ?? [];
    // What is wrong before its log has begun, as an unknown tunnel, stands on a line by itself.
    if (complaint !== undefined || !/^\S+Z [A-Z]{3} /.test(line)) this.complaint = complaint ?? line;
    if (/INF Registered tunnel connection/.test(line) && this.#name !== undefined) this.#tell(this.#name);
  }

  #ngroks(line: string): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      // "ERROR:  …", as it is written for a person when it gives up.
      this.complaint = line.replace(/^ERROR:\s*/, "") || this.complaint;
      return;
    }
    const said = NgrokLine.safeParse(parsed).data;
    if (said === undefined) return;
    const { lvl, msg, url, err } = said;
    if (/^(?:warn|eror|crit)$/.test(lvl) && err !== undefined && err !== "nil")
      this.complaint = `${msg}: ${err}`;
    if (msg === "started tunnel" && url?.startsWith("https://")) this.#tell(new URL(url).host);
  }
}

async function listen(stream: Child["stdout"], hear: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") hear(line.trim());
  }
  if (rest.trim() !== "") hear(rest.trim());
}
