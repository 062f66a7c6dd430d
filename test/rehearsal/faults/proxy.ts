/**
 * The fault proxy: it stands between any two parties of a rehearsal, in real TCP, and lets through, delays, breaks and
 * falsifies what they say to each other. It acts on whole doors, for what comes from now on, and on the passages that
 * there are.
 */
import { again } from "../tools/again.ts";
import type { Wire } from "../tools/outlet.ts";
import { Passage, type Watch, type Welcome } from "./passage.ts";

/** What a door leads to, and how those are met who come to it. */
export class Door {
  /** On this machine; a process that comes back may listen elsewhere. */
  port: number;
  welcome: Welcome = { is: "let in" };
  /** Of the next ones, in order, before {@link welcome} is asked. */
  readonly next: Welcome[] = [];
  /** Set on each passage as it comes. */
  watch: Watch | undefined;
  readonly passages: Passage[] = [];
  /** Which requests those are about; undefined: all. */
  isFor: ((head: string) => boolean) | undefined;

  constructor(port: number) {
    this.port = port;
  }

  /** Those that are up. */
  get live(): readonly Passage[] {
    return this.passages.filter(({ isOver }) => !isOver);
  }

  /** The newest WebSocket. */
  get stream(): Passage | undefined {
    return this.passages.findLast(({ isWebSocket }) => isWebSocket);
  }

  resetAll(): void {
    for (const passage of this.live) passage.reset();
  }
}

export type FaultProxy = {
  readonly port: number;
  /** Nobody listens any more; passages that there are stay. */
  down(): void;
  up(): Promise<void>;
  stop(): void;
};

/** A client of which it is not known yet what it wants. */
type Guest = {
  head: Buffer;
  passage: Passage | undefined;
  readonly timers: Set<ReturnType<typeof setTimeout>>;
};

const HOST = "127.0.0.1";
const LET_IN: Welcome = { is: "let in" };

/** @param doorFor by the head of the first request; undefined: there is none such, and it is reset */
export function startProxy(doorFor: (head: string) => Door | undefined): FaultProxy {
  const listen = (port: number) =>
    Bun.listen<Guest>({
      hostname: HOST,
      port,
      socket: {
        open: (socket) => {
          socket.data = { head: Buffer.alloc(0), passage: undefined, timers: new Set() };
        },
        data: (socket, bytes) => {
          const guest = socket.data;
          if (guest.passage !== undefined) return guest.passage.fromClient(bytes);
          guest.head = Buffer.concat([guest.head, bytes]);
          const end = guest.head.indexOf("\r\n\r\n");
          if (end < 0) return;
          const head = guest.head.subarray(0, end).toString("latin1");
          const door = doorFor(head);
          if (door === undefined) return socket.terminate();
          admit(socket, guest, head, door);
        },
        drain: (socket) => socket.data.passage?.clientDrained(),
        close: (socket) => left(socket.data),
        error: (socket) => left(socket.data),
      },
    });
  let listener: ReturnType<typeof listen> | undefined = listen(0);
  const { port } = listener;
  return {
    port,
    down: () => {
      listener?.stop(false);
      listener = undefined;
    },
    up: async () => {
      listener ??= await again(() => listen(port));
    },
    stop: () => {
      listener?.stop(true);
      listener = undefined;
    },
  };
}

function left({ passage, timers }: Guest): void {
  for (const timer of timers) clearTimeout(timer);
  passage?.clientGone();
}

function admit(socket: Wire, guest: Guest, head: string, door: Door): void {
  const welcome = door.isFor?.(head) === false ? LET_IN : (door.next.shift() ?? door.welcome);
  const { is } = welcome;
  if (is === "reset") return void socket.terminate();
  const passage = new Passage(socket, head);
  guest.passage = passage;
  if (is === "ignored") return;
  if (is === "status") {
    passage.answerWith(welcome.status);
    return passage.fromClient(guest.head);
  }
  passage.watch(door.watch);
  door.passages.push(passage);
  passage.fromClient(guest.head);
  if (is === "let in") return dial(door.port, passage);
  const timer = setTimeout(() => dial(door.port, passage), welcome.afterMs);
  guest.timers.add(timer);
}

function dial(port: number, passage: Passage): void {
  const gone = (how: "close" | "reset"): void => passage.serverGone(how);
  Bun.connect({
    hostname: HOST,
    port,
    socket: {
      open: (socket) => passage.serverOpen(socket),
      data: (_, bytes) => passage.fromServer(bytes),
      drain: () => passage.serverDrained(),
      close: () => gone("close"),
      error: () => gone("reset"),
    },
  }).catch(() => gone("reset"));
}
