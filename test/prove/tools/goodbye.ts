/**
 * How calls end that the assistant ends: whether the caller hears all of the goodbye, and how long the line stays open
 * after it. What was heard is the carrier's ear, byte for byte; the relay is the real one, in a process of its own.
 */
import { clip, joined, taggedAudio } from "../../rehearsal/audio/clips.ts";
import type { Network } from "../../rehearsal/carrier/network.ts";
import { nowAt } from "../../rehearsal/model/records.ts";
import type { Delivery, Reply, Script } from "../../rehearsal/model/script.ts";
import { inLanes, PATIENCE_MS, type Scene, sceneIn, startScene } from "./scene.ts";

/** In which order the model says goodbye and calls the tool. */
const ORDERS = [
  "said, then called",
  "called, then said",
  "called, and said when asked",
  "in two items",
] as const;
type Order = (typeof ORDERS)[number];
const TOOLS = ["end_call", "transfer_call"] as const;
/** Times real time. */
const PACES = [0.75, 1, 4, 10] as const;
const PERSON = "anna";

export type GoodbyeNetwork = Pick<Network, "oneWayMs" | "jitterMs"> & { readonly loseMarks: boolean };

type Case = {
  readonly order: Order;
  readonly tool: (typeof TOOLS)[number];
  readonly pace: number;
  /** One after another, each with a byte value of its own. */
  readonly chunks: number;
  readonly network: GoodbyeNetwork;
  readonly seed: number;
};

export type Goodbye = {
  readonly case: Case;
  /** Every chunk, whole and in order. */
  readonly heardWhole: boolean;
  /** From the last sample heard to the line's end, at the caller. */
  readonly openMs: number;
  readonly closedBy: "relay" | "caller" | "carrier";
  readonly code: number;
  /** By the relay's log. */
  readonly ending: unknown;
  readonly isAsItShould: boolean;
  readonly modelErrors: number;
};

const CHUNK_MS = 90;
const FIRST_TAG = 20;
const SILENT_BYTE = 0xff;

const chunksOf = (from: number, to: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    joined(...Array.from({ length: to - from }, (_, at) => taggedAudio(FIRST_TAG + from + at, CHUNK_MS))),
  );

function replyOf({ order, tool, pace, chunks }: Case, isAsked: boolean): Reply {
  const said = (from: number, to: number) => ({
    say: chunksOf(from, to),
    words: `Goodbye, ${from} to ${to}.`,
  });
  const call = { call: tool, arguments: tool === "transfer_call" ? { to: PERSON } : {} };
  const delivery = { pace, deltaMs: [40, 260] } satisfies Partial<Delivery>;
  if (isAsked) return { output: [said(0, chunks)], ...delivery };
  const half = Math.floor(chunks / 2);
  switch (order) {
    case "said, then called":
      return { output: [said(0, chunks), call], ...delivery };
    case "called, then said":
      return { output: [call, said(0, chunks)], ...delivery };
    case "called, and said when asked":
      return { output: [call], ...delivery };
    case "in two items":
      return { output: [said(0, half), call, said(half, chunks)], ...delivery };
    default:
      return order satisfies never;
  }
}

export async function sayGoodbye(
  { calls, lanes, networks }: { calls: number; lanes: number; networks: readonly GoodbyeNetwork[] },
  progress: (words: string) => void,
): Promise<readonly Goodbye[]> {
  const cases = Array.from({ length: calls }, (_, at) => caseOf(at, networks));
  const script: Script = ({ cause, metadata, instructions }) => {
    const one = cases[Number(sceneIn(instructions))];
    if (one === undefined) return [];
    // However often the caller is heard to speak: a word may come in two, and then the last goodbye is the one.
    return replyOf(one, cause === "create" && metadata.reason === "goodbye");
  };
  const scene = await startScene({ model: { script }, servers: {}, env: { MAX_CALLS: String(lanes * 2) } });
  let over = 0;
  try {
    return await inLanes(cases, lanes, async (one, at) => {
      const goodbye = await oneCall(scene, one, at);
      progress(`${++over} of ${calls}`);
      return goodbye;
    });
  } finally {
    await scene.stop();
  }
}

/** All combinations in turn, and no two dimensions in step. */
function caseOf(at: number, networks: readonly GoodbyeNetwork[]): Case {
  const [order, tool] = [ORDERS[at % ORDERS.length], TOOLS[Math.floor(at / ORDERS.length) % TOOLS.length]];
  const network = networks[Math.floor(at / (ORDERS.length * TOOLS.length)) % networks.length];
  const pace = PACES[(at + Math.floor(at / PACES.length)) % PACES.length];
  if (order === undefined || tool === undefined || network === undefined || pace === undefined)
    throw new RangeError("nothing to choose from");
  return { order, tool, network, pace, chunks: 4 + (at % 17), seed: at + 1 };
}

async function oneCall(scene: Scene, one: Case, at: number): Promise<Goodbye> {
  const { oneWayMs, jitterMs, loseMarks } = one.network;
  const { line, callSid, session } = await scene.dial({
    scene: String(at),
    profile: { transfers: [PERSON] },
    network: { oneWayMs, jitterMs, seed: one.seed },
    sabotage: { loseMarks },
  });
  await line.say(clip("caller-yes"));
  const closed = await line.waitFor("stream-closed", PATIENCE_MS);
  await line.ended;
  const admitted = ({ event, callSid: sid }: { event: string; callSid?: unknown }) =>
    event === "call.admitted" && sid === callSid;
  const { call } = await scene.relay.waitForLog(admitted, PATIENCE_MS);
  const ended = await scene.relay.waitForLog(
    (entry) => entry.event === "call.ended" && entry.call === call,
    PATIENCE_MS,
  );
  const heard = line.ear.bytes();
  const sounds = heard.filter((byte) => byte !== SILENT_BYTE);
  const wanted = chunksOf(0, one.chunks);
  const lastAtMs = line.ear.answeredAtMs + (heard.findLastIndex((byte) => byte !== SILENT_BYTE) + 1) / 8;
  return {
    case: one,
    heardWhole: Buffer.from(sounds.subarray(-wanted.length)).equals(wanted),
    openMs: closed.atMs - lastAtMs,
    closedBy: closed.by,
    code: closed.code,
    ending: ended.ending,
    isAsItShould: ended.ending === (one.tool === "end_call" ? "assistant_hung_up" : "transferred"),
    modelErrors: session.errors.length,
  };
}

// --- and when no goodbye comes ----------------------------------------------------------------------------------

/** What becomes of the response that was to be a goodbye. */
const FAILURES = ["empty", "failing", "silent"] as const;
export type Unsaid = {
  readonly failure: (typeof FAILURES)[number];
  /** From the call of end_call to the line's end. */
  readonly openMs: number;
  readonly closedBy: Goodbye["closedBy"];
};

/** The model hangs up, and then has no goodbye to say. */
export async function sayNothing(): Promise<readonly Unsaid[]> {
  const script: Script = ({ cause, instructions }) => {
    if (cause === "speech") return [{ call: "end_call", arguments: {} }];
    switch (sceneIn(instructions)) {
      case "failing":
        return { output: [], ends: { status: "failed", code: "server_error" } };
      case "silent":
        return { output: [{ tag: 9, ms: 100 }], thinkMs: 3_600_000 };
      default:
        return [];
    }
  };
  const scene = await startScene({ model: { script }, servers: {} });
  try {
    return await inLanes(FAILURES, FAILURES.length, async (failure): Promise<Unsaid> => {
      const { line, session } = await scene.dial({ scene: failure });
      await line.say(clip("caller-yes"));
      const { at: endedAt, by: closedBy } = await line.ended.then(({ by }) => ({ at: nowAt(), by }));
      const asked = session.responses.find(({ cause }) => cause === "speech");
      return { failure, openMs: endedAt - (asked?.doneAt ?? Number.NaN), closedBy };
    });
  } finally {
    await scene.stop();
  }
}
