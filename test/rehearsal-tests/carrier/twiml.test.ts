/** TwiML: what Twilio's own library writes is understood, and what Twilio refuses is refused with its code. */

import { expect, test } from "bun:test";
import VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import { parseTwiml } from "../../rehearsal/carrier/twiml.ts";
import { TwimlError } from "../../rehearsal/carrier/twiml-parts.ts";
import { response } from "./small-edge.ts";

test("what twilio-node writes is read back, verb by verb", () => {
  const written = new VoiceResponse();
  written.say({ voice: "Polly.Joanna", language: "en-US" }, "Tom & Jerry say “hi” <now>");
  written.pause({ length: 2 });
  const gather = written.gather({ action: "/pin?state=a.b", numDigits: 6, timeout: 8, finishOnKey: "*" });
  gather.say("Your PIN, please");
  const connect = written.connect({ action: "/ended?state=x&y=1" });
  const stream = connect.stream({
    url: "wss://relay.example.com/media-stream/abc",
    statusCallback: "/voice/stream-status",
  });
  stream.parameter({ name: "profile0", value: "eyJ9" });
  stream.parameter({ name: "profile1", value: "" });
  written.dial({ action: "/after", callerId: "+15551234567" }).number("+15557654321");
  written.dial({ timeout: 25, timeLimit: 60, answerOnBridge: true }, "+15557654321");
  written.record({ action: "/left", maxLength: 120, finishOnKey: "#", timeout: 8, playBeep: true });
  written.record();
  written.redirect({ method: "GET" }, "/again");
  written.hangup();
  written.reject({ reason: "busy" });
  expect(parseTwiml(written.toString())).toEqual([
    { verb: "Say", text: "Tom & Jerry say “hi” <now>", loop: 1 },
    { verb: "Pause", lengthS: 2 },
    {
      verb: "Gather",
      action: "/pin?state=a.b",
      method: "POST",
      timeoutS: 8,
      finishOnKey: "*",
      numDigits: 6,
      actionOnEmptyResult: false,
      prompts: [{ verb: "Say", text: "Your PIN, please", loop: 1 }],
    },
    {
      verb: "Connect",
      action: "/ended?state=x&y=1",
      method: "POST",
      stream: {
        url: "wss://relay.example.com/media-stream/abc",
        name: undefined,
        statusCallback: "/voice/stream-status",
        statusCallbackMethod: "POST",
        parameters: { profile0: "eyJ9", profile1: "" },
      },
    },
    {
      verb: "Dial",
      action: "/after",
      method: "POST",
      callerId: "+15551234567",
      timeoutS: 30,
      timeLimitS: 14_400,
      answerOnBridge: false,
      number: "+15557654321",
    },
    {
      verb: "Dial",
      action: undefined,
      method: "POST",
      callerId: undefined,
      timeoutS: 25,
      timeLimitS: 60,
      answerOnBridge: true,
      number: "+15557654321",
    },
    {
      verb: "Record",
      action: "/left",
      method: "POST",
      finishOnKey: "#",
      maxLengthS: 120,
      timeoutS: 8,
      trims: true,
    },
    {
      verb: "Record",
      action: undefined,
      method: "POST",
      finishOnKey: "1234567890*#",
      maxLengthS: 3600,
      timeoutS: 5,
      trims: true,
    },
    { verb: "Redirect", url: "/again", method: "GET" },
    { verb: "Hangup" },
    { verb: "Reject", reason: "busy" },
  ]);
});

test("an empty response is a document with no verbs", () => {
  expect(parseTwiml("<Response/>")).toEqual([]);
});

const connect = (url: string, inner = ""): string =>
  response(`<Connect><Stream url="${url}">${inner}</Stream></Connect>`);
const parameter = (name: string, valueLength: number): string =>
  `<Parameter name="${name}" value="${"v".repeat(valueLength)}"/>`;
const RELAY = "wss://relay.example.com/m";
const NUMBER = "<Number>+15551234567</Number>";

test.each([
  [12100, "what is not XML", "<Response><Say>hi</Response>"],
  [12100, "a bare ampersand in a Say", response("<Say>Tom & Jerry</Say>")],
  [12102, "another root", "<Say>hi</Say>"],
  [12102, "a root in lower case", "<response/>"],
  [11750, "over 64 KB", response(`<Say>${"a".repeat(65_536)}</Say>`)],
  [12200, "an unknown verb", response("<Shout>hi</Shout>")],
  [12200, "a verb in lower case", response("<say>hi</say>")],
  [12200, "a verb this carrier does not perform", response("<Play>/x</Play>")],
  [12200, "a Redirect to nowhere", response("<Redirect/>")],
  [12200, "a Record with something in it", response("<Record><Say>hi</Say></Record>")],
  [12200, "a Record that ends at no key of a telephone", response(`<Record finishOnKey="x"/>`)],
  [12200, "a Record of a second", response(`<Record maxLength="1"/>`)],
  [12200, "a Record of over four hours", response(`<Record maxLength="14401"/>`)],
  [12200, "a Record that waits for no silence", response(`<Record timeout="0"/>`)],
  [12200, "a Record that trims otherwise", response(`<Record trim="yes"/>`)],
  [12200, "a Record with half a beep", response(`<Record playBeep="half"/>`)],
  [12200, "a Record that transcribes, which is not performed", response(`<Record transcribe="true"/>`)],
  [12200, "an unknown attribute", response(`<Say loudness="9">hi</Say>`)],
  [12200, "text between verbs", response("hello<Hangup/>")],
  [12200, "an element inside Say", response("<Say>hi <b>there</b></Say>")],
  [13520, "an empty Say", response("<Say>  </Say>")],
  [12200, "a verb inside Hangup", response("<Hangup><Say>hi</Say></Hangup>")],
  [12200, "a Dial inside Gather", response("<Gather><Dial>+15551234567</Dial></Gather>")],
  [12200, "a Gather for speech", response(`<Gather input="speech"/>`)],
  [12200, "a finishOnKey of two keys", response(`<Gather finishOnKey="##"/>`)],
  [12200, "a numDigits of none", response(`<Gather numDigits="0"/>`)],
  [12200, "a Pause that is no number", response(`<Pause length="long"/>`)],
  [12200, "an unknown method", response(`<Redirect method="PUT">/x</Redirect>`)],
  [12200, "an unknown reason to reject", response(`<Reject reason="angry"/>`)],
  [12200, "a Stream outside Connect", response(`<Stream url="${RELAY}"/>`)],
  [12200, "a Connect with nothing in it", response("<Connect/>")],
  [
    12200,
    "a Connect with two Streams",
    response(`<Connect><Stream url="${RELAY}"/><Stream url="${RELAY}"/></Connect>`),
  ],
  [12200, "a Stream without url", response("<Connect><Stream/></Connect>")],
  [12200, "a relative Stream url", connect("/media-stream/abc")],
  [31920, "a Stream url with a query string", connect(`${RELAY}?token=abc`)],
  [31920, "the same on this machine", connect("ws://localhost:5050/m?token=abc")],
  [31901, "a Stream url that is not secure", connect("ws://relay.example.com/m")],
  [31901, "a Stream url that is no WebSocket", connect("https://relay.example.com/m")],
  [31910, "a Stream url on another port", connect("wss://relay.example.com:8443/m")],
  [31901, "a host that only begins like this machine", connect("ws://localhost.example.com/m")],
  [
    12200,
    "both tracks of a bidirectional stream",
    response(`<Connect><Stream url="${RELAY}" track="both_tracks"/></Connect>`),
  ],
  [12200, "a Parameter of 500 characters", connect(RELAY, parameter("name", 496))],
  [12200, "a Parameter without name", connect(RELAY, `<Parameter value="v"/>`)],
  [12200, "a Parameter given twice", connect(RELAY, parameter("a", 1) + parameter("a", 1))],
  [12200, "something else inside Stream", connect(RELAY, "<Say>hi</Say>")],
  [13223, "a Dial to no number", response("<Dial>home</Dial>")],
  [13223, "a Dial to nobody", response("<Dial><Number/></Dial>")],
  [13223, "a Dial to a number with hyphens", response("<Dial><Number>+1-555-123-4567</Number></Dial>")],
  [13223, "a Dial to a number of no country", response("<Dial><Number>5551234567</Number></Dial>")],
  [12200, "a Dial to two", response(`<Dial>${NUMBER}${NUMBER}</Dial>`)],
  [12200, "a Dial to a number with text beside it", response(`<Dial>now ${NUMBER}</Dial>`)],
  [12200, "a Dial to a conference", response("<Dial><Conference>room</Conference></Dial>")],
  [12200, "a Number with an attribute", response(`<Dial><Number url="/x">+15551234567</Number></Dial>`)],
  [12200, "a Dial that records", response(`<Dial record="true">${NUMBER}</Dial>`)],
  [12200, "an answerOnBridge that is neither", response(`<Dial answerOnBridge="yes">${NUMBER}</Dial>`)],
  [13212, "a Dial that rings for four seconds", response(`<Dial timeout="4">${NUMBER}</Dial>`)],
  [13212, "a Dial that rings for eleven minutes", response(`<Dial timeout="660">${NUMBER}</Dial>`)],
  [13212, "a timeout that is no number", response(`<Dial timeout="25s">${NUMBER}</Dial>`)],
  [13216, "a time limit of nothing", response(`<Dial timeLimit="0">${NUMBER}</Dial>`)],
  [13216, "a time limit of over four hours", response(`<Dial timeLimit="14401">${NUMBER}</Dial>`)],
  [13214, "a callerId that is a name", response(`<Dial callerId="Ada">${NUMBER}</Dial>`)],
])("%i: %s is refused", (code, _, text) => {
  let refusal: unknown;
  try {
    parseTwiml(text);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(TwimlError);
  expect(refusal).toHaveProperty("code", code);
});

test.each([
  ["wss on port 443, named", connect("wss://relay.example.com:443/m")],
  ["ws on localhost", connect("ws://localhost:5050/m")],
  ["ws on a loopback address", connect("ws://127.0.0.1:5050/m")],
  ["ws on the loopback address of IPv6", connect("ws://[::1]:5050/m")],
  ["a Parameter of 499 characters", connect(RELAY, parameter("name", 495))],
  ["64 KB to the byte", response(`<!--${"a".repeat(65_536 - response("<!---->").length)}-->`)],
])("%s is accepted", (_, text) => {
  expect(parseTwiml(text)).toBeArray();
});
