/**
 * A TCP proxy between the relay and a server of tools that cuts connections at chosen moments, and writes down how much
 * of which request and answer had been passed on by then: what was done is in the tools' file, and what could be known
 * of it is here. A request is passed on when it is whole, so that a cut can be chosen by its words.
 */
import { Waiting } from "../model/waiting.ts";
import { again } from "./again.ts";
import { Connection, type ConnectionRecord, type Cut, type Passage } from "./cut-connection.ts";

export type Cutter = {
  /** The tools' address, by way of the cutter. */
  readonly url: string;
  readonly port: number;
  readonly connections: readonly ConnectionRecord[];
  readonly passages: readonly Passage[];
  /** Cuts are used once each, in order, by the first request or connection that fits. */
  arm(cut: Cut): void;
  /** How many have met no request yet. */
  armed(): number;
  disarm(): void;
  /** From now on connections are refused, and those that there are are reset. */
  down(): void;
  up(): Promise<void>;
  /** The predicate is asked at once, and again whenever a request, an answer or an end of a connection was seen. */
  waitFor<Found>(predicate: () => Found | undefined | false, withinMs: number): Promise<Found>;
  stop(): void;
};

const HOST = "127.0.0.1";
const isToolsCall = (request: string): boolean => /"method" ?: ?"tools\/call"/.test(request);
type Ours = { connection: Connection };

/** @param to the address of a server of tools, on this machine and without TLS */
export function startCutter(to: string): Cutter {
  const target = new URL(to);
  const connections: ConnectionRecord[] = [];
  const all = new Set<Connection>();
  const passages: Passage[] = [];
  const cuts: Cut[] = [];
  const waiting = new Waiting();

  const take = (fits: (cut: Cut) => boolean): Cut | undefined => {
    const at = cuts.findIndex(fits);
    return at < 0 ? undefined : cuts.splice(at, 1)[0];
  };
  const ledger = {
    passages,
    cutFor: (request: string) => take(({ match = isToolsCall }) => match(request)),
    changed: waiting.changed,
  };

  function dial(connection: Connection): void {
    const gone = (how: "close" | "reset"): void => {
      all.delete(connection);
      connection.serverGone(how);
    };
    Bun.connect({
      hostname: target.hostname,
      port: Number(target.port),
      socket: {
        open: (socket) => connection.serverOpen(socket),
        data: (_, bytes) => connection.fromServer(bytes),
        drain: () => connection.serverDrained(),
        close: () => gone("close"),
        error: () => gone("reset"),
      },
    }).catch(() => gone("reset"));
  }

  const listen = (port: number) =>
    Bun.listen<Ours>({
      hostname: HOST,
      port,
      socket: {
        open: (socket) => {
          const refused = take(({ moment }) => moment.at === "accept") !== undefined;
          const record: ConnectionRecord = {
            id: connections.length + 1,
            refused,
            closedBy: refused ? "cutter" : undefined,
          };
          connections.push(record);
          const connection = new Connection(record, socket, ledger);
          socket.data = { connection };
          if (refused) {
            socket.terminate();
          } else {
            all.add(connection);
            dial(connection);
          }
          waiting.changed();
        },
        data: (socket, bytes) => socket.data.connection.fromRelay(bytes),
        drain: (socket) => socket.data.connection.relayDrained(),
        close: (socket) => socket.data.connection.relayGone(),
        error: (socket) => socket.data.connection.relayGone(),
      },
    });

  let listener: ReturnType<typeof listen> | undefined = listen(0);
  const { port } = listener;
  const url = new URL(to);
  url.port = String(port);
  const down = (): void => {
    listener?.stop(false);
    listener = undefined;
    for (const connection of all) connection.reset();
  };

  return {
    url: url.href,
    port,
    connections,
    passages,
    arm: (cut) => {
      cuts.push(cut);
    },
    armed: () => cuts.length,
    disarm: () => {
      cuts.length = 0;
    },
    down,
    up: async () => {
      listener ??= await again(() => listen(port));
    },
    waitFor: (predicate, withinMs) => waiting.for(predicate, withinMs),
    stop: down,
  };
}
