import { describe, expect, test } from "bun:test";
import { PHONE_TOOLS } from "../../../relay/call/phone-tools.ts";
import {
  greetingFor,
  instructionsFor,
  type OptionalField,
  optionalField,
  type Settings,
  sessionFor,
} from "../../../relay/call/session.ts";
import { SETTINGS } from "./call-in-hand.ts";

const nothing: ReadonlySet<OptionalField> = new Set();
const all: Settings = {
  ...SETTINGS,
  transcriptionModel: "gpt-transcribe",
  temperature: 0.7,
};

describe("the session that is asked for", () => {
  test("is the GA shape, mu-law both ways, with the tools", () => {
    expect(sessionFor(SETTINGS, {}, PHONE_TOOLS, nothing)).toEqual({
      type: "realtime",
      model: "gpt-realtime-2.1",
      instructions: instructionsFor(SETTINGS, {}),
      output_modalities: ["audio"],
      audio: {
        input: {
          format: { type: "audio/pcmu" },
          turn_detection: SETTINGS.turnDetection,
          noise_reduction: { type: "near_field" },
        },
        output: { format: { type: "audio/pcmu" }, voice: "marin" },
      },
      tools: PHONE_TOOLS,
      tool_choice: "auto",
    });
  });

  test("names no field that is not set: temperature above all, which the GA API refuses", () => {
    const session = sessionFor({ ...SETTINGS, noiseReduction: undefined }, {}, PHONE_TOOLS, nothing);
    expect(session).not.toHaveProperty("temperature");
    expect(session.audio.input).not.toHaveProperty("noise_reduction");
    expect(session.audio.input).not.toHaveProperty("transcription");
  });

  test("carries what is set, and the caller's language to the transcription as two letters", () => {
    const session = sessionFor(all, { language: "de-CH" }, PHONE_TOOLS, nothing);
    expect(session.temperature).toBe(0.7);
    expect(session.audio.input.transcription).toEqual({ model: "gpt-transcribe", language: "de" });
  });

  test("leaves out what was refused, and nothing else", () => {
    const without = new Set<OptionalField>(["temperature", "audio.input.transcription"]);
    const session = sessionFor(all, {}, PHONE_TOOLS, without);
    expect(session).not.toHaveProperty("temperature");
    expect(session.audio.input).not.toHaveProperty("transcription");
    expect(session.audio.input.noise_reduction).toEqual({ type: "near_field" });
  });
});

describe("the instructions", () => {
  test("hold the owner's words, the phone's manners and the caller's profile", () => {
    const text = instructionsFor(SETTINGS, { name: "Ada", language: "fr", instructions: "Be formal." });
    for (const part of [SETTINGS.instructions, "on the telephone", "emergency", "Ada", "fr", "Be formal."])
      expect(text).toContain(part);
  });

  test("say nothing of a caller of whom nothing is known", () => {
    expect(instructionsFor(SETTINGS, {})).not.toMatch(/undefined|caller's name|language with/);
  });
});

describe("the greeting", () => {
  test("is the caller's own, or the owner's", () => {
    expect(greetingFor(SETTINGS, { greeting: "Hi Ada!" })).toBe("Hi Ada!");
    expect(greetingFor(SETTINGS, {})).toBe("Hello, how can I help?");
  });

  test("GREETING=off silences the caller's own as well", () => {
    expect(greetingFor({ ...SETTINGS, greeting: undefined }, { greeting: "Hi Ada!" })).toBeUndefined();
  });
});

describe("a field that was refused", () => {
  test.each([
    ["session.temperature", "temperature"],
    ["temperature", "temperature"],
    ["session.audio.input.noise_reduction", "audio.input.noise_reduction"],
    ["session.audio.input.noise_reduction.type", "audio.input.noise_reduction"],
    ["session.audio.input.transcription.language", "audio.input.transcription"],
  ] as const)("%s can be done without", (param, field) => {
    expect(optionalField({ param })).toBe(field);
  });

  test.each([
    ["session.temperatures"],
    ["session.audio.input"],
    ["session.voice"],
    [""],
    [null],
    [undefined],
  ])("%p cannot", (param) => {
    expect(optionalField({ param })).toBeUndefined();
  });
});
