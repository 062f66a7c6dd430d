/** The stand-in as a process of its own: what it prints, and how it ends. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { clip, silence } from "../../rehearsal/audio/clips.ts";
import { Client } from "./client.ts";

const Ready = z.strictObject({ url: z.string(), port: z.number() });
const Line = z.looseObject({ at: z.number(), session: z.number(), what: z.string() });

test("as a process it prints its address first, then every notable moment, and ends on SIGTERM", async () => {
  const script = [{ on: "create", reply: [{ tag: 3, ms: 100 }] }];
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      new URL("../../rehearsal/model/main.ts", import.meta.url).pathname,
      ...["--port", "0", "--options", JSON.stringify({ key: "sk-mine", pace: 40, script })],
    ],
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let unread = "";
    const nextLine = async (): Promise<unknown> => {
      for (;;) {
        const end = unread.indexOf("\n");
        if (end >= 0) {
          const line = unread.slice(0, end);
          unread = unread.slice(end + 1);
          return JSON.parse(line);
        }
        const { value, done } = await reader.read();
        if (done) throw new Error("the process has closed its output");
        unread += value;
      }
    };
    const { url, port } = Ready.parse(await nextLine());
    expect(url).toBe(`ws://127.0.0.1:${port}/v1/realtime`);
    const client = await Client.ready({ url, key: "sk-mine" });
    client.send({ type: "response.create" });
    await client.next("response.done");
    client.speak(silence(300), clip("caller-mhm"));
    await client.next("input_audio_buffer.speech_started");
    client.send({ type: "conversation.item.truncate", item_id: "item_0", content_index: 0, audio_end_ms: 5 });
    await client.next("error");
    client.close();
    const whats: string[] = [];
    while (whats.at(-1) !== "closed") whats.push(Line.parse(await nextLine()).what);
    expect(whats).toEqual([
      "opened",
      "settings_taken",
      "response_started",
      "first_sound",
      "response_done",
      "speech_started",
      "truncate",
      "error",
      "closed",
    ]);
  } finally {
    child.kill("SIGTERM");
  }
  expect(await child.exited).toBe(0);
});

test("an option that there is not ends the process with an error", async () => {
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      new URL("../../rehearsal/model/main.ts", import.meta.url).pathname,
      ...["--options", '{"paec":4}'],
    ],
    stdout: "ignore",
    stderr: "pipe",
  });
  expect(await child.exited).toBe(1);
  expect(await child.stderr.text()).toContain("paec");
});
