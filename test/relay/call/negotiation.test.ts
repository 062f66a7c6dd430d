import { describe, expect, test } from "bun:test";
import { Negotiation } from "../../../relay/call/negotiation.ts";
import { Outbox } from "../../../relay/call/outbox.ts";
import type { Settings } from "../../../relay/call/session.ts";
import type { Session } from "../../../relay/wire/realtime.ts";
import { NO_TOOLS, PCMU, PROFILE, SETTINGS } from "./call-in-hand.ts";

const WANTED = { profile: PROFILE, toolbox: NO_TOOLS, tools: [] };

function negotiating(settings: Settings = SETTINGS) {
  const outbox = new Outbox();
  const negotiation = new Negotiation(settings, outbox);
  /** The session.updates and the log entries since it was last asked. */
  const said = () => {
    const updates: { id: string; session: Session }[] = [];
    const logged: string[] = [];
    for (const effect of outbox.take()) {
      if (effect.to === "log") logged.push(effect.entry.event);
      if (effect.to === "model" && effect.event.type === "session.update") {
        updates.push({ id: effect.event.event_id, session: effect.event.session });
      }
    }
    return { updates, logged };
  };
  return { negotiation, said };
}

/** Open and started, with its session.update on the way. */
function configuring(settings: Settings = SETTINGS) {
  const both = negotiating(settings);
  both.negotiation.opened();
  both.negotiation.started(WANTED);
  const id = both.said().updates[0]?.id ?? "none";
  return { ...both, id };
}

describe("session.update", () => {
  test("waits for the model when the call has started first", () => {
    const { negotiation, said } = negotiating();
    negotiation.started(WANTED);
    expect(said().updates).toEqual([]);
    negotiation.opened();
    expect(said().updates).toHaveLength(1);
    expect(negotiation.state).toBe("configuring");
  });

  test("waits for the call when the model is open first", () => {
    const { negotiation, said } = negotiating();
    negotiation.opened();
    expect(negotiation.state).toBe("open");
    expect(said().updates).toEqual([]);
    negotiation.started(WANTED);
    expect(said().updates).toHaveLength(1);
  });

  test("is sent once, however often the socket says that it is open", () => {
    const { negotiation, said } = configuring();
    negotiation.opened();
    expect(said().updates).toEqual([]);
  });
});

describe("session.updated", () => {
  test("makes the session ready", () => {
    const { negotiation } = configuring();
    expect(negotiation.updated(PCMU)).toBe("ready");
    expect(negotiation.isReady).toBe(true);
  });

  test("that nobody asked for is nothing", () => {
    const { negotiation } = negotiating();
    expect(negotiation.updated(PCMU)).toBe("not asked");
    const { negotiation: ready } = configuring();
    ready.updated(PCMU);
    expect(ready.updated(PCMU)).toBe("not asked");
  });

  test("with the default audio format means that nothing would be understood", () => {
    const pcm = { format: { type: "audio/pcm" } };
    expect(configuring().negotiation.updated({ ...PCMU, output: pcm })).toBe("default audio");
    expect(configuring().negotiation.updated({ ...PCMU, input: pcm })).toBe("default audio");
  });
});

describe("a refused session.update", () => {
  const warm: Settings = { ...SETTINGS, temperature: 0.8, transcriptionModel: "gpt-transcribe" };

  test("temperature: sent again without it, under a new id, with a warning", () => {
    const { negotiation, said, id } = configuring(warm);
    expect(
      negotiation.refused({ code: "unknown_parameter", param: "session.temperature", event_id: id }),
    ).toBeUndefined();
    const { updates, logged } = said();
    expect(updates).toHaveLength(1);
    expect(updates[0]?.id).not.toBe(id);
    expect(updates[0]?.session).not.toHaveProperty("temperature");
    expect(updates[0]?.session.audio.input.transcription?.model).toBe("gpt-transcribe");
    expect(logged).toEqual(["session.field_refused"]);
  });

  test("several fields that it can do without, one after the other", () => {
    const { negotiation, said } = configuring(warm);
    negotiation.refused({ param: "session.temperature" });
    negotiation.refused({ param: "session.audio.input.transcription.model" });
    negotiation.refused({ param: "session.audio.input.noise_reduction" });
    const last = said().updates.at(-1)?.session;
    expect(last?.audio.input).toEqual({
      format: { type: "audio/pcmu" },
      turn_detection: SETTINGS.turnDetection,
    });
    expect(negotiation.updated(PCMU)).toBe("ready");
  });

  test.each(["session.audio.output.voice", "session.model", "session.tools[0].name", undefined])(
    "%p cannot be left out",
    (param) => {
      const { negotiation, said, id } = configuring();
      expect(negotiation.refused({ code: "invalid_value", param, event_id: id })).toEqual({
        param: param ?? "unnamed",
      });
      const { updates, logged } = said();
      expect(updates).toEqual([]);
      expect(logged).toEqual(["session.refused"]);
    },
  );

  test("a field that is refused though it was left out is not tried for ever", () => {
    const { negotiation } = configuring(warm);
    expect(negotiation.refused({ param: "session.temperature" })).toBeUndefined();
    expect(negotiation.refused({ param: "session.temperature" })).toEqual({ param: "session.temperature" });
  });

  test("an error about another update is not about this one", () => {
    const { negotiation, said } = configuring(warm);
    expect(negotiation.refused({ param: "session.temperature", event_id: "session-0" })).toBeUndefined();
    expect(said().updates).toEqual([]);
  });

  test("after the session is ready, nothing is configured again", () => {
    const { negotiation, said } = configuring(warm);
    negotiation.updated(PCMU);
    expect(negotiation.refused({ param: "session.temperature" })).toBeUndefined();
    expect(said().updates).toEqual([]);
    expect(negotiation.isReady).toBe(true);
  });
});
