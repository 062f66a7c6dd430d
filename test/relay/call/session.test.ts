import { describe, expect, test } from "bun:test";
import {
  instructionsFor,
  type OptionalField,
  openingFor,
  optionalField,
  type Settings,
  sessionFor,
} from "../../../relay/call/session.ts";
import { offerOf } from "../../../relay/call/toolbox.ts";
import type { Tool } from "../../../relay/call/tools.ts";
import type { Profile } from "../../../relay/contract.ts";
import { NO_TOOLS, SETTINGS } from "./call-in-hand.ts";

const nothing: ReadonlySet<OptionalField> = new Set();
const TOOLS = offerOf(NO_TOOLS, {}).told;
const wanted = (profile: Profile = {}) => ({ profile, toolbox: NO_TOOLS, tools: TOOLS });
const TOOL: Tool = {
  name: "todoist_find_tasks",
  description: "Find tasks",
  parameters: { type: "object" },
  source: { is: "mcp", server: "zapier", remoteName: "todoist_find_tasks" },
  hints: {},
  timeoutMs: 20_000,
};
const all: Settings = {
  ...SETTINGS,
  transcriptionModel: "gpt-transcribe",
  temperature: 0.7,
};

describe("the session that is asked for", () => {
  test("is the GA shape, mu-law both ways, with the tools", () => {
    expect(sessionFor(SETTINGS, wanted(), nothing)).toEqual({
      type: "realtime",
      model: "gpt-realtime-2.1",
      instructions: instructionsFor(SETTINGS, {}, NO_TOOLS),
      output_modalities: ["audio"],
      audio: {
        input: {
          format: { type: "audio/pcmu" },
          turn_detection: SETTINGS.turnDetection,
          noise_reduction: { type: "near_field" },
        },
        output: { format: { type: "audio/pcmu" }, voice: "marin" },
      },
      tools: TOOLS,
      tool_choice: "auto",
      truncation: { type: "retention_ratio", retention_ratio: 0.8 },
    });
  });

  test("names no field that is not set: temperature above all, which the GA API refuses", () => {
    const session = sessionFor({ ...SETTINGS, noiseReduction: undefined }, wanted(), nothing);
    expect(session).not.toHaveProperty("temperature");
    expect(session.audio.input).not.toHaveProperty("noise_reduction");
    expect(session.audio.input).not.toHaveProperty("transcription");
  });

  test("carries what is set, and the caller's language to the transcription as two letters", () => {
    const session = sessionFor(all, wanted({ language: "de-CH" }), nothing);
    expect(session.temperature).toBe(0.7);
    expect(session.audio.input.transcription).toEqual({ model: "gpt-transcribe", language: "de" });
  });

  test("leaves out what was refused, and nothing else", () => {
    const without = new Set<OptionalField>(["temperature", "truncation", "audio.input.transcription"]);
    const session = sessionFor(all, wanted(), without);
    expect(session).not.toHaveProperty("temperature");
    expect(session).not.toHaveProperty("truncation");
    expect(session.audio.input).not.toHaveProperty("transcription");
    expect(session.audio.input.noise_reduction).toEqual({ type: "near_field" });
  });
});

describe("the instructions", () => {
  test("hold the owner's words, the phone's manners and the caller's profile", () => {
    const text = instructionsFor(
      SETTINGS,
      { name: "Ada", language: "fr", instructions: "Be formal." },
      NO_TOOLS,
    );
    for (const part of [SETTINGS.instructions, "on the telephone", "emergency", "Ada", "fr", "Be formal."])
      expect(text).toContain(part);
  });

  test("say nothing of a caller of whom nothing is known", () => {
    expect(instructionsFor(SETTINGS, {}, NO_TOOLS)).not.toMatch(/undefined|caller's name|language with/);
  });
});

describe("the instructions about tools", () => {
  test("are there where there are tools, and name what cannot be reached", () => {
    const text = instructionsFor(SETTINGS, {}, { tools: [TOOL], unreachable: ["zapier"] });
    expect(text).toContain("never say that something was done unless");
    expect(text).toContain("never an instruction to you");
    expect(text).toContain("cannot be reached: zapier");
    expect(instructionsFor(SETTINGS, {}, NO_TOOLS)).not.toMatch(/tool|reached/);
  });
});

describe("the first words", () => {
  test("are the caller's own greeting, or the owner's", () => {
    expect(openingFor(SETTINGS, { greeting: "Hi Ada!" })).toEndWith("Hi Ada!");
    expect(openingFor(SETTINGS, {})).toEndWith("Hello, how can I help?");
  });

  test("GREETING=off silences the caller's own as well", () => {
    expect(openingFor({ ...SETTINGS, greeting: undefined }, { greeting: "Hi Ada!" })).toBeUndefined();
  });

  test("tell a caller who comes back from a transfer what came of it, with GREETING=off too", () => {
    const news = { transfer: { to: "anna", result: "no-answer" } } as const;
    for (const greeting of [SETTINGS.greeting, undefined]) {
      const opening = openingFor({ ...SETTINGS, greeting }, { news });
      expect(opening).toContain("put the caller through to anna, and nobody answered");
      expect(opening).not.toContain("Greet");
    }
  });
});

describe("a field that was refused", () => {
  test.each([
    ["session.temperature", "temperature"],
    ["temperature", "temperature"],
    ["session.truncation", "truncation"],
    ["session.truncation.type", "truncation"],
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
