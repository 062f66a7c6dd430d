/** Where a request and an answer end, in whatever pieces they come. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { MessageEnd } from "../../rehearsal/tools/message-end.ts";

const MESSAGES = {
  request: [
    "GET /x HTTP/1.1\r\nhost: a\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nab\r\nc",
    "POST /x HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
    "POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n",
  ],
  answer: [
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nda\r\n\r\n0\r\nx-trailer: 1\r\n\r\n",
  ],
} as const;

for (const kind of ["request", "answer"] as const) {
  test(`every ${kind} ends where it ends, one after the other and in any pieces`, () => {
    const whole = new TextEncoder().encode(MESSAGES[kind].join(""));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const reader = new MessageEnd(kind);
        const ends: number[] = [];
        for (let at = 0, nth = 0; at < whole.length; nth += 1) {
          let piece = whole.subarray(at, at + (sizes[nth % sizes.length] ?? 1));
          while (piece.length > 0) {
            const end = reader.take(piece);
            at += end ?? piece.length;
            if (end !== undefined) ends.push(at);
            piece = end === undefined ? piece.subarray(piece.length) : piece.subarray(end);
          }
        }
        const expected = MESSAGES[kind].map((_, nth) => MESSAGES[kind].slice(0, nth + 1).join("").length);
        expect(ends).toEqual(expected);
      }),
    );
  });
}

test("an answer without a length goes on until the connection ends", () => {
  const bytes = new TextEncoder().encode(
    "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
  );
  expect(new MessageEnd("answer").take(bytes)).toBeUndefined();
});
