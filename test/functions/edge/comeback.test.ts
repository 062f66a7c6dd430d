/** Every way in which a stream can be over × what the state says: is the call brought back, where to, and counted how? */
import { describe, expect, test } from "bun:test";
import {
  type Before,
  type Comeback,
  comeback,
  type Happened,
  othersFor,
  WAIT_FOR_S,
} from "../../../functions/edge/comeback.ts";
import type { Relay } from "../../../functions/edge/relays.ts";

const NOW_S = 1_800_000_000;
const [A, B, C, D] = ["a", "b", "c", "d"].map(
  (host): Relay => ({ name: `wss://${host}.example.com`, httpOrigin: `https://${host}.example.com` }),
);
if (A === undefined || B === undefined || C === undefined || D === undefined) throw new Error("four relays");
const GIVE_UP: Comeback = { does: "give up" };
const ago = (seconds: number): number => NOW_S - seconds;

const BEGUN: Happened = { what: "broke", started: true };
const UNBEGUN: Happened = { what: "broke", started: false };
const NOT_TAKEN: Happened = { what: "not taken" };
const answering = (relay: Relay | undefined): Happened => ({ what: "no answer", answering: relay });
const NO_ANSWER = answering(undefined);
const PLANNED: Happened = { what: "planned" };

const decide = (happened: Happened, before: Partial<Before>, order: readonly Relay[] = [A], nowS = NOW_S) =>
  comeback(happened, { attempt: 3, remints: 0, relay: A.name, ...before }, order, nowS);
const join = (relay: Relay, counted: object): Comeback => ({ does: "join", relay, remints: 0, ...counted });
const wait = (sinceS: number, tells: boolean): Comeback => ({ does: "wait", sinceS, tells });

type Row = readonly [
  what: string,
  happened: Happened,
  before: Partial<Before>,
  order: readonly Relay[],
  expected: Comeback,
];

const ROWS: readonly Row[] = [
  // A planned hand-over is not counted and begins everything anew.
  ["is handed over to the relay that had it", PLANNED, {}, [B, A], join(A, {})],
  ["is handed over however often it was sent before", PLANNED, { remints: 2, passed: 1 }, [A], join(A, {})],
  ["is handed over after it was waited for", PLANNED, { waitingSince: ago(5) }, [A], join(A, {})],
  ["is handed over to the first where its relay is ours no more", PLANNED, {}, [B, C], join(B, {})],
  ["is handed over with what broke lately", PLANNED, { broke: [ago(3)] }, [A], join(A, { broke: [ago(3)] })],
  ["is handed over at its last attempt but one", PLANNED, { attempt: 998 }, [A], join(A, {})],
  ["has no stream after the last", PLANNED, { attempt: 999 }, [A], GIVE_UP],

  // A stream that had begun: the count begins anew.
  ["broke when it had begun", BEGUN, {}, [A, B], join(A, { remints: 1, passed: 0, broke: [NOW_S] })],
  [
    "broke when it had begun at the second try",
    BEGUN,
    { remints: 2, passed: 1 },
    [A, B],
    join(A, { remints: 1, passed: 0, broke: [NOW_S] }),
  ],
  [
    "broke when it had begun, and its relay was away for a while",
    BEGUN,
    { waitingSince: ago(19) },
    [A],
    join(A, { remints: 1, passed: 0, broke: [NOW_S] }),
  ],
  [
    "broke when it had begun, for the fifth time in 20 s",
    BEGUN,
    { broke: [ago(19), ago(15), ago(9), ago(4)] },
    [A],
    join(A, { remints: 1, passed: 0, broke: [ago(19), ago(15), ago(9), ago(4), NOW_S] }),
  ],
  [
    "broke when it had begun, for the sixth time in 20 s",
    BEGUN,
    { broke: [ago(19), ago(15), ago(9), ago(4), ago(1)] },
    [A],
    GIVE_UP,
  ],
  [
    "broke when it had begun, for the sixth time in a little more",
    BEGUN,
    { broke: [ago(20), ago(15), ago(9), ago(4), ago(1)] },
    [A],
    join(A, { remints: 1, passed: 0, broke: [ago(15), ago(9), ago(4), ago(1), NOW_S] }),
  ],
  ["broke when it had begun at its last attempt", BEGUN, { attempt: 999 }, [A], GIVE_UP],

  // A stream that the relay had and that never began: two in a row.
  ["broke before it began", UNBEGUN, {}, [A, B], join(A, { remints: 1, passed: 0 })],
  [
    "broke before it began, twice",
    UNBEGUN,
    { remints: 1, passed: 0 },
    [A],
    join(A, { remints: 2, passed: 0 }),
  ],
  ["broke before it began, three times", UNBEGUN, { remints: 2, passed: 0 }, [A, B], GIVE_UP],

  // Never taken: the next relay, each once in a row.
  ["was not taken", NOT_TAKEN, {}, [A, B, C, D], join(B, { remints: 1, passed: 1 })],
  [
    "was not taken by the second",
    NOT_TAKEN,
    { remints: 1, relay: B.name },
    [A, B, C, D],
    join(C, { remints: 2, passed: 2 }),
  ],
  ["was not taken by the third", NOT_TAKEN, { remints: 2, relay: C.name }, [A, B, C, D], GIVE_UP],
  ["was not taken by the second of two", NOT_TAKEN, { remints: 1, relay: B.name }, [A, B], GIVE_UP],
  [
    "was not taken by the last of its order",
    NOT_TAKEN,
    { relay: C.name },
    [A, B, C],
    join(A, { remints: 1, passed: 1 }),
  ],
  [
    "was not taken by the relay that had it before",
    NOT_TAKEN,
    { remints: 1, passed: 0 },
    [A, B],
    join(B, { remints: 2, passed: 1 }),
  ],
  [
    "was not taken by what is ours no more",
    NOT_TAKEN,
    { relay: D.name },
    [A],
    join(A, { remints: 1, passed: 1 }),
  ],
  // The only relay has no room, or is about to stop: in a moment again.
  ["was not taken by the only one", NOT_TAKEN, {}, [A], wait(NOW_S, true)],
  [
    "was not taken by the only one, a moment later",
    NOT_TAKEN,
    { waitingSince: ago(1) },
    [A],
    join(A, { remints: 1, passed: 0 }),
  ],
  ["was not taken by the only one, again", NOT_TAKEN, { remints: 1, passed: 0 }, [A], wait(NOW_S, false)],
  [
    "was not taken by the only one, again a moment later",
    NOT_TAKEN,
    { remints: 1, passed: 0, waitingSince: ago(1) },
    [A],
    join(A, { remints: 2, passed: 0 }),
  ],
  ["was not taken by the only one, three times", NOT_TAKEN, { remints: 2, passed: 0 }, [A], GIVE_UP],
  [
    "was not taken by the only one, three times and a moment later",
    NOT_TAKEN,
    { remints: 2, waitingSince: ago(1) },
    [A],
    GIVE_UP,
  ],
  [
    "is waited for, and the relay is there again",
    NOT_TAKEN,
    { remints: 1, relay: B.name, waitingSince: ago(9) },
    [A, B],
    join(B, { remints: 2, passed: 1 }),
  ],

  // No answer: the next relay that does; where none is left, a wait of 20 s in all, in which nothing is minted.
  ["had no answer", answering(B), {}, [A, B], join(B, { remints: 1, passed: 1 })],
  ["had no answer, not of the next either", answering(C), {}, [A, B, C], join(C, { remints: 1, passed: 2 })],
  [
    "had no answer of the last of its order",
    answering(A),
    { relay: C.name },
    [A, B, C],
    join(A, { remints: 1, passed: 1 }),
  ],
  [
    "had no answer of what is ours no more",
    answering(B),
    { relay: D.name },
    [A, B],
    join(B, { remints: 1, passed: 2 }),
  ],
  [
    "had no answer of the second of two",
    answering(A),
    { remints: 1, relay: B.name },
    [A, B],
    wait(NOW_S, true),
  ],
  ["had no answer of any", NO_ANSWER, {}, [A, B, C], wait(NOW_S, true)],
  ["had no answer of the only one", NO_ANSWER, {}, [A], wait(NOW_S, true)],
  [
    "had no answer of the only one, however often it was sent before",
    NO_ANSWER,
    { remints: 2 },
    [A],
    wait(NOW_S, true),
  ],
  [
    "has still no answer",
    NO_ANSWER,
    { waitingSince: ago(WAIT_FOR_S - 1) },
    [A],
    wait(ago(WAIT_FOR_S - 1), false),
  ],
  ["had no answer for 20 s", NO_ANSWER, { waitingSince: ago(WAIT_FOR_S) }, [A, B], GIVE_UP],
  [
    "has still no answer of its own relay, but of another",
    answering(A),
    { remints: 1, passed: 1, relay: B.name, waitingSince: ago(2) },
    [A, B],
    join(A, { remints: 2, passed: 2 }),
  ],
  [
    "has still no answer of its own relay, and was sent round too often for another",
    answering(A),
    { remints: 2, passed: 1, relay: B.name, waitingSince: ago(2) },
    [A, B],
    wait(ago(2), false),
  ],
];

describe("a call that", () => {
  for (const [what, happened, before, order, expected] of ROWS) {
    test(what, () => expect(decide(happened, before, order)).toEqual(expected));
  }
});

describe("the relays that a call may be sent to besides its own", () => {
  const others = (before: Partial<Before>, order: readonly Relay[]) =>
    othersFor({ attempt: 3, remints: 0, relay: A.name, ...before }, order);

  test("are those behind it in the ring, each once in a row", () => {
    expect(others({}, [A, B, C])).toEqual([B, C]);
    expect(others({ relay: B.name }, [A, B, C])).toEqual([C, A]);
    expect(others({ relay: B.name, remints: 1 }, [A, B, C])).toEqual([C]);
    expect(others({ relay: C.name, remints: 1, passed: 2 }, [A, B, C])).toEqual([]);
    expect(others({ relay: C.name, remints: 1, passed: 9 }, [A, B, C])).toEqual([]);
    expect(others({}, [A])).toEqual([]);
  });

  test("are all the others while the caller waits, and all of them where its own is ours no more", () => {
    expect(others({ relay: B.name, remints: 1, passed: 2, waitingSince: ago(1) }, [A, B, C])).toEqual([C, A]);
    expect(others({ relay: D.name, remints: 1 }, [A, B, C])).toEqual([A, B, C]);
  });

  test("are none for a call that was sent twice in a row", () => {
    expect(others({ remints: 2, passed: 0 }, [A, B, C])).toEqual([]);
    expect(others({ remints: 2, passed: 0, waitingSince: ago(1) }, [A, B, C])).toEqual([]);
  });
});

/** Where a call goes when this happens again and again, a second apart; undefined: it is still going round. */
function pathOf(happened: Happened, order: readonly Relay[], rounds: number): readonly string[] | undefined {
  const path: string[] = [];
  let before: Before = { attempt: 0, remints: 0, relay: order[0]?.name ?? "" };
  for (let round = 0; round < rounds; round++) {
    const next = comeback(happened, before, order, NOW_S + round);
    if (next.does === "give up") return path;
    if (next.does === "wait") {
      path.push("wait");
      before = { ...before, waitingSince: next.sinceS };
    } else {
      const { does: _, relay, ...counted } = next;
      path.push(new URL(relay.httpOrigin).host.charAt(0));
      before = { attempt: before.attempt + 1, relay: relay.name, ...counted };
    }
  }
  return undefined;
}

describe("a call for which it never gets better ends:", () => {
  test("streams that begin and break at once are five", () => {
    expect(pathOf(BEGUN, [A], 99)).toEqual(["a", "a", "a", "a", "a"]);
  });

  test("streams that never begin are two", () => {
    expect(pathOf(UNBEGUN, [A, B], 99)).toEqual(["a", "a"]);
  });

  test("relays that do not take it are two more, or the only one twice more", () => {
    expect(pathOf(NOT_TAKEN, [A, B, C, D], 99)).toEqual(["b", "c"]);
    expect(pathOf(NOT_TAKEN, [A, B], 99)).toEqual(["b"]);
    expect(pathOf(NOT_TAKEN, [A], 99)).toEqual(["wait", "a", "wait", "a"]);
  });

  test("a relay that never answers is waited for 20 s, and no token is minted meanwhile", () => {
    expect(pathOf(NO_ANSWER, [A], 99)).toEqual(Array.from({ length: WAIT_FOR_S }, () => "wait"));
    expect(pathOf(NO_ANSWER, [A, B, C], 99)).toEqual(Array.from({ length: WAIT_FOR_S }, () => "wait"));
  });

  test("hand-overs are as many as there are attempts, and a break now and then is none too many", () => {
    expect(pathOf(PLANNED, [A], 2000)).toHaveLength(999);
    let before: Before = { attempt: 0, remints: 0, relay: A.name };
    for (let round = 0; round < 500; round++) {
      const next = comeback(BEGUN, before, [A], NOW_S + 4 * round);
      if (next.does !== "join") throw new Error(`given up after ${round}`);
      before = {
        attempt: before.attempt + 1,
        relay: A.name,
        remints: next.remints,
        ...(next.broke && { broke: next.broke }),
      };
    }
  });
});
