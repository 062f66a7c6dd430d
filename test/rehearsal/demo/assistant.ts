/**
 * The assistant's part in the rehearsed call, for the stand-in of the model: what it says and which tools it calls,
 * from what it hears, from which tools it has, and from what their answers say. It keeps to no timetable: words that come
 * in two, because the machine stood still in the middle of them, are answered twice.
 */
import { z } from "zod";
import { wordsOf } from "../audio/clips.ts";
import { type Occasion, type Output, quotedIn, type Sound, soundOf } from "../model/script.ts";
import { DAY } from "./todo-list.ts";
import type { Saying } from "./voice.ts";

export const FIND = "todoist_find_tasks";
export const CREATE = "todoist_create_task";

const Found = z.looseObject({ results: z.array(z.looseObject({ content: z.string() })) });
const Held = z.looseObject({ held: z.string() });

/** The tasks that a tool's answer holds; undefined: it holds something else. */
export function tasksIn(output: string): readonly string[] | undefined {
  return Found.safeParse(parsed(output)).data?.results.map(({ content }) => content);
}

export class Part {
  readonly #sounds: Array<Sound | undefined> = [];
  /** The id of what waits for the caller's yes. */
  #held: string | undefined;
  #isDone = false;

  reply(occasion: Occasion): Output[] {
    const output = this.#reply(occasion);
    const [sound] = output.flatMap((each) => ("call" in each || "mcp" in each ? [] : [soundOf(each)]));
    this.#sounds[occasion.response - 1] = sound;
    return output;
  }

  /** @param response which of the session's responses, from 0 */
  saying(response: number): Saying | undefined {
    const sound = this.#sounds[response];
    return sound && { words: sound.words, sound: sound.bytes, whole: true };
  }

  #reply({ metadata, instructions, outOfBand, outputs, heard, toolNames, toolChoice }: Occasion): Output[] {
    if (outOfBand) return [{ speak: quotedIn(instructions) }];
    if (metadata.reason === "greeting") return [{ clip: "assistant-greeting" }];
    if (metadata.reason === "goodbye") return [{ clip: "assistant-goodbye" }];
    if (metadata.reason === "filler") return [{ clip: "assistant-moment" }];
    if (toolChoice === "required") return [{ call: FIND, arguments: {} }];
    const replies = outputs.map(({ name, output }) => this.#told(name, output));
    return replies.at(-1) ?? this.#asked(heard, toolNames);
  }

  /** A tool has answered. */
  #told(tool: string, output: string): Output[] {
    const tasks = tasksIn(output);
    if (tool === FIND && tasks !== undefined) {
      const isTheDay = tasks.join() === DAY.map(({ content }) => content).join();
      return [isTheDay ? { clip: "assistant-day" } : { speak: `I found ${tasks.length}.` }];
    }
    if ((tool === CREATE || tool === "confirm") && tasks?.join() === "milk") {
      this.#isDone = true;
      return [{ clip: "assistant-done" }];
    }
    this.#held = Held.safeParse(parsed(output)).data?.held;
    return [this.#held === undefined ? { speak: output } : { clip: "assistant-milk" }];
  }

  /** The caller has spoken. */
  #asked(heard: string | undefined, toolNames: readonly string[]): Output[] {
    const use = (call: string, args: Readonly<Record<string, string>>): Output[] =>
      toolNames.includes(call) ? [{ call, arguments: args }] : [{ clip: "assistant-unreachable" }];
    switch (heard) {
      case wordsOf("caller-day"):
        return use(FIND, {});
      case wordsOf("caller-wait"):
        return [{ clip: "assistant-first" }];
      case wordsOf("caller-milk"):
        return this.#held === undefined ? use(CREATE, { content: "milk" }) : [{ clip: "assistant-milk" }];
      case wordsOf("caller-yes"): {
        const id = this.#held;
        this.#held = undefined;
        if (id !== undefined) return use("confirm", { id });
        return [{ clip: this.#isDone ? "assistant-done" : "assistant-cando" }];
      }
      case wordsOf("caller-thanks"):
        return [{ clip: "assistant-goodbye" }, { call: "end_call", arguments: {} }];
      default:
        return [{ clip: "assistant-cando" }];
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
