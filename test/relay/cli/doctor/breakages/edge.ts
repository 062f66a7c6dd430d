/** The edge, where Twilio would reach it. */
import { join } from "node:path";
import { build } from "../../../../../scripts/build.ts";
import type { Breakage } from "../breakage.ts";
import { CALLER, type House, PIN } from "../stage.ts";
import { edgeVariable } from "./settings.ts";

/** An edge that was deployed with other variables than those here. */
const deployedWith = (changes: Readonly<Record<string, string>>) => ({
  break: (house: House) => house.deploy(changes),
  apply: (house: House) => house.deploy(),
});

export const EDGE: readonly Breakage[] = [
  {
    name: "an edge that is not there",
    line: "edge/guard",
    says: /nobody answers at http:\/\/localhost:1\b/,
    mend: /npm run deploy; for a local run: npm run dev/,
    ...edgeVariable("EDGE_URL", "http://localhost:1"),
  },
  {
    name: "nothing deployed under the edge's address",
    line: "edge/guard",
    says: /there is no \/voice\/incoming/,
    mend: /npm run deploy/,
    break: (house) => {
      const empty = house.put(Bun.serve({ port: 0, fetch: () => new Response("", { status: 404 }) }));
      house.edgeEnv.EDGE_URL = `http://localhost:${empty.port}`;
    },
    apply: (house) => house.deploy(),
  },
  {
    name: "an edge that answers strangers",
    line: "edge/guard",
    says: /anybody could begin calls/,
    mend: /npm run deploy/,
    break: (house) => {
      const open = house.put(Bun.serve({ port: 0, fetch: () => new Response("<Response/>") }));
      house.edgeEnv.EDGE_URL = `http://localhost:${open.port}`;
    },
    apply: (house) => house.deploy(),
  },
  {
    name: "an edge without its account",
    line: "edge/guard",
    says: /it does not know its own account/,
    mend: /Add my Twilio Credentials .* to ENV/,
    ...deployedWith({ AUTH_TOKEN: "" }),
  },
  {
    name: "an edge with another auth token",
    line: "edge/answer",
    says: /refuses a webhook that is signed as Twilio signs \(403\)/,
    mend: /another auth token, or takes itself for another address/,
    ...deployedWith({ AUTH_TOKEN: "d".repeat(32) }),
  },
  {
    name: "an edge that takes itself for another address",
    line: "edge/answer",
    says: /refuses a webhook that is signed as Twilio signs \(403\)/,
    mend: /EDGE_URL belongs into \.env\.functions only where a tunnel leads to a local run/,
    ...deployedWith({ EDGE_URL: "https://tunnel.example.com" }),
  },
  {
    name: "a caller who was listed after the deploy",
    line: "edge/answer",
    says: /turns away a caller who is listed here \(…11\)/,
    mend: /its list is another than the one here: npm run deploy/,
    ...deployedWith({ ALLOWED_NUMBERS: "+15550007777" }),
  },
  {
    name: "an edge with a variable that is wrong",
    line: "edge/answer",
    says: /it can only apologise to a listed caller/,
    mend: /its variables are not those of \.env\.functions/,
    ...deployedWith({ STIR_POLICY: "sometimes" }),
  },
  {
    name: "an edge that asks for PINs and does not reach the relay",
    line: "edge/answer",
    says: /it can only apologise to a listed caller/,
    mend: /does not reach the relay/,
    ...deployedWith({ CALLER_PIN: PIN, RELAY_URL: "ws://localhost:1" }),
  },
  {
    name: "an edge that signs with another secret",
    line: "edge/secret",
    says: /does not know the secret with which the running edge signs/,
    mend: /STREAM_TOKEN_SECRET in \.env and \.env\.functions to the same/,
    ...deployedWith({ STREAM_TOKEN_SECRET: "the-secret-of-an-edge-that-was-not-deployed" }),
  },
  {
    name: "an edge that sends calls to a relay that is gone",
    line: "edge/stream",
    says: /it sends calls to ws:\/\/localhost:1, which RELAY_URL here does not name/,
    mend: /npm run deploy, so that it has the RELAY_URL of \.env\.functions/,
    ...deployedWith({ RELAY_URL: "ws://localhost:1" }),
  },
  {
    name: "an edge of an older build",
    line: "edge/version",
    says: /it is edge-version-\w+, and edge-version-\w+ is built here/,
    mend: /npm run deploy/,
    break: async (house) => {
      const callers = join(house.folder, "older-callers.json");
      await Bun.write(callers, `{"${CALLER}": {}}`);
      const dist = join(house.folder, "older");
      await build(dist, callers);
      await house.deploy({}, dist);
    },
    apply: (house) => house.deploy(),
  },
];
