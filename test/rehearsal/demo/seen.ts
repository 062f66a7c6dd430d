/**
 * Everything that was seen of one call, from five sides: the carrier's own record, the log lines of the edge and of
 * the relay, what the model received and did, and what the tools have written down. It collects and it finds; what follows from it is for checks.ts
 * and diagnosis.ts. All times are milliseconds since dial, on one machine's monotonic clock.
 */
import { z } from "zod";
import { wordsOf } from "../audio/clips.ts";
import type { PlacedCall } from "../carrier/carrier.ts";
import { monotonicMs } from "../carrier/ticker.ts";
import type { CarrierEvent, EventOf } from "../carrier/timeline.ts";
import type { EdgeLine } from "../edge.ts";
import type { Notable } from "../model/records.ts";
import type { LogLine } from "../relay.ts";
import type { Execution } from "../tools/store.ts";
import { Hearing } from "./hearing.ts";
import type { Recorded } from "./relay-voice.ts";
import type { Voice } from "./voice.ts";

type Timed<What> = { readonly atMs: number; readonly what: What };

/** What happened, as soon as it is known. */
export type News =
  | { readonly from: "carrier"; readonly atMs: number; readonly event: CarrierEvent }
  | { readonly from: "edge"; readonly atMs: number; readonly line: EdgeLine }
  | { readonly from: "relay"; readonly atMs: number; readonly line: LogLine }
  | { readonly from: "model"; readonly atMs: number; readonly event: Notable };

export type MomentOf<What extends Notable["what"]> = Extract<Notable, { readonly what: What }>;

/** A relay that was shown the same token twice, and what it said. */
export type Replay = { readonly status: number | undefined };

export type Leftovers = {
  /** Empty when nothing was left. */
  readonly found: readonly string[];
};

/** An answer of a tool's, as it reached the model. */
export type Told = { readonly tool: string; readonly output: string };

/** The stage, for what only it can look up. */
export type Witness = Voice & {
  /** In order. */
  told(): readonly Told[];
  /** The rows of the tools' database now; when all is over, as its file has them. */
  executions(): readonly Execution[];
};

export class Seen {
  readonly edge: Timed<EdgeLine>[] = [];
  readonly relay: Timed<LogLine>[] = [];
  readonly model: Timed<Notable>[] = [];
  readonly hearing: Hearing;
  replay: Replay | undefined;
  leftovers: Leftovers | undefined;
  /** What the caller waited for in vain. */
  missed: string | undefined;
  /** So much had been done when the model had the caller's yes in writing, and the relay not yet. */
  doneBeforeYes: number | undefined;
  #call: PlacedCall | undefined;
  readonly #witness: Witness;
  readonly #onNews: (news: News) => void;

  /** @param recorded what the relay may say by itself */
  constructor(witness: Witness, recorded: readonly Recorded[], onNews: (news: News) => void) {
    this.hearing = new Hearing(witness, recorded);
    this.#witness = witness;
    this.#onNews = onNews;
  }

  get call(): PlacedCall | undefined {
    return this.#call;
  }

  get nowMs(): number {
    return this.#call?.nowMs() ?? 0;
  }

  dialled(call: PlacedCall): void {
    this.#call = call;
    this.hearing.listenTo(call);
  }

  carrierSaid(event: CarrierEvent): void {
    if (event.kind === "cleared") this.hearing.cleared(event.playedSamples, event.droppedSamples, event.atMs);
    if (event.kind === "stream-closed") this.hearing.lineEnded();
    this.#onNews({ from: "carrier", atMs: event.atMs, event });
  }

  edgeSaid(line: EdgeLine): void {
    const atMs = this.nowMs;
    this.edge.push({ atMs, what: line });
    this.#onNews({ from: "edge", atMs, line });
  }

  relaySaid(line: LogLine): void {
    const atMs = this.nowMs;
    this.relay.push({ atMs, what: line });
    this.#onNews({ from: "relay", atMs, line });
  }

  modelSaid(event: Notable): void {
    const dialledAt = performance.timeOrigin + (this.#call?.timeline.startedMs ?? monotonicMs());
    const atMs = event.at - dialledAt;
    this.model.push({ atMs, what: event });
    if (event.what === "transcribed" && this.lastWords === wordsOf("caller-yes")) {
      this.doneBeforeYes ??= this.executions.length;
    }
    if (event.what === "first_sound") this.hearing.begins(event.responseId, this.#causeOf(event.responseId));
    this.#onNews({ from: "model", atMs, event });
  }

  /** What the caller said last, or is saying. */
  get lastWords(): string | undefined {
    return this.hearing.spoken.at(-1)?.words;
  }

  get executions(): readonly Execution[] {
    return this.#witness.executions();
  }

  told(tool: string): readonly string[] {
    return this.#witness.told().flatMap((each) => (each.tool === tool ? [each.output] : []));
  }

  // --- finding ------------------------------------------------------------------------------------------------

  carrier<Kind extends CarrierEvent["kind"]>(kind: Kind): Array<EventOf<Kind>> {
    return this.#call?.timeline.all(kind) ?? [];
  }

  edgeLine(event: string): EdgeLine | undefined {
    return this.edge.find(({ what }) => what.event === event)?.what;
  }

  relayLine(event: string): Timed<LogLine> | undefined {
    return this.relay.find(({ what }) => what.event === event);
  }

  /** Of the relay's log, what it says of one tool. */
  toolLines(event: string, tool: string): Array<Timed<LogLine>> {
    return this.relay.filter(({ what }) => what.event === event && what.tool === tool);
  }

  /** A handshake that the relay refused, the deliberate second use of a token aside. */
  get refusal(): string | undefined {
    const lines = this.relay.filter(({ what }) => what.event === "handshake.refused");
    return lines.map(({ what }) => textIn(what, "why")).find((why) => why !== USED_BEFORE);
  }

  moments<What extends Notable["what"]>(what: What): Array<Timed<MomentOf<What>>> {
    const isOne = (timed: Timed<Notable>): timed is Timed<MomentOf<What>> => timed.what.what === what;
    return this.model.filter(isOne);
  }

  /** The stream's URL in the TwiML, which is where the edge puts the token. */
  get streamUrl(): string | undefined {
    return this.carrier("document")
      .map(({ body }) => /<Stream url="([^"]+)"/.exec(body)?.[1])
      .find((url) => url !== undefined);
  }

  get tokenBytes(): number | undefined {
    const token = this.streamUrl?.split("/").at(-1);
    return token === undefined ? undefined : Buffer.byteLength(token);
  }

  get parameters(): Record<string, string> {
    const body = this.carrier("document").find(({ verbs }) => verbs.includes("Connect"))?.body ?? "";
    return Object.fromEntries(
      [...body.matchAll(/<Parameter name="([^"]+)" value="([^"]+)"/g)].map(([, name = "", value = ""]) => [
        name,
        value,
      ]),
    );
  }

  #causeOf(responseId: string): "greeting" | "answer" {
    const started = this.moments("response_started").find(({ what }) => what.responseId === responseId);
    return started?.what.metadata.reason === "greeting" ? "greeting" : "answer";
  }
}

/** As the relay's gate puts it. */
export const USED_BEFORE = "token used before";

export const textIn = (line: Readonly<Record<string, unknown>>, field: string): string =>
  z.string().catch("").parse(line[field]);

export const numberIn = (line: Readonly<Record<string, unknown>>, field: string): number =>
  z.number().catch(Number.NaN).parse(line[field]);
