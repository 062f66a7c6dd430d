/** What `npm run dev` is told: its flags, and what they mean. */
import { parseArgs } from "node:util";
import { EDGE_ENV, RELAY_ENV } from "./sources.ts";
import { TUNNELLERS, type Wish } from "./tunnel.ts";

const UP_WITHIN_S = 30;

export const HELP = `npm run dev: the edge (twilio-run) and the relay, restarted on change.

  npm run dev -- --port 5050         the relay's port (by default PORT in ${RELAY_ENV}, or 5050)
  npm run dev -- --edge-port 3000    the edge's port (by default 3000)

The relay reads ${RELAY_ENV}, the edge ${EDGE_ENV}. Where RELAY_URL names this machine, both follow --port.

  npm run dev -- --tunnel                  gives both a public name, by cloudflared or ngrok, whichever is installed;
                                           RELAY_URL and EDGE_URL are that name for as long as it runs
  npm run dev -- --tunnel --point +1555…   points that number of the account here, and puts it back at the end

  --tunnel-with cloudflared|ngrok    which of them, where both are installed
  --tunnel-host HOST                 a public name of yours: one that ngrok has reserved, or with
  --tunnel-name NAME                 that of a tunnel which cloudflared has set up for you
  --tunnel-within ${UP_WITHIN_S}                 how many seconds it may take to come up

Without --tunnel Twilio reaches the two as you have arranged it: EDGE_URL in ${EDGE_ENV}, RELAY_URL in both.`;

export type Told = {
  readonly help: boolean;
  readonly port: string | undefined;
  readonly edgePort: string | undefined;
  /** undefined: no tunnel. */
  readonly wish: Wish | undefined;
  readonly point: string | undefined;
};

/** Or what is wrong, in words. */
export function readArguments(): Told | string {
  const options = {
    port: { type: "string" },
    "edge-port": { type: "string" },
    tunnel: { type: "boolean", default: false },
    "tunnel-with": { type: "string" },
    "tunnel-host": { type: "string" },
    "tunnel-name": { type: "string" },
    "tunnel-within": { type: "string", default: String(UP_WITHIN_S) },
    point: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const by = TUNNELLERS.find((each) => each === values["tunnel-with"]);
    if (by === undefined && values["tunnel-with"] !== undefined) {
      return `--tunnel-with ${values["tunnel-with"]} is neither ${TUNNELLERS.join(" nor ")}.`;
    }
    const seconds = Number(values["tunnel-within"]);
    if (!(seconds > 0 && seconds <= 600)) return "--tunnel-within is not a number of seconds up to 600.";
    if (!values.tunnel) {
      const lonely = Object.keys(values).find((name) => /^(?:tunnel-(?:with|host|name)|point)$/.test(name));
      if (lonely !== undefined) return `--${lonely} needs --tunnel.`;
    }
    const { "tunnel-name": name, "tunnel-host": host } = values;
    if (host !== undefined && !/^[a-z0-9.-]+\.[a-z]{2,}$/i.test(host)) {
      return `--tunnel-host ${host} is not a host name, as in phone.example.com.`;
    }
    return {
      help: values.help,
      port: values.port,
      edgePort: values["edge-port"],
      wish: values.tunnel ? { by, name, host, withinMs: seconds * 1000 } : undefined,
      point: values.point,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
