/** Server-sent events: the same whichever way the bytes are cut. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventStream, type StreamEvent } from "../../../../relay/io/mcp/event-stream.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, stream = new EventStream()) => [...stream.push(bytes(text))];

describe("an event", () => {
  test("is told when its empty line has come, with its type and all its lines of data", () => {
    const stream = new EventStream();
    expect(read('event: message\ndata: {"a":\ndata:1}\n', stream)).toEqual([]);
    expect(read("\n", stream)).toEqual([{ type: "message", data: '{"a":\n1}' }]);
    expect(read("event: ping\ndata\ndata: x\n\n")).toEqual([{ type: "ping", data: "\nx" }]);
  });

  test("without data is none, but says where to go on from, and when", () => {
    const stream = new EventStream();
    expect(read("id: 7\nretry: 250\ndata:\n\n: a comment\n\n", stream)).toEqual([]);
    expect([stream.lastId, stream.retryMs]).toEqual(["7", 250]);
  });

  test("that has not ended is not where to go on from", () => {
    const stream = new EventStream();
    expect(read("id: 7\ndata: a\n\nid: 8\ndata: b\n", stream)).toHaveLength(1);
    expect(stream.lastId).toBe("7");
  });

  test("may take back its id, and has none that could not be sent", () => {
    const stream = new EventStream();
    read("id: 7\n\nid\n\nid: a\0b\nretry: soon\n\n", stream);
    expect([stream.lastId, stream.retryMs]).toEqual([undefined, undefined]);
  });

  test("that broke off is not mixed into what the next stream says", () => {
    const broken = new EventStream();
    read("id: 7\nretry: 9\ndata: a\n\nid: 8\ndata: b\nda", broken);
    const next = new EventStream(broken);
    expect([next.lastId, next.retryMs]).toEqual(["7", 9]);
    expect(read("data: c\n\n", next)).toEqual([{ type: "message", data: "c" }]);
  });

  test("without an end is not kept for ever", () => {
    const stream = new EventStream();
    const piece = bytes(`data: ${"x".repeat(4 * 1024 * 1024)}`);
    expect(() => {
      for (let n = 0; n < 8; n++) for (const _ of stream.push(piece));
    }).toThrow(RangeError);
  });
});

test("however the lines end and the bytes are cut, the same events come", () => {
  const line = fc.oneof(
    fc.constantFrom("data: ä", "data: 🚀", "data:", "data", "id: 1", "event: x", ": c", "", "", "retry: 5"),
    fc.string({ unit: fc.constantFrom("d", "a", "t", ":", " ", "é"), maxLength: 8 }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(line, fc.constantFrom("\n", "\r", "\r\n")), { maxLength: 20 }),
      fc.array(fc.nat(200), { maxLength: 10 }),
      (lines, cuts) => {
        // A lone return before an empty line that ends in \n would be read as one end of a line, as it should.
        const text = lines.map(([words, end]) => words + end).join("");
        const whole = bytes(text);
        const expected = read(text.replace(/\r\n|\r/g, "\n"));
        const stream = new EventStream();
        const got: StreamEvent[] = [];
        let from = 0;
        for (const to of [...cuts.filter((at) => at < whole.length).sort((a, b) => a - b), whole.length]) {
          got.push(...stream.push(whole.slice(from, to)));
          from = to;
        }
        expect(got).toEqual(expected);
      },
    ),
    { numRuns: 1_500 },
  );
});
