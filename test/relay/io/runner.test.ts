/**
 * The runner with sockets that only record, and the time moved by hand: what it does with deadlines, with a throw,
 * and with lines that do not take what they are given.
 */
import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { HANDOVER_WITHIN_MS, START_WITHIN_MS } from "../../../relay/call/call.ts";
import type { Ending } from "../../../relay/call/ending.ts";
import { READY_WITHIN_MS } from "../../../relay/call/model-link.ts";
import { packProfile } from "../../../relay/contract.ts";
import { systemClock } from "../../../relay/io/clock.ts";
import type { ModelLine } from "../../../relay/io/model.ts";
import { Runner, type TwilioLine } from "../../../relay/io/runner.ts";
import { connectedFrame, startFrame, stopFrame } from "../../rehearsal/carrier/frames.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID } from "../../rehearsal/relay.ts";
import { BRAKES, CLIPS, NO_TOOLS } from "../call/call-in-hand.ts";

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const profile = packProfile({});
const parameters = Object.fromEntries(profile.parameters.map(({ name, value }) => [name, value]));

class Bench {
  readonly callSid = newSid("CA");
  readonly streamSid = newSid("MZ");
  /** All that was done, in order. */
  readonly deeds: string[] = [];
  readonly entries: Array<Record<string, unknown>> = [];
  readonly endings: Ending[] = [];
  backlog = 0;
  twilioTakes = 1;
  /** The socket to the model that was dialled last. */
  model: ModelLine = this.#modelLine();
  readonly runner: Runner;

  constructor(changes: Partial<TwilioLine> = {}) {
    this.runner = new Runner({
      terms: {
        callSid: this.callSid,
        accountSid: ACCOUNT_SID,
        profileHash: profile.hash,
        settings: {
          model: "gpt-realtime-2.1",
          voice: "marin",
          instructions: "Be brief.",
          greeting: "Hello.",
          turnDetection: { type: "semantic_vad", eagerness: "auto" },
          noiseReduction: undefined,
          transcriptionModel: undefined,
          temperature: undefined,
        },
        toolbox: NO_TOOLS,
        clips: () => CLIPS,
        before: undefined,
        isSpent: false,
        brakes: BRAKES,
      },
      id: "c0ffee",
      twilio: {
        send: (text) => {
          this.deeds.push(`twilio ${JSON.parse(text).event}`);
          return this.twilioTakes;
        },
        cork: (body) => body(),
        close: (code) => this.deeds.push(`twilio closed ${code}`),
        ...changes,
      },
      dial: () => {
        this.model = this.#modelLine();
        return this.model;
      },
      runTool: () => Promise.resolve({ is: "not_done", why: "gone" }),
      clock: systemClock,
      log: (entry) => this.entries.push(entry),
      keep: async () => {
        this.deeds.push("kept");
      },
      spend: (micros) => this.deeds.push(`spent ${micros}`),
      record: (ending) => {
        this.deeds.push(`recorded ${ending}`);
        this.endings.push(ending);
      },
    });
  }

  #modelLine(): ModelLine {
    return {
      send: (text) => this.deeds.push(`model ${JSON.parse(text).type}`),
      backlog: () => this.backlog,
      close: () => this.deeds.push("model closed"),
    };
  }

  modelOpened(): void {
    this.runner.modelOpened(this.model);
  }

  connect(): void {
    this.runner.twilioSaid(connectedFrame());
  }

  start(): void {
    const { callSid, streamSid } = this;
    const start = { accountSid: ACCOUNT_SID, streamSid, callSid, customParameters: parameters };
    this.runner.twilioSaid(startFrame(1, streamSid, start));
  }

  /** The model takes the settings and greets. */
  speak(): void {
    const format = { type: "audio/pcmu" };
    this.modelSays({
      type: "session.updated",
      session: { audio: { input: { format }, output: { format } } },
    });
    this.modelSays({ type: "response.created", response: { id: "r1", metadata: { reason: "greeting" } } });
    this.delta();
  }

  delta(): void {
    const delta = { response_id: "r1", item_id: "i1", content_index: 0, delta: "/".repeat(800) };
    this.modelSays({ type: "response.output_audio.delta", ...delta });
  }

  /** Its greeting is over. */
  spoken(): void {
    this.modelSays({
      type: "response.output_audio.done",
      response_id: "r1",
      item_id: "i1",
      content_index: 0,
    });
    this.modelSays({ type: "response.done", response: { id: "r1", status: "completed", output: [] } });
  }

  modelSays(event: object): void {
    this.runner.modelSaid(this.model, JSON.stringify(event));
  }

  events(): unknown[] {
    return this.entries.map(({ event }) => event);
  }
}

describe("a deadline", () => {
  test("of a start that does not come closes the call at 5 s and not before", () => {
    const bench = new Bench();
    bench.connect();
    jest.advanceTimersByTime(START_WITHIN_MS - 1);
    expect(bench.endings).toEqual([]);
    jest.advanceTimersByTime(2);
    expect(bench.deeds.slice(-3)).toEqual(["recorded no_start", "model closed", "twilio closed 1008"]);
  });

  test("of a stream that says nothing at all is the same", () => {
    const bench = new Bench();
    bench.modelOpened();
    jest.advanceTimersByTime(START_WITHIN_MS + 1);
    expect(bench.endings).toEqual(["no_start"]);
  });

  test("of a model that does not open is met by an apology at 8 s and not before, and closes the call behind it", () => {
    const bench = new Bench();
    bench.connect();
    bench.start();
    const said = () => bench.entries.filter(({ clip }) => clip === "sorry").length;
    jest.advanceTimersByTime(READY_WITHIN_MS - 1);
    expect([bench.endings, said()]).toEqual([[], 0]);
    jest.advanceTimersByTime(2);
    expect([bench.endings, said()]).toEqual([[], 1]);
    jest.advanceTimersByTime(4_000);
    expect(bench.deeds.slice(-2)).toEqual(["recorded model_not_ready", "twilio closed 1011"]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("of a model that opens and never says session.updated leads to another attempt", () => {
    const bench = new Bench();
    bench.connect();
    bench.start();
    jest.advanceTimersByTime(3_000);
    bench.modelOpened();
    expect(bench.deeds.at(-1)).toBe("model session.update");
    const { model } = bench;
    bench.modelSays({ type: "session.created" });
    jest.advanceTimersByTime(3_600);
    expect(bench.deeds).toContain("model closed");
    expect(bench.model).not.toBe(model);
    // What the first one still says is nobody's.
    bench.runner.modelClosed(model, 1000, undefined, 0);
    expect(bench.endings).toEqual([]);
  });

  test("that was met leaves no timer behind that ends the call", () => {
    const bench = new Bench();
    bench.connect();
    bench.start();
    bench.modelOpened();
    bench.speak();
    bench.spoken();
    jest.advanceTimersByTime(60_000);
    expect(bench.endings).toEqual([]);
    bench.runner.stop();
    jest.advanceTimersByTime(HANDOVER_WITHIN_MS);
    expect(bench.endings).toEqual(["handed_over"]);
  });
});

describe("a call that has ended", () => {
  test("has its ending written down before the sockets are closed, once, and leaves no timer", () => {
    const bench = new Bench();
    bench.connect();
    bench.start();
    bench.runner.twilioSaid(
      stopFrame(2, bench.streamSid, { accountSid: ACCOUNT_SID, callSid: bench.callSid }),
    );
    bench.runner.twilioClosed(1000);
    bench.runner.modelClosed(bench.model, 1000, undefined, 0);
    bench.runner.twilioSaid("garbage");
    bench.runner.stop();
    expect(bench.deeds.slice(-3)).toEqual(["recorded caller_hung_up", "model closed", "twilio closed 1000"]);
    expect(bench.endings).toEqual(["caller_hung_up"]);
    expect(bench.events().filter((event) => event === "call.ended")).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("sends nothing more, whatever still comes", () => {
    const bench = new Bench();
    bench.connect();
    bench.start();
    bench.runner.twilioClosed(1006);
    const { length } = bench.deeds;
    bench.modelOpened();
    bench.speak();
    bench.start();
    jest.advanceTimersByTime(60_000);
    expect(bench.deeds).toHaveLength(length);
    expect(bench.endings).toEqual(["line_lost"]);
  });
});

describe("a throw", () => {
  test("inside a step ends this call, is logged with its stack, and without its message", () => {
    let throws = false;
    const bench = new Bench({
      cork: (body) => {
        if (throws) throw new TypeError("the words of a caller");
        body();
      },
    });
    bench.connect();
    bench.start();
    throws = true;
    bench.modelOpened();
    bench.speak();
    expect(bench.endings).toEqual(["bug"]);
    expect(bench.deeds.slice(-2)).toEqual(["model closed", "twilio closed 1011"]);
    const bugs = bench.entries.filter(({ event }) => event === "bug");
    expect(bugs[0]).toMatchObject({ error: "TypeError", stack: expect.stringContaining("runner.test.ts") });
    expect(JSON.stringify(bench.entries)).not.toContain("the words of a caller");
  });
});

describe("a throw that leaves the call able to say its last words", () => {
  test("still ends it once", () => {
    let throws = 0;
    const bench = new Bench({
      cork: (body) => {
        if (throws-- === 1) throw new TypeError("once");
        body();
      },
    });
    bench.connect();
    bench.start();
    bench.modelOpened();
    throws = 1;
    bench.speak();
    expect(bench.endings).toEqual(["bug"]);
    expect(bench.events().filter((event) => event === "call.ended")).toHaveLength(1);
    expect(bench.deeds.filter((deed) => deed.startsWith("twilio closed"))).toEqual(["twilio closed 1011"]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe("a line that is too slow", () => {
  const up = (): Bench => {
    const bench = new Bench();
    bench.connect();
    bench.start();
    bench.modelOpened();
    bench.speak();
    expect(bench.deeds).toContain("twilio media");
    return bench;
  };

  test("towards the caller is left when audio was lost", async () => {
    const bench = up();
    bench.twilioTakes = -1;
    bench.delta();
    await Promise.resolve();
    expect(bench.endings).toEqual([]);
    bench.twilioTakes = 0;
    bench.delta();
    await Promise.resolve();
    expect(bench.endings).toEqual(["line_too_slow"]);
    const backlog = bench.entries.find(({ event }) => event === "line.backlog");
    expect(backlog).toMatchObject({ queuedFrames: expect.any(Number) });
  });

  test("towards the model is left when a minute of the caller's audio waits", async () => {
    const bench = up();
    const speak = () =>
      bench.runner.twilioSaid(
        JSON.stringify({
          event: "media",
          streamSid: bench.streamSid,
          media: { track: "inbound", chunk: "1", timestamp: "20", payload: "/".repeat(216) },
        }),
      );
    bench.backlog = 640 * 1024;
    speak();
    await Promise.resolve();
    expect(bench.endings).toEqual([]);
    bench.backlog++;
    speak();
    await Promise.resolve();
    expect(bench.deeds).toContain("model closed");
    expect(bench.endings).toEqual([]);
    bench.runner.twilioClosed(1006);
    const backlog = bench.entries.find(({ event }) => event === "line.backlog");
    expect(backlog).toMatchObject({ peakModelBytes: 640 * 1024 + 1 });
  });
});
