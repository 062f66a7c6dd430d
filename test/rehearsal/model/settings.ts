/**
 * A session's settings: the defaults that a new one has, and which updates of them are refused.
 *
 * "Only the fields that are present are updated", and one wrong field voids the whole update.
 * Source: SessionUpdateEvent and RealtimeSessionCreateRequest in npm's openai package.
 */
import type { z } from "zod";
import type { ResponseParams } from "./client-events.ts";
import { type Refusal, refusal, valueAt } from "./refusal.ts";
import type {
  Format,
  SessionUpdate,
  SessionUpdateWithTemperature,
  TurnDetection,
  Voice,
} from "./session-shape.ts";
import { functionNames, serversIn, shownTool } from "./tool-shape.ts";

type Update = z.infer<typeof SessionUpdateWithTemperature>;
type Input = NonNullable<NonNullable<SessionUpdate["audio"]>["input"]>;

export type Settings = {
  readonly model: string;
  readonly instructions: string;
  readonly output_modalities: readonly ["audio" | "text"];
  readonly tools: NonNullable<SessionUpdate["tools"]>;
  readonly tool_choice: NonNullable<SessionUpdate["tool_choice"]>;
  readonly max_output_tokens: number | "inf";
  readonly audio: {
    readonly input: {
      readonly format: z.infer<typeof Format>;
      readonly turn_detection: TurnDetection | null;
      readonly noise_reduction: Input["noise_reduction"] | null;
      readonly transcription: Input["transcription"] | null;
    };
    readonly output: {
      readonly format: z.infer<typeof Format>;
      readonly voice: z.infer<typeof Voice>;
      readonly speed: number;
    };
  };
  /** Settings that change nothing here but are shown again: tracing, truncation, prompt and the like. */
  readonly others: Readonly<Record<string, unknown>>;
};

export const MODELS = [
  "gpt-realtime-2.1",
  "gpt-realtime-2.1-mini",
  "gpt-realtime-2",
  "gpt-realtime-1.5",
  "gpt-realtime",
  "gpt-realtime-mini",
] as const;

/** `reasoning` and `parallel_tool_calls` belong to the models that reason. */
const reasons = (model: string): boolean => /^gpt-realtime-2/.test(model);

export const firstSettings = (model: string): Settings => ({
  model,
  instructions: "Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI.",
  output_modalities: ["audio"],
  tools: [],
  tool_choice: "auto",
  max_output_tokens: "inf",
  audio: {
    input: {
      format: { type: "audio/pcm", rate: 24000 },
      turn_detection: {
        type: "server_vad",
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: 500,
        idle_timeout_ms: null,
        create_response: true,
        interrupt_response: true,
      },
      noise_reduction: null,
      transcription: null,
    },
    output: { format: { type: "audio/pcm", rate: 24000 }, voice: "alloy", speed: 1 },
  },
  others: { tracing: null, truncation: "auto", prompt: null, include: null },
});

export type Moment = {
  /** The assistant's voice has been heard in this session. */
  readonly spoken: boolean;
  /** A response is under way. */
  readonly responding: boolean;
  /** Paths that this rehearsal's server refuses on top: `session.audio.input.noise_reduction`. */
  readonly refuses: readonly string[];
};

export function refuseUpdate(
  now: Settings,
  update: Update,
  { spoken, responding, refuses }: Moment,
): Refusal | undefined {
  const refused = refuses.find((path) => valueAt({ session: update }, path.split(".")) !== undefined);
  if (refused !== undefined) return refusal("unknown_parameter", `Unknown parameter: '${refused}'.`, refused);
  if (update.model !== undefined && update.model !== now.model) {
    return refusal("invalid_value", "The model of a session cannot be changed.", "session.model");
  }
  const unreasonable = refuseReasoning(now.model, update, "session");
  if (unreasonable !== undefined) return unreasonable;
  const { voice, speed, format } = update.audio?.output ?? {};
  if (spoken && voice !== undefined && !same(voice, now.audio.output.voice)) {
    return refusal(
      "cannot_update_voice",
      "Cannot update a conversation's voice if assistant audio is present.",
    );
  }
  if (responding && speed !== undefined && speed !== now.audio.output.speed) {
    return refusal(
      "invalid_value",
      "Cannot change the speed while a response is in progress.",
      "session.audio.output.speed",
    );
  }
  const tools = update.tools ?? now.tools;
  const choice = update.tool_choice ?? now.tool_choice;
  const untooled = refuseChoice(choice, tools, "session.tool_choice");
  if (untooled !== undefined) return untooled;
  return (
    refuseTranscription(update.audio?.input?.transcription) ??
    refuseFormat(update.audio?.input?.format, "session.audio.input.format") ??
    refuseFormat(format, "session.audio.output.format")
  );
}

/** Which of its settings each transcribing model takes: AudioTranscription in npm's openai package. */
function refuseTranscription(given: Input["transcription"]): Refusal | undefined {
  const model = given?.model;
  if (given == null || model === undefined) return undefined;
  const takesLists = model === "gpt-transcribe" || model === "gpt-live-transcribe";
  const takes = {
    delay: model === "gpt-realtime-whisper",
    keywords: takesLists,
    languages: takesLists,
    prompt: model !== "gpt-realtime-whisper",
  } as const;
  for (const name of ["delay", "keywords", "languages", "prompt"] as const) {
    if (takes[name] || given[name] === undefined) continue;
    const path = `session.audio.input.transcription.${name}`;
    return refusal(
      "unsupported_parameter",
      `Unsupported parameter: '${path}' is not supported with '${model}'.`,
      path,
    );
  }
  return undefined;
}

export function refuseParams(now: Settings, params: ResponseParams, spoken: boolean): Refusal | undefined {
  const { voice, format } = params.audio?.output ?? {};
  if (spoken && voice !== undefined && !same(voice, now.audio.output.voice)) {
    return refusal(
      "cannot_update_voice",
      "Cannot update a conversation's voice if assistant audio is present.",
    );
  }
  if (serversIn(params.tools ?? []).length > 0) {
    return refusal(
      "invalid_value",
      "This stand-in takes MCP servers in session.tools only.",
      "response.tools",
    );
  }
  return (
    refuseReasoning(now.model, params, "response") ??
    refuseChoice(params.tool_choice ?? now.tool_choice, params.tools ?? now.tools, "response.tool_choice") ??
    refuseFormat(format, "response.audio.output.format")
  );
}

function refuseReasoning(
  model: string,
  given: { readonly reasoning?: unknown; readonly parallel_tool_calls?: unknown },
  at: string,
): Refusal | undefined {
  if (reasons(model)) return undefined;
  const name =
    given.reasoning !== undefined
      ? "reasoning"
      : given.parallel_tool_calls !== undefined
        ? "parallel_tool_calls"
        : undefined;
  return name === undefined
    ? undefined
    : refusal(
        "unsupported_parameter",
        `Unsupported parameter: '${at}.${name}' is not supported with '${model}'.`,
        `${at}.${name}`,
      );
}

function refuseChoice(
  choice: Settings["tool_choice"],
  tools: Settings["tools"],
  param: string,
): Refusal | undefined {
  if (typeof choice === "string") return undefined;
  const isThere =
    choice.type === "function"
      ? functionNames(tools).includes(choice.name)
      : serversIn(tools).some(({ server_label }) => server_label === choice.server_label);
  const what = choice.type === "function" ? choice.name : choice.server_label;
  return isThere ? undefined : refusal("invalid_value", `Tool choice '${what}' not found in 'tools'.`, param);
}

/** The real service takes all three; this stand-in has sound in one. Better a loud refusal than noise. */
function refuseFormat(format: z.infer<typeof Format> | undefined, param: string): Refusal | undefined {
  return format === undefined || format.type === "audio/pcmu"
    ? undefined
    : refusal("invalid_value", `This stand-in speaks audio/pcmu only, not '${format.type}'.`, param);
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export function updated(now: Settings, update: Update): Settings {
  const {
    type: _,
    model: __,
    audio,
    instructions,
    output_modalities,
    tools,
    tool_choice,
    max_output_tokens,
    ...others
  } = update;
  const { input, output } = audio ?? {};
  return {
    model: now.model,
    instructions: instructions ?? now.instructions,
    output_modalities: output_modalities ?? now.output_modalities,
    tools: tools ?? now.tools,
    tool_choice: tool_choice ?? now.tool_choice,
    max_output_tokens: max_output_tokens ?? now.max_output_tokens,
    audio: {
      input: {
        format: input?.format ?? now.audio.input.format,
        turn_detection: kept(input?.turn_detection, now.audio.input.turn_detection),
        noise_reduction: kept(input?.noise_reduction, now.audio.input.noise_reduction),
        transcription: kept(input?.transcription, now.audio.input.transcription),
      },
      output: {
        format: output?.format ?? now.audio.output.format,
        voice: output?.voice ?? now.audio.output.voice,
        speed: output?.speed ?? now.audio.output.speed,
      },
    },
    others: { ...now.others, ...others },
  };
}

/** A field that is absent keeps its value; null is a value. */
const kept = <Value>(given: Value | undefined, before: Value): Value =>
  given === undefined ? before : given;

/** The whole, effective configuration, as session.created and session.updated show it. */
export const shownSettings = (
  settings: Settings,
  id: string,
  expiresAtS: number,
): Record<string, unknown> => {
  const { others, tools, ...ours } = settings;
  const head = { type: "realtime", object: "realtime.session", id, expires_at: expiresAtS };
  return { ...head, ...ours, tools: tools.map(shownTool), ...others };
};
