/**
 * What must hold of the relay's own words: whole, for a reason, in time and not time and again; and that nothing comes
 * after the last of them but the end, once they were heard.
 */
import type { Terms } from "../../../../relay/call/call.ts";
import { CLIPS, type Clip } from "../../../../relay/call/clips.ts";
import type { Ending } from "../../../../relay/call/ending.ts";
import { hold } from "./broken.ts";
import { type SoundWatch, samplesOf } from "./sound-watch.ts";
import type { Wait } from "./wait-watch.ts";

const PROOF_GRACE_MS = 2_000;
const AGAIN_AFTER_MS = 4_000;
const AFTER_MS = { cut: 0, unheard: 0, down: 600, start: 1_700, owed: 3_500, tool: 5_000 } as const;
/** A carrier that is asked about may answer sooner than the way is long; none of these is by so much. */
const SLACK_MS = 500;

type LastWords = {
  readonly ending: Ending;
  readonly at: number;
  readonly lastMark: string;
  isHeard: boolean;
};

export class ClipWatch {
  readonly #recordings: ReadonlyMap<Clip, readonly string[]>;
  readonly #sound: SoundWatch;
  /** What was played in this step, which no model has said, and the last mark behind it. */
  #pieces: string[] = [];
  #lastMark = "";
  #toldAt = Number.NEGATIVE_INFINITY;
  #toldBy = Number.NEGATIVE_INFINITY;
  #last: LastWords | undefined;

  constructor(terms: Terms, sound: SoundWatch) {
    const clips = terms.clips(undefined);
    this.#recordings = new Map(CLIPS.map((clip) => [clip, clips[clip]]));
    this.#sound = sound;
  }

  /** How the call will end; undefined: its last words are not said. */
  get last(): Ending | undefined {
    return this.#last?.ending;
  }

  begin(): void {
    this.#pieces = [];
  }

  piece(payload: string): void {
    const isKnown = [...this.#recordings.values()].some((pieces) => pieces.includes(payload));
    hold("only the model's audio is played, and the relay's own", isKnown);
    this.#pieces.push(payload);
  }

  mark(name: string): void {
    this.#lastMark = name;
  }

  /** A mark has come back. */
  marked(name: string): void {
    if (this.#last?.lastMark === name) this.#last.isHeard = true;
  }

  /** Which clip was played in this step. */
  get #played(): Clip | undefined {
    if (this.#pieces.length === 0) return undefined;
    const text = this.#pieces.join(" ");
    const [clip] = [...this.#recordings].find(([, pieces]) => pieces.join(" ") === text) ?? [];
    hold("a clip is played whole, and no other beside it", clip !== undefined);
    return clip;
  }

  /**
   * What was said in this step is what there was to say.
   * @param wait why the caller waits, if they do @param over how the call is to end, if it cannot go on
   */
  settled(
    at: number,
    wait: Wait | undefined,
    over: { ending: Ending; clip: Clip } | undefined,
    isClock: boolean,
  ): void {
    const played = this.#played;
    if (this.#last !== undefined) {
      hold("nothing is played after the last words", played === undefined);
      hold("the call ends when its last words were heard", !this.#last.isHeard);
      const isLate = isClock && at >= this.#sound.quietBy + PROOF_GRACE_MS;
      return hold("the call ends when its last words should have been heard", !isLate);
    }
    if (over !== undefined) {
      hold(`whoever cannot be helped is told so (${over.clip})`, played === over.clip);
      this.#last = { ending: over.ending, at, lastMark: this.#lastMark, isHeard: false };
      return;
    }
    if (played === undefined) return this.#mayBeSilent(at, wait, isClock);
    hold("nobody is told that the call is over while it is not", played === "one_moment");
    hold("nobody is asked to wait who does not wait", wait !== undefined);
    // A tool that begins while they are told so already has been told of.
    const isTold = wait.why === "tool" && this.#toldBy >= wait.since;
    const soonest = wait.since + (isTold ? AGAIN_AFTER_MS : AFTER_MS[wait.why]);
    hold("nobody is asked to wait too soon", at >= soonest);
    const ms = this.#pieces.reduce((total, piece) => total + samplesOf(piece) / 8, 0);
    const isAgain = this.#toldAt >= wait.since && !this.#sound.isOdd;
    const againAt = this.#toldAt + ms + AGAIN_AFTER_MS - SLACK_MS;
    hold("nobody is asked to wait time and again", !isAgain || at >= againAt);
    this.#toldAt = at;
    this.#toldBy = this.#sound.quietBy;
  }

  #mayBeSilent(at: number, wait: Wait | undefined, isClock: boolean): void {
    const by = this.dueBy(wait);
    hold("whoever waits is told so in time", by === undefined || !isClock || at < by);
    const isCut = wait?.why === "cut" && this.#toldAt < wait.since;
    hold("whoever was being spoken to is told at once", !isCut);
  }

  /** By when the caller has to be told something. */
  dueBy(wait: Wait | undefined): number | undefined {
    // How long an answer has been owed is not known here well enough.
    if (wait === undefined || !wait.isDown) return undefined;
    const from = Math.max(wait.since, this.#sound.quietBy);
    const wasTold = this.#toldBy + SLACK_MS >= wait.since;
    return wasTold
      ? Math.max(this.#toldBy, from) + AGAIN_AFTER_MS
      : Math.max(wait.since + AFTER_MS[wait.why], this.#sound.quietBy);
  }

  get endsBy(): number | undefined {
    return this.#last === undefined ? undefined : this.#sound.quietBy + PROOF_GRACE_MS;
  }

  /** The line closes because the last words were said. */
  ends(at: number): void {
    hold("last words are heard before the line closes", this.#last !== undefined);
    const { isHeard, at: since } = this.#last;
    hold(
      "last words are heard before the line closes",
      isHeard || at >= since + PROOF_GRACE_MS || this.#sound.isOdd,
    );
  }
}
