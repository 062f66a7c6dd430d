/**
 * Bugs, each planted in a copy of the sources, to see that the property would find it. They are asked in
 * another process; what was planted must have been there to be replaced, or the source has moved on and the planting
 * proves nothing.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Bug = {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** It takes more conversations than the others to meet it: for `npm run prove` alone. */
  readonly isRare?: boolean;
};

export const BUGS: readonly Bug[] = [
  {
    name: "frames of another stream are taken",
    file: "call.ts",
    from: "if (frame.streamSid !== exchange.streamSid) return",
    to: "if (frame.streamSid === undefined) return",
  },
  {
    name: "the call goes on after its end",
    file: "call.ts",
    from: 'if (this.#stage === "ended") return [];\n    if (this.#goesOn',
    to: "if (this.#goesOn",
  },
  {
    name: "what flowed goes on though it was interrupted",
    file: "exchange.ts",
    from: "this.#flow = undefined;",
    to: "",
  },
  {
    name: "late audio of an interrupted response is played",
    file: "turns.ts",
    from: "return this.#silenced.has(id);",
    to: 'return this.#silenced.has(id) && id === "";',
  },
  {
    name: "the caller's turn is never closed",
    file: "turns.ts",
    from: 'this.#caller = { is: "ended", answerBy: at + ANSWER_WITHIN_MS };',
    to: 'this.#caller = at < 0 ? { is: "closed" } : this.#caller;',
  },
  {
    name: "items are cut to what was sent, not to what was heard",
    file: "playback.ts",
    from: "Math.min(playhead, to) - from",
    to: "to - from",
  },
  {
    name: "a tool call is answered twice",
    file: "exchange.ts",
    from: "if (this.#called.has(call_id)) return false;",
    to: "",
    isRare: true,
  },
  {
    name: "a late outcome is answered",
    file: "tool-runs.ts",
    from: "    this.#runs.delete(runId);\n    const { kind }",
    to: "    const { kind }",
  },
  {
    name: "a key agrees before the question was over",
    file: "keypad-consent.ts",
    from: 'return pending.stage.is === "read" && isHeard ? this.#decide(pending, "agreed")',
    to: 'return pending.stage.is !== "waiting" ? this.#decide(pending, "agreed")',
    isRare: true,
  },
  {
    name: "a key agrees to what was never compared with what it should be",
    file: "keypad-consent.ts",
    from: "if (!wasSaid(pending.readBack, words)) return false;",
    to: "",
    isRare: true,
  },
  {
    name: "what is out of band is truncated",
    file: "cuts.ts",
    from: "if (this.#outOfBandItems.has(item_id)) continue;",
    to: "",
  },
  {
    name: "a filler is said over whoever speaks",
    file: "requests.ts",
    from: "if (!turns.isFree(at)) return;",
    to: "if (keypad.toRead !== undefined && !turns.isFree(at)) return;",
  },
  {
    name: "a filler is said over an open question",
    file: "tool-calls.ts",
    from: "return this.keypad.isPending ? undefined : this",
    to: "return this",
    isRare: true,
  },
  {
    name: "what is held is good twice",
    file: "voice-consent.ts",
    from: 'this.#forget(held, "used");',
    to: "",
  },
  {
    name: "a yes counts that came before all was told",
    file: "voice-consent.ts",
    from: "isBeingTold && telling.done && unheardMs <= TAIL_MS",
    to: "telling !== undefined && unheardMs >= 0",
    isRare: true,
  },
  {
    name: "the same write runs beside itself",
    file: "tool-runs.ts",
    from: "some((run) => isSame(run.request, request))",
    to: "some((run) => run.request === request)",
    isRare: true,
  },
  {
    name: "a new session is told more than was heard",
    file: "memory.ts",
    from: "spoken.words = upTo(spoken.words, heardMs, sentMs);",
    to: "if (heardMs <= 0) spoken.words = upTo(spoken.words, heardMs, sentMs);",
  },
  {
    name: "a write runs again when the session is lost",
    file: "tool-runs.ts",
    from: "if (callId === undefined) this.ended(runId, LOST, at);",
    to: "if (callId === undefined) this.ended(runId, LOST, at); for (const { callId = '', request, ruling } of [...this.#runs.values()]) this.begin(callId, request, ruling, at);",
  },
  {
    name: "a turn without an answer is not heard again",
    file: "intake.ts",
    from: "this.#early = payloads;",
    to: "this.#early = this.#isTurn ? [] : payloads;",
    isRare: true,
  },
  {
    name: "what a session did not listen to is not heard by the next",
    file: "intake.ts",
    from: "wasDeaf ? deafMs + LEAD_MS : 0",
    to: "0",
  },
  {
    name: "a model that is not configured is asked for something",
    file: "outbox.ts",
    from: 'if (!this.#isMuted || event.type === "session.update")',
    to: 'if (!this.#isMuted || event.type !== "input_audio_buffer.append")',
  },
  {
    name: "a model that is gone is dialled for ever",
    file: "model-link.ts",
    from: "isFinal || this.#attempts >= MOST_ATTEMPTS || until >= this.#giveUpAt",
    to: "isFinal",
  },
  {
    name: "the line is closed before its last words are heard",
    file: "last-words.ts",
    from: "return quietAt + PROOF_GRACE_MS;",
    to: "return quietAt - PROOF_GRACE_MS;",
  },
];

export type Finding = {
  readonly name: string;
  readonly found: boolean;
  /** The invariant that did not hold, with what to say to see it again. */
  readonly by: string;
};

const REPOSITORY = join(import.meta.dir, "../../../..");
const CHILD = join(import.meta.dir, "child.ts");

/**
 * One for each bug, in their order.
 * @param conversations each with its mutants, and as many random sequences again
 */
export async function findPlanted(
  bugs: readonly Bug[],
  seed: number,
  conversations: number,
): Promise<readonly Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), "planted-"));
  try {
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
    const copies = bugs.map((_, index) => join(folder, String(index)));
    await Promise.all(bugs.map((bug, index) => plant(bug, copies[index] ?? folder)));
    const findings = await ask(copies, seed, conversations);
    return bugs.map(({ name }, index) => ({ name, ...(findings[index] ?? NOTHING) }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function plant(bug: Bug, copy: string): Promise<void> {
  for (const each of ["relay/call", "relay/wire", "relay/contract.ts", "relay/jwt.ts"])
    await cp(join(REPOSITORY, each), join(copy, each), { recursive: true });
  const path = join(copy, "relay/call", bug.file);
  const source = await readFile(path, "utf8");
  if (source.split(bug.from).length !== 2)
    throw new Error(`"${bug.name}" cannot be planted: ${bug.file} does not hold, exactly once: ${bug.from}`);
  await writeFile(path, source.replace(bug.from, bug.to));
}

const NOTHING = { found: false, by: "" } as const;

/** What the property says of the sources as they are, asked in the same way: it must find nothing. */
export const findNothing = async (seed: number, conversations: number) =>
  (await ask([REPOSITORY], seed, conversations))[0];

/** All of them in one process: to load the property takes longer than to find most bugs. */
async function ask(
  folders: readonly string[],
  seed: number,
  conversations: number,
): Promise<ReadonlyArray<Omit<Finding, "name">>> {
  const paths = folders.map((folder) => join(folder, "relay/call/call.ts"));
  const child = Bun.spawn([process.execPath, CHILD, String(seed), String(conversations), ...paths], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [said, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const lines = said.split("\n").slice(0, -1);
  // One that ends before it has told of each says nothing about the call.
  if (code !== 0 || lines.length !== paths.length)
    throw new Error(`the child ended with ${code} after ${lines.length} of ${paths.length}: ${complaint}`);
  return lines.map((line) => ({ found: line !== "", by: line.trim() }));
}
