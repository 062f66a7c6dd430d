/** How a model fails its relay: refused, gone, silent, talking nonsense, or sorry by the protocol's own words. */
import { type Expectations, inAll, later, modelGone, modelMute, nothing, sessionLost } from "./expected.ts";
import { atFrame, type Fault } from "./fault.ts";
import { makeFrame, OPCODE } from "./frames.ts";
import { type Passage, textOf, type Welcome } from "./passage.ts";
import type { Tone } from "./role.ts";
import type { Stage } from "./stage.ts";

type Given = {
  readonly name: string;
  /** To a session that is up, or to one that has just been. */
  readonly strike: (passage: Passage, stage: Stage) => void;
  /** How those are met who come to dial; without it, it strikes a session that has just begun. */
  readonly handshake?: readonly Welcome[];
  /** The same after {@link handshake}, for ever. */
  readonly forever?: Welcome;
  readonly expected: Expectations;
};

const RESET: Welcome = { is: "reset" };

/** The first frame of a session is `session.created`. */
const isFirst = (_: unknown, to: string): boolean => to === "client";

function fault({ name, strike, handshake, forever, expected }: Given): Fault {
  const prepare = ({ modelDoor }: Stage) => {
    modelDoor.next.push(...(handshake ?? []));
    if (forever !== undefined) modelDoor.welcome = forever;
  };
  return {
    name,
    side: "model",
    expected,
    arm: (stage, struck) => {
      if (handshake !== undefined || forever !== undefined) {
        prepare(stage);
        return struck();
      }
      atFrame(stage.modelDoor, isFirst, (passage) => {
        struck();
        strike(passage, stage);
      });
    },
    strike: (stage) => {
      const { stream } = stage.modelDoor;
      if (stream === undefined) throw new Error("there is no session to strike");
      prepare(stage);
      strike(stream, stage);
    },
  };
}

const reset = (passage: Passage): void => passage.reset();

const errorOf = (code: string | null, type = "invalid_request_error", message = "Scripted."): string =>
  JSON.stringify({
    type: "error",
    event_id: "event_scripted",
    error: { type, code, message, param: null, event_id: null },
  });

/** As users of the live service report it: an error event, then close 3000 with the error's name as its reason. */
const turnedAway =
  (code: string) =>
  (passage: Passage): void => {
    passage.sayToClient(errorOf(code));
    passage.closeToClient(3000, `invalid_request_error.${code}`);
  };

/** Whatever has to do with responses is lost from now on; all else comes through. */
function muteResponses(passage: Passage, isLost: (type: string) => boolean): void {
  passage.watch((frame, to) => {
    if (to === "server") return true;
    const type = /"type":"(response\.[\w.]+)"/.exec(textOf(frame) ?? "")?.[1];
    return type === undefined || !isLost(type);
  });
}

const HUGE_BYTES = 20 * 1024 * 1024;
const TRICKLE_EVERY_MS = 5;
const SLOW_MS = 1_000;
const SLOW_HANDSHAKE_MS = 2_500;

const WRONG_SHAPES = [
  "{}",
  "null",
  "[]",
  '"response.done"',
  '{"type":7}',
  '{"type":"response.done"}',
  '{"type":"response.output_audio.delta","delta":5}',
  '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","content_index":0,"delta":"!!!"}',
  '{"type":"response.output_item.done","response_id":"r","item":{"type":"function_call"}}',
  '{"type":"session.updated","session":{}}',
  '{"type":"error"}',
  '{"type":"something.new","and":{"quite":"unknown"}}',
] as const;

/** A response fails by the protocol, once, and what is asked again is answered. */
function failedResponse(name: string, code: string): Fault {
  const fail = ({ role }: Stage, tones: readonly Tone[]) =>
    role.failing.push(...tones.map((tone) => ({ tone, code, afterMs: tone === "greeting" ? 0 : 900 })));
  const then = { silentS: 4, outcome: "goes on" } as const;
  const spoken = { by: ["one_moment", "goingOn", "answer", "greeting"], withinS: 4, ...then } as const;
  return {
    name,
    side: "model",
    arm: (stage, struck) => {
      fail(stage, ["greeting"]);
      struck();
    },
    strike: (stage, phase) => {
      if (phase === "caller speaks") fail(stage, ["answer"]);
      else if (phase === "tool runs") fail(stage, ["told"]);
      else fail(stage, ["greeting"]);
    },
    expected: inAll(spoken, {
      handshake: { by: ["greeting"], withinS: 2, ...then },
      start: { by: ["greeting"], withinS: 2, ...then },
      greeting: {
        not: "a response that sounds fails in the phases before it: what is struck is how it ends",
      },
      "caller speaks": { by: ["answer"], withinS: 2, ...then },
      "assistant speaks": { not: "as in greeting; 'caller speaks' is where the answer fails" },
      "tool runs": { by: ["told", "filler"], withinS: 3, ...then },
      "hanging up": { not: "no response is under way or to come: the goodbye is whole" },
    }),
  };
}

export const MODEL_FAULTS: readonly Fault[] = [
  fault({ name: "model: reset", strike: reset, handshake: [RESET], expected: sessionLost }),
  fault({
    name: "model: closes with 1011",
    strike: (passage) => passage.closeToClient(1011, "server error"),
    expected: sessionLost,
  }),
  fault({
    name: "model: session expired",
    strike: (passage) => {
      passage.sayToClient(errorOf("session_expired"));
      passage.closeToClient(1001, "Your session hit the maximum duration of 60 minutes.");
    },
    expected: sessionLost,
  }),
  {
    name: "model: nobody listens for 2.5 s",
    side: "model",
    arm: ({ modelProxy }, struck) => {
      modelProxy.down();
      setTimeout(() => void modelProxy.up(), SLOW_HANDSHAKE_MS);
      struck();
    },
    strike: ({ modelProxy, modelDoor }) => {
      modelProxy.down();
      modelDoor.resetAll();
      setTimeout(() => void modelProxy.up(), SLOW_HANDSHAKE_MS);
    },
    expected: sessionLost,
  },
  fault({
    name: "model: too many requests (429, three times)",
    strike: reset,
    handshake: Array.from({ length: 3 }, () => ({ is: "status", status: 429 })),
    expected: sessionLost,
  }),
  fault({
    name: "model: overloaded (503), then slow to open",
    strike: reset,
    handshake: [
      { is: "status", status: 503 },
      { is: "let in late", afterMs: SLOW_HANDSHAKE_MS },
    ],
    expected: sessionLost,
  }),
  fault({
    name: "model: handshake never answered",
    strike: reset,
    handshake: [{ is: "ignored" }],
    expected: inAll(
      { ...first(sessionLost, "greeting"), silentS: 4.5 },
      {
        handshake: { by: ["one_moment", "greeting"], withinS: 2, silentS: 4.5, outcome: "goes on" },
        start: { by: ["one_moment", "greeting"], withinS: 2, silentS: 4.5, outcome: "goes on" },
        "caller speaks": {
          by: ["one_moment", "answer", "goingOn"],
          withinS: 2,
          silentS: 4.5,
          outcome: "goes on",
        },
        "hanging up": sessionLost["hanging up"],
      },
    ),
  }),
  fault({ name: "model: gone for good (reset)", strike: reset, forever: RESET, expected: modelGone }),
  fault({
    name: "model: 500 for good",
    strike: reset,
    forever: { is: "status", status: 500 },
    expected: modelGone,
  }),
  fault({
    name: "model: 401 for good",
    strike: reset,
    forever: { is: "status", status: 401 },
    expected: modelGone,
  }),
  fault({
    name: "model: out of quota",
    strike: turnedAway("insufficient_quota"),
    expected: modelGone,
  }),
  fault({
    name: "model: key taken back",
    strike: turnedAway("invalid_api_key"),
    expected: modelGone,
  }),
  fault({
    name: "model: half-open",
    strike: (passage) => passage.manner({ is: "held" }),
    expected: modelMute,
  }),
  fault({
    name: "model: a byte at a time",
    strike: (passage) => passage.manner({ is: "trickling", byteEveryMs: TRICKLE_EVERY_MS }, "client"),
    // That the caller has stopped speaking is told as late as everything else.
    expected: {
      ...modelMute,
      "caller speaks": {
        by: ["one_moment", "answer", "goingOn"],
        withinS: 6.5,
        silentS: 6.5,
        outcome: "goes on",
      },
    },
  }),
  fault({
    name: "model: no response ever comes",
    strike: (passage) => muteResponses(passage, () => true),
    expected: modelMute,
  }),
  fault({
    name: "model: stops in the middle of a sentence",
    // Whatever is under way was begun: it is only its sound that stops.
    strike: (passage) => muteResponses(passage, (type) => type !== "response.created"),
    expected: modelMute,
  }),
  fault({
    name: "model: 1 s further away, each way",
    strike: (passage) => passage.manner({ is: "delayed", byMs: SLOW_MS }),
    expected: later((3 * SLOW_MS) / 1000),
  }),
  fault({
    name: "model: server errors that end nothing",
    strike: (passage) =>
      passage.sayToClient(errorOf(null, "server_error"), errorOf("internal_error", "server_error")),
    expected: nothing,
  }),
  failedResponse("model: a response fails (rate limit)", "rate_limit_exceeded"),
  fault({
    name: "model: binary frames",
    strike: (passage) => {
      for (const bytes of [new Uint8Array(0), new Uint8Array(4_000).fill(0xab)])
        passage.bytesToClient(makeFrame(OPCODE.binary, bytes, false));
    },
    expected: nothing,
  }),
  fault({
    name: "model: broken JSON",
    strike: (passage) => passage.sayToClient("{", "", "\u0000", '{"type":"response.done","response":{'),
    expected: nothing,
  }),
  fault({
    name: "model: JSON of the wrong shape",
    strike: (passage) => passage.sayToClient(...WRONG_SHAPES),
    expected: nothing,
  }),
  fault({
    name: "model: a frame of 20 MB",
    strike: (passage) =>
      passage.sayToClient(
        JSON.stringify({ type: "response.output_text.delta", delta: "x".repeat(HUGE_BYTES) }),
      ),
    expected: sessionLostOrNothing(),
  }),
  fault({
    name: "model: frames that break the protocol",
    // A continuation of nothing, and an opcode that there is not.
    strike: (passage) => {
      passage.bytesToClient(makeFrame(OPCODE.continuation, new Uint8Array(3), false));
      passage.bytesToClient(makeFrame(0xb, new Uint8Array(3), false));
    },
    expected: sessionLostOrNothing(),
  }),
];

function first(expectations: Expectations, phase: keyof Expectations) {
  const one = expectations[phase];
  if ("not" in one) throw new Error(one.not);
  return one;
}

/** The relay may take it or leave it, and the caller is not to notice more than that. */
function sessionLostOrNothing(): Expectations {
  const either = {
    by: ["one_moment", "greeting", "answer", "goingOn", "told"],
    silentS: 4,
    outcome: "goes on",
  } as const;
  return inAll(
    { ...either, withinS: 1 },
    {
      handshake: { ...either, withinS: 2 },
      start: { ...either, withinS: 2 },
      "caller speaks": { ...either, withinS: 2 },
      "tool runs": { ...either, withinS: 3 },
      "hanging up": sessionLost["hanging up"],
    },
  );
}
