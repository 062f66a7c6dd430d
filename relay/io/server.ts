/**
 * The relay's doors: the media stream, how a call ended, and whether the process is well. What each answers to a
 * stranger is a status and nothing else.
 */
import { randomBytes } from "node:crypto";
import type { BlockList } from "node:net";
import type { ClipsIn } from "../call/clips.ts";
import { ENDINGS, type Ending } from "../call/ending.ts";
import type { Brakes } from "../call/purse.ts";
import type { Remembered } from "../call/remembered.ts";
import type { Settings } from "../call/session.ts";
import { MEDIA_STREAM_PATH, type StreamClaims } from "../contract.ts";
import type { Budget } from "./budget.ts";
import { Chronicle } from "./chronicle.ts";
import type { Clock } from "./clock.ts";
import type { Conversations } from "./conversations.ts";
import { EdgeDoor } from "./edge-door.ts";
import { type Admission, Gate, type GateTerms } from "./gate.ts";
import type { Health } from "./health.ts";
import { LiveCalls } from "./live-calls.ts";
import { bugOf, type Log } from "./log.ts";
import type { MetricsDoor } from "./metrics-door.ts";
import { dialModel, type ModelAddress } from "./model.ts";
import { Pace } from "./pace.ts";
import { Readiness } from "./readiness.ts";
import type { Records } from "./records.ts";
import { Runner } from "./runner.ts";
import type { TokenTime } from "./token-time.ts";
import type { Tools } from "./tools.ts";
import { TurnedAway } from "./turned-away.ts";
import { TwilioSocket } from "./twilio-line.ts";
import type { Vitals } from "./vitals.ts";

export type ServerTerms = {
  readonly port: number;
  /** Other processes listen on the same port. */
  readonly reusePort: boolean;
  readonly gate: GateTerms;
  readonly maxCalls: number;
  readonly trustedProxies: BlockList;
  readonly model: ModelAddress;
  readonly settings: Settings;
  readonly brakes: Brakes;
};

/** A frame of Twilio's is a few hundred bytes; a start with a long profile a few thousand. */
const LARGEST_FRAME_BYTES = 64 * 1024;
/** Nothing that is asked here has a body. */
const LARGEST_BODY_BYTES = 1024;
/** So many sockets may be open without a `start`: half of what may be open at all, and room for a burst. */
const mostUnstarted = (maxCalls: number): number => Math.max(64, Math.ceil(maxCalls / 2));
/** A minute and a half of audio that Twilio has not taken: it never will. */
const MOST_TWILIO_BACKLOG_BYTES = 1024 * 1024;
/** A handshake takes some ms; one that is slow is answered 503, and the edge mints again. */
const AT_THE_DOOR_MS = 250;
/** A call that is to be handed over does so in a pause, and after 8 s in any case (call/call.ts). */
const HAND_OVER_WITHIN_MS = 10_000;
/** Sockets that were told to close and do not. */
const CLOSE_WITHIN_MS = 2_000;

export type ServerParts = {
  readonly records: Records;
  readonly conversations: Pick<Conversations, "keep" | "recall" | "forget">;
  readonly health: Health;
  readonly time: TokenTime;
  readonly clock: Clock;
  readonly log: Log;
  readonly tools: Pick<Tools, "toolbox" | "run">;
  readonly vitals: Pick<Vitals, "trouble">;
  readonly metricsDoor: Pick<MetricsDoor, "answer">;
  /** Told of each refused handshake. */
  readonly refused: (why: string) => void;
  readonly clips: ClipsIn;
  /** undefined: a day and a month may cost what they like. */
  readonly budget: Budget | undefined;
};

type Socket = {
  readonly claims: StreamClaims;
  readonly id: string;
  /** A budget is: the caller is told, and that is all. */
  readonly isSpent: boolean;
  /** The call comes back, and this is known of it. */
  readonly before: Remembered | undefined;
  runner: Runner | undefined;
};

export class RelayServer {
  readonly #terms: ServerTerms;
  readonly #chronicle: Chronicle;
  readonly #health: Health;
  readonly #gate: Gate;
  readonly #edgeDoor: EdgeDoor;
  readonly #turnedAway: TurnedAway;
  readonly #readiness: Readiness;
  readonly #metricsDoor: ServerParts["metricsDoor"];
  readonly #pace = new Pace();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tools: ServerParts["tools"];
  readonly #clips: ClipsIn;
  readonly #budget: Budget | undefined;
  readonly #server: Bun.Server<Socket>;
  readonly #calls = new LiveCalls();
  /** Those whose use is being written down: each has its place already. */
  #entering = 0;

  constructor(terms: ServerTerms, parts: ServerParts) {
    const { records, conversations, health, time, clock, log, tools, clips, vitals, budget } = parts;
    this.#terms = terms;
    this.#chronicle = new Chronicle({ records, conversations, health });
    this.#health = health;
    this.#clock = clock;
    this.#log = log;
    this.#tools = tools;
    this.#clips = clips;
    this.#budget = budget;
    budget?.whenSpent(() => this.#calls.budgetSpent());
    this.#gate = new Gate(terms.gate, records, time);
    const { trustedProxies } = terms;
    this.#turnedAway = new TurnedAway({ trustedProxies, clock, log, refused: parts.refused });
    // What a call needs to be able to write.
    const heartbeat = async (): Promise<void> => {
      await records.heartbeat();
      await budget?.isSpent();
    };
    this.#readiness = new Readiness({ records: { heartbeat }, health, vitals, clock });
    this.#metricsDoor = parts.metricsDoor;
    const isLive = (jti: string) => this.#calls.has(jti);
    const hasStarted = async (callSid: string) =>
      this.#calls.hasStarted(callSid) || (await this.#chronicle.recall(callSid)) !== undefined;
    const unwritten = (jti: string) => this.#chronicle.unwritten(jti);
    const door = { terms: terms.gate, records, time, health, isLive, unwritten, hasStarted };
    this.#edgeDoor = new EdgeDoor(door);
    this.#server = Bun.serve<Socket>({
      port: terms.port,
      reusePort: terms.reusePort,
      maxRequestBodySize: LARGEST_BODY_BYTES,
      fetch: (request) => this.#answer(request),
      error: (error) => {
        log(bugOf(error));
        return status(500);
      },
      websocket: {
        maxPayloadLength: LARGEST_FRAME_BYTES,
        backpressureLimit: MOST_TWILIO_BACKLOG_BYTES,
        closeOnBackpressureLimit: true,
        // Our own deadlines are shorter; this one only catches a peer that has vanished without a word.
        idleTimeout: 120,
        perMessageDeflate: false,
        open: (socket) => this.#opened(socket),
        message: (socket, message) =>
          socket.data.runner?.twilioSaid(typeof message === "string" ? message : undefined),
        close: (socket, code) => this.#closed(socket, code),
      },
    });
  }

  get port(): number {
    return this.#server.port ?? this.#terms.port;
  }

  get liveCalls(): number {
    return this.#calls.size;
  }

  /** Whether it takes calls, as far as is known without asking. */
  get isReady(): boolean {
    return this.#readiness.isReady;
  }

  /** Takes no new calls, gives those that are up `drainMs` to finish, and hands over those that are left. */
  async stop(drainMs: number): Promise<void> {
    if (this.#terms.reusePort) {
      // Others take whoever comes from now on; those who are at the door of this one still come in.
      void this.#server.stop();
      await Bun.sleep(AT_THE_DOOR_MS);
    }
    this.#readiness.stop();
    await this.#emptyWithin(drainMs);
    this.#calls.stop();
    await this.#emptyWithin(HAND_OVER_WITHIN_MS);
    await Promise.race([this.#server.stop(), Bun.sleep(CLOSE_WITHIN_MS)]);
    // Whoever is left loses the line, which brings them back as well.
    await this.#server.stop(true);
    this.#turnedAway.sumUp();
    await this.#chronicle.close();
  }

  async #emptyWithin(ms: number): Promise<void> {
    const deadline = this.#clock.monotonicMs() + ms;
    while (this.#calls.size > 0 && this.#clock.monotonicMs() < deadline) await Bun.sleep(50);
  }

  /** A refusal is no promise: there may be ten thousand of them a second, between two frames of a call. */
  #answer(request: Request): Response | undefined | Promise<Response | undefined> {
    // Bun makes the URL of the Host header, which is whatever the other side wrote.
    const url = URL.parse(request.url);
    if (url === null) return status(400);
    const { pathname } = url;
    if (pathname.startsWith(MEDIA_STREAM_PATH)) {
      if (request.method !== "GET") return status(405);
      return this.#open(request, pathname.slice(MEDIA_STREAM_PATH.length));
    }
    const fromEdge = this.#edgeDoor.answer(request, pathname);
    if (fromEdge !== undefined) return fromEdge;
    const isProbe = pathname === "/healthz" || pathname === "/readyz";
    if (request.method !== "GET" && !(isProbe && request.method === "HEAD")) return status(405);
    if (pathname === "/healthz") return Response.json({ status: "ok" });
    if (pathname === "/readyz") return this.#ready();
    if (pathname === "/metrics") return this.#metricsDoor.answer(request, this.#peerOf(request));
    return status(404);
  }

  #open(request: Request, token: string): Response | undefined | Promise<Response | undefined> {
    const early = this.#obstacle();
    if (early !== undefined) return this.#turnedAway.refuse(503, early);
    const turn = this.#pace.turn();
    return turn === undefined ? this.#check(request, token) : turn.then(() => this.#check(request, token));
  }

  #check(request: Request, token: string): Response | Promise<Response | undefined> {
    const { headers } = request;
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") return this.#fail(request, "not an upgrade");
    const admission = this.#gate.check(token, headers.get("x-twilio-signature"));
    return admission instanceof Promise
      ? this.#admit(request, admission)
      : this.#fail(request, admission.why);
  }

  async #admit(request: Request, checking: Promise<Admission>): Promise<Response | undefined> {
    const admission = await checking;
    if (!admission.ok) return this.#fail(request, admission.why);
    // Others have come in meanwhile.
    const late = this.#obstacle();
    if (late !== undefined) return this.#turnedAway.refuse(503, late);
    this.#entering++;
    try {
      return await this.#enter(request, admission.claims);
    } finally {
      this.#entering--;
    }
  }

  async #enter(request: Request, claims: StreamClaims): Promise<Response | undefined> {
    let isSpent = false;
    try {
      isSpent = (await this.#budget?.isSpent()) ?? false;
      if (!(await this.#gate.enter(claims))) return this.#fail(request, "token used before");
      this.#health.worked();
    } catch (thrown) {
      this.#health.failed(thrown);
      return this.#turnedAway.refuse(503, "cannot record");
    }
    const before = claims.attempt === 0 ? undefined : await this.#takeOn(claims.sub);
    // The token is used up, and the edge makes another for another relay.
    if (this.#readiness.isStopping) return this.#turnedAway.refuse(503, "stopping");
    const id = randomBytes(4).toString("hex");
    const data: Socket = { claims, id, isSpent, before, runner: undefined };
    if (this.#server.upgrade(request, { data })) return undefined;
    return this.#turnedAway.refuse(400, "upgrade failed");
  }

  /** What is known of a call that comes back. Twilio has left its older stream, whatever that one's socket says. */
  #takeOn(callSid: string): Promise<Remembered | undefined> {
    this.#calls.supersede(callSid);
    return this.#chronicle.recall(callSid);
  }

  /** Why nobody may come in now. */
  #obstacle(): string | undefined {
    const { obstacle } = this.#readiness;
    if (obstacle !== undefined) return obstacle;
    const { maxCalls } = this.#terms;
    if (this.#calls.size + this.#entering >= maxCalls) return "full";
    return this.#calls.unstarted + this.#entering >= mostUnstarted(maxCalls)
      ? "too many unstarted"
      : undefined;
  }

  #fail(request: Request, why: string): Response {
    return this.#turnedAway.fail(request, this.#peerOf(request), why);
  }

  #peerOf(request: Request): string {
    return this.#server.requestIP(request)?.address ?? "";
  }

  #opened(socket: Bun.ServerWebSocket<Socket>): void {
    const { claims, id } = socket.data;
    this.#log({ event: "call.admitted", level: "info", callSid: claims.sub, attempt: claims.attempt }, id);
    try {
      this.#run(socket);
    } catch (thrown) {
      // A throw from here would be the process's, and so the end of every other call.
      this.#log(bugOf(thrown), id);
      this.#record(claims, "bug");
      socket.close(ENDINGS.bug.code);
    }
  }

  #run(socket: Bun.ServerWebSocket<Socket>): void {
    const { claims, id } = socket.data;
    const runner = new Runner({
      terms: {
        callSid: claims.sub,
        accountSid: claims.account,
        profileHash: claims.profile,
        settings: this.#terms.settings,
        toolbox: this.#tools.toolbox,
        clips: this.#clips,
        before: socket.data.before,
        isSpent: socket.data.isSpent,
        brakes: this.#terms.brakes,
      },
      id,
      twilio: new TwilioSocket(socket),
      dial: (ears) => dialModel(this.#terms.model, ears),
      runTool: (run, signal, caller) => this.#tools.run(run, signal, caller),
      clock: this.#clock,
      log: (entry, call) => {
        if (entry.event === "call.started") this.#calls.started(claims.jti);
        this.#log(entry, call);
      },
      keep: (remembered) => this.#chronicle.keep(claims, remembered),
      spend: (micros) => this.#budget?.spend(micros),
      record: (ending, transferTo) => this.#record(claims, ending, transferTo),
    });
    socket.data.runner = runner;
    this.#calls.add(claims.jti, claims.sub, runner);
  }

  #closed(socket: Bun.ServerWebSocket<Socket>, code: number): void {
    socket.data.runner?.twilioClosed(code);
    this.#calls.left(socket.data.claims.jti);
  }

  #record(claims: StreamClaims, ending: Ending, transferTo?: string): void {
    this.#calls.left(claims.jti);
    this.#chronicle.ended(claims, ending, transferTo);
  }

  async #ready(): Promise<Response> {
    const unready = await this.#readiness.ask();
    if (unready !== undefined) return Response.json({ status: unready }, { status: 503 });
    return Response.json({ status: "ready" });
  }
}

const status = (code: number): Response => new Response(null, { status: code });
