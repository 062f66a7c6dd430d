/**
 * Stands in for `cloudflared tunnel`: takes the flags that the real one takes, prints on standard error what it prints
 * there, and forwards. A quick tunnel tells its name in a box, a named one tells none.
 * https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/trycloudflare/
 */
import { readFileSync } from "node:fs";
import { MOOD, openPublicSide, someWords } from "./public-side.ts";

/** The only named tunnel of this machine. */
const NAMED = { name: "phone", host: "phone.example.com" } as const;
const WIDTH = 90;

const log = (level: "INF" | "ERR" | "WRN", words: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(0, 19)}Z ${level} ${words}\n`);
};
function fail(words: string): never {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}

const asked = readCommand(process.argv.slice(2));
const mood = process.env[MOOD] ?? "up";
process.on("SIGTERM", () => {
  log("INF", "Initiating graceful shutdown due to signal terminated ...");
  process.exit(0);
});

if (asked.is === "quick") {
  log(
    "INF",
    "Thank you for trying Cloudflare Tunnel. Doing so, without a Cloudflare account, is a quick way to experiment and try it out. However, be aware that these account-less Tunnels have no uptime guarantee, are subject to the Cloudflare Online Services Terms of Use (https://www.cloudflare.com/website-terms/), and Cloudflare reserves the right to investigate your use of Tunnels for violations of such terms.",
  );
  log("INF", "Requesting new quick Tunnel on trycloudflare.com...");
  if (mood === "refused") {
    log(
      "ERR",
      'Error unmarshaling QuickTunnel response: error code: 1015 error="invalid character \'e\' looking for beginning of value" status_code="429 Too Many Requests"',
    );
    fail("failed to unmarshal quick Tunnel: invalid character 'e' looking for beginning of value");
  }
  const host = `${someWords()}.trycloudflare.com`;
  const line = `+${"-".repeat(WIDTH + 2)}+`;
  const boxed = (words: string) => log("INF", `|  ${words.padEnd(WIDTH)}|`);
  log("INF", line);
  boxed("Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):");
  boxed(`https://${host}`);
  log("INF", line);
  await goUp(host, asked.target);
} else {
  if (asked.name !== NAMED.name) {
    fail(
      `"${asked.name}" is neither the ID nor the name of any of your tunnels. Use \`cloudflared tunnel list\` to see them`,
    );
  }
  log("INF", "Starting tunnel tunnelID=5f3e1d2c-0000-4000-8000-000000000000");
  await goUp(NAMED.host, asked.target);
}

async function goUp(host: string, target: URL): Promise<void> {
  log("INF", "Version 2026.10.0 (Checksum 0000)");
  log("INF", `Settings: map[config:cloudflared.yml no-autoupdate:true]`);
  if (mood === "silent") {
    log(
      "ERR",
      'Failed to dial a quic connection error="failed to dial to edge with quic: timeout: no recent network activity" connIndex=0 event=0 ip=198.51.100.7',
    );
    log("INF", "Retrying connection in up to 2s connIndex=0 event=0 ip=198.51.100.7");
    setInterval(() => {}, 60_000);
    return;
  }
  await openPublicSide(host, target, { "Cf-Connecting-Ip": "203.0.113.9", "X-Forwarded-For": "203.0.113.9" });
  log(
    "INF",
    "Registered tunnel connection connIndex=0 connection=5f3e1d2c-1111-4000-8000-000000000000 event=0 ip=198.51.100.7 location=fra01 protocol=quic",
  );
}

type Asked =
  | { readonly is: "quick"; readonly target: URL }
  | { readonly is: "named"; readonly name: string; readonly target: URL };

function readCommand(args: readonly string[]): Asked {
  const [first, ...rest] = args;
  if (first !== "tunnel")
    fail(`You did not specify any valid additional argument to the cloudflared tunnel command.`);
  let config: string | undefined;
  let url: string | undefined;
  let run: string | undefined;
  for (let at = 0; at < rest.length; at += 2) {
    const [name, value] = [rest[at], rest[at + 1]];
    if (value === undefined) fail(`Incorrect Usage: flag needs an argument: ${name}`);
    if (name === "--config") config = value;
    else if (name === "--url") url = value;
    else if (name === "run") run = value;
    else fail(`Incorrect Usage: flag provided but not defined: ${name?.replace(/^-/, "")}`);
  }
  const service = config === undefined ? undefined : ingressOf(readFileSync(config, "utf8"));
  if (run === undefined) {
    if (url === undefined || service !== undefined)
      fail("a quick tunnel needs --url, and no ingress in its configuration");
    return { is: "quick", target: new URL(url) };
  }
  if (service === undefined) fail("the configuration of a named tunnel has no ingress rule");
  return { is: "named", name: run, target: new URL(service) };
}

/** Of the YAML that it takes, what is used here; the last rule must take every host. */
function ingressOf(text: string): string | undefined {
  let service: string | undefined;
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, found] = /^ {2}- service: (http:\/\/localhost:\d+)$/.exec(line) ?? [];
    if (found !== undefined) service = found;
    else if (!/^(?:no-autoupdate: true|ingress:)$/.test(line))
      fail(`error parsing YAML in config file: ${line}`);
  }
  return service;
}
