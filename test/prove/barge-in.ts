/**
 * How exact a barge-in is: over many interruptions, what the model was told the caller had heard (audio_end_ms),
 * against what the caller's ear got, counted in samples by the carrier, in another process than the relay.
 *
 * Every item of the model's is sound of one byte value, so that the ear's count of that value is the truth. The
 * relay is the real one, in a process of its own; the network lies between it and the carrier.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clip } from "../rehearsal/audio/clips.ts";
import { type OpenedStream, openStream } from "../rehearsal/carrier/carrier.ts";
import { seededRandom } from "../rehearsal/carrier/network.ts";
import { newSid } from "../rehearsal/carrier/sid.ts";
import type { Item } from "../rehearsal/model/conversation.ts";
import type { SessionRecord } from "../rehearsal/model/records.ts";
import type { Occasion, Reply } from "../rehearsal/model/script.ts";
import { type Model, startModel } from "../rehearsal/model/server.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  freePort,
  type RunningRelay,
  startRelay,
  ticketFor,
} from "../rehearsal/relay.ts";
import type { Progress } from "./rows.ts";

export type Mix = {
  readonly name: string;
  /** Before each interruption, a reply that is heard to its end. */
  readonly wholeTurns: boolean;
  readonly itemsMs: readonly number[];
  /** Times real time. */
  readonly pace: number;
  readonly lateDeltas: number;
  readonly omitSilence: boolean;
};

const FAST = { wholeTurns: false, itemsMs: [5000], pace: 4, lateDeltas: 0, omitSilence: false };
export const MIXES: readonly Mix[] = [
  { ...FAST, name: "after turns heard to the end", wholeTurns: true },
  { ...FAST, name: "interrupted again and again", lateDeltas: 3 },
  { ...FAST, name: "several items", itemsMs: [900, 1100, 700, 1300] },
  { ...FAST, name: "model slower than real time", pace: 0.75 },
  { ...FAST, name: "silent frames left out", omitSilence: true },
];
export const NETWORKS = [
  { oneWayMs: 0, jitterMs: 0 },
  { oneWayMs: 50, jitterMs: 20 },
  { oneWayMs: 100, jitterMs: 30 },
] as const;

export type BargeInResult = {
  readonly interruptions: number;
  /** What the model was told of an item minus what the ear got of it; one for each item that was not heard whole. */
  readonly errorsMs: readonly number[];
  readonly refused: number;
  /** Errors of any other kind that the model sent. */
  readonly modelErrors: number;
  /** Items cut twice, and items of a turn heard to its end that were cut, or that were not heard to their end. */
  readonly wrongItems: number;
  /** Samples of an interrupted reply that were played after `clear`. */
  readonly playedAfterClear: number;
};

const WHOLE_TURN_MS = 1200;
const UTTERANCE = clip("caller-yes");
/** Byte values that are audible, and that no silence has. */
const TAGS = Array.from({ length: 100 }, (_, index) => index + 1);
const PATIENCE_MS = 20_000;

/** What one call's script has said, by response. */
type Said = { readonly tags: number[]; readonly whole: boolean };

export async function measureBargeIn(
  {
    mix,
    network,
    interruptions,
    lines,
  }: {
    mix: Mix;
    network: { readonly oneWayMs: number; readonly jitterMs: number };
    interruptions: number;
    lines: number;
  },
  progress: Progress,
): Promise<BargeInResult> {
  const dataDir = mkdtempSync(join(tmpdir(), "barge-in-"));
  const said = new Map<number, Said[]>();
  const model = await startModel({
    pace: mix.pace,
    deltaMs: 200,
    thinkMs: 100,
    lateDeltas: mix.lateDeltas,
    script: (occasion) => replyTo(occasion, mix, said),
  });
  const relay = await startRelay(freePort(), {
    modelUrl: model.url,
    modelKey: model.key,
    dataDir,
    env: { GREETING: "off", MAX_CALLS: String(lines) },
  });
  try {
    const each = Math.ceil(interruptions / lines);
    let done = 0;
    const results = await Promise.all(
      Array.from({ length: lines }, async (_, index) => {
        // Spread, so that the lines do not all breathe in at once.
        await Bun.sleep(index * 97);
        return oneCall({ index, each, mix, network, model, relay, said }, () => {
          done++;
          progress(`${mix.name}, ${network.oneWayMs} ms: ${done} of ${each * lines}`);
        });
      }),
    );
    const sum = (of: (result: BargeInResult) => number) =>
      results.reduce((total, each) => total + of(each), 0);
    return {
      interruptions: sum((result) => result.interruptions),
      errorsMs: results.flatMap(({ errorsMs }) => errorsMs),
      refused: sum(({ refused }) => refused),
      modelErrors: sum(({ modelErrors }) => modelErrors),
      wrongItems: sum(({ wrongItems }) => wrongItems),
      playedAfterClear: sum(({ playedAfterClear }) => playedAfterClear),
    };
  } finally {
    await relay.kill();
    await model.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function replyTo({ session, turn }: Occasion, mix: Mix, said: Map<number, Said[]>): Reply {
  const before = said.get(session) ?? [];
  const whole = mix.wholeTurns && turn % 2 === 1;
  const lengths = whole ? [WHOLE_TURN_MS] : mix.itemsMs;
  const used = before.reduce((total, { tags }) => total + tags.length, 0);
  const tags = lengths.map((_, index) => TAGS[used + index] ?? 0);
  if (tags.includes(0))
    throw new Error("a call has used up its byte values: interrupt less often on each line");
  said.set(session, [...before, { tags, whole }]);
  return lengths.map((ms, index) => ({ tag: tags[index] ?? 0, ms }));
}

async function oneCall(
  {
    index,
    each,
    mix,
    network,
    model,
    relay,
    said,
  }: {
    index: number;
    each: number;
    mix: Mix;
    network: { readonly oneWayMs: number; readonly jitterMs: number };
    model: Model;
    relay: RunningRelay;
    said: Map<number, Said[]>;
  },
  interrupted: () => void,
): Promise<BargeInResult> {
  const random = seededRandom(index + 1);
  const callSid = newSid("CA");
  const ticket = await ticketFor(relay, callSid, { profile: { instructions: `line ${callSid}` } });
  const afterClear: Array<() => number> = [];
  const line: OpenedStream = openStream({
    ...ticket,
    callSid,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    network: { ...network, seed: index + 1 },
    omitSilence: mix.omitSilence,
    keep: "counts",
    onEvent: ({ kind }) => {
      if (kind !== "cleared") return;
      // Whatever was sent so far is over: not another sample of it may be heard.
      const tags = (said.get(session()?.index ?? -1) ?? []).flatMap(({ tags }) => tags);
      const before = tags.map((tag) => line.ear.heardOf(tag));
      afterClear.push(() =>
        tags.reduce((more, tag, at) => more + line.ear.heardOf(tag) - (before[at] ?? 0), 0),
      );
    },
  });
  const session = (): SessionRecord | undefined =>
    model.sessions.find(({ settings }) => settings.instructions.includes(callSid));
  const until = async (what: string, isSo: () => boolean) => {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      if (performance.now() > deadline || line.timeline.closed)
        throw new Error(`line ${index}: ${what} did not come`);
      await Bun.sleep(10);
    }
  };
  const heardMs = ({ tags }: Said) => tags.reduce((ms, tag) => ms + line.ear.heardOf(tag) / 8, 0);
  const nextReply = async (): Promise<Said> => {
    const count = (said.get(session()?.index ?? -1) ?? []).length;
    await line.say(UTTERANCE);
    await until("a reply", () => (said.get(session()?.index ?? -1) ?? []).length > count);
    const reply = (said.get(session()?.index ?? -1) ?? []).at(-1);
    if (reply === undefined) throw new Error("unreachable: a reply was just seen");
    return reply;
  };

  await until("a session", () => session() !== undefined && (session()?.updates ?? 0) > 0);
  const wholeMs = mix.itemsMs.reduce((total, ms) => total + ms, 0);
  for (let round = 0; round < each; round++) {
    let reply = await nextReply();
    if (reply.whole) {
      await until("a whole turn", () => heardMs(reply) >= WHOLE_TURN_MS);
      await Bun.sleep(100 + random() * 500);
      reply = await nextReply();
    }
    // Speech takes a while to be noticed: whatever is heard until then counts as well.
    const wanted = 150 + random() * Math.min(2500, wholeMs - 1200);
    await until("enough of a reply", () => heardMs(reply) >= wanted);
    interrupted();
  }
  // The last interruption; its reply is heard to its end.
  const last = await nextReply();
  await until("the last reply", () => heardMs(last) >= (last.whole ? WHOLE_TURN_MS : wholeMs) - 1);
  line.hangUp();
  await line.ended;
  return judge(session(), said, line, each, afterClear);
}

function judge(
  session: SessionRecord | undefined,
  said: Map<number, Said[]>,
  line: OpenedStream,
  interruptions: number,
  afterClear: ReadonlyArray<() => number>,
): BargeInResult {
  if (session === undefined) throw new Error("the call's session is gone");
  const errorsMs: number[] = [];
  let wrongItems = 0;
  const replies = said.get(session.index) ?? [];
  for (const [at, { itemIds }] of session.responses.entries()) {
    for (const [index, itemId] of itemIds.entries()) {
      const tag = replies[at]?.tags[index];
      const item = session.items.find(({ id }) => id === itemId);
      if (tag === undefined || item === undefined) throw new Error("the script and the session disagree");
      const heard = line.ear.heardOf(tag) / 8;
      const cuts = session.truncations.filter((cut) => cut.itemId === itemId);
      const cut = cuts.at(-1);
      const shortfall = sentMsOf(item) - heard;
      if (cuts.length > 1) wrongItems++;
      else if (replies[at]?.whole === true) wrongItems += cut === undefined && shortfall < 1 ? 0 : 1;
      else if (cut !== undefined) errorsMs.push(cut.audioEndMs - heard);
      // Not cut says that it was heard to its end: what is missing of that is as wrong as a cut that is too late.
      else if (shortfall >= 1) errorsMs.push(shortfall);
    }
  }
  const refused = session.truncations.filter((cut) => cut.refused !== null).length;
  return {
    interruptions,
    errorsMs,
    refused,
    modelErrors: session.errors.length - refused,
    wrongItems,
    playedAfterClear: afterClear.reduce((total, more) => total + more(), 0),
  };
}

const sentMsOf = (item: Item): number =>
  item.kind === "message" ? item.content.reduce((total, { sentMs }) => total + sentMs, 0) : 0;
