/**
 * The attacker, in a process of its own: bad handshakes as fast as they go, each on a new connection; and sockets that
 * only take up room, for they send nothing, or one byte at a time.
 *
 *   bun test/prove/admission/attacker.ts      one JSON command a line on stdin, one JSON answer a line on stdout
 */
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { z } from "zod";
import { addressOf } from "./door.ts";

export const Attack = z.strictObject({
  port: z.int().positive(),
  seconds: z.number().positive(),
  /** Handshakes under way at any moment. */
  inFlight: z.int().nonnegative(),
  /** Whole requests, to be sent in turn. */
  requests: z.array(z.string()),
  /** Connections that send nothing at all. */
  idle: z.int().nonnegative(),
  /** Handshakes of which a byte comes each half second. */
  slow: z.int().nonnegative(),
  /** Good handshakes, each a whole request, after which a frame comes byte by byte. */
  trickled: z.array(z.string()),
});
export type Attack = z.infer<typeof Attack>;

export const Attacked = z.object({
  handshakes: z.number(),
  perSecond: z.number(),
  byStatus: z.record(z.string(), z.number()),
  /** Connections that could not be made, or broke before an answer. */
  broken: z.number(),
  /** How long each trickled socket was let be, after its 101. */
  trickledMs: z.array(z.number()),
  trickledOpened: z.number(),
  /** How many of the idle and slow ones had to be made anew, because the relay had closed them. */
  replaced: z.number(),
});
export type Attacked = z.infer<typeof Attacked>;

const LOWEST_PRIORITY = 19;
const TRICKLE_MS = 500;
/** A masked text frame that says it will be 60,000 bytes long. */
const FRAME_HEAD = Uint8Array.of(0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0);

class Attacker {
  readonly #attack: Attack;
  readonly #byStatus: Record<string, number> = {};
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #trickledMs: number[] = [];
  #handshakes = 0;
  #broken = 0;
  #opened = 0;
  #replaced = 0;
  #connections = 0;
  #isOver = false;

  constructor(attack: Attack) {
    this.#attack = attack;
  }

  async run(): Promise<Attacked> {
    const { seconds, inFlight, idle, slow, trickled } = this.#attack;
    const startedAt = performance.now();
    for (let n = 0; n < idle; n++) this.#hold(undefined);
    for (let n = 0; n < slow; n++) this.#hold("GET /media-stream/");
    for (const request of trickled) this.#trickle(request);
    const handshaking = Array.from({ length: inFlight }, () => this.#handshakesInTurn());
    await Bun.sleep(seconds * 1000);
    this.#isOver = true;
    const elapsedS = (performance.now() - startedAt) / 1000;
    const handshakes = this.#handshakes;
    await Promise.all(handshaking);
    for (const timer of this.#timers) clearInterval(timer);
    return {
      handshakes,
      perSecond: handshakes / elapsedS,
      byStatus: this.#byStatus,
      broken: this.#broken,
      trickledMs: this.#trickledMs,
      trickledOpened: this.#opened,
      replaced: this.#replaced,
    };
  }

  /** A new address each time: one has no more than 28,000 ports. */
  #where() {
    return { hostname: addressOf(this.#connections++ % 200), port: this.#attack.port };
  }

  /** One set of listeners for them all, and the next begins where one ends: the attacker must not be what is slow. */
  #handshakesInTurn(): Promise<void> {
    const { requests } = this.#attack;
    return new Promise((resolve) => {
      const ended = (isAnswered: boolean) => {
        if (!isAnswered) this.#broken++;
        if (this.#isOver) resolve();
        else begin();
      };
      const socket: Bun.SocketHandler<{ isAnswered: boolean }> = {
        open: (socket) => {
          socket.write(requests[this.#connections % requests.length] ?? "");
        },
        data: (socket, bytes) => {
          if (!socket.data.isAnswered) {
            socket.data.isAnswered = true;
            this.#handshakes++;
            // "HTTP/1.1 401 …"
            const status = bytes.toString("latin1", 9, 12);
            this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
          }
          socket.terminate();
        },
        close: ({ data }) => ended(data.isAnswered),
        connectError: () => ended(false),
      };
      const begin = () => {
        Bun.connect({ ...this.#where(), socket, data: { isAnswered: false } }).catch(() => {});
      };
      begin();
    });
  }

  /** A connection that is held for the length of the attack; one that the relay ends is made anew. */
  #hold(words: string | undefined): void {
    let timer: ReturnType<typeof setInterval> | undefined;
    const anew = () => {
      clearInterval(timer);
      if (this.#isOver) return;
      this.#replaced++;
      this.#timers.push(setTimeout(() => this.#hold(words), 50));
    };
    Bun.connect({
      ...this.#where(),
      socket: {
        open: (socket) => {
          if (words === undefined) return;
          socket.write(words.slice(0, 1));
          let said = 1;
          timer = setInterval(() => socket.write(words.charAt(said++) || "A"), TRICKLE_MS);
          this.#timers.push(timer);
        },
        data: () => {},
        close: anew,
        error: () => {},
      },
    }).catch(anew);
  }

  #trickle(request: string): void {
    let openedAt = 0;
    let timer: ReturnType<typeof setInterval> | undefined;
    Bun.connect({
      ...this.#where(),
      socket: {
        open: (socket) => {
          socket.write(request);
        },
        data: (socket, bytes) => {
          if (openedAt !== 0 || !bytes.toString("latin1").startsWith("HTTP/1.1 101")) return;
          this.#opened++;
          openedAt = performance.now();
          socket.write(FRAME_HEAD);
          timer = setInterval(() => socket.write("x"), TRICKLE_MS);
          this.#timers.push(timer);
        },
        close: () => {
          clearInterval(timer);
          if (openedAt !== 0 && !this.#isOver) this.#trickledMs.push(performance.now() - openedAt);
        },
        error: () => {},
      },
    }).catch(() => {});
  }
}

if (import.meta.main) {
  // In truth the attacker has machines of its own: here it may have what processor time the relay leaves.
  setPriority(LOWEST_PRIORITY);
  const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  print({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    print(await new Attacker(Attack.parse(JSON.parse(line))).run());
    // Whatever is still held goes with the process.
    process.exit(0);
  }
}
