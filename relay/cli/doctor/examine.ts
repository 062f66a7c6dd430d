/**
 * All lines of the doctor, from the variables down to the telephone, put together and asked. `npm run doctor` shows
 * them; `npm run deploy` asks for those of the edge.
 */
import { resolve } from "node:path";
import { builtVersion } from "../../../scripts/build.ts";
import type { Key } from "../../contract.ts";
import { agreementLines } from "./agreement.ts";
import { clockLine, type Witness } from "./clock.ts";
import { edgeLines } from "./edge.ts";
import type { Given } from "./given.ts";
import { type Group, Line, type Told, well } from "./line.ts";
import { modelUrl, openAiLines } from "./openai.ts";
import { recordLines } from "./records.ts";
import { relayLines } from "./relays.ts";
import { isWell, report, type Screen } from "./report.ts";
import { settingsLines } from "./settings.ts";
import { toolLines } from "./tools.ts";
import { twilioLines } from "./twilio.ts";

export type Examined = { readonly isWell: boolean; readonly lines: readonly Told[] };

/** Nobody looks. */
const DARK: Screen = { write: () => {}, columns: 100, isLive: false, colours: false };

/**
 * Never rejects for what is wrong with the world.
 * @param only groups; what their lines need of others is asked too, and not shown
 */
export async function examine(
  given: Given,
  { only, screen = DARK }: { readonly only?: readonly Group[] | undefined; readonly screen?: Screen } = {},
): Promise<Examined> {
  const all = await linesFor(given);
  const lines = await report(
    all.filter(({ group }) => only === undefined || only.includes(group)),
    screen,
  );
  return { isWell: isWell(lines), lines };
}

async function linesFor(given: Given): Promise<readonly Line[]> {
  const { folder } = given;
  const settings = settingsLines(given);
  const agreement = agreementLines(given, settings);
  const { credentials } = agreement;
  // How many lines there are is for the variables to say; they cost nothing to read.
  const [relay, edge] = await Promise.all([settings.relay.verdict, settings.edge.verdict]);
  const config = "value" in relay ? relay.value : undefined;
  const side = "value" in edge ? edge.value : undefined;

  const keys = new Line<readonly Key[]>(
    { group: "agreement", name: "keys", title: ".env" },
    async ({ have }) =>
      well("", side === undefined ? (await have(settings.relay)).keys : side.settings.keys.all),
  );
  const urls = new Set(side?.settings.relays.map(({ name }) => name) ?? []);
  if (config !== undefined) urls.add(config.relayUrl);
  const relays = [...urls].map((url) => relayLines(url, { credentials, keys }, urls.size > 1));
  const witnesses: readonly Witness[] = [
    {
      name: "OpenAI",
      url: modelUrl(config?.realtimeUrl ?? "wss://api.openai.com/v1/realtime", ""),
    },
    { name: "Twilio", url: "https://api.twilio.com/" },
  ];
  const openAi = openAiLines(settings.relay);
  const twilio = twilioLines(given, { credentials, edge: settings.edge });
  const { address } = twilio;
  const unopened = new Line<void>(
    { group: "relay", name: "stream", title: "a stream opens" },
    async ({ have }) => {
      await have(settings.relay);
      return well("", undefined);
    },
  );
  return [
    settings.relay,
    settings.edge,
    agreement.secret,
    agreement.address,
    agreement.credentials,
    clockLine(witnesses),
    ...recordLines(settings.relay, folder),
    openAi.model,
    openAi.session,
    ...toolLines(
      settings.relay,
      config?.mcpServers.map(({ label }) => label),
      folder,
    ),
    ...relays.flatMap(({ all }) => all),
    ...twilio.account,
    twilio.deployed,
    address,
    twilio.variables,
    ...edgeLines({
      settings,
      credentials,
      address,
      built: () => builtVersion(resolve(folder, "dist")),
      phoneNumber: given.relayEnv.PHONE_NUMBER?.trim() || undefined,
      streamLine: relays[0]?.stream ?? unopened,
    }),
    ...twilio.number,
  ];
}
