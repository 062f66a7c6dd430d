/**
 * Whether a call whose stream is over is brought back, where to, and at what pace. Pure: what has happened, what the
 * signed state says and the relays go in, the decision comes out. The conversation is none of the edge's business: the
 * relay finds it by the CallSid.
 *
 * Three bounds, so that no call goes round for ever: at most two streams are tried in a row of which none reached
 * `start`; streams that did, and broke, are at most five in twenty seconds; and where no relay answers, that long is
 * waited for one, while no token is minted. Planned hand-overs are bounded by LAST_ATTEMPT alone.
 */
import { LAST_ATTEMPT, MOST_BREAKS, type StateClaims } from "../../relay/contract.ts";
import type { Relay } from "./relays.ts";

/** In a row, without a stream that reached `start`. */
const MOST_REMINTS = 2;
/** A relay that restarts is back within it, and nobody stays on a silent line for longer. */
export const WAIT_FOR_S = 20;
/**
 * {@link MOST_BREAKS} streams that begin and break within this time are no call, whatever they cost; and a caller
 * has then heard nothing useful for as long as one who waits. A relay that is restarted every few seconds stays below.
 */
const BREAKS_WITHIN_S = WAIT_FOR_S;

/** What a state says of the stream that is over. */
export type Before = Pick<
  StateClaims,
  "attempt" | "remints" | "relay" | "passed" | "broke" | "waitingSince" | "toldAt"
>;

export type Happened =
  /** The call was away as it was meant to be: handed over, or nobody else was reached. */
  | { readonly what: "planned" }
  | { readonly what: "broke"; readonly started: boolean }
  /** The relay answers, and never had the stream. */
  | { readonly what: "not taken" }
  /** `answering`: one of the others does; {@link othersFor}. */
  | { readonly what: "no answer"; readonly answering: Relay | undefined };

export type Comeback =
  | ({ readonly does: "join"; readonly relay: Relay } & Counted)
  /** The same relay is asked again in a moment. `tells`: the caller has not heard yet that it takes one. */
  | { readonly does: "wait"; readonly sinceS: number; readonly tells: boolean }
  | { readonly does: "give up" };

/** What the next state carries of all that. */
export type Counted = Pick<StateClaims, "remints" | "passed" | "broke">;

/**
 * The relays that a call may be sent to besides its own, the next one first: each is sent it once in a row, wherever the
 * row began, for a call may have come back to any of them; while the caller waits, whichever answers first.
 * @param order the call's relays, the first that takes it first; at least one
 */
export function othersFor(
  { remints, passed = remints, relay, waitingSince }: Before,
  order: readonly Relay[],
): readonly Relay[] {
  if (remints >= MOST_REMINTS) return [];
  const at = order.findIndex(({ name }) => name === relay);
  if (at === -1) return order;
  const others = [...order.slice(at + 1), ...order.slice(0, at)];
  return waitingSince === undefined ? others.slice(0, Math.max(0, others.length - passed)) : others;
}

/** @param order as in {@link othersFor} */
export function comeback(
  happened: Happened,
  before: Before,
  order: readonly Relay[],
  nowS: number,
): Comeback {
  const { remints, passed = remints, waitingSince } = before;
  const own = order.find(({ name }) => name === before.relay) ?? order[0];
  const others = othersFor(before, order);
  const broke = (before.broke ?? []).filter((brokeS) => brokeS > nowS - BREAKS_WITHIN_S);
  const join = (relay: Relay | undefined, counted: Counted, broken = broke): Comeback =>
    relay === undefined || before.attempt >= LAST_ATTEMPT
      ? GIVE_UP
      : { does: "join", relay, ...counted, ...(broken.length > 0 && { broke: broken }) };
  const pass = (relay: Relay): Comeback =>
    join(relay, { remints: remints + 1, passed: passed + others.indexOf(relay) + 1 });
  const wait = (): Comeback => ({
    does: "wait",
    sinceS: waitingSince ?? nowS,
    tells: waitingSince === undefined && (happened.what === "no answer" || remints === 0),
  });

  const mayRemint = remints < MOST_REMINTS;
  switch (happened.what) {
    case "planned":
      return join(own, { remints: 0 });
    case "broke":
      if (happened.started) {
        return broke.length < MOST_BREAKS ? join(own, { remints: 1, passed: 0 }, [...broke, nowS]) : GIVE_UP;
      }
      return mayRemint ? join(own, { remints: remints + 1, passed }) : GIVE_UP;
    case "not taken": {
      // It was waited for and is there again.
      if (mayRemint && waitingSince !== undefined) return join(own, { remints: remints + 1, passed });
      const [next] = others;
      if (next !== undefined) return pass(next);
      // It has no room, and there never was another.
      return mayRemint && order.length === 1 ? wait() : GIVE_UP;
    }
    case "no answer": {
      const { answering } = happened;
      if (answering !== undefined && others.includes(answering)) return pass(answering);
      return waitingSince === undefined || nowS < waitingSince + WAIT_FOR_S ? wait() : GIVE_UP;
    }
    default:
      return happened satisfies never;
  }
}

const GIVE_UP = { does: "give up" } as const;
