/**
 * Calls that come and go, in a process of its own: the carrier's side and the model's side of every call (test/bench),
 * so that each frame is counted at both of its ends. A lane is a place on the line: when one call has left it, the next
 * comes.
 *
 *   bun test/prove/faults/soak-load.ts      one JSON command a line on stdin, one JSON answer a line on stdout
 *
 * Most callers hang up as Twilio tells it; every tenth is gone without a word.
 */
import { createInterface } from "node:readline";
import { CarrierLine } from "../../bench/carrier-side.ts";
import { Model } from "../../bench/model-side.ts";
import { Pulse } from "../../bench/pulse.ts";
import { spreadOf, Tally } from "../../bench/tally.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID, AUTH_TOKEN, ticketFor } from "../../rehearsal/relay.ts";
import { Command, type Round } from "./soak-round.ts";

/** They decide only how soon what is lost is given up. */
const READY_WITHIN_MS = 30_000;
const ARRIVE_WITHIN_MS = 15_000;
const CLOSE_WITHIN_MS = 15_000;
const BETWEEN_CALLS_MS = 300;
const VANISHES_EVERY = 10;
/** A line's three beats, apart, as in life no two of them coincide. */
const MODEL_SLOT = 7;
const ECHO_SLOT = 13;
/** As many as a stamp has digits for. */
const LINES = 10_000;

type ModelSocket = Bun.ServerWebSocket<{ session: Session | undefined }>;
type Session = {
  readonly model: Model;
  readonly tallies: { readonly up: Tally; readonly down: Tally };
  readonly closed: Promise<void>;
  readonly close: () => void;
};

class Lane {
  line: CarrierLine | undefined;
  session: Session | undefined;
  isTalking = false;
}

const sessions = new Map<string, (session: Session) => void>();
let made = 0;

const server = Bun.serve<{ session: Session | undefined }>({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request, bun) =>
    bun.upgrade(request, { data: { session: undefined } }) ? undefined : new Response(null, { status: 400 }),
  websocket: {
    perMessageDeflate: false,
    open: (socket) => {
      const tallies = { up: new Tally(), down: new Tally() };
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      const model = new Model(made++ % LINES, socket, tallies, () => {});
      socket.data.session = { model, tallies, closed, close };
    },
    message: (socket, message) => take(socket, String(message)),
    close: (socket) => socket.data.session?.close(),
  },
});

/** The first settings say of which call they are: its id stands in the instructions. */
function take({ data: { session } }: ModelSocket, message: string): void {
  if (session === undefined) return;
  session.model.hear(message);
  if (!message.includes('"session.update"')) return;
  const callSid = /\bCA[0-9a-f]{32}\b/.exec(message)?.[0] ?? "";
  sessions.get(callSid)?.(session);
}

type Tallied = Omit<Round, "loadLateMs">;

async function oneCall(lane: Lane, number: number, command: Command, round: Tallied): Promise<void> {
  const callSid = newSid("CA");
  const ticket = await ticketFor({ url: command.relayUrl }, callSid, {
    profile: { instructions: `Call ${callSid}.` },
  });
  const ready = Promise.withResolvers<Session>();
  sessions.set(callSid, ready.resolve);
  const tallies = { up: new Tally(), down: new Tally() };
  const terms = { ...ticket, callSid, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN };
  const line = new CarrierLine(number % LINES, terms, tallies);
  lane.line = line;
  lane.isTalking = true;
  let isUp = true;
  void line.closed.then((code) => {
    if (isUp) round.broken.push(`closed with ${code}`);
    isUp = false;
  });
  try {
    const session = await Promise.race([ready.promise, line.closed, Bun.sleep(READY_WITHIN_MS)]);
    if (typeof session !== "object") {
      if (isUp) round.broken.push("no session");
      isUp = false;
      line.hangUp();
      return;
    }
    lane.session = session;
    const [least, most] = command.talkMs;
    await Bun.sleep(least + Math.random() * (most - least));
    lane.isTalking = false;
    const up = () => tallies.up.take().sent - session.tallies.up.take().received;
    const down = () => session.tallies.down.take().sent - tallies.down.take().received;
    const deadline = performance.now() + ARRIVE_WITHIN_MS;
    while (isUp && up() + down() > 0 && performance.now() < deadline) await Bun.sleep(10);
    round.lost += Math.max(0, up()) + Math.max(0, down());
    round.wrong += session.tallies.up.take().wrong + tallies.down.take().wrong;
    round.frames += tallies.up.take().sent + session.tallies.down.take().sent;
    const wasUp = isUp;
    isUp = false;
    const leftAt = performance.now();
    if (number % VANISHES_EVERY === 0) {
      line.vanish();
      round.vanished++;
    } else line.hangUp();
    const isClosed = await Promise.race([
      session.closed.then(() => true),
      Bun.sleep(CLOSE_WITHIN_MS).then(() => false),
    ]);
    if (!isClosed) round.broken.push("the model's socket was left open");
    round.closedMaxMs = Math.max(round.closedMaxMs, performance.now() - leftAt);
    if (wasUp) round.calls++;
  } finally {
    sessions.delete(callSid);
    lane.line = undefined;
    lane.session = undefined;
    lane.isTalking = false;
  }
}

const lanes: Lane[] = [];
const pulse = new Pulse();
let dialled = 0;

function laneAt(index: number): Lane {
  const known = lanes[index];
  if (known !== undefined) return known;
  const lane = new Lane();
  lanes.push(lane);
  pulse.join(index, () => {
    if (lane.isTalking) lane.line?.speak();
  });
  pulse.join(index + MODEL_SLOT, () => {
    if (lane.isTalking) lane.session?.model.beat("steady");
  });
  pulse.join(index + ECHO_SLOT, () => lane.line?.echo());
  pulse.start();
  return lane;
}

async function run(command: Command): Promise<Round> {
  const round: Tallied = { calls: 0, vanished: 0, frames: 0, lost: 0, wrong: 0, broken: [], closedMaxMs: 0 };
  let left = command.calls;
  pulse.takeLateness();
  await Promise.all(
    Array.from({ length: command.lanes }, async (_, index) => {
      const lane = laneAt(index);
      while (left-- > 0) {
        await Bun.sleep(Math.random() * BETWEEN_CALLS_MS);
        await oneCall(lane, dialled++, command, round);
      }
    }),
  );
  return { ...round, loadLateMs: spreadOf(pulse.takeLateness()).p99Ms };
}
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
print({ modelUrl: `ws://127.0.0.1:${server.port}/v1/realtime` });
for await (const line of createInterface({ input: process.stdin })) {
  print(await run(Command.parse(JSON.parse(line))));
}
await server.stop(true);
process.exit(0);
