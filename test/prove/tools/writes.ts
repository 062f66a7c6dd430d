/**
 * Writes over a line that breaks: each goes through the real catalogue and a proxy (cutter.ts) that cuts it at a random
 * moment, or that is not there. What was done is asked of the tools' file, and what could be known of it of the
 * proxy's book; neither is the relay's own.
 *
 * "Had left" is a word with three meanings, and each write is counted under its own:
 * - whole: the proxy has read the request to its end. From there on nobody on this side can know what is done with it,
 *   whether the proxy passed on all of it or a part.
 * - unread: a connection stood, and was reset before the proxy read from it. The bytes had been given to the kernel, and
 *   a kernel does not tell how many of them the other side has read: that these were not read is known to the proxy and
 *   to nobody on this side, so that "nobody knows" is all that can be said truly. Anything else would be a guess.
 * - never: no connection stood for it.
 *
 * An answer has an end of that kind too: where the proxy has written all of it and a reset right behind it, the reset may
 * overtake what the kernel has not handed over yet (RFC 9293, 3.10.7.4: "all segment queues should be flushed"). Both
 * "answered" and "nobody knows" are true of that, and what was told is counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tool, ToolOutcome } from "../../../relay/call/tools.ts";
import { systemClock } from "../../../relay/io/clock.ts";
import { Catalogue } from "../../../relay/io/mcp/catalogue.ts";
import { Secret } from "../../../relay/secret.ts";
import { seededRandom } from "../../rehearsal/carrier/network.ts";
import type { Moment, Passage } from "../../rehearsal/tools/cut-connection.ts";
import { type Cutter, startCutter } from "../../rehearsal/tools/cutter.ts";
import { startTools, type Tools } from "../../rehearsal/tools/server.ts";
import { PATIENCE_MS, until } from "./scene.ts";

const KINDS = [
  "whole and well",
  "refused by the tool",
  "nobody listens",
  "reset on accept",
  "within the request",
  "after the request",
  "before the answer",
  "within the answer",
  "after the answer",
  "half open",
  "session forgotten",
  "session forgotten, then cut",
  "server away, proxy there",
] as const;
export type Kind = (typeof KINDS)[number];

/** How far the request had got, by the proxy's book. */
export type Left = "whole" | "unread" | "never";

export type Write = {
  readonly kind: Kind;
  readonly outcome: ToolOutcome;
  readonly left: Left;
  /** The proxy had given back all of the answer. */
  readonly answered: boolean;
  /** Any of it. */
  readonly answerBegun: boolean;
  /** And a reset right behind all of it. */
  readonly overrun: boolean;
  readonly executions: number;
  /** Sent again, because the server knew no such session. */
  readonly attempts: number;
};

export type WritesResult = {
  readonly writes: readonly Write[];
  readonly seed: number;
  /** Rows in the tools' file that no write of ours accounts for. */
  readonly strangers: number;
};

const TOOL = "todoist_create_task";
const REFUSAL = "Todoist is out of order.";

/** @param json how the server answers: as one document, otherwise as a stream of events */
export async function cutWrites(
  { writes, seed, json }: { readonly writes: number; readonly seed: number; readonly json: boolean },
  progress: (words: string) => void,
): Promise<WritesResult> {
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "writes-"));
  const tools = await startTools({ dbPath: join(folder, "tools.sqlite"), seeds: false, json });
  const cutter = startCutter(tools.url);
  const catalogue = catalogueOf(cutter.url, tools.key);
  try {
    await catalogue.open(PATIENCE_MS);
    const tool = await known(catalogue);
    // Each kind at least once, whatever the seed.
    const kinds = [
      ...KINDS,
      ...Array.from({ length: Math.max(0, writes - KINDS.length) }, () => pick(KINDS, random)),
    ];
    const sent: Sent[] = [];
    for (const [at, kind] of kinds.entries()) {
      progress(`${at} of ${kinds.length}`);
      sent.push(await oneWrite({ kind, at, tool, random, tools, cutter, catalogue }));
    }
    // Also what was given up may still be done, and is counted when nothing is under way any more.
    await tools.waitFor(() => tools.calls.every(({ end }) => end !== "under way"), PATIENCE_MS);
    const rows = tools.executions();
    const done = sent.map((write, at): Write => {
      const executions = rows.filter(({ arguments: given }) => given.includes(quoted(at))).length;
      return { ...write, executions };
    });
    const ours = done.reduce((sum, { executions }) => sum + executions, 0);
    return { writes: done, seed, strangers: rows.length - ours };
  } finally {
    await catalogue.close();
    cutter.stop();
    await tools.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Stage = {
  readonly kind: Kind;
  readonly at: number;
  readonly tool: Tool;
  readonly random: () => number;
  readonly tools: Tools;
  readonly cutter: Cutter;
  readonly catalogue: Catalogue;
};

type Sent = Omit<Write, "executions">;

const markerOf = (at: number): string => `write ${at}.`;
/** As it stands in JSON, and in no other's. */
const quoted = (at: number): string => JSON.stringify(markerOf(at));

async function oneWrite({ kind, at, tool, random, tools, cutter, catalogue }: Stage): Promise<Sent> {
  // Some are longer than a kernel's buffers.
  const padding = random() < 0.1 ? "x".repeat(Math.floor(random() * 600_000)) : "";
  const args = { content: markerOf(at), ...(padding !== "" && { description: padding }) };
  const isThis = (request: string) => request.includes(quoted(at));
  const seen = () => cutter.passages.filter(({ request }) => isThis(request));
  const connectionsBefore = cutter.connections.length;
  const how = random() < 0.5 ? "reset" : "close";
  const arm = (moment: Moment, match = isThis) => cutter.arm({ moment, match, how });

  const givingUp = new AbortController();
  /** At a moment of the proxy's and not of a clock: before it has read the request, nothing is half open. */
  const giveUpOnce = (isSo: () => boolean) => {
    cutter.waitFor(isSo, PATIENCE_MS).then(
      () => givingUp.abort(),
      () => {},
    );
  };
  switch (kind) {
    case "whole and well":
      break;
    case "refused by the tool":
      tools.setBehaviour(TOOL, { done: false, ends: { is: "error", text: REFUSAL }, times: 1 });
      break;
    case "nobody listens":
      cutter.down();
      break;
    case "reset on accept":
      arm({ at: "accept" });
      break;
    case "within the request":
      arm({ at: "request", bytes: Math.floor(random() * 1_200) });
      break;
    case "after the request":
      arm({ at: "forwarded" });
      break;
    case "before the answer":
      arm({ at: "answer", bytes: 0 });
      break;
    case "within the answer":
      arm({ at: "answer", bytes: 1 + Math.floor(random() * 700) });
      break;
    case "after the answer":
      arm({ at: "answered" });
      break;
    case "half open":
      arm({ at: "swallow" });
      giveUpOnce(
        random() < 0.5 ? () => seen().length > 0 : () => seen().some(({ cut }) => cut === "swallow"),
      );
      break;
    case "session forgotten":
      await tools.forgetSessions();
      break;
    case "session forgotten, then cut":
      await tools.forgetSessions();
      arm(
        pick<Moment>([{ at: "forwarded" }, { at: "answer", bytes: 0 }, { at: "request", bytes: 9 }], random),
        (request) => isThis(request) && seen().length === 1,
      );
      break;
    case "server away, proxy there":
      await tools.down();
      break;
    default:
      kind satisfies never;
  }
  const signal = AbortSignal.any([givingUp.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const outcome = await catalogue.run({ runId: `run-${at}`, tool, args }, signal);
  if (kind === "nobody listens") await cutter.up();
  if (kind === "server away, proxy there") await tools.up();
  cutter.disarm();
  // What was passed on is still being done, however the relay's side ended.
  const isGivenUp = ({ connection }: Passage) => cutter.connections[connection - 1]?.closedBy === "relay";
  await cutter.waitFor(() => seen().every((each) => isSettled(each) || isGivenUp(each)), PATIENCE_MS);
  const carried = new Set(cutter.passages.map(({ connection }) => connection));
  const stoodInVain = cutter.connections
    .slice(connectionsBefore)
    .some(({ id, closedBy }) => !carried.has(id) && closedBy !== undefined && closedBy !== "relay");
  const last = seen().at(-1);
  return {
    kind,
    outcome,
    left: last !== undefined ? "whole" : stoodInVain ? "unread" : "never",
    answered: last?.returnedWhole === true,
    answerBegun: (last?.returnedBytes ?? 0) > 0,
    overrun: last?.returnedWhole === true && last.cut !== undefined && how === "reset",
    attempts: seen().length,
  };
}

/** Nothing more can come of it. */
const isSettled = ({ answerWhole, sentBytes, requestBytes }: Passage): boolean =>
  answerWhole || sentBytes < requestBytes;

// --- what it stands on ------------------------------------------------------------------------------------------

const pick = <Item>(items: readonly Item[], random: () => number): Item => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
};

function catalogueOf(url: string, key: string): Catalogue {
  const server = {
    label: "todoist",
    url: new Secret(url),
    headers: { authorization: new Secret(`Bearer ${key}`) },
    prefix: undefined,
    keptIn: "this proof",
    timeoutMs: undefined,
  };
  return new Catalogue([server], {
    clock: systemClock,
    log: () => {},
    policy: { rules: [], trustedReads: [] },
    reserved: new Set(),
    timeoutMsOf: () => PATIENCE_MS,
    // Nobody waits for a minute where only time would go by.
    pace: { againAfterMs: [5, 10, 20], ownerAgainAfterMs: 20, settleMs: 5 },
  });
}

async function known(catalogue: Catalogue): Promise<Tool> {
  const tool = () => catalogue.list.tools.find(({ name }) => name === TOOL);
  await until("the list of tools", () => tool() !== undefined);
  const found = tool();
  if (found === undefined) throw new Error(`no ${TOOL} is offered`);
  return found;
}
