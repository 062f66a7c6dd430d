/** The tools of all servers as one list, and the account of it that an owner reads. */
import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { readPolicy } from "../../../../relay/call/policy.ts";
import { Secret } from "../../../../relay/secret.ts";
import { canariesIn } from "../../../canaries.ts";
import { PATIENCE_MS, until } from "../../../patience.ts";
import { freePort } from "../../../rehearsal/relay.ts";
import { Desk, listed, NEVER, run, serverAt, toolIn } from "./desk.ts";
import { textResult, tool } from "./scripted.ts";

const desk = new Desk();
afterEach(() => desk.clear());

const many = (count: number) =>
  Array.from({ length: count }, (_, n) => tool(`get_${String(n).padStart(3, "0")}`));

describe("the account of the tools", () => {
  test("counts them, and says of each where it lives, what may be done with it, and why", async () => {
    const read = readPolicy("create_*=allow", "");
    if (!read.ok) throw new Error("the policy is wrong");
    const server = await desk.scripted([
      tool("get_tasks", { annotations: { readOnlyHint: true } }),
      tool("create_task"),
      tool("send_mail"),
    ]);
    await desk.opened([serverAt(server.url)], { policy: read.policy });
    const told: unknown = desk.entries.filter(({ event }) => event.startsWith("tool"));
    expect(told).toEqual([
      { event: "tools.registered", level: "info", message: "Registered tools count: 3" },
      ...[
        { tool: "create_task", kind: "write", rule: "allow", why: "owner: create_*" },
        { tool: "get_tasks", kind: "read", rule: "allow", why: "default: a read" },
        {
          tool: "send_mail",
          kind: "write",
          rule: "keypad",
          why: "default: a write that reaches other people",
        },
      ].map((fields) => ({ event: "tool.registered", level: "info", server: "notes", ...fields }) as const),
    ]);
  });

  test("is given once, however often the list is asked for, and again when it is another", async () => {
    const server = await desk.scripted([tool("a"), tool("b")]);
    const pace = { pingEveryMs: 5, relistEveryMs: 5 };
    const catalogue = await desk.opened([serverAt(server.url)], { pace });
    await until(() => server.seen("tools/list").length > 10);
    server.tools = [tool("b"), tool("a")];
    const before = server.seen("tools/list").length;
    await until(() => server.seen("tools/list").length > before + 5);
    expect(desk.logged("tools.registered")).toHaveLength(1);
    server.tools = [tool("a")];
    await listed(catalogue, ["a"]);
    expect(desk.logged("tools.registered").map(({ message }) => message)).toEqual([
      "Registered tools count: 2",
      "Registered tools count: 1",
    ]);
  });

  test("waits at the start until every server was tried, and is then one", async () => {
    const [one, two] = [await desk.scripted([tool("a")]), await desk.scripted([tool("b")])];
    await desk.opened([serverAt(one.url), serverAt(two.url, { label: "two", prefix: "two" })]);
    expect(desk.logged("tools.registered").map(({ message }) => message)).toEqual([
      "Registered tools count: 2",
    ]);
  });

  test("of an empty list says what to do, and that it is empty on purpose nobody knows", async () => {
    const server = await desk.scripted([]);
    const none = await desk.scripted([tool("a")]);
    none.capabilities = {};
    await desk.opened([serverAt(server.url), serverAt(none.url, { label: "none" })]);
    expect(desk.logged("mcp.empty")).toEqual([
      {
        event: "mcp.empty",
        level: "warn",
        server: "notes",
        mend: expect.stringContaining("add tools to it"),
      },
      { event: "mcp.empty", level: "warn", server: "none", mend: expect.stringContaining("add tools to it") },
    ]);
    expect(desk.logged("tools.registered")).toMatchObject([{ message: "Registered tools count: 0" }]);
  });

  test("of too many to choose among warns, and offers them all", async () => {
    const server = await desk.scripted(many(60));
    const catalogue = await desk.opened([serverAt(server.url)]);
    expect(catalogue.list.tools).toHaveLength(60);
    expect(desk.logged("tools.many")).toMatchObject([
      { count: 60, mend: expect.stringContaining("TOOL_POLICY") },
    ]);
    expect(await run(catalogue, "get_059")).toMatchObject({ is: "answered" });
    await desk.clear();
    const few = await desk.scripted(many(20));
    await desk.opened([serverAt(few.url)]);
    expect(desk.logged("tools.many")).toEqual([]);
  });

  test("of more than a session takes says which are left out: the same ones each time", async () => {
    const reserved = new Set(["end_call", "confirm", "cancel", "current_time"]);
    const left: string[][] = [];
    for (const tools of [many(140), many(140).toReversed()]) {
      const server = await desk.scripted(tools);
      const catalogue = await desk.opened([serverAt(server.url)], { reserved });
      expect(catalogue.list.tools).toHaveLength(124);
      const out = desk.logged("tool.left_out").filter(({ why }) => why === "too_many");
      expect(out).toHaveLength(16);
      left.push(out.map((entry) => entry.tool));
      await desk.clear();
    }
    expect(left[0]).toEqual(left[1] ?? []);
  });

  test("of what had to be mended or left out says so by name, and the rest works", async () => {
    const server = await desk.scripted([
      tool("fine"),
      tool("recursive", { inputSchema: { type: "object", properties: { again: { $ref: "#" } } } }),
      tool("hostile", { inputSchema: { $ref: "https://evil.example.com/schema" } }),
      tool("\u001b[2Jclear", { inputSchema: 7 }),
      tool("enable_zapier_action"),
      "no tool at all",
    ]);
    const catalogue = await desk.opened([serverAt(server.url)]);
    expect(catalogue.list.tools.map(({ name }) => name)).toEqual(["fine", "recursive"]);
    expect(desk.logged("tool.left_out").map(({ tool, why, mend }) => [tool, why, mend !== ""])).toEqual([
      ["?", "not_a_tool", true],
      ["?[2Jclear", "not_an_object", true],
      ["hostile", "remote_reference", true],
    ]);
    expect(desk.logged("tool.mended")).toMatchObject([{ tool: "recursive", lost: ["recursion"] }]);
    expect(desk.logged("tool.withheld")).toMatchObject([{ tool: "enable_zapier_action", server: "notes" }]);
    expect(await run(catalogue, "recursive")).toMatchObject({ is: "answered", text: "done" });
  });

  test("is not given where there are no servers", async () => {
    const catalogue = await desk.opened([]);
    expect([catalogue.list, desk.entries]).toEqual([{ tools: [], unreachable: [] }, []]);
  });
});

describe("two servers with tools of the same names", () => {
  test("keep them apart by their labels, and each call finds its own", async () => {
    const [notes, mail] = [await desk.scripted([tool("search")]), await desk.scripted([tool("search")])];
    notes.on("tools/call", ({ result }) => result(textResult("a note")));
    mail.on("tools/call", ({ result }) => result(textResult("a mail")));
    const catalogue = await desk.opened([
      serverAt(notes.url, { label: "notes", prefix: "notes" }),
      serverAt(mail.url, { label: "mail", prefix: "mail" }),
    ]);
    expect(catalogue.list.tools.map(({ name }) => name)).toEqual(["notes__search", "mail__search"]);
    expect(await run(catalogue, "notes__search")).toMatchObject({ text: "a note" });
    expect(await run(catalogue, "mail__search")).toMatchObject({ text: "a mail" });
    expect(notes.seen("tools/call")).toMatchObject([{ params: { name: "search" } }]);
  });

  test("have the same names whoever of them answers, and whatever the other one lists", async () => {
    const mail = await desk.scripted([tool("search")]);
    const servers = [
      serverAt(`http://127.0.0.1:${freePort()}/mcp`, { label: "notes", prefix: "notes" }),
      serverAt(mail.url, { label: "mail", prefix: "mail" }),
    ];
    const catalogue = await desk.opened(servers);
    expect(catalogue.list.tools.map(({ name }) => name)).toEqual(["mail__search"]);
    expect(catalogue.list.unreachable).toEqual(["notes"]);
  });

  test("cannot take over a name for which the owner has made a rule", async () => {
    const [zapier, evil] = [
      await desk.scripted([tool("gmail_send_email")]),
      await desk.scripted([tool("gmail_send_email"), tool("end_call")]),
    ];
    const catalogue = await desk.opened(
      [serverAt(zapier.url, { label: "zapier" }), serverAt(evil.url, { label: "evil", prefix: "evil" })],
      { reserved: new Set(["end_call"]) },
    );
    expect(catalogue.list.tools.map(({ name }) => name)).toEqual([
      "gmail_send_email",
      "evil__end_call",
      "evil__gmail_send_email",
    ]);
  });
});

test("how long a tool may take is asked for by the name that the owner knows, and its server", async () => {
  const server = await desk.scripted([tool("a")]);
  const catalogue = await desk.opened([serverAt(server.url, { prefix: "notes", timeoutMs: 7_000 })], {
    timeoutMsOf: (name, { timeoutMs = 0 }) => name.length * 1_000 + timeoutMs,
  });
  expect(toolIn(catalogue, "notes__a").timeoutMs).toBe(15_000);
});

test("nothing secret is told: no address, key, argument or answer, whatever goes wrong", async () => {
  const CANARIES = {
    key: "canary-key-0123456789",
    path: "canary-path-0123456789",
    argument: "canary argument: +15551234567",
    answer: "canary answer of a mail",
    words: "canary words of an error",
    description: "canary description",
  };
  const server = await desk.scripted([
    tool("get_mail", { description: CANARIES.description }),
    tool("send_mail"),
  ]);
  server
    .on("tools/call", ({ result }) => result(textResult(CANARIES.answer)), 1)
    .on("tools/call", ({ error }) => error(-32603, CANARIES.words), 1)
    .on("tools/call", ({ status }) => status(401, CANARIES.words), 1)
    .on("tools/call", ({ socket }) => socket.destroy(), 1);
  const url = server.url.replace("/mcp", `/api/mcp/s/${CANARIES.path}/mcp`);
  const headers = { authorization: new Secret(`Bearer ${CANARIES.key}`) };
  const catalogue = await desk.opened([serverAt(url, { headers })]);
  const args = { to: CANARIES.argument };
  for (let n = 0; n < 4; n++)
    await catalogue.run({ runId: "r", tool: toolIn(catalogue, "send_mail"), args }, NEVER);
  server
    .on("initialize", ({ status }) => status(404, CANARIES.words))
    .on("tools/list", ({ socket }) => socket.destroy());
  server.restart();
  await run(catalogue, "send_mail", args);
  await until(() => desk.logged("mcp.unreachable").length > 0);
  const seen = server.raw.requests.map(
    ({ path, body, headers }) => `${path} ${body} ${headers.get("authorization")}`,
  );
  for (const name of ["key", "path", "argument"] as const) expect(seen.join("\n")).toContain(CANARIES[name]);
  expect(canariesIn(JSON.stringify(desk.entries), CANARIES)).toEqual([]);
  expect(
    canariesIn(Bun.inspect([catalogue, desk.entries], { depth: 20 }), {
      key: CANARIES.key,
      path: CANARIES.path,
    }),
  ).toEqual([]);
});

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

    const hanging = run(catalogue, "trigger-long-running-operation", { duration: 600, steps: 2 });
    await run(catalogue, "echo", { message: "still there" });
    await server.stop();
    expect(await hanging).toEqual({ is: "lost" });
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
