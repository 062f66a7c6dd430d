/**
 * One response at a time.
 *
 * OpenAI refuses a response.create while a response is active, and the server's own voice-activity detection is a
 * second writer: it creates a response when the caller has stopped speaking. So creates wait here until no response
 * is active or asked for and the caller's turn is closed. What the server's response has already seen needs no
 * create of our own: a wish is dropped once the item that it is about was in the conversation before a response
 * was created.
 */

export type Wish = {
  readonly reason:
    | "greeting"
    | "keypad"
    | "tool"
    | "native"
    | "goodbye"
    | "answer"
    | "retry"
    | "nudge"
    | "resume";
  /** The item whose answer is wanted. */
  readonly itemId?: string;
  /** More may come until then. */
  readonly notBefore?: number;
};

/** The server answers a closed turn at once; if it has not by then, it will not, and the caller waits in silence. */
const ANSWER_WITHIN_MS = 4_000;
/** A create that is neither obeyed nor refused. */
const CREATED_WITHIN_MS = 6_000;
/** Once may be a lost event; a model that obeys nothing leaves the caller in silence. */
const MOST_UNOBEYED_IN_A_ROW = 1;
const MOST_REFUSALS_IN_A_ROW = 3;
/** Where the server's detection says that speech has stopped, the commit follows at once or not at all. */
const COMMIT_WITHIN_MS = 2_000;
/** A response that has said nothing for so long, its end included, will not: something else may be asked for. */
const RESPONSE_STALE_MS = 20_000;
const REFUSED_PAUSE_MS = 250;
const MOST_SILENCED = 16;

type CallerTurn =
  | { readonly is: "closed" }
  | { readonly is: "open" }
  /** Speech has stopped, and the commit has not come yet. */
  | { readonly is: "stopped"; readonly commitBy: number }
  | { readonly is: "ended"; readonly answerBy: number };

export class Turns {
  #active: string | undefined;
  #asked: { readonly eventId: string; readonly wishes: readonly Wish[]; readonly by: number } | undefined;
  #wishes: Wish[] = [];
  #caller: CallerTurn = { is: "closed" };
  /** Responses whose audio must not be played any more, the newest few: late audio may even follow response.done. */
  readonly #silenced = new Set<string>();
  #refusals = 0;
  #unobeyed = 0;
  /** When the active response last gave a sign of life. */
  #signAt = 0;
  #pauseUntil: number | undefined;
  /** Since when the caller waits for a sound of the answer that is due to them. */
  #owedSince: number | undefined;
  /** Something is to be said that is no answer, when nobody speaks. */
  isAsideWanted = (): boolean => false;

  get active(): string | undefined {
    return this.#active;
  }

  get callerSpeaks(): boolean {
    return this.#caller.is === "open";
  }

  /** The model neither obeys nor answers: no use in asking again. */
  get isHopeless(): boolean {
    return this.#unobeyed > MOST_UNOBEYED_IN_A_ROW || this.#refusals > MOST_REFUSALS_IN_A_ROW;
  }

  /** No response is active, asked for or wished for, and none is expected from the server. */
  get idle(): boolean {
    return (
      this.#active === undefined &&
      this.#asked === undefined &&
      this.#wishes.length === 0 &&
      this.#caller.is === "closed"
    );
  }

  /** Since when the caller waits for a sound of an answer; undefined: they do not. */
  get owedSince(): number | undefined {
    return this.idle ? undefined : this.#owedSince;
  }

  /** The response that is being said, and when it last gave a sign of life. */
  get saying(): { readonly id: string; readonly signAt: number } | undefined {
    const id = this.#active;
    return id === undefined || this.#silenced.has(id) ? undefined : { id, signAt: this.#signAt };
  }

  /** The caller is being sent what they waited for. */
  answered(): void {
    this.#owedSince = undefined;
  }

  get waiting(): number {
    return this.#wishes.length;
  }

  /** Items enter the conversation in order, so the newest wish of a reason stands for the older ones. */
  wish(wish: Wish): void {
    this.#wishes = [...this.#wishes.filter(({ reason }) => reason !== wish.reason), wish];
  }

  /** Nobody speaks or is about to: something may be asked for. */
  isFree(at: number): boolean {
    if (this.#active !== undefined || this.#asked !== undefined || this.#caller.is !== "closed") return false;
    return this.#pauseUntil === undefined || at >= this.#pauseUntil;
  }

  /** The wishes that one create may now serve, or undefined: nothing wished, or not the moment. */
  next(at: number, waits: (wish: Wish) => boolean = () => false): readonly Wish[] | undefined {
    if (this.#wishes.length === 0 || !this.isFree(at)) return undefined;
    const ready = this.#wishes.filter(
      (wish) => (wish.notBefore === undefined || at >= wish.notBefore) && !waits(wish),
    );
    return ready.length > 0 ? ready : undefined;
  }

  /** A create has been sent, for all wishes or for these; for none of them: it is an aside. */
  asked(eventId: string, at: number, wishes: readonly Wish[] = this.#wishes): void {
    this.#asked = { eventId, wishes, by: at + CREATED_WITHIN_MS };
    this.#owedSince ??= at;
    this.#wishes = this.#wishes.filter((wish) => !wishes.includes(wish));
    this.#pauseUntil = undefined;
  }

  /** Whether what was asked for with this event may still come. */
  awaits(eventId: string): boolean {
    return this.#asked?.eventId === eventId;
  }

  /** An item of ours is in the conversation: whatever response comes next has seen it. */
  itemArrived(itemId: string): void {
    const mark = (wish: Wish) => (wish.itemId === itemId ? { ...wish, itemId: SEEN } : wish);
    this.#wishes = this.#wishes.map(mark);
    // The create may still be refused, in favour of a response that has seen the item.
    if (this.#asked) this.#asked = { ...this.#asked, wishes: this.#asked.wishes.map(mark) };
  }

  /**
   * A response has begun. Returns false for one that began while the caller was already speaking: the server
   * interrupts only what was there when speech started, so that one has to be cancelled by us.
   * @param whose "aside": ours, but no answer to anything; it serves no wish, and has to stand back for an answer
   */
  created(id: string, whose: "server" | "ours" | "aside", at: number): boolean {
    const isSecond = whose === "aside" && this.#active !== undefined;
    this.#refusals = 0;
    this.#unobeyed = 0;
    if (whose !== "aside") this.#wishes = this.#wishes.filter(isUnserved);
    if (isSecond) {
      this.#asked = undefined;
      this.#silence(id);
      return false;
    }
    this.#active = id;
    this.#signAt = at;
    if (whose !== "server") this.#asked = undefined;
    else if (this.#asked) this.#asked = { ...this.#asked, wishes: this.#asked.wishes.filter(isUnserved) };
    const isAside = whose === "aside";
    if (
      this.#caller.is === "open" ||
      this.#caller.is === "stopped" ||
      (isAside && this.#caller.is === "ended")
    ) {
      this.#silence(id);
      return false;
    }
    if (!isAside) this.#caller = { is: "closed" };
    return true;
  }

  /** The active response has said something. */
  signOfLife(id: string, at: number): void {
    if (this.#active === id) this.#signAt = at;
  }

  done(id: string): void {
    if (this.#active === id) this.#active = undefined;
    if (this.idle) this.#owedSince = undefined;
  }

  /**
   * The session is gone. What is still to be said waits for the next one, which will know of every item; what was only
   * about the moment does not. Returns whether the caller was owed an answer.
   */
  lost(): boolean {
    const isActive = this.#active !== undefined && !this.#silenced.has(this.#active);
    const all = [...(this.#asked?.wishes ?? []), ...this.#wishes];
    const isOwed = isActive || this.#caller.is === "ended" || all.length > 0;
    this.#wishes = all.flatMap(({ reason }) =>
      reason === "greeting" || reason === "tool" ? [{ reason, itemId: SEEN }] : [],
    );
    this.#active = undefined;
    this.#asked = undefined;
    this.#caller = { is: "closed" };
    this.#pauseUntil = undefined;
    this.#owedSince = undefined;
    this.#refusals = 0;
    this.#unobeyed = 0;
    return isOwed;
  }

  /**
   * A create was refused. Errors echo our id; "busy" with none is about the server's own answer to the caller, if one
   * was due, and then that answer is ours to ask for. False: not about a create of ours.
   */
  refused(eventId: string | undefined, at: number): boolean {
    if (eventId === undefined && this.#caller.is === "ended") {
      this.#caller = { is: "closed" };
      this.wish({ reason: "answer" });
      return false;
    }
    if (this.#asked === undefined || (eventId !== undefined && eventId !== this.#asked.eventId)) return false;
    this.#refusals++;
    this.#wishes = [...this.#asked.wishes, ...this.#wishes];
    this.#asked = undefined;
    this.#pauseUntil = at + REFUSED_PAUSE_MS * this.#refusals;
    return true;
  }

  /** The caller has begun to speak. Returns the response that this interrupts, if one is active. */
  callerStarted(): string | undefined {
    this.#caller = { is: "open" };
    this.#owedSince = undefined;
    if (this.#active === undefined) return undefined;
    this.#silence(this.#active);
    return this.#active;
  }

  /** The caller has stopped speaking; their turn is closed when the server commits it. */
  callerStopped(at: number): void {
    if (this.#caller.is === "open") this.#caller = { is: "stopped", commitBy: at + COMMIT_WITHIN_MS };
  }

  /** The caller's turn is closed; the server answers it by itself. */
  callerCommitted(at: number): void {
    this.#caller = { is: "ended", answerBy: at + ANSWER_WITHIN_MS };
    this.#owedSince = at;
  }

  /** All items that wishes are about are in the conversation. */
  allArrived(): void {
    this.#wishes = this.#wishes.map((wish) => (wish.itemId === undefined ? wish : { ...wish, itemId: SEEN }));
  }

  /** Whether audio of this response may still be played. */
  isSilenced(id: string): boolean {
    return this.#silenced.has(id);
  }

  /** No more of this response may be played. */
  silenced(id: string): void {
    this.#silence(id);
  }

  #silence(id: string): void {
    this.#silenced.add(id);
    if (this.#silenced.size <= MOST_SILENCED) return;
    for (const oldest of this.#silenced) {
      this.#silenced.delete(oldest);
      return;
    }
  }

  get dueAt(): number | undefined {
    if (this.#caller.is === "stopped") return this.#caller.commitBy;
    if (this.#caller.is === "ended" && this.#active === undefined) return this.#caller.answerBy;
    if (this.#active !== undefined) return this.#isWanted ? this.#signAt + RESPONSE_STALE_MS : undefined;
    if (this.#asked) return this.#asked.by;
    if (this.#caller.is !== "closed") return undefined;
    return this.#pauseUntil ?? this.#ripeAt;
  }

  /** When the first of the wishes that wait for more is ripe. */
  get #ripeAt(): number | undefined {
    let ripeAt: number | undefined;
    for (const { notBefore } of this.#wishes) {
      if (notBefore !== undefined && (ripeAt === undefined || notBefore < ripeAt)) ripeAt = notBefore;
    }
    return ripeAt;
  }

  tick(at: number): void {
    if (this.#caller.is === "stopped" && at >= this.#caller.commitBy) this.#caller = { is: "closed" };
    if (this.#active !== undefined && this.#isWanted && at >= this.#signAt + RESPONSE_STALE_MS) {
      this.#silence(this.#active);
      this.#active = undefined;
    }
    if (this.#caller.is === "ended" && at >= this.#caller.answerBy && this.#active === undefined) {
      this.#caller = { is: "closed" };
      this.wish({ reason: "answer" });
    }
    if (this.#asked && at >= this.#asked.by && this.#active === undefined) {
      this.#unobeyed++;
      this.#wishes = [...this.#asked.wishes, ...this.#wishes];
      this.#asked = undefined;
    }
    if (this.#pauseUntil !== undefined && at >= this.#pauseUntil) this.#pauseUntil = undefined;
  }

  /** Something waits for the active response to be over. */
  get #isWanted(): boolean {
    const isOwed = this.#wishes.length > 0 || this.#asked !== undefined || this.#caller.is === "ended";
    return isOwed || this.isAsideWanted();
  }
}

/** Stands in a wish for an item that has arrived. No id that we make looks like it. */
const SEEN = "seen";

/** Any response that is created serves the wishes about items that it has seen, and those about none. */
const isUnserved = ({ itemId }: Wish): boolean => itemId !== undefined && itemId !== SEEN;
