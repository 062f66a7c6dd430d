/**
 * How a rehearsed tool behaves badly: slow, refusing, silent, cut off, or far too talkative. All of it is data, so that
 * a server in a process of its own can be told as well.
 */
import { z } from "zod";

const Ms = z.number().min(0);

const End = z.discriminatedUnion("is", [
  z.strictObject({ is: z.literal("answer") }),
  /** A result with `isError`. */
  z.strictObject({ is: z.literal("error"), text: z.string() }),
  /** A JSON-RPC error instead of a result. */
  z.strictObject({ is: z.literal("throw"), code: z.number().int(), message: z.string() }),
  /** No answer, ever; the connection stays open. */
  z.strictObject({ is: z.literal("hang") }),
  /** The connection is cut before the first byte of the result, or after so many bytes of it. */
  z.strictObject({ is: z.literal("cut"), afterBytes: z.number().int().min(0).default(0) }),
  /** The result, followed by so many characters. */
  z.strictObject({ is: z.literal("long"), chars: z.number().int().min(1) }),
  /** No structured content, although the tool has promised it. */
  z.strictObject({ is: z.literal("unstructured") }),
]);

export const Behaviour = z.strictObject({
  /** From the call to the moment at which it is carried out. A cancelled call is not carried out. */
  beforeMs: Ms.default(0),
  /** From then to the answer. */
  afterMs: Ms.default(0),
  /** Whether it is carried out at all. */
  done: z.boolean().default(true),
  ends: End.default({ is: "answer" }),
  /** For so many calls; after them it behaves well again. */
  times: z.number().int().min(1).default(Number.MAX_SAFE_INTEGER),
});
export type Behaviour = z.infer<typeof Behaviour>;
export type BehaviourInput = z.input<typeof Behaviour>;

export const GOOD: Behaviour = Behaviour.parse({});

/** By a tool's name, or "*" for every tool that is not named. */
export class Behaviours {
  readonly #left = new Map<string, Behaviour>();

  constructor(given: Readonly<Record<string, BehaviourInput>>) {
    for (const [tool, behaviour] of Object.entries(given)) this.set(tool, behaviour);
  }

  set(tool: string, behaviour: BehaviourInput): void {
    this.#left.set(tool, Behaviour.parse(behaviour));
  }

  /** The next call's. */
  ofCall(tool: string): Behaviour {
    return this.#take(this.#left.has(tool) ? tool : "*");
  }

  /** The next list's, which is nobody's unless it is named: "tools/list". */
  ofList(): Behaviour {
    return this.#take("tools/list");
  }

  #take(name: string): Behaviour {
    const behaviour = this.#left.get(name);
    if (behaviour === undefined) return GOOD;
    if (behaviour.times > 1) this.#left.set(name, { ...behaviour, times: behaviour.times - 1 });
    else this.#left.delete(name);
    return behaviour;
  }
}
