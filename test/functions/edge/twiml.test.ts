import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import VoiceResponse from "twilio/lib/twiml/VoiceResponse";
import { farewell } from "../../../functions/edge/sentences.ts";
import { twiml, type Verb } from "../../../functions/edge/twiml.ts";

const connect = (text: string): Verb => ({
  verb: "connect",
  action: `https://edge.example.com/voice/ended?state=${text}`,
  stream: {
    url: `wss://relay.example.com/media-stream/${text}`,
    statusCallback: "https://edge.example.com/voice/stream-status",
    parameters: [
      { name: "profile0", value: text },
      { name: "profile1", value: "eyJ9" },
    ],
  },
});

/** The same document by twilio's own builder. */
function byTwilio(verbs: readonly Verb[]): string {
  const response = new VoiceResponse();
  for (const verb of verbs) {
    switch (verb.verb) {
      case "say":
        response.say({ language: "en-US" }, verb.text);
        break;
      case "hangup":
        response.hangup();
        break;
      case "reject":
        response.reject();
        break;
      case "pause":
        response.pause({ length: verb.lengthS });
        break;
      case "redirect":
        response.redirect(verb.url);
        break;
      case "record": {
        const { action, finishOnKey, maxLengthS: maxLength, timeoutS: timeout } = verb;
        response.record({ action, finishOnKey, maxLength, timeout });
        break;
      }
      case "gather": {
        const { action, finishOnKey, numDigits, timeoutS: timeout, prompt } = verb;
        response
          .gather({ input: ["dtmf"], action, finishOnKey, numDigits, timeout })
          .say({ language: "en-US" }, prompt.text);
        break;
      }
      case "dial": {
        const { action, timeoutS: timeout, number } = verb;
        response.dial({ action, timeout, answerOnBridge: true }).number(number);
        break;
      }
      case "connect": {
        const { url, statusCallback, parameters } = verb.stream;
        const stream = response.connect({ action: verb.action }).stream({ url, statusCallback });
        for (const parameter of parameters) stream.parameter(parameter);
        break;
      }
      default:
        verb satisfies never;
    }
  }
  return response.toString();
}

const gather = (text: string): Verb => ({
  verb: "gather",
  action: `https://edge.example.com/voice/pin?state=${text}`,
  finishOnKey: "#",
  numDigits: 10,
  timeoutS: 8,
  prompt: { language: "en-US", text: `.${text}` },
});

const dial = (text: string): Verb => ({
  verb: "dial",
  action: `https://edge.example.com/voice/transferred?state=${text}`,
  timeoutS: 25,
  number: `+1555${text}`,
});

const redirect = (text: string): Verb => ({
  verb: "redirect",
  url: `https://edge.example.com/voice/ended?state=${text}`,
});

const record = (text: string): Verb => ({
  verb: "record",
  action: `https://edge.example.com/voice/message${text}`,
  finishOnKey: "#",
  maxLengthS: 120,
  timeoutS: 5,
});

const printed = (verbs: readonly Verb[]) => twiml(verbs);

describe("TwiML", () => {
  test("is what twilio's own builder prints", () => {
    for (const verbs of [
      [],
      [{ verb: "reject" }],
      [{ verb: "hangup" }],
      farewell("unavailable"),
      farewell("lost"),
      [gather("eyJhbGciOiJIUzI1NiJ9.eyJ9.c2ln"), ...farewell("noPin")],
      [connect("eyJhbGciOiJIUzI1NiJ9.eyJ9.c2ln"), ...farewell("unavailable")],
      [dial("1234567")],
      [{ verb: "pause", lengthS: 1 }, redirect("eyJhbGciOiJIUzI1NiJ9.eyJ9.c2ln")],
      [record(""), { verb: "hangup" }],
    ] satisfies ReadonlyArray<readonly Verb[]>) {
      expect(printed(verbs)).toBe(byTwilio(verbs));
    }
  });

  test("escapes as twilio's builder does whatever text it is given", () => {
    // Twilio's builder passes control characters on and makes XML that no parser takes; those are tested below.
    const text = fc.string({ unit: fc.constantFrom(...`abc &<>"'\`\t\n\r;#xé語😀]]>`) });
    fc.assert(
      fc.property(text, (any) => {
        const verbs: readonly Verb[] = [
          connect(any),
          gather(any),
          dial(any),
          redirect(any),
          record(any),
          { verb: "say", language: "en-US", text: `.${any}` },
        ];
        expect(printed(verbs)).toBe(byTwilio(verbs));
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  test("leaves no way out of an attribute or an element", () => {
    const xml = printed([
      connect('"/><Dial>+15551234567</Dial><x a="'),
      { verb: "say", language: "en-US", text: "</Say><Dial>" },
    ]);
    expect(xml).not.toContain("<Dial>");
    expect(xml).toContain("state=&quot;/>&lt;Dial>");
  });

  test("drops what XML cannot hold at all", () => {
    expect(
      printed([{ verb: "say", language: "en-US", text: "a\u0000b\u0008c\uffffd\ud800e\u001f😀" }]),
    ).toContain(">abcde😀<");
  });
});
