/**
 * Stands in for `ngrok http` (version 3): takes the flags that the real one takes, logs on standard output as JSON as it
 * does when that is asked for, tells its tunnels on a local API, and forwards.
 * https://ngrok.com/docs/agent/cli/, https://ngrok.com/docs/agent/api/
 */
import { parseArgs } from "node:util";
import { MOOD, openPublicSide, someWords } from "./public-side.ts";

function fail(words: string): never {
  process.stderr.write(`ERROR:  ${words}\n`);
  process.exit(1);
}

const { port, host } = readCommand(process.argv.slice(2));
const mood = process.env[MOOD] ?? "up";
const log = (
  lvl: "info" | "warn" | "eror" | "crit",
  msg: string,
  more: Readonly<Record<string, unknown>> = {},
) => {
  process.stdout.write(`${JSON.stringify({ ...more, lvl, msg, t: new Date().toISOString() })}\n`);
};
process.on("SIGTERM", () => {
  log("info", "received stop request", { obj: "app", stopReq: { err: null, restart: false } });
  process.exit(0);
});

log("info", "no configuration paths supplied");
log("info", "using configuration at default config path", { path: "ngrok.yml" });
log("info", "open config file", { path: "ngrok.yml", err: null });
if (mood === "refused") {
  const err =
    "authentication failed: Usage of ngrok requires a verified account and authtoken.\n\nSign up for an account: https://dashboard.ngrok.com/signup\r\n\r\nERR_NGROK_4018\r\n";
  log("eror", "session closing", { err, obj: "tunnels.session" });
  log("eror", "terminating with error", { err, obj: "app" });
  fail(err);
}

const url = `https://${host ?? `${someWords()}.ngrok-free.app`}`;
const name = "command_line";
const addr = `http://localhost:${port}`;
const api = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url: asked }) =>
    new URL(asked).pathname === "/api/tunnels"
      ? Response.json({
          tunnels:
            mood === "silent"
              ? []
              : [
                  {
                    name,
                    uri: `/api/tunnels/${name}`,
                    public_url: url,
                    proto: "https",
                    config: { addr, inspect: true },
                  },
                ],
          uri: "/api/tunnels",
        })
      : new Response("", { status: 404 }),
});
log("info", "starting web service", { addr: `127.0.0.1:${api.port}`, allow_hosts: [], obj: "web" });
if (mood === "silent") {
  log("warn", "failed to check for update", {
    err: "dial tcp: lookup update.equinox.io: no such host",
    obj: "updater",
  });
} else {
  log("info", "client session established", { obj: "tunnels.session" });
  log("info", "tunnel session started", { obj: "tunnels.session" });
  await openPublicSide(new URL(url).host, new URL(addr), {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": new URL(url).host,
  });
  log("info", "started tunnel", { addr, name, obj: "tunnels", url });
}

function readCommand(args: readonly string[]): { readonly port: number; readonly host: string | undefined } {
  try {
    const options = {
      log: { type: "string" },
      "log-format": { type: "string" },
      "log-level": { type: "string" },
      url: { type: "string" },
    } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [command, address, ...more] = positionals;
    const local = Number(address);
    if (command !== "http" || more.length > 0 || !Number.isInteger(local))
      fail("expected: ngrok http [address:port | port]");
    // Otherwise it draws on the terminal, and there is nothing to read.
    if (values.log !== "stdout" || values["log-format"] !== "json")
      fail("this stand-in speaks JSON on standard output only");
    return { port: local, host: values.url === undefined ? undefined : new URL(values.url).host };
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}
