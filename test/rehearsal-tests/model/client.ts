/**
 * A bare client of the stand-in model, for its tests: it sends what it is told and keeps what it gets, with the time.
 * It knows no rule of the protocol, so that it cannot hide a breach of one.
 */
import { z } from "zod";
import { PATIENCE_MS } from "../../patience.ts";
import { joined, silence } from "../../rehearsal/audio/clips.ts";
import { valueAt } from "../../rehearsal/model/refusal.ts";
import type { Model } from "../../rehearsal/model/server.ts";

const Event = z.looseObject({ type: z.string(), event_id: z.string() });
export type Got = { readonly atMs: number; readonly type: string; readonly event: z.infer<typeof Event> };

type Address = Pick<Model, "url" | "key">;

const FRAME_BYTES = 160;

export const SETTINGS = {
  type: "realtime",
  audio: {
    input: { format: { type: "audio/pcmu" } },
    output: { format: { type: "audio/pcmu" }, voice: "marin" },
  },
};

export class Client {
  readonly got: Got[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    socket.addEventListener("message", ({ data }) => {
      const event = Event.parse(JSON.parse(String(data)));
      this.got.push({ atMs: performance.now(), type: event.type, event });
      for (const ask of this.#waiting) ask();
    });
  }

  /** Connects, and waits for the handshake alone. */
  static async connect(model: Address, query = "?model=gpt-realtime-2.1"): Promise<Client> {
    const socket = new WebSocket(model.url + query, { headers: { Authorization: `Bearer ${model.key}` } });
    const client = new Client(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("close", ({ code, reason }) => reject(new Error(`closed ${code} ${reason}`)));
    });
    return client;
  }

  /** Connects and sets the session to mu-law. */
  static async ready(model: Address, session: object = SETTINGS, query?: string): Promise<Client> {
    const client = await Client.connect(model, query);
    client.send({ type: "session.update", session });
    await client.next("session.updated");
    return client;
  }

  send(event: object): void {
    this.#socket.send(JSON.stringify(event));
  }

  sendRaw(text: string): void {
    this.#socket.send(text);
  }

  /** Appends sound in frames of 20 ms, all at once. */
  speak(...sounds: readonly Uint8Array[]): void {
    const sound = joined(...sounds);
    for (let at = 0; at < sound.length; at += FRAME_BYTES) {
      const audio = Buffer.from(sound.subarray(at, at + FRAME_BYTES)).toString("base64");
      this.send({ type: "input_audio_buffer.append", audio });
    }
  }

  /** Says something and is silent for long enough to be done. */
  say(sound: Uint8Array): void {
    this.speak(silence(300), sound, silence(600));
  }

  close(): void {
    this.#socket.close(1000);
  }

  types(): string[] {
    return this.got.map(({ type }) => type);
  }

  all(type: string): Got[] {
    return this.got.filter((got) => got.type === type);
  }

  /** The nth event of a type (1 for the first), as soon as it has come. */
  next(type: string, nth = 1): Promise<Got> {
    const { promise, resolve, reject } = Promise.withResolvers<Got>();
    const ask = (): void => {
      const found = this.all(type)[nth - 1];
      if (found === undefined) return;
      clearTimeout(timer);
      this.#waiting.delete(ask);
      resolve(found);
    };
    const timer = setTimeout(() => {
      this.#waiting.delete(ask);
      reject(new Error(`no ${type} number ${nth}; got ${this.types().join(", ")}`));
    }, PATIENCE_MS);
    this.#waiting.add(ask);
    ask();
    return promise;
  }
}

/** A field by its path on the wire: `response.status_details.reason`. */
export const field = ({ event }: Got, path: string): unknown => valueAt(event, path.split("."));

export const text = (got: Got, path: string): string => z.string().parse(field(got, path));
