/**
 * Audio that flows: of the pieces of one part that follow each other with nothing but audio and its words in between,
 * the first is asked who says it, whether anybody is to hear it and what it belongs to; the others would be given the
 * same answers, fifty times a second on every call. What is to be counted of them is counted when somebody wants to know.
 */
type Piece = { readonly response_id: string; readonly item_id: string; readonly content_index: number };

export type Told = { readonly responseId: string; readonly samples: number; readonly at: number };

export class Flow {
  readonly #responseId: string;
  readonly #itemId: string;
  readonly #contentIndex: number;
  /** Of what has not been told yet. */
  #samples = 0;
  #at = 0;

  constructor({ response_id, item_id, content_index }: Piece) {
    this.#responseId = response_id;
    this.#itemId = item_id;
    this.#contentIndex = content_index;
  }

  /** Counts this piece if it is of the same part, and says whether it is. */
  takes({ response_id, item_id, content_index }: Piece, samples: number, at: number): boolean {
    const isOfIt =
      response_id === this.#responseId && item_id === this.#itemId && content_index === this.#contentIndex;
    if (!isOfIt) return false;
    this.#samples += samples;
    this.#at = at;
    return true;
  }

  /** How much has come since this was asked last, and when the last of it came; undefined: none. */
  tell(): Told | undefined {
    if (this.#samples === 0) return undefined;
    const told = { responseId: this.#responseId, samples: this.#samples, at: this.#at };
    this.#samples = 0;
    return told;
  }
}
