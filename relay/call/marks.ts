/**
 * The marks that are on their way, in the order in which they were sent, which is the order in which they come back.
 * With each piece of audio one is sent and one comes back, so they are a chain: nothing is moved, and of those in between
 * nothing is looked at.
 */
type Mark = {
  readonly generation: number;
  readonly number: number;
  /** Samples sent before it. */
  readonly position: number;
  readonly sentAt: number;
  /** Ahead of the audio that starts a run, and not behind any. */
  readonly probe: boolean;
  /** With every mark before it come back: nothing can have kept it waiting. */
  readonly alone: boolean;
  next: Mark | undefined;
};

export type Returned = Omit<Mark, "next">;

export class Marks {
  #first: Mark | undefined;
  #last: Mark | undefined;
  /** Each `clear` starts a generation: marks of an older one come back because they were flushed, not heard. */
  #generation = 0;
  #made = 0;

  /** One is being sent. Returns its name. @param position samples sent before it */
  send(position: number, sentAt: number, probe: boolean): string {
    const alone = this.#first === undefined;
    const number = this.#made++;
    this.#add({ generation: this.#generation, number, position, sentAt, probe, alone, next: undefined });
    return `${this.#generation}.${number}`;
  }

  #add(mark: Mark): void {
    if (this.#last === undefined) this.#first = mark;
    else this.#last.next = mark;
    this.#last = mark;
  }

  /** One has come back; undefined: it is none of these. One that overtook others means that those were lost. */
  take(name: string): Returned | undefined {
    let mark = this.#first;
    while (mark !== undefined && name !== `${mark.generation}.${mark.number}`) mark = mark.next;
    if (mark === undefined) return undefined;
    this.#first = mark.next;
    if (mark.next === undefined) this.#last = undefined;
    return mark;
  }

  /** All that waited behind audio come back at once, and prove nothing. A probe waits for no audio: it still measures the way. */
  flush(): void {
    this.#generation++;
    let mark = this.#first;
    this.#first = undefined;
    this.#last = undefined;
    for (; mark !== undefined; mark = mark.next) {
      if (mark.probe && mark.alone) this.#add({ ...mark, next: undefined });
    }
  }
}
