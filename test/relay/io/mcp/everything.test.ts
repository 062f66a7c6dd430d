/** Against the official test server, in a process of its own: every tool that it has, and a restart in the middle. */
import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { PATIENCE_MS, until } from "../../../patience.ts";
import { freePort } from "../../../rehearsal/relay.ts";
import { startCutter } from "../../../rehearsal/tools/cutter.ts";
import { Desk, listed, run, serverAt } from "./desk.ts";

const desk = new Desk();
afterEach(() => desk.clear());

describe("the official test server", () => {
  const MAIN = join(
    import.meta.dir,
    "../../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js",
  );

  class Everything {
    readonly port = freePort();
    #child: Bun.Subprocess | undefined;

    get url(): string {
      return `http://127.0.0.1:${this.port}/mcp`;
    }

    async start(): Promise<void> {
      const env = { PATH: process.env.PATH ?? "", PORT: String(this.port) };
      const options = { env, stdout: "ignore", stderr: "ignore" } as const;
      this.#child = Bun.spawn([process.execPath, MAIN, "streamableHttp"], options);
      await until(() =>
        fetch(this.url).then(
          () => true,
          () => false,
        ),
      );
    }

    async stop(): Promise<void> {
      this.#child?.kill("SIGKILL");
      await this.#child?.exited;
    }
  }

  /** All of its tools, with arguments that they take and what each answers. */
  const CALLS: Readonly<Record<string, [object, RegExp]>> = {
    echo: [{ message: "hello" }, /hello/],
    "get-annotated-message": [{ messageType: "success", includeImage: true }, /success[\s\S]*\(an image\)/],
    "get-env": [{}, /PATH/],
    "get-resource-links": [{ count: 2 }, /\(a link to /],
    "get-resource-reference": [{}, /plaintext resource/],
    "get-structured-content": [{ location: "Chicago" }, /temperature/],
    "get-sum": [{ a: 2, b: 3 }, /5/],
    "get-tiny-image": [{}, /\(an image\)/],
    "gzip-file-as-resource": [{ data: "data:text/plain,hello" }, /\(a link to README\.md\.gz\)/],
    "simulate-research-query": [{ topic: "milk" }, /milk/],
    "toggle-simulated-logging": [{}, /Started/],
    "toggle-subscriber-updates": [{}, /Started/],
    "trigger-long-running-operation": [{ duration: 0.2, steps: 2 }, /completed/],
  };

  test("has all of its tools listed, mapped and called, and is started again in the middle", async () => {
    const server = desk.put(new Everything());
    await server.start();
    const catalogue = await desk.opened([serverAt(server.url)]);
    await listed(catalogue, Object.keys(CALLS));
    const answers = await Promise.all(
      Object.entries(CALLS).map(async ([name, [args, expected]]) => {
        const outcome = await run(catalogue, name, { ...args });
        return [name, outcome.is === "answered" && !outcome.isError && expected.test(outcome.text), outcome];
      }),
    );
    expect(answers.filter(([, isRight]) => isRight !== true)).toEqual([]);

    const cutter = desk.put(startCutter(server.url));
    const watched = await desk.opened([serverAt(cutter.url)]);
    const hanging = run(watched, "trigger-long-running-operation", { duration: 600, steps: 2 });
    const hasArrived = () =>
      cutter.passages.some(
        ({ request, requestBytes, sentBytes }) =>
          request.includes("trigger-long-running-operation") && sentBytes === requestBytes,
      );
    await cutter.waitFor(hasArrived, PATIENCE_MS);
    await server.stop();
    expect(await hanging).toEqual({ is: "lost" });
    await watched.close();
    expect(await run(catalogue, "toggle-simulated-logging")).toEqual({ is: "not_done", why: "unreachable" });
    await server.start();
    expect(await run(catalogue, "echo", { message: "again" })).toEqual({
      is: "answered",
      text: "Echo: again",
      isError: false,
    });
    await server.stop();
    await server.start();
    // Its session is dead, and nobody has noticed yet.
    expect(await run(catalogue, "toggle-simulated-logging")).toMatchObject({
      is: "answered",
      isError: false,
    });
    await until(() => catalogue.list.unreachable.length === 0, PATIENCE_MS);
    expect(catalogue.list.tools).toHaveLength(Object.keys(CALLS).length);
  });
});
