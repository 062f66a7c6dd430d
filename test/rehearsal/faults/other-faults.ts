/** Everything else that can fail: the servers of tools, the line, the edge, and the relay's own process and disk. */
import { apology, broughtBack, type Expectations, inAll, later, nothing } from "./expected.ts";
import { atFrame, type Fault } from "./fault.ts";
import type { EdgeMood } from "./house.ts";
import type { Welcome } from "./passage.ts";
import type { Stage } from "./stage.ts";

// --- the servers of tools ---------------------------------------------------------------------------------------

function ofTools(name: string, strike: (stage: Stage) => void, expected: Expectations): Fault {
  return {
    name,
    side: "line",
    arm: (stage, struck) => {
      strike(stage);
      struck();
    },
    strike,
    expected,
    asksForTools: true,
  };
}

/** Everything goes on; of what is under way the caller is told within the time that its tool has. */
const withoutTools = (toldWithinS: number): Expectations => ({
  ...nothing,
  // A write that hangs takes its 20 s; meanwhile they are told every 5 that somebody is there.
  "tool runs": { by: ["told", "filler"], withinS: toldWithinS, silentS: 5.5, outcome: "goes on" },
});

const answering =
  (welcome: Welcome & { readonly is: "status" }) =>
  ({ toolsDoor }: Stage): void => {
    toolsDoor.welcome = welcome;
    for (const passage of toolsDoor.live) passage.answerWith(welcome.status);
  };

const TOOLS: readonly Fault[] = [
  ofTools(
    "tools: the server is gone",
    ({ toolsDoor, toolsProxy }) => {
      toolsProxy.down();
      toolsDoor.resetAll();
    },
    withoutTools(2.5),
  ),
  ofTools("tools: 401", answering({ is: "status", status: 401 }), withoutTools(3)),
  ofTools(
    "tools: 404, as of a session that is dead",
    answering({ is: "status", status: 404 }),
    withoutTools(3),
  ),
  ofTools("tools: 500", answering({ is: "status", status: 500 }), withoutTools(3)),
  ofTools(
    "tools: half-open",
    ({ toolsDoor }) => {
      toolsDoor.welcome = { is: "ignored" };
      for (const passage of toolsDoor.live) passage.manner({ is: "held" });
    },
    withoutTools(3),
  ),
];

// --- the line ---------------------------------------------------------------------------------------------------

const isStream = (head: string): boolean => head.startsWith("GET /media-stream/");
const isQuestion = (head: string): boolean => head.startsWith("GET /calls/");

/**
 * @param next how the streams that come next are met, before all is well again
 * @param forever or is never well again
 */
function lineBroken(
  name: string,
  next: readonly Welcome[],
  expected: Expectations,
  forever?: Welcome,
): Fault {
  const prepare = ({ relayDoor }: Stage): void => {
    relayDoor.isFor = isStream;
    relayDoor.next.push(...next);
    if (forever !== undefined) relayDoor.welcome = forever;
  };
  return {
    name,
    side: "line",
    arm: (stage, struck) => {
      stage.relayDoor.next.push({ is: "reset" });
      prepare(stage);
      struck();
    },
    strike: (stage) => {
      prepare(stage);
      stage.relayDoor.stream?.reset();
    },
    expected,
  };
}

/** @param question how the edge is met when it asks what became of the stream, so often */
function lineBrokenAndNoWord(name: string, question: Welcome, times: number, expected: Expectations): Fault {
  const next = Array.from({ length: times }, () => question);
  return {
    name,
    side: "line",
    arm: ({ relayDoor }, struck) => {
      atFrame(
        relayDoor,
        (_, to) => to === "server",
        (passage) => {
          relayDoor.isFor = isQuestion;
          relayDoor.next.push(...next);
          struck();
          passage.reset();
        },
      );
    },
    strike: ({ relayDoor }) => {
      relayDoor.isFor = isQuestion;
      relayDoor.next.push(...next);
      relayDoor.stream?.reset();
    },
    expected,
  };
}

function ofStream(name: string, strike: (stage: Stage) => void, expected: Expectations): Fault {
  return {
    name,
    side: "line",
    arm: (stage, struck) => {
      atFrame(
        stage.relayDoor,
        (_, to) => to === "server",
        () => {
          struck();
          strike(stage);
        },
      );
    },
    strike,
    expected,
  };
}

const STALL_MS = 2_000;
const FURTHER_MS = 400;

const LINE: readonly Fault[] = [
  lineBroken("line: reset", [], broughtBack(3)),
  lineBroken("line: reset, then refused once (503)", [{ is: "status", status: 503 }], broughtBack(3.5, 4)),
  lineBroken("line: reset, then refused for good (503)", [], apology(4, 6), { is: "status", status: 503 }),
  lineBroken(
    "line: reset, then a slow handshake",
    [{ is: "let in late", afterMs: STALL_MS }],
    broughtBack(4, 4),
  ),
  lineBrokenAndNoWord(
    "line: reset, and the relay does not say why (503)",
    { is: "status", status: 503 },
    1,
    broughtBack(3),
  ),
  lineBrokenAndNoWord("line: reset, and the relay does not answer", { is: "ignored" }, 1, broughtBack(4, 4)),
  ofStream(
    `line: stands still for ${STALL_MS / 1000} s`,
    ({ relayDoor }) => {
      const { stream } = relayDoor;
      stream?.manner({ is: "held" });
      setTimeout(() => stream?.manner({ is: "passed" }), STALL_MS);
    },
    later(STALL_MS / 1000 + 1),
  ),
  ofStream(
    `line: ${FURTHER_MS} ms further away, each way`,
    ({ relayDoor }) => relayDoor.stream?.manner({ is: "delayed", byMs: FURTHER_MS }),
    later((3 * FURTHER_MS) / 1000),
  ),
  ofStream(
    "line: frames that Twilio does not send",
    ({ relayDoor }) => relayDoor.stream?.sayToServer("{", "[]", '{"event":"start"}'),
    apology(2),
  ),
  {
    name: "line: the caller hangs up",
    side: "line",
    arm: (stage, struck) => {
      atFrame(
        stage.relayDoor,
        (_, to) => to === "server",
        () => {
          struck();
          stage.call.hangUp();
        },
      );
    },
    strike: ({ call }) => call.hangUp(),
    expected: inAll({ by: [], withinS: 0, silentS: Number.POSITIVE_INFINITY, outcome: "is left" }),
  },
];

// --- the edge ---------------------------------------------------------------------------------------------------

function ofEdge(name: string, mood: EdgeMood, expected: Expectations): Fault {
  return {
    name,
    side: "line",
    arm: ({ tenant }, struck) => {
      tenant.edgeMood = mood;
      struck();
    },
    strike: ({ tenant, relayDoor }) => {
      tenant.edgeMood = mood;
      relayDoor.stream?.reset();
    },
    expected,
  };
}

const EDGE: readonly Fault[] = [
  ofEdge("edge: Functions fail, under a line that is reset", "failing", apology(2)),
  ofEdge("edge: Functions hang, under a line that is reset", "hanging", apology(5)),
];

// --- the relay's process and its disk ---------------------------------------------------------------------------

/** SIGKILL, and another after a while. @param backAfterMs undefined: never */
function killed(name: string, backAfterMs: number | undefined, expected: Expectations): Fault {
  const kill = async (stage: Stage): Promise<void> => {
    await stage.relay.kill("SIGKILL");
    if (backAfterMs === undefined) return;
    await Bun.sleep(backAfterMs);
    // If it does not come back, that is what the caller hears; or the stage was put away meanwhile.
    await stage.startRelay().catch(() => {});
  };
  return {
    name,
    side: "line",
    arm: async (stage, struck) => {
      struck();
      if (backAfterMs === undefined) return kill(stage);
      void kill(stage);
    },
    strike: (stage) => void kill(stage),
    expected,
  };
}

function stopped(name: string, forMs: number, expected: Expectations): Fault {
  const stop = ({ relay }: Stage): void => {
    process.kill(relay.pid, "SIGSTOP");
    setTimeout(() => process.kill(relay.pid, "SIGCONT"), forMs);
  };
  return {
    name,
    side: "line",
    arm: (stage, struck) => {
      atFrame(
        stage.relayDoor,
        (_, to) => to === "server",
        () => {
          struck();
          stop(stage);
        },
      );
    },
    strike: stop,
    expected,
  };
}

async function fillDisk({ relay }: Stage): Promise<void> {
  const limit = Bun.spawn(["prlimit", `--pid=${relay.pid}`, "--fsize=0:0"], {
    stdout: "ignore",
    stderr: "pipe",
  });
  if ((await limit.exited) !== 0) throw new Error(`prlimit: ${await limit.stderr.text()}`);
}

const RELAY: readonly Fault[] = [
  killed("relay: killed, back after 0.5 s", 500, broughtBack(3.5, 4)),
  killed("relay: killed, back after 5 s", 5_000, broughtBack(3, 6)),
  killed("relay: killed for good", undefined, apology(3, 6)),
  {
    name: "relay: replaced (a new one beside it, then SIGTERM)",
    side: "line",
    arm: (stage, struck) => {
      atFrame(
        stage.relayDoor,
        (_, to) => to === "server",
        () => {
          struck();
          void replace(stage);
        },
      );
    },
    strike: replace,
    expected: broughtBack(3),
  },
  stopped("relay: its event loop stands still for 0.3 s", 300, later(0.5)),
  stopped("relay: stands still for 3 s", 3_000, later(4)),
  {
    name: "relay: the disk is full",
    side: "line",
    arm: async (stage, struck) => {
      await fillDisk(stage);
      struck();
    },
    strike: fillDisk,
    expected: { ...nothing, handshake: { by: ["said"], withinS: 4, silentS: 6, outcome: "apology" } },
  },
];

async function replace(stage: Stage): Promise<void> {
  const old = stage.relay;
  await stage.startRelay();
  await old.kill("SIGTERM");
}

export const OTHER_FAULTS: readonly Fault[] = [...TOOLS, ...LINE, ...EDGE, ...RELAY];
