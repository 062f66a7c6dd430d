/**
 * Whoever ends a call first, everything of it is closed within a second, once, under one name; and the edge, which
 * asks afterwards, is told that name. A test that stops its relay, or waits long, has one of its own; the others follow
 * each other at one, whose whole log is read in the end.
 */
import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import type { Ending } from "../../../relay/call/ending.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { clip } from "../../rehearsal/audio/clips.ts";
import type { OpenedStream } from "../../rehearsal/carrier/carrier.ts";
import { connectedFrame, startFrame } from "../../rehearsal/carrier/frames.ts";
import { signatureFor } from "../../rehearsal/carrier/sabotage.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import type { ModelOptions } from "../../rehearsal/model/options.ts";
import type { Script } from "../../rehearsal/model/script.ts";
import { ACCOUNT_SID, AUTH_TOKEN, ticketFor } from "../../rehearsal/relay.ts";
import { isWithin, noise } from "./noise.ts";
import { expectStopped, expectTold, GREETING, oneRelay } from "./one-relay.ts";
import { endingsIn, inASecond, Rig } from "./rig.ts";

async function withRig(
  given: Parameters<typeof Rig.start>[0],
  body: (rig: Rig) => Promise<void>,
): Promise<void> {
  const rig = await Rig.start({ ...given, model: { script: () => [GREETING], ...given?.model } });
  try {
    await body(rig);
  } finally {
    await rig.stop();
  }
}

/** What the relay says when asked is true at once; what its log says is counted when it can say no more. */
async function expectEnding(rig: Rig, callSid: string, ending: Ending): Promise<void> {
  await expectTold(rig, callSid, ending);
  await expectStopped(rig, [ending]);
}

/** Both ends of the call see it closed within a second of `end`. */
async function expectClosed(
  rig: Rig,
  stream: OpenedStream,
  end: () => void,
): Promise<{ by: string; code: number }> {
  const [{ by, code }] = await inASecond(() => {
    end();
    return Promise.all([stream.ended, rig.modelIsFree()]);
  });
  return { by, code };
}

describe("a call that is up ends within a second, once, when", () => {
  const relay = oneRelay();

  test("the caller hangs up", () =>
    relay.at({}, async (rig) => {
      const stream = await rig.call();
      await expectClosed(rig, stream, () => stream.hangUp());
      expect(rig.model.sessions).toMatchObject([{ closeCode: 1000 }]);
      await relay.expectEnding(stream.callSid, "caller_hung_up");
    }));

  test("the carrier's socket is cut with no stop", () =>
    relay.at({}, async (rig) => {
      const callSid = newSid("CA");
      const socket = await bareStream(rig, callSid);
      await rig.linesUpTo("call.first_audio", callSid);
      await inASecond(() => {
        socket.terminate();
        return rig.modelIsFree();
      });
      await relay.expectEnding(callSid, "line_lost");
    }));

  test("the assistant hangs up, its goodbye heard to the last byte", async () => {
    const goodbye = noise(4, 700);
    // However often the caller is heard to speak: where this process stands still, a word may come in two.
    const script: Script = ({ cause }) =>
      cause === "speech"
        ? [
            { say: goodbye, words: "goodbye" },
            { call: "end_call", arguments: {} },
          ]
        : [{ say: noise(5, 200), words: "greeting" }];
    await relay.at({ script }, async (rig) => {
      const stream = await rig.call();
      await stream.say(clip("caller-yes"));
      const { by, code } = await stream.ended;
      expect({ by, code }).toEqual({ by: "relay", code: 1000 });
      expect(isWithin(stream.ear.bytes(), goodbye)).toBe(true);
      await rig.modelIsLeft();
      await relay.expectEnding(stream.callSid, "assistant_hung_up");
    });
  });

  test("and nothing is left to end, or to say, when the relay is stopped", () => relay.expectStopped());
});

describe("a relay that is stopped and has no seconds to drain", () => {
  test("hands its call over when the assistant has had its say, or some seconds later", () =>
    withRig({}, async (rig) => {
      const stream = await rig.call();
      const exited = rig.relay.kill("SIGTERM");
      expect(await stream.ended).toMatchObject({ by: "relay", code: 1012 });
      expect(await exited).toBe(0);
      expect(endingsIn(rig.relay.lines)).toEqual(["handed_over"]);
      expect(rig.relay.lines.at(-1)?.event).toBe("relay.stopped");
      await rig.restart("SIGCONT");
      expect((await rig.ending(stream.callSid)).body).toMatchObject({ ending: "handed_over" });
    }));
});

describe.concurrent("a relay that is stopped and has seconds to drain", () => {
  test("takes no new call, lets the one that is up finish, and then exits", () =>
    withRig({ env: { DRAIN_SECONDS: "30" } }, async (rig) => {
      const stream = await rig.call();
      const exited = rig.relay.kill("SIGTERM");
      await rig.relay.waitForLog(({ event }) => event === "relay.stopping", PATIENCE_MS);
      // It listens on, so that the one that is up can be asked for; a new one is turned away.
      const late = await rig.stream();
      expect(await late.opening).toMatchObject({ opened: false, status: 503 });
      const ready = await fetch(`${rig.relay.url.replace(/^ws/, "http")}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([503, { status: "stopping" }]);
      expect(endingsIn(rig.relay.lines)).toEqual([]);
      await expectClosed(rig, stream, () => stream.hangUp());
      expect(await exited).toBe(0);
      expect(endingsIn(rig.relay.lines)).toEqual(["caller_hung_up"]);
    }));

  test("ends the call that outstays them", () =>
    withRig({ env: { DRAIN_SECONDS: "1" } }, async (rig) => {
      const stream = await rig.call();
      const startedMs = performance.now();
      const exited = rig.relay.kill("SIGTERM");
      expect((await stream.ended).code).toBe(1012);
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1_000);
      expect(await exited).toBe(0);
    }));

  test("exits at once at a second signal", () =>
    withRig({ env: { DRAIN_SECONDS: "30" } }, async (rig) => {
      await rig.call();
      void rig.relay.kill("SIGTERM");
      await rig.relay.waitForLog(({ event }) => event === "relay.stopping", PATIENCE_MS);
      expect(await rig.relay.kill("SIGTERM")).toBe(1);
    }));
});

describe.concurrent("a session that is lost is replaced, and the call goes on, when", () => {
  const losses: Record<string, (rig: Rig) => void> = {
    "the model's connection is reset": ({ model }) => model.drop(0, "reset"),
    "the model says that the session has expired": ({ model }) => model.expire(0),
    "the model closes the session": ({ model }) => model.drop(0, { code: 1000, reason: "" }),
  };
  for (const [what, lose] of Object.entries(losses)) {
    test(what, () =>
      withRig({}, async (rig) => {
        const stream = await rig.call();
        lose(rig);
        await rig.relay.waitForLog(({ event }) => event === "session.restored", PATIENCE_MS);
        expect(rig.model.sessions).toHaveLength(2);
        await expectClosed(rig, stream, () => stream.hangUp());
        await expectEnding(rig, stream.callSid, "caller_hung_up");
      }),
    );
  }
});

describe.concurrent("a model that cannot be had ends the call cleanly", () => {
  const faults: Readonly<Record<string, { model: ModelOptions; ending: Ending; detail: string }>> = {
    "a handshake refused with 401": {
      model: { fault: { refuseStatus: 401 } },
      ending: "model_refused",
      detail: "status 401",
    },
    "an account without credit, told after the handshake": {
      model: { fault: { turnAway: "insufficient_quota" } },
      ending: "model_failed",
      detail: "insufficient_quota",
    },
    "a session closed before it was configured": {
      model: { fault: { drop: { on: "session.created", how: { code: 1013 } } } },
      ending: "model_dropped",
      detail: "code 1013",
    },
    "a voice that it refuses": {
      model: { refuses: ["session.audio.output.voice"] },
      ending: "model_settings_refused",
      detail: "session.audio.output.voice",
    },
  };
  for (const [what, { model, ending, detail }] of Object.entries(faults)) {
    test(what, () =>
      withRig({ model }, async (rig) => {
        const stream = await rig.stream();
        const { by, code } = await stream.ended;
        expect({ by, code }).toEqual({ by: "relay", code: 1011 });
        await rig.modelIsLeft();
        const lines = await rig.ended(stream.callSid);
        expect(lines.find(({ event }) => event === "call.ended")).toMatchObject({ detail, level: "error" });
        await expectEnding(rig, stream.callSid, ending);
      }),
    );
  }

  test("nobody at its address", () =>
    withRig({ env: { OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime" } }, async (rig) => {
      const stream = await rig.stream();
      expect((await stream.ended).code).toBe(1011);
      await expectEnding(rig, stream.callSid, "model_refused");
    }));

  test("one that takes the connection and never answers is left when the caller hangs up", async () => {
    const connections = new Set<Socket>();
    const opened = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const silent = createServer((socket) => {
      connections.add(socket);
      opened.resolve();
      socket.on("error", () => {});
      socket.on("close", () => left.resolve());
      socket.resume();
    });
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : undefined;
    try {
      await withRig({ env: { OPENAI_REALTIME_URL: `ws://127.0.0.1:${port}/v1/realtime` } }, async (rig) => {
        const stream = await rig.stream();
        await opened.promise;
        await rig.relay.waitForLog(({ event }) => event === "call.started", PATIENCE_MS);
        await inASecond(() => {
          stream.hangUp();
          return Promise.all([left.promise, stream.ended]);
        });
        await expectEnding(rig, stream.callSid, "caller_hung_up");
      });
    } finally {
      for (const socket of connections) socket.destroy();
      silent.close();
    }
  });
});

describe("settings that a call can do without", () => {
  const relay = oneRelay({ TEMPERATURE: "0.8", TRANSCRIPTION_MODEL: "gpt-transcribe" });
  const accepts = { temperature: true };
  const optional: Readonly<Record<string, ModelOptions>> = {
    temperature: {},
    "audio.input.noise_reduction": { accepts, refuses: ["session.audio.input.noise_reduction"] },
    "audio.input.transcription": { accepts, refuses: ["session.audio.input.transcription"] },
  };
  for (const [field, model] of Object.entries(optional)) {
    test(`${field} is left out when it is refused, loudly, and the call works`, () =>
      relay.at(model, async (rig) => {
        const stream = await rig.call();
        const lines = await rig.linesUpTo("call.first_audio", stream.callSid);
        expect(lines.filter(({ level }) => level !== "info")).toMatchObject([
          { event: "model.error", class: "settings" },
          { event: "session.field_refused", level: "warn", field },
        ]);
        const [session] = rig.model.sessions;
        expect(session?.updates).toBe(1);
        // Everything else is in force: what was refused has not taken the rest with it.
        expect(session?.settings).toMatchObject({
          audio: {
            input: { format: { type: "audio/pcmu" }, turn_detection: { type: "server_vad" } },
            output: { format: { type: "audio/pcmu" }, voice: "marin" },
          },
        });
        const names = session?.settings.tools.map((tool) =>
          tool.type === "function" ? tool.name : tool.type,
        );
        expect(names).toEqual(["end_call", "confirm", "cancel", "current_time", "read_notes", "take_note"]);
        stream.hangUp();
        await relay.expectEnding(stream.callSid, "caller_hung_up");
      }));
  }

  test("all of them at once, refused one after the other", () =>
    relay.at(
      { refuses: ["session.audio.input.noise_reduction", "session.audio.input.transcription"] },
      async (rig) => {
        const stream = await rig.call();
        const lines = await rig.linesUpTo("call.first_audio", stream.callSid);
        const refused = lines.filter(({ event }) => event === "session.field_refused");
        expect(refused.map(({ field }) => field).sort()).toEqual(Object.keys(optional).sort());
        stream.hangUp();
        await relay.expectEnding(stream.callSid, "caller_hung_up");
      },
    ));

  test("temperature is sent to a server that takes it", () =>
    relay.at({ accepts }, async (rig) => {
      const stream = await rig.call();
      const lines = await rig.linesUpTo("call.first_audio", stream.callSid);
      expect(lines.every(({ level }) => level === "info")).toBe(true);
      expect(rig.model.sessions[0]?.settings.others).toMatchObject({ temperature: 0.8 });
      stream.hangUp();
      await relay.expectEnding(stream.callSid, "caller_hung_up");
    }));

  test("and each of these calls ended once, when the relay is stopped", () => relay.expectStopped());
});

/** A stream with no carrier around it, to be cut as no carrier of ours cuts one. */
async function bareStream(rig: Rig, callSid: string): Promise<WebSocket> {
  const { url, parameters } = await ticketFor(rig.relay, callSid);
  const signature = signatureFor(AUTH_TOKEN, url, {}, undefined) ?? "";
  const socket = new WebSocket(url, { headers: { "x-twilio-signature": signature } });
  await new Promise((opened) => {
    socket.onopen = opened;
  });
  const streamSid = newSid("MZ");
  socket.send(connectedFrame());
  const start = { accountSid: ACCOUNT_SID, streamSid, callSid, customParameters: parameters };
  socket.send(startFrame(1, streamSid, start));
  return socket;
}
