/**
 * What the relay keeps cannot be kept: the disk is full, or read-only, or the file of its records is rubbish; or the
 * file of prices is gone. Calls that are up go on, whoever comes is let in only where that is recorded, and the log
 * says what to do. The disk is a real one (small-disk.ts).
 */
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { PlacedCall } from "../../rehearsal/carrier/carrier.ts";
import type { Proof } from "../rows.ts";
import { knockAgain, openedWith } from "./replay.ts";
import { makeDisk, type SmallDisk } from "./small-disk.ts";
import { ANYBODY, PATIENCE_MS, type Stage, startStage, until } from "./stage.ts";
import { callersWithMarks, counted, liveCalls, storyOf } from "./swaps.ts";
import { talkingModel } from "./talk.ts";

const TROUBLES = ["full", "read-only", "corrupted"] as const;
export type Trouble = (typeof TROUBLES)[number];

export type DiskOutcome = {
  readonly trouble: Trouble;
  readonly live: number;
  /** Up, and answered while nothing could be recorded. */
  readonly wentOn: number;
  readonly stories: readonly string[];
  readonly newcomers: number;
  readonly letIn: number;
  /** What the others were told. */
  readonly said: readonly string[];
  readonly ready: number;
  readonly messages: readonly string[];
  /** Tokens that opened a stream, tried again then and after a kill: how many opened another. */
  readonly replayed: number;
  readonly letInAgain: number;
  /** Once it is mended: callers who came, and who heard the assistant. */
  readonly mended: { readonly came: number; readonly heard: number; readonly how: string };
};

const DISK_MB = 8;
const CALLS = 2;
const NEWCOMERS = 8;

export async function troubleTheDisk(
  trouble: Trouble,
  progress: (words: string) => void,
): Promise<DiskOutcome> {
  progress(trouble);
  const disk = makeDisk(DISK_MB);
  try {
    return await withStage(disk, trouble, progress);
  } finally {
    disk.remove();
  }
}

async function withStage(
  disk: SmallDisk,
  trouble: Trouble,
  progress: (words: string) => void,
): Promise<DiskOutcome> {
  const stage = await startStage({
    model: talkingModel(),
    env: { DRAIN_SECONDS: "0", REUSE_PORT: "off", LOG_LEVEL: "debug" },
    callers: callersWithMarks(CALLS),
    dataDir: disk.path,
  });
  try {
    const before = await arrive(stage);
    if (!before.heard) throw new Error(`nobody is let in on a good disk: ${storyOf(before.call)}`);
    const talkers = await liveCalls(stage, CALLS);
    const [logsBefore, answersBefore] = [stage.logged.length, talkers.map(({ answered }) => answered)];
    cause(trouble, disk);
    const newcomers: Arrival[] = [];
    for (let number = 1; number <= NEWCOMERS; number++) {
      progress(`${trouble}: caller ${number} of ${NEWCOMERS}`);
      newcomers.push(await arrive(stage));
    }
    await until("an answer on every live call", () =>
      talkers.every(({ answered, call }, at) => call.timeline.closed || answered > (answersBefore[at] ?? 0)),
    ).catch(() => {});
    const wentOn = talkers.filter(
      ({ answered, call }, at) => !call.timeline.closed && answered > (answersBefore[at] ?? 0),
    );
    const ready = await fetch(`${stage.relay.url.replace("ws", "http")}/readyz`).then(({ status }) => status);
    const messages = stage.logged
      .slice(logsBefore)
      .flatMap(({ level, mend }) => (level === "info" || typeof mend !== "string" ? [] : [mend]));
    const tokens = [before, ...newcomers].flatMap(({ call }) => openedWith(call));
    const then = await Promise.all(tokens.map(knockAgain));
    for (const { call } of talkers) call.hangUp();
    await Promise.all(talkers.map(({ call }) => call.ended));
    const mended = await mend(stage, disk, trouble);
    const after = mended.isUp ? await Promise.all(tokens.map(knockAgain)) : [];
    const last = mended.isUp ? await arrive(stage) : undefined;
    return {
      trouble,
      live: talkers.length,
      wentOn: wentOn.length,
      stories: talkers.filter((talker) => !wentOn.includes(talker)).map(({ call }) => storyOf(call)),
      newcomers: newcomers.length,
      letIn: newcomers.filter(({ heard }) => heard).length,
      said: newcomers.flatMap(({ call }) => call.said()),
      ready,
      messages: [...new Set(messages)],
      replayed: then.length + after.length,
      letInAgain: [...then, ...after].filter((status) => status === 101).length,
      mended: {
        came: 1,
        heard: last?.heard === true ? 1 : 0,
        how: mended.how,
      },
    };
  } finally {
    await stage.stop();
  }
}

function cause(trouble: Trouble, disk: SmallDisk): void {
  switch (trouble) {
    case "full":
      return disk.fill();
    case "read-only":
      return disk.abort();
    case "corrupted":
      return scribble(disk.path);
    default:
      trouble satisfies never;
  }
}

/** Over all that the databases hold behind their headers, in place: the processes keep their files. */
function scribble(folder: string): void {
  for (const name of databasesIn(folder)) {
    const path = join(folder, name);
    const { size } = statSync(path);
    const file = openSync(path, "r+");
    for (let at = 0; at < size; at += SCRIBBLE.length) writeSync(file, SCRIBBLE, 0, SCRIBBLE.length, at);
    closeSync(file);
  }
}
const SCRIBBLE = new Uint8Array(512).fill(0x5a);

const databasesIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /\.(?:sqlite|db)(?:-wal)?$/.test(name));

/** The relay starts anew on what is left, after the repair that its message asks for. */
async function mend(
  stage: Stage,
  disk: SmallDisk,
  trouble: Trouble,
): Promise<{ readonly isUp: boolean; readonly how: string }> {
  await stage.relay.kill("SIGKILL");
  switch (trouble) {
    case "full":
      disk.unfill();
      break;
    case "read-only":
      disk.mend();
      break;
    case "corrupted":
      break;
    default:
      trouble satisfies never;
  }
  const isUp = await stage.start().then(
    () => "started as it was",
    (error: Error) => error.message.trim().replaceAll("\n", " "),
  );
  if (isUp === "started as it was" || trouble !== "corrupted") {
    return { isUp: isUp === "started as it was", how: isUp };
  }
  // What nobody can read is moved away, as the message has it.
  for (const name of readdirSync(disk.path)) {
    if (/\.sqlite(?:-\w+)?$/.test(name)) rmSync(join(disk.path, name));
  }
  await stage.start();
  return { isUp: true, how: isUp };
}

type Arrival = { readonly call: PlacedCall; readonly heard: boolean };

/** Calls, and hangs up once the assistant is heard. */
async function arrive(stage: Stage): Promise<Arrival> {
  const call = stage.dial(ANYBODY);
  const isHeard = () => call.timeline.all("heard-first-audio").length > 0;
  await until("how the call went", () => isHeard() || call.timeline.closed, PATIENCE_MS).catch(() => {});
  const heard = isHeard();
  call.hangUp();
  await call.ended;
  return { call, heard };
}

// --- prices -----------------------------------------------------------------------------------------------------

export type PricesOutcome = {
  /** What a relay says that is to keep a budget without prices, and cannot start; of one without a budget. */
  readonly refused: string;
  readonly warned: readonly string[];
  readonly wentOn: number;
  readonly live: number;
};

export async function loseThePrices(progress: (words: string) => void): Promise<PricesOutcome> {
  progress("no prices");
  const stage = await startStage({
    model: talkingModel(),
    env: { DRAIN_SECONDS: "0", LOG_LEVEL: "debug" },
    callers: callersWithMarks(CALLS),
  });
  try {
    const talkers = await liveCalls(stage, CALLS);
    const before = talkers.map(({ answered }) => answered);
    const gone = { PRICES_FILE: join(stage.dataDir, "prices.json") };
    const refused = await stage.start({ ...gone, BUDGET_PER_DAY: "5" }).then(
      () => "",
      (error: Error) => error.message.trim().replaceAll("\n", " "),
    );
    // The one that could not start was to take over: the one that is there goes on.
    await until("an answer on every live call", () =>
      talkers.every(({ answered, call }, at) => call.timeline.closed || answered > (before[at] ?? 0)),
    ).catch(() => {});
    const wentOn = talkers.filter(
      ({ answered, call }, at) => !call.timeline.closed && answered > (before[at] ?? 0),
    );
    const other = await stage.start(gone);
    const warned = other.lines.flatMap(({ event, variable, mend }) =>
      event === "relay.warning" && variable === "PRICES_FILE" ? [String(mend)] : [],
    );
    for (const { call } of talkers) call.hangUp();
    await Promise.all(talkers.map(({ call }) => call.ended));
    return { refused, warned, wentOn: wentOn.length, live: talkers.length };
  } finally {
    await stage.stop();
  }
}

// --- the proof --------------------------------------------------------------------------------------------------

export const disk: Proof = {
  name: "disk",
  run: async (progress) => {
    const rows = [];
    for (const trouble of TROUBLES) {
      const outcome = await troubleTheDisk(trouble, progress);
      const { live, wentOn, newcomers, letIn, said, messages, mended } = outcome;
      rows.push(
        {
          what: `the disk ${trouble}: live calls go on`,
          bound: `${live}`,
          measured: `${wentOn} answered meanwhile${outcome.stories.length > 0 ? `; ${outcome.stories[0]}` : ""}`,
          ok: wentOn === live,
        },
        {
          what: `the disk ${trouble}: nobody is let in unrecorded`,
          bound: "0 of their tokens open a second stream, then or after a kill",
          measured: `${letIn} of ${newcomers} callers let in, the others told ${counted(said) || "nothing"}; ${outcome.letInAgain} of ${outcome.replayed} tokens twice; /readyz ${outcome.ready}`,
          ok:
            outcome.letInAgain === 0 &&
            outcome.replayed > 0 &&
            said.length >= newcomers - letIn &&
            (letIn === newcomers || outcome.ready === 503),
        },
        {
          what: `the disk ${trouble}: a clear message, and the way back`,
          bound: "names DATA_DIR and what to do; the next caller hears the assistant",
          measured: `${messages.join(" | ") || "(nothing in the log)"}; started again: ${mended.how}; ${mended.heard} of ${mended.came}`,
          ok: /DATA_DIR/.test(`${messages.join(" ")} ${mended.how}`) && mended.heard === mended.came,
        },
      );
    }
    const { refused, warned, wentOn, live } = await loseThePrices(progress);
    rows.push({
      what: "the file of prices gone: a relay with a budget does not start beside the old, one without warns",
      bound: `named; ${live} live calls go on`,
      measured: `${refused.slice(0, 300)} | ${warned.join(" ")} | ${wentOn}`,
      ok: /PRICES_FILE/.test(refused) && warned.length > 0 && wentOn === live,
    });
    return rows;
  },
};
