/**
 * The model's session for one call: from the owner's settings and the caller's profile to `session.update`, and
 * what to do when the server refuses it. One bad field voids the whole update, and a call must never go on with
 * default settings and nobody knowing: a field that the call can do without is left out, loudly; anything else
 * ends the call.
 */
import type { Profile } from "../contract.ts";
import type { FunctionTool, ModelError, Session, TurnDetection } from "../wire/realtime.ts";

/** What the owner has configured; the same for every call. */
export type Settings = {
  readonly model: string;
  readonly voice: string | { readonly id: string };
  readonly instructions: string;
  /** The assistant's first words; undefined: it waits for the caller. */
  readonly greeting: string | undefined;
  readonly turnDetection: TurnDetection;
  readonly noiseReduction: "near_field" | "far_field" | undefined;
  readonly transcriptionModel: string | undefined;
  readonly temperature: number | undefined;
};

/** Fields that a call can do without, by the name under which the server refuses them. */
const OPTIONAL = ["temperature", "audio.input.noise_reduction", "audio.input.transcription"] as const;
export type OptionalField = (typeof OPTIONAL)[number];

export function optionalField(refused: ModelError): OptionalField | undefined {
  const param = refused.param?.replace(/^session\./, "");
  return OPTIONAL.find((field) => param === field || param?.startsWith(`${field}.`));
}

export function instructionsFor(settings: Settings, profile: Profile): string {
  const parts = [
    settings.instructions,
    "You are on the telephone: speak briefly and naturally, one thing at a time; never read out symbols, links or lists of more than three.",
    "You cannot call emergency services. If the caller needs them, say at once: hang up and dial your emergency number.",
  ];
  if (profile.name !== undefined) parts.push(`The caller's name is ${profile.name}.`);
  if (profile.language !== undefined) parts.push(`Speak the language with the code ${profile.language}.`);
  if (profile.instructions !== undefined) parts.push(profile.instructions);
  return parts.join("\n\n");
}

export const greetingFor = (settings: Settings, profile: Profile): string | undefined =>
  settings.greeting === undefined ? undefined : (profile.greeting ?? settings.greeting);

export function sessionFor(
  settings: Settings,
  profile: Profile,
  tools: readonly FunctionTool[],
  without: ReadonlySet<OptionalField>,
): Session {
  const { noiseReduction, transcriptionModel, temperature } = settings;
  const language = profile.language?.split("-")[0];
  return {
    type: "realtime",
    model: settings.model,
    instructions: instructionsFor(settings, profile),
    output_modalities: ["audio"],
    audio: {
      input: {
        format: { type: "audio/pcmu" },
        turn_detection: settings.turnDetection,
        ...(noiseReduction !== undefined &&
          !without.has("audio.input.noise_reduction") && { noise_reduction: { type: noiseReduction } }),
        ...(transcriptionModel !== undefined &&
          !without.has("audio.input.transcription") && {
            transcription: { model: transcriptionModel, ...(language !== undefined && { language }) },
          }),
      },
      output: { format: { type: "audio/pcmu" }, voice: settings.voice },
    },
    tools,
    tool_choice: "auto",
    ...(temperature !== undefined && !without.has("temperature") && { temperature }),
  };
}
