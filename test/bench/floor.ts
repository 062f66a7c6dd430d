/**
 * The floor: the least that a forwarder between Twilio and the model can do in this runtime. No token, no signature, no
 * store, no checks, no state, no time-outs, no playhead; it trusts every byte.
 *
 * "The same frames" means that over its sockets goes what goes over the relay's under the same load, no more and no
 * less, in frames of the same shape and about the same length:
 *   - up: each `media` of Twilio's becomes one `input_audio_buffer.append`;
 *   - down: each `response.output_audio.delta` becomes one `media` and, behind it in the same write, one `mark`;
 *   - the marks that Twilio echoes come in and are ignored; so is every other event of the model's;
 *   - one `session.update` when both sides are open.
 * The relay's second mark, ahead of audio that finds the carrier's queue empty (about one a reply), is its own cost.
 *
 * There are two of it. The floor that the relay is held against reads and writes its frames as the JSON that they are
 * (`json: "parse"`), as any program must that is to survive a reordered key. The other (`json: "cut"`) takes the audio out
 * of the text between two known strings, blind to all else, and pastes it into the other's: no program that could be
 * run, but nothing in this runtime can be cheaper, and so it is measured and shown beside it.
 *
 *   bun test/bench/floor.ts '{"modelUrl":"ws://…","json":"parse"}'      prints {"port":…}
 */
import { z } from "zod";

export const FloorOptions = z.strictObject({
  modelUrl: z.string(),
  json: z.enum(["parse", "cut"]),
});
export type FloorOptions = z.infer<typeof FloorOptions>;

const SESSION_UPDATE = JSON.stringify({
  type: "session.update",
  session: {
    type: "realtime",
    instructions: "You are a helpful personal assistant.",
    output_modalities: ["audio"],
    audio: {
      input: { format: { type: "audio/pcmu" }, turn_detection: { type: "server_vad" } },
      output: { format: { type: "audio/pcmu" }, voice: "marin" },
    },
  },
});

// Trusted as they come: not even the shape is checked.
type Media = { media: { payload: string } };
type Delta = { delta: string };
type Start = { streamSid: string };
const trust = <T>(text: string): T => JSON.parse(text);

type Line = { model: WebSocket | undefined; streamSid: string; marks: number };

/** What stands between `before` and the next quotation mark. */
function cut(text: string, before: string): string {
  const from = text.indexOf(before) + before.length;
  return text.slice(from, text.indexOf('"', from));
}

export function startFloor({ modelUrl, json }: FloorOptions): Bun.Server<Line> {
  const audioFromTwilio = (text: string): string | undefined => {
    if (!text.startsWith('{"event":"media"')) return undefined;
    return json === "cut" ? cut(text, '"payload":"') : trust<Media>(text).media.payload;
  };
  const audioFromModel = (text: string): string | undefined => {
    if (!text.startsWith('{"type":"response.output_audio.delta"')) return undefined;
    return json === "cut" ? cut(text, '"delta":"') : trust<Delta>(text).delta;
  };
  const append = (audio: string): string =>
    json === "cut"
      ? `{"type":"input_audio_buffer.append","audio":"${audio}"}`
      : JSON.stringify({ type: "input_audio_buffer.append", audio });
  const media = (streamSid: string, payload: string): string =>
    json === "cut"
      ? `{"event":"media","streamSid":"${streamSid}","media":{"payload":"${payload}"}}`
      : JSON.stringify({ event: "media", streamSid, media: { payload } });
  const mark = (streamSid: string, name: string): string =>
    json === "cut"
      ? `{"event":"mark","streamSid":"${streamSid}","mark":{"name":"${name}"}}`
      : JSON.stringify({ event: "mark", streamSid, mark: { name } });

  return Bun.serve<Line>({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, server) => {
      const data: Line = { model: undefined, streamSid: "", marks: 0 };
      return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 400 });
    },
    websocket: {
      perMessageDeflate: false,
      open: (socket) => {
        const line = socket.data;
        const model = new WebSocket(modelUrl, { perMessageDeflate: false });
        line.model = model;
        model.onopen = () => model.send(SESSION_UPDATE);
        model.onmessage = ({ data }) => {
          const audio = audioFromModel(data);
          if (audio === undefined) return;
          const { streamSid } = line;
          socket.cork(() => {
            socket.send(media(streamSid, audio));
            socket.send(mark(streamSid, `0.${line.marks++}`));
          });
        };
        model.onclose = () => socket.close();
      },
      message: (socket, message) => {
        const text = String(message);
        const audio = audioFromTwilio(text);
        if (audio !== undefined) socket.data.model?.send(append(audio));
        else if (text.startsWith('{"event":"start"')) {
          socket.data.streamSid = trust<Start>(text).streamSid;
        }
      },
      close: (socket) => socket.data.model?.close(),
    },
  });
}

if (import.meta.main) {
  const floor = startFloor(FloorOptions.parse(JSON.parse(process.argv[2] ?? "{}")));
  process.stdout.write(`${JSON.stringify({ port: floor.port })}\n`);
  // Whoever measures has gone.
  process.stdin.on("end", () => process.exit(0)).resume();
}
