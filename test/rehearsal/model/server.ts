/**
 * The stand-in for OpenAI's Realtime API: a WebSocket server that speaks the GA protocol and refuses what the real
 * one refuses. This file is the door: handshakes, connections and how they fail; session.ts is what happens inside.
 *
 * It may not be imported by anything but rehearsals and tests.
 */
import { modelAnswer } from "./listing.ts";
import { type Fault, type ModelOptions, type Options, optionsFrom } from "./options.ts";
import { type Notable, nowAt, type SessionRecord } from "./records.ts";
import { ScriptError } from "./script.ts";
import { Session } from "./session.ts";
import { Waiting } from "./waiting.ts";

const PATH = "/v1/realtime";
/** OpenAI takes 15 MiB of audio in one event, which is 20 MiB of base64. */
const MAX_PAYLOAD_BYTES = 24 * 1024 * 1024;

export type Model = {
  /** Without the `model` parameter: `ws://127.0.0.1:port/v1/realtime`. */
  readonly url: string;
  readonly port: number;
  readonly key: string;
  readonly sessions: readonly SessionRecord[];
  /** Every notable moment so far, in order. */
  readonly events: readonly Notable[];
  openSockets(): number;
  /**
   * The predicate's first result that is neither undefined nor false. It is asked at once, and again whenever
   * something was received or sent.
   */
  waitFor<Found>(predicate: () => Found | undefined | false, withinMs: number): Promise<Found>;
  /** Ends a connection now. */
  drop(session: number, how: NonNullable<Fault["drop"]>["how"]): void;
  /** The session's end, as after 60 minutes live, now. */
  expire(session: number): void;
  /** What the script asked for that no model would do; its session ended with close code 1011. */
  readonly scriptErrors: ScriptError[];
  /** Closes every connection. Fails with the first of the script's errors that nobody has taken out of the list. */
  stop(): Promise<void>;
};

type Connection = {
  readonly session: Session;
  readonly fault: Fault;
  socket: Bun.ServerWebSocket<Connection> | undefined;
  muted: boolean;
  readonly timers: Set<ReturnType<typeof setTimeout>>;
};

export async function startModel(given: ModelOptions = {}): Promise<Model> {
  const options = optionsFrom(given);
  const connections: Connection[] = [];
  const events: Notable[] = [];
  const scriptErrors: ScriptError[] = [];
  const waiting = new Waiting();
  const { changed } = waiting;
  let handshakes = 0;

  const tell = (event: Notable): void => {
    events.push(event);
    given.onEvent?.(event);
    changed();
  };

  function connect(model: string, fault: Fault, headers: Headers): Connection {
    const index = connections.length;
    const connection: Connection = {
      session: new Session(
        options,
        {
          send: (event) => send(connection, event),
          tell: (moment) => tell({ at: nowAt(), session: index, ...moment }),
          changed,
        },
        { index, model, headers: Object.fromEntries(headers) },
      ),
      fault,
      socket: undefined,
      muted: false,
      timers: new Set(),
    };
    connections.push(connection);
    return connection;
  }

  function send(connection: Connection, event: { readonly type: string }): void {
    if (connection.muted || connection.socket === undefined) return;
    connection.socket.send(JSON.stringify(event));
    const { drop } = connection.fault;
    if (drop?.on === event.type && connection.session.record.sent.get(event.type) === drop.nth) {
      after(connection, drop.afterMs, () => end(connection, drop.how));
    }
    changed();
  }

  const server = Bun.serve<Connection>({
    hostname: "127.0.0.1",
    port: options.port,
    fetch: async (request, bun) => {
      const listed = modelAnswer(request, options);
      if (listed !== undefined) return listed;
      const fault = options.faults[handshakes] ?? options.fault;
      handshakes += 1;
      const refused = refuseHandshake(request, options, fault);
      if (refused !== undefined) {
        tell({
          at: nowAt(),
          session: connections.length,
          what: "refused_handshake",
          status: refused.status,
        });
        return refused;
      }
      if (fault.openAfterMs !== undefined) await Bun.sleep(fault.openAfterMs);
      const model = new URL(request.url).searchParams.get("model") ?? "";
      const connection = connect(model, fault, request.headers);
      return bun.upgrade(request, { data: connection })
        ? undefined
        : new Response("Expected a WebSocket handshake", { status: 426 });
    },
    websocket: {
      maxPayloadLength: MAX_PAYLOAD_BYTES,
      perMessageDeflate: false,
      open: (socket) => {
        const connection = socket.data;
        const { fault, session } = connection;
        connection.socket = socket;
        tell({ at: nowAt(), session: session.record.index, what: "opened", model: session.record.model });
        if (fault.turnAway !== undefined) return turnAway(connection, fault.turnAway);
        if (fault.createdAfterMs === "never") connection.muted = true;
        else if (fault.createdAfterMs !== undefined)
          after(connection, fault.createdAfterMs, () => session.open());
        else session.open();
        if (fault.expireAfterMs !== undefined)
          after(connection, fault.expireAfterMs, () => expire(connection));
      },
      message: (socket, message) => {
        try {
          socket.data.session.receive(typeof message === "string" ? message : message.toString("utf8"));
        } catch (error) {
          if (!(error instanceof ScriptError)) throw error;
          scriptErrors.push(error);
          end(socket.data, { code: 1011, reason: error.message });
          changed();
        }
      },
      close: (socket, code) => {
        const connection = socket.data;
        connection.socket = undefined;
        for (const timer of connection.timers) clearTimeout(timer);
        connection.session.close(code);
      },
    },
  });

  const { port } = server;
  if (port === undefined) throw new Error("the stand-in for the model listens on no port");
  return {
    url: `ws://127.0.0.1:${port}${PATH}`,
    port,
    key: options.key,
    get sessions() {
      return connections.map(({ session }) => session.record);
    },
    events,
    scriptErrors,
    openSockets: () => connections.filter(({ socket }) => socket !== undefined).length,
    waitFor: (predicate, withinMs) => waiting.for(predicate, withinMs),
    drop: (index, how) => {
      const connection = connections[index];
      if (connection !== undefined) end(connection, how);
    },
    expire: (index) => {
      const connection = connections[index];
      if (connection !== undefined) expire(connection);
    },
    stop: async () => {
      await server.stop(true);
      for (const { timers } of connections) for (const timer of timers) clearTimeout(timer);
      const [wrong] = scriptErrors.splice(0);
      if (wrong !== undefined) throw wrong;
    },
  };
}

function refuseHandshake(request: Request, options: Options, fault: Fault): Response | undefined {
  const url = new URL(request.url);
  const no = (status: number, code: string, message: string): Response =>
    Response.json({ error: { type: "invalid_request_error", code, message, param: null } }, { status });
  if (fault.refuseStatus !== undefined) {
    return no(fault.refuseStatus, "scripted", `This handshake was to be refused with ${fault.refuseStatus}.`);
  }
  if (url.pathname !== PATH || request.method !== "GET")
    return no(404, "unknown_url", "Unknown request URL.");
  if (request.headers.get("authorization") !== `Bearer ${options.key}`) {
    return no(401, "invalid_api_key", "Incorrect API key provided.");
  }
  if (request.headers.has("openai-beta")) {
    return no(400, "beta_api_shape_disabled", "The beta API has ended: leave out the OpenAI-Beta header.");
  }
  const model = url.searchParams.get("model");
  if (model === null) return no(400, "missing_model", "You must provide a model parameter.");
  if (!options.models.includes(model)) {
    return no(404, "model_not_found", `The model '${model}' does not exist or you do not have access to it.`);
  }
  return undefined;
}

function after(connection: Connection, ms: number, then: () => void): void {
  if (ms === 0) return then();
  const timer = setTimeout(() => {
    connection.timers.delete(timer);
    if (connection.socket !== undefined) then();
  }, ms);
  connection.timers.add(timer);
}

function end(connection: Connection, how: NonNullable<Fault["drop"]>["how"]): void {
  if (how === "mute") connection.muted = true;
  else if (how === "reset") connection.socket?.terminate();
  else connection.socket?.close(how.code, how.reason);
}

/** As users of the live service report it: an error event, then close 3000 with the error's name as its reason. */
function turnAway(connection: Connection, why: NonNullable<Fault["turnAway"]>): void {
  const message =
    why === "invalid_api_key" ? "Incorrect API key provided." : "You exceeded your current quota.";
  connection.session.fail(why, message);
  end(connection, { code: 3000, reason: `invalid_request_error.${why}` });
}

function expire(connection: Connection): void {
  const message = "Your session hit the maximum duration of 60 minutes.";
  connection.session.fail("session_expired", message);
  end(connection, { code: 1001, reason: message });
}
