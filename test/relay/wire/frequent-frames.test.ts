/**
 * The frames that come fifty times a second are read by hand, and the same frames are what the schemas describe. Here the
 * two are held together: any frame, and any frame that is almost one, gets the same answer whichever of the two reads it.
 * What is expected is written out here a second time, in zod, and not taken from what is tested. Those that go out as
 * often are put together by hand, and are what JSON.stringify writes.
 */
import { expect, test } from "bun:test";
import "../../patience.ts";
import fc from "fast-check";
import { z } from "zod";
import { decodeModel, encodeModel, type ToModel } from "../../../relay/wire/realtime.ts";
import { decodeTwilio, encodeTwilio, type ToTwilio } from "../../../relay/wire/twilio.ts";

const Sid = z.string().min(1).max(64);
const Media = z.object({
  event: z.literal("media"),
  streamSid: Sid,
  media: z.object({
    track: z.literal("inbound"),
    timestamp: z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
    payload: z.string().min(1),
  }),
});
const Mark = z.object({ event: z.literal("mark"), streamSid: Sid, mark: z.object({ name: z.string() }) });
const Delta = z.object({
  type: z.literal("response.output_audio.delta"),
  response_id: z.string().min(1),
  item_id: z.string().min(1),
  content_index: z.number().int().nonnegative(),
  delta: z.string(),
});

/** Mostly what the field should hold, sometimes what it should not, sometimes nothing. */
const nearly = <T>(good: fc.Arbitrary<T>) =>
  fc.option(fc.oneof({ weight: 24, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue() }), {
    nil: undefined,
    freq: 40,
  });
const text = fc.oneof(
  fc.constant(""),
  fc.string(),
  fc.base64String(),
  fc.string({ minLength: 60, maxLength: 70 }),
);
const count = fc.oneof(
  fc.nat().map(String),
  fc.stringMatching(/^-?\d{0,17}$/),
  fc.constant("1e3"),
  fc.constant("1\n"),
);
const index = fc.oneof(fc.nat(9), fc.constantFrom(-1, 0.5, -0, 2 ** 53, 1e300));

const media = fc.record({
  event: nearly(fc.constant("media")),
  streamSid: nearly(text),
  sequenceNumber: nearly(count),
  media: nearly(
    fc.record({
      track: nearly(fc.constantFrom("inbound", "inbound", "inbound", "outbound")),
      timestamp: nearly(count),
      payload: nearly(text),
      chunk: nearly(count),
    }),
  ),
});
const mark = fc.record({
  event: nearly(fc.constant("mark")),
  streamSid: nearly(text),
  mark: nearly(fc.record({ name: nearly(text) })),
});
const delta = fc.record({
  type: nearly(fc.constant("response.output_audio.delta")),
  response_id: nearly(text),
  item_id: nearly(text),
  content_index: nearly(index),
  delta: nearly(text),
  output_index: nearly(index),
});

const SEED = { seed: 20261121, numRuns: 3000 };

test("a media or mark frame read by hand is what its schema makes of it, and so is every refusal", () => {
  let [accepted, refused] = [0, 0];
  const check = (schema: z.ZodType) => (value: unknown) => {
    const message = JSON.stringify(value);
    const expected = schema.safeParse(JSON.parse(message));
    const decoded = decodeTwilio(message);
    if (expected.success) {
      expect(decoded).toStrictEqual(expected.data as typeof decoded);
      accepted++;
    } else {
      expect(decoded.event).toBe("malformed");
      refused++;
    }
  };
  fc.assert(fc.property(media, check(Media)), SEED);
  fc.assert(fc.property(mark, check(Mark)), SEED);
  expect(accepted).toBeGreaterThan(300);
  expect(refused).toBeGreaterThan(300);
});

test("an audio delta read by hand is what its schema makes of it, and so is every refusal", () => {
  let [accepted, refused] = [0, 0];
  fc.assert(
    fc.property(delta, (value) => {
      const message = JSON.stringify(value);
      const parsed: unknown = JSON.parse(message);
      const expected = Delta.safeParse(parsed);
      const decoded = decodeModel(message);
      if (expected.success) {
        expect(decoded).toStrictEqual(expected.data);
        accepted++;
      } else {
        expect(["malformed", "other"]).toContain(decoded.type);
        refused++;
      }
    }),
    SEED,
  );
  expect(accepted).toBeGreaterThan(300);
  expect(refused).toBeGreaterThan(300);
});

/** A text in which a few characters were changed, left out or put in, as often as not none. */
const almost = (written: fc.Arbitrary<string>) =>
  fc
    .tuple(
      written,
      fc.array(fc.tuple(fc.nat(1000), fc.nat(2), fc.constantFrom('"', "\\", "\n", "0", "a", "{", ",", " ")), {
        maxLength: 2,
      }),
    )
    .map(([text, changes]) =>
      changes.reduce((changed, [at, cut, put]) => {
        const place = at % (changed.length + 1);
        return changed.slice(0, place) + (cut === 2 ? "" : put) + changed.slice(place + Math.min(cut, 1));
      }, text),
    );
const digits = fc.oneof(fc.nat().map(String), fc.stringMatching(/^\d{14,17}$/));
const word = fc.oneof(fc.constant(`MZ${"0123456789abcdef".repeat(2)}`), fc.stringMatching(/^[\w.-]{0,66}$/));
const sound = fc.oneof(fc.base64String(), fc.string());

const asTwilioWrites = fc.oneof(
  fc
    .tuple(digits, digits, digits, sound, word)
    .map(
      ([number, chunk, timestamp, payload, sid]) =>
        `{"event":"media","sequenceNumber":"${number}","media":{"track":"inbound","chunk":"${chunk}","timestamp":"${timestamp}","payload":"${payload}"},"streamSid":"${sid}"}`,
    ),
  fc
    .tuple(digits, word, word)
    .map(
      ([number, sid, name]) =>
        `{"event":"mark","sequenceNumber":"${number}","streamSid":"${sid}","mark":{"name":"${name}"}}`,
    ),
);
const asTheModelWrites = fc
  .tuple(fc.boolean(), word, word, word, digits, digits, sound)
  .map(([first, event, response, item, output, content, delta]) => {
    const head = first
      ? `"type":"response.output_audio.delta","event_id":"${event}"`
      : `"event_id":"${event}","type":"response.output_audio.delta"`;
    return `{${head},"response_id":"${response}","item_id":"${item}","output_index":${output},"content_index":${content},"delta":"${delta}"}`;
  });

function judged(schemas: readonly z.ZodType[], text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return schemas.map((schema) => schema.safeParse(value)).find(({ success }) => success)?.data;
}

/** Each text is read to what JSON and one of the schemas make of it, and refused where they refuse it. */
function holdTogether(
  written: fc.Arbitrary<string>,
  schemas: readonly z.ZodType[],
  decode: (text: string) => object,
  isRefusal: (decoded: object) => boolean,
): void {
  let [accepted, refused] = [0, 0];
  fc.assert(
    fc.property(almost(written), (text) => {
      const expected = judged(schemas, text);
      const decoded = decode(text);
      if (expected === undefined) {
        expect(isRefusal(decoded)).toBe(true);
        refused++;
      } else {
        expect<unknown>(decoded).toStrictEqual(expected);
        accepted++;
      }
    }),
    SEED,
  );
  expect(accepted).toBeGreaterThan(300);
  expect(refused).toBeGreaterThan(300);
}

test("a frame as Twilio writes it, or almost, is read to what JSON and its schema make of it", () => {
  const isRefusal = (decoded: object) => "event" in decoded && decoded.event === "malformed";
  holdTogether(asTwilioWrites, [Media, Mark], decodeTwilio, isRefusal);
});

test("a delta as the model writes it, or almost, is read to what JSON and its schema make of it", () => {
  const isRefusal = (decoded: object) =>
    "type" in decoded && (decoded.type === "malformed" || decoded.type === "other");
  holdTogether(asTheModelWrites, [Delta], decodeModel, isRefusal);
});

test("frames that are put together by hand are what JSON.stringify writes, whatever they hold", () => {
  const any = fc.oneof(
    fc.base64String(),
    fc.string({ unit: "binary" }),
    fc.string({
      unit: fc.constantFrom('"', "\\", "\n", "\u0000", "\u007f", "\u2028", "\ud800", "\udc00", "é"),
    }),
  );
  fc.assert(
    fc.property(any, any, (streamSid, text) => {
      const frames: ToTwilio[] = [
        { event: "media", streamSid, media: { payload: text } },
        { event: "mark", streamSid, mark: { name: text } },
        { event: "clear", streamSid },
      ];
      for (const frame of frames) expect(encodeTwilio(frame)).toBe(JSON.stringify(frame));
      const append: ToModel = { type: "input_audio_buffer.append", audio: text };
      expect(encodeModel(append)).toBe(JSON.stringify(append));
    }),
    SEED,
  );
});
