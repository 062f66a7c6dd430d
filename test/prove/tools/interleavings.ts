/**
 * One response at a time, where two write: the relay asks for responses, and so does the server's own detection when
 * the caller stops speaking. Calls are played in simulated time with the property test's model, tools, caller and watch
 * (test/relay/call/property), with the way to OpenAI as long as wanted; a create that finds a response active is refused
 * with `conversation_already_has_active_response`, and counted.
 *
 * With d the way to OpenAI and T the time from the server's speech_started to its commit, a create that is sent just
 * before speech_started arrives is there at 2d and cancelled at 4d. Only between these can it stand in the way of the
 * server's own, so that there is none while the round trip, 2d, is shorter than T/2: 280 ms with 500 ms of silence.
 */
import { Call } from "../../../relay/call/call.ts";
import { Chance } from "../../relay/call/chance.ts";
import { Conversation, type Refusal, USUAL } from "../../relay/call/property/conversation.ts";
import { TOOL_TERMS } from "../../relay/call/property/inputs.ts";
import { Player, Tally } from "../../relay/call/property/player.ts";
import type { Progress, Proof } from "../rows.ts";

const CALLS = 1_000;
const SEED = 20_261_121;
/** Ways differ by up to this from one message to the next. */
const JITTER_MS = 10;
const NEAR_MS = 250;
const FAR_MS = 1_000;
/** 500 ms of silence (VAD_SILENCE_MS), and the shortest sound that is taken for speech. */
const LEAST_TURN_MS = 560;
/** Long enough for a create to be asked for again, and for a caller who interrupts that. */
const ANSWERED_WITHIN_MS = 15_000;

type Outcome = {
  readonly refusals: readonly Refusal[];
  /** Nothing was said after it, in a call that went on. */
  readonly unanswered: number;
  /** The call ended first. */
  readonly open: number;
  readonly slowestMs: number;
  readonly count: Conversation["count"];
};

function playCalls(roundTripMs: readonly [least: number, most: number], progress: Progress): Outcome {
  const count = { creates: 0, fillers: 0, readings: 0, runs: 0, interruptions: 0 };
  const refusals: Refusal[] = [];
  let unanswered = 0;
  let open = 0;
  for (let call = 0; call < CALLS; call++) {
    const chance = new Chance(Math.imul(SEED, 2_654_435_761) + call + roundTripMs[1] * CALLS);
    const world = {
      ...USUAL,
      longestMs: 60_000,
      modelWayMs: [roundTripMs[0] / 2, roundTripMs[1] / 2 - JITTER_MS],
      leastTurnMs: LEAST_TURN_MS,
      mayRefuse: true,
    } as const;
    const played = new Conversation(new Player(Call, chance.one(TOOL_TERMS), 0, new Tally()), chance, world);
    played.play();
    const endedAt = played.inputs.at(-1)?.at ?? 0;
    for (const refusal of played.refusals) {
      refusals.push(refusal);
      if (refusal.answeredAt !== undefined) continue;
      if (endedAt > refusal.at + ANSWERED_WITHIN_MS) unanswered++;
      else open++;
    }
    for (const [what, many] of Object.entries(played.count)) add(count, what, many);
    if (call % 20 === 0) progress(`${call} of ${CALLS} calls, up to ${roundTripMs[1]} ms`);
  }
  const slowestMs = Math.max(0, ...refusals.map(({ at, answeredAt = at }) => answeredAt - at));
  return { refusals, unanswered, open, slowestMs, count };
}

function add(count: Record<string, number>, what: string, many: number): void {
  count[what] = (count[what] ?? 0) + many;
}

const told = ({ creates, fillers, readings, runs, interruptions }: Outcome["count"]): string =>
  `${creates} creates, ${fillers} fillers and ${readings} readings among them; ${runs} runs, ${interruptions} interruptions`;

export const interleavings: Proof = {
  name: "interleavings",
  run: async (progress) => {
    const near = playCalls([0, NEAR_MS], progress);
    const far = playCalls([NEAR_MS, FAR_MS], progress);
    const ours = far.refusals.filter(({ whose }) => whose === "ours").length;
    const happened = Object.values(near.count).every((many) => many >= 100);
    return [
      {
        what: `conversation_already_has_active_response in ${CALLS} calls, round trips up to ${NEAR_MS} ms`,
        bound: "0",
        measured: `${near.refusals.length}; ${told(near.count)}`,
        ok: near.refusals.length === 0 && happened,
      },
      {
        what: `the same from ${NEAR_MS} ms to ${FAR_MS} ms: answers that were not spoken after all`,
        bound: "0",
        measured:
          `${far.unanswered} of ${far.refusals.length} refused (${ours} of ours, ${far.refusals.length - ours} of the ` +
          `server's), ${far.open} where the call ended; the slowest after ${(far.slowestMs / 1000).toFixed(1)} s`,
        ok: far.refusals.length > 0 && far.unanswered === 0,
      },
    ];
  },
};
