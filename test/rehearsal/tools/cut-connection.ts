/**
 * One connection through the cutter: what comes from the relay is passed on request by request, what comes back is
 * passed back, and where a cut is armed for a request, that far and no further. No byte is changed.
 */
import { MessageEnd } from "./message-end.ts";
import { Outlet, type Wire } from "./outlet.ts";

export type Moment =
  /** The next connection is reset unread; so is a connection already there, if the request comes by it. */
  | { readonly at: "accept" }
  /** After so many bytes of the request, on both sides; its last byte is never sent. */
  | { readonly at: "request"; readonly bytes: number }
  /** The whole request has gone, and nothing of the answer has come. The server is left to do what it was asked. */
  | { readonly at: "forwarded" }
  /** After so many bytes of the answer; with none, when its first byte comes. */
  | { readonly at: "answer"; readonly bytes: number }
  /** After the whole answer. */
  | { readonly at: "answered" }
  /** Nothing of the answer comes back, and nobody says that the line is dead. */
  | { readonly at: "swallow" };

export type Cut = {
  readonly moment: Moment;
  /** How the relay's side ends. */
  readonly how?: "reset" | "close";
  /** Which request; without it, the next `tools/call`. */
  readonly match?: (request: string) => boolean;
};

/** A request and its answer, as far as they came. */
export type Passage = {
  /** Counted over all connections, from 1. */
  readonly n: number;
  readonly connection: number;
  readonly request: string;
  readonly requestBytes: number;
  /** Of the request, towards the server. */
  sentBytes: number;
  /** Of the answer, from the server. */
  answerBytes: number;
  answerWhole: boolean;
  /** Of the answer, towards the relay. */
  returnedBytes: number;
  returnedWhole: boolean;
  cut: Moment["at"] | undefined;
};

export type ConnectionRecord = {
  readonly id: number;
  /** Reset when it came. */
  readonly refused: boolean;
  closedBy: "relay" | "server" | "cutter" | undefined;
};

export type Ledger = {
  readonly passages: Passage[];
  /** The first armed cut that fits, which is then used up. */
  readonly cutFor: (request: string) => Cut | undefined;
  readonly changed: () => void;
};

export class Connection {
  readonly record: ConnectionRecord;
  readonly #ledger: Ledger;
  readonly #relay: Outlet;
  #server: Outlet | undefined;
  /** For the server, until its side is open. */
  readonly #early: Uint8Array[] = [];
  #serverFinish: "close" | "reset" | undefined;
  readonly #requestEnd = new MessageEnd("request");
  readonly #answerEnd = new MessageEnd("answer");
  readonly #request: Uint8Array[] = [];
  /** Passed on and not answered yet. */
  readonly #open: Array<{ readonly passage: Passage; readonly cut: Cut | undefined }> = [];

  constructor(record: ConnectionRecord, relay: Wire, ledger: Ledger) {
    this.record = record;
    this.#relay = new Outlet(relay);
    this.#ledger = ledger;
  }

  fromRelay(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0 && this.record.closedBy === undefined) {
      const end = this.#requestEnd.take(rest);
      this.#request.push(rest.slice(0, end));
      if (end === undefined) return;
      rest = rest.subarray(end);
      this.#passOn(Buffer.concat(this.#request.splice(0)));
    }
  }

  fromServer(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      const current = this.#open[0];
      if (current === undefined) {
        if (this.record.closedBy === undefined) this.#relay.write(rest);
        return;
      }
      const end = this.#answerEnd.take(rest);
      const piece = rest.subarray(0, end);
      rest = rest.subarray(piece.length);
      current.passage.answerBytes += piece.length;
      current.passage.answerWhole = end !== undefined;
      if (end !== undefined) this.#open.shift();
      this.#giveBack(current.passage, current.cut, piece);
    }
    // Cut off from the relay, it was only waited for.
    if (this.record.closedBy !== undefined && this.#open.length === 0) this.#finishServer("close");
    this.#ledger.changed();
  }

  serverOpen(server: Wire): void {
    this.#server = new Outlet(server);
    for (const bytes of this.#early.splice(0)) this.#server.write(bytes);
    if (this.#serverFinish !== undefined) this.#server.finish(this.#serverFinish);
  }

  relayDrained(): void {
    this.#relay.drained();
  }

  serverDrained(): void {
    this.#server?.drained();
  }

  relayGone(): void {
    if (this.record.closedBy !== undefined) return;
    this.record.closedBy = "relay";
    this.#finishServer("close");
    this.#ledger.changed();
  }

  serverGone(how: "close" | "reset"): void {
    // It was never there.
    if (this.#server === undefined) for (const { passage } of this.#open) passage.sentBytes = 0;
    if (this.record.closedBy !== undefined) return;
    this.record.closedBy = "server";
    this.#relay.finish(how);
    this.#ledger.changed();
  }

  /** Both sides, at once. */
  reset(how: "close" | "reset" = "reset"): void {
    this.#finishServer(how);
    this.#finishRelay(how);
  }

  #passOn(whole: Buffer): void {
    const { passages, cutFor } = this.#ledger;
    const request = whole.toString("utf8");
    const cut = cutFor(request);
    const sentBytes = bytesThrough(cut?.moment, whole.length);
    const passage: Passage = {
      n: passages.length + 1,
      connection: this.record.id,
      request,
      requestBytes: whole.length,
      sentBytes,
      answerBytes: 0,
      answerWhole: false,
      returnedBytes: 0,
      returnedWhole: false,
      cut: undefined,
    };
    passages.push(passage);
    const sent = whole.subarray(0, sentBytes);
    if (this.#server === undefined) this.#early.push(sent);
    else this.#server.write(sent);
    const at = cut?.moment.at;
    if (at === "accept" || at === "request") {
      passage.cut = at;
      this.reset(cut?.how);
    } else {
      this.#open.push({ passage, cut });
      if (at === "forwarded") {
        passage.cut = at;
        this.#finishRelay(cut?.how);
      }
    }
    this.#ledger.changed();
  }

  #giveBack(passage: Passage, cut: Cut | undefined, piece: Uint8Array): void {
    if (this.record.closedBy !== undefined) return;
    const moment = cut?.moment;
    if (moment?.at === "swallow") {
      passage.cut = moment.at;
      return;
    }
    const mostBytes = moment?.at === "answer" ? moment.bytes : Number.POSITIVE_INFINITY;
    const given = piece.subarray(0, Math.min(piece.length, mostBytes - passage.returnedBytes));
    this.#relay.write(given);
    passage.returnedBytes += given.length;
    passage.returnedWhole = passage.answerWhole && passage.returnedBytes === passage.answerBytes;
    const isNow =
      moment?.at === "answer"
        ? passage.returnedBytes >= mostBytes
        : moment?.at === "answered" && passage.returnedWhole;
    if (!isNow) return;
    passage.cut = moment?.at;
    this.#finishRelay(cut?.how);
  }

  #finishRelay(how: "close" | "reset" = "reset"): void {
    this.record.closedBy ??= "cutter";
    this.#relay.finish(how);
  }

  #finishServer(how: "close" | "reset"): void {
    this.#serverFinish ??= how;
    this.#server?.finish(how);
  }
}

function bytesThrough(moment: Moment | undefined, whole: number): number {
  if (moment?.at === "accept") return 0;
  return moment?.at === "request" ? Math.min(moment.bytes, whole - 1) : whole;
}
