/**
 * One session of the stand-in: it takes each client event, judges whether the moment is right for it, and answers as
 * the live service would. Sound in is ears.ts, what is answered responses.ts, what was said conversation.ts.
 *
 * It sends through the function that it was given and knows no socket.
 */
import { type ClientEvent, decode } from "./client-events.ts";
import { Conversation, type Done, type Item } from "./conversation.ts";
import { Ears } from "./ears.ts";
import type { Options } from "./options.ts";
import { type Moment, nowAt, type SessionRecord } from "./records.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { RemoteCalls } from "./remote-calls.ts";
import { Responses } from "./responses.ts";
import { firstSettings, refuseUpdate, shownSettings, updated } from "./settings.ts";
import { shown } from "./shown-item.ts";
import { serversIn } from "./tool-shape.ts";
import { Transcriber } from "./transcriber.ts";

/** OpenAI's documented lifetime of a session. */
const LIFETIME_S = 3600;

type ServerEvent = { readonly type: string; readonly [field: string]: unknown };

export type Line = {
  readonly send: (event: ServerEvent) => void;
  readonly tell: (moment: Moment) => void;
  /** Anything at all happened: the records may have changed. */
  readonly changed: () => void;
};

export class Session {
  readonly record: SessionRecord;
  readonly #options: Options;
  readonly #line: Line;
  readonly #conversation: Conversation;
  readonly #conversationId: string;
  readonly #ears: Ears;
  readonly #responses: Responses;
  readonly #transcriber: Transcriber;
  readonly #remote: RemoteCalls;
  readonly #expiresAtS = Math.floor(Date.now() / 1000) + LIFETIME_S;
  #ids = 0;

  constructor(options: Options, line: Line, who: Pick<SessionRecord, "index" | "model" | "headers">) {
    this.#options = options;
    this.#line = line;
    this.record = {
      ...who,
      id: `sess_${crypto.randomUUID().replaceAll("-", "")}`,
      openedAt: nowAt(),
      closedAt: undefined,
      closeCode: undefined,
      settings: firstSettings(who.model),
      updates: 0,
      received: [],
      appends: 0,
      appendedSamples: 0,
      input: [],
      errors: [],
      items: [],
      truncations: [],
      cancels: [],
      responses: [],
      turns: 0,
      sent: new Map(),
    };
    const newId = (kind: string) => this.#newId(kind);
    this.#conversation = new Conversation(newId);
    this.#conversationId = newId("conv");
    const send = (event: ServerEvent) => this.#send(event);
    this.#transcriber = new Transcriber(this.record, {
      send,
      tell: line.tell,
      usualMs: options.transcribesAfterMs,
    });
    this.#remote = new RemoteCalls({
      conversation: this.#conversation,
      newId,
      send,
      onItem: (item) => this.record.items.push(item),
      onResult: (item) => this.#responses.noteRemote(item),
      results: options.mcpResults,
    });
    this.#responses = new Responses(this.#conversation, this.record, options, {
      conversationId: this.#conversationId,
      newId,
      send,
      tell: line.tell,
      refuse: (why) => this.#refuse(why, null, null),
      answered: (soundMs) => this.#ears.answered(soundMs),
      transcript: () => this.#transcriber.written,
      remote: () => this.#remote,
    });
    this.#ears = new Ears(this.#conversation, newId, this.record, options, {
      send,
      tell: line.tell,
      interrupt: () => this.#responses.interrupt(),
      respond: (cause) => this.#responses.respondByItself(cause),
      spoke: (item, audioMs) => this.#transcriber.turn(item, audioMs, options.hears(this.record.turns)),
    });
  }

  open(): void {
    this.#send({ type: "session.created", session: this.#shownSettings() });
    this.#send({
      type: "conversation.created",
      conversation: { id: this.#conversationId, object: "realtime.conversation" },
    });
  }

  /** The connection is gone. */
  close(code: number): void {
    this.#responses.stop();
    this.#transcriber.stop();
    this.#remote.stop();
    this.record.closedAt = nowAt();
    this.record.closeCode = code;
    this.#line.tell({ what: "closed", code });
  }

  receive(text: string): void {
    const decoded = decode(text, { temperature: this.#options.accepts.temperature });
    const type = decoded.ok ? decoded.event.type : decoded.type;
    if (type !== "input_audio_buffer.append") {
      this.record.received.push({ at: nowAt(), type, event: decoded.raw });
    }
    if (decoded.ok) {
      const why = this.#take(decoded.event);
      if (why !== undefined) this.#refuse(why, decoded.event.event_id ?? null, type);
    } else {
      this.#noteMalformed(decoded.type, decoded.raw, decoded.refusal.message);
      this.#refuse(decoded.refusal, decoded.eventId, type);
    }
    this.#line.changed();
  }

  /** Sends an error of the server's own, as it does when a key or a session has run out. */
  fail(code: string, message: string): void {
    this.#refuse(refusal(code, message), null, null);
  }

  #take(event: ClientEvent): Refusal | undefined {
    switch (event.type) {
      case "session.update": {
        const moment = {
          spoken: this.#responses.spoken,
          responding: this.#responses.active,
          refuses: this.#options.refuses,
        };
        const why = refuseUpdate(this.record.settings, event.session, moment);
        if (why !== undefined) return why;
        const before = this.record.settings;
        this.record.settings = updated(before, event.session);
        this.record.updates += 1;
        this.#ears.settingsTaken(before);
        this.#line.tell({ what: "settings_taken" });
        this.#send({ type: "session.updated", session: this.#shownSettings() });
        this.#remote.servers(serversIn(this.record.settings.tools));
        return undefined;
      }
      case "input_audio_buffer.append":
        return this.#ears.append(event.audio);
      case "input_audio_buffer.commit":
        return this.#ears.commit();
      case "input_audio_buffer.clear":
        return this.#ears.clear();
      case "conversation.item.create": {
        const made = this.#conversation.create(event.item, event.previous_item_id);
        return this.#whenDone(made, (item) => this.#added(item));
      }
      case "conversation.item.delete":
        return this.#whenDone(this.#conversation.delete(event.item_id), (item) =>
          this.#send({ type: "conversation.item.deleted", item_id: item.id }),
        );
      case "conversation.item.retrieve": {
        const item = this.#conversation.find(event.item_id);
        if (item === undefined) {
          const message = `Error retrieving item: the item with id '${event.item_id}' does not exist.`;
          return refusal("item_retrieve_invalid_item_id", message);
        }
        this.#send({ type: "conversation.item.retrieved", item: shown(item) });
        return undefined;
      }
      case "conversation.item.truncate":
        return this.#truncate(event.item_id, event.content_index, event.audio_end_ms);
      case "response.create":
        return this.#responses.create("create", event.response ?? {});
      case "response.cancel":
        return this.#responses.cancel(event.response_id);
      default:
        return event satisfies never;
    }
  }

  #whenDone<Value>(done: Done<Value>, then: (value: Value) => void): Refusal | undefined {
    if (!done.ok) return done.refusal;
    then(done.value);
    return undefined;
  }

  #added(item: Item): void {
    this.record.items.push(item);
    this.#responses.note(item);
    const previous = this.#conversation.before(item.id);
    this.#send({ type: "conversation.item.added", previous_item_id: previous, item: shown(item) });
    this.#send({ type: "conversation.item.done", previous_item_id: previous, item: shown(item) });
    if (item.kind === "mcp_approval_response") {
      this.#remote.decided(item.approvalId, item.approve, item.reason);
    }
  }

  #truncate(itemId: string, contentIndex: number, audioEndMs: number): Refusal | undefined {
    const item = this.record.items.find((each) => each.id === itemId);
    const sentMs = item?.kind === "message" ? (item.content[contentIndex]?.sentMs ?? 0) : 0;
    const done = this.#conversation.truncate(itemId, contentIndex, audioEndMs);
    this.#noteTruncation({
      itemId,
      contentIndex,
      audioEndMs,
      sentMs,
      refused: done.ok ? null : done.refusal.message,
    });
    return this.#whenDone(done, () =>
      this.#send({
        type: "conversation.item.truncated",
        item_id: itemId,
        content_index: contentIndex,
        audio_end_ms: audioEndMs,
      }),
    );
  }

  #shownSettings(): Record<string, unknown> {
    return shownSettings(this.record.settings, this.record.id, this.#expiresAtS);
  }

  #noteTruncation(truncation: Omit<SessionRecord["truncations"][number], "at">): void {
    this.record.truncations.push({ at: nowAt(), ...truncation });
    this.#line.tell({ what: "truncate", ...truncation });
  }

  /** A truncation that never got past its shape (−1 ms, say) is a refused truncation all the same. */
  #noteMalformed(type: string, raw: unknown, refused: string): void {
    if (type !== "conversation.item.truncate" || typeof raw !== "object" || raw === null) return;
    const number = (name: string): number => {
      const value: unknown = Reflect.get(raw, name);
      return typeof value === "number" ? value : Number.NaN;
    };
    this.#noteTruncation({
      itemId: String(Reflect.get(raw, "item_id")),
      contentIndex: number("content_index"),
      audioEndMs: number("audio_end_ms"),
      sentMs: 0,
      refused,
    });
  }

  #refuse(why: Refusal, eventId: string | null, about: string | null): void {
    const sent = { ...why, eventId, about };
    this.record.errors.push({ at: nowAt(), ...sent });
    this.#send({ type: "error", error: { ...why, event_id: eventId } });
    this.#line.tell({ what: "error", ...sent });
  }

  #send(event: ServerEvent): void {
    this.record.sent.set(event.type, (this.record.sent.get(event.type) ?? 0) + 1);
    this.#line.send({ event_id: this.#newId("event"), ...event });
    this.#transcriber.sent(event.type);
  }

  /** Ids look like the real ones and never repeat within a process. */
  #newId(kind: string): string {
    this.#ids += 1;
    return `${kind}_${this.record.id.slice(5, 17)}${this.#ids.toString(36).padStart(6, "0")}`;
  }
}
