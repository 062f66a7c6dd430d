/**
 * The recipe for an MCP server of one's own, followed: the real server, asked by the SDK's own client.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import "../../../patience.ts";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, connect, type Running, runToItsEnd, startServer, TOKEN } from "./running.ts";

let folder: string;
let tokenFile: string;
let running: Running;
const args = (data: string): string[] => [
  "--port",
  "0",
  "--data",
  join(folder, data),
  "--token-file",
  tokenFile,
];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mcp-server-"));
  tokenFile = join(folder, "token");
  writeFileSync(tokenFile, `${TOKEN}\n`);
  running = await startServer(args("shared"));
});
afterAll(async () => {
  await running.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** A whole HTTP request as it stands, for what fetch does not send. */
function raw(lines: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connectTcp(Number(running.url.port), "127.0.0.1", () => {
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  });
  socket.on("data", (bytes) => {
    answer += bytes.toString();
  });
  socket.on("end", () => resolve(answer));
  socket.on("error", reject);
  return promise;
}

describe("a request", () => {
  const post = (headers: Record<string, string>, path = "/mcp", method = "POST") =>
    fetch(new URL(path, running.url), {
      method,
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        ...headers,
      },
      ...(method === "POST" && { body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' }),
    });
  const GOOD = { Authorization: `Bearer ${TOKEN}` };

  test("without the token, or with another, is 401 and learns nothing", async () => {
    const wrong = [
      {},
      { Authorization: "" },
      { Authorization: TOKEN },
      { Authorization: "Bearer" },
      { Authorization: `Bearer ${TOKEN.slice(0, -1)}` },
      { Authorization: `Bearer ${TOKEN}0` },
      { Authorization: `Basic ${btoa(`user:${TOKEN}`)}` },
    ];
    for (const headers of wrong) {
      for (const path of ["/mcp", "/elsewhere"]) {
        const response = await post(headers, path);
        expect([headers, response.status]).toEqual([headers, 401]);
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
        expect(await response.text()).toBe("");
      }
    }
    await expect(connect(() => running.url, "Bearer wrong")).rejects.toMatchObject({ code: 401 });
  });

  test("with the token is answered, at the one path and by the one method", async () => {
    expect((await post(GOOD)).status).toBe(200);
    expect((await post(GOOD, "/")).status).toBe(404);
    for (const method of ["GET", "DELETE", "PUT"]) {
      const response = await post(GOOD, "/mcp", method);
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "POST"]);
    }
  });

  test("for another host is 403, whatever it holds: a web page cannot use the browser for it", async () => {
    for (const host of [
      "shopping.example.com",
      `shopping.example.com:${running.url.port}`,
      "127.0.0.1.example.com",
    ]) {
      const answer = await raw([
        "POST /mcp HTTP/1.1",
        `Host: ${host}`,
        `Authorization: Bearer ${TOKEN}`,
        "Content-Length: 0",
        "Connection: close",
      ]);
      expect(answer).toStartWith("HTTP/1.1 403 ");
    }
  });

  test("that says it will be endless is 413 before it is read", async () => {
    const answer = await raw([
      "POST /mcp HTTP/1.1",
      "Host: localhost",
      `Authorization: Bearer ${TOKEN}`,
      "Content-Type: application/json",
      `Content-Length: ${64 * 1024 + 1}`,
      "Connection: close",
    ]);
    expect(answer).toStartWith("HTTP/1.1 413 ");
  });
});

describe("the server", () => {
  test("keeps the list through a restart, and a client that was connected goes on by itself", async () => {
    const first = await startServer(args("kept"));
    let { url } = first;
    const client = await connect(() => url);
    await ask(client, "add_to_shopping_list", ["milk"]);
    expect((await first.kill("SIGKILL")).code).not.toBe(0);
    const second = await startServer(args("kept"));
    ({ url } = second);
    expect(await ask(client, "read_shopping_list")).toBe("On the list: milk.");
    await client.close();
    const { code, errors } = await second.kill();
    expect([code, errors]).toEqual([0, ""]);
  });

  test("takes what comes at once, each thing once", async () => {
    const own = await startServer(args("at-once"));
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect(() => own.url)));
    const answers = await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: 10 }, (_, n) => ask(client, "add_to_shopping_list", [`thing ${n}`])),
      ),
    );
    expect(answers.filter((answer) => answer.startsWith("Now on"))).toHaveLength(10);
    const list = await ask(clients[0] ?? (await connect(() => own.url)), "read_shopping_list");
    expect(list.split(", ")).toHaveLength(10);
    await Promise.all(clients.map((client) => client.close()));
    await own.kill();
  });

  test("writes no word of what it is asked, and keeps its folder to itself", async () => {
    const own = await startServer(args("silent"));
    const client = await connect(() => own.url);
    await ask(client, "add_to_shopping_list", ["canary"]);
    await client.close();
    const { output, errors } = await own.kill();
    expect(output).toBe(`listening on ${own.url}\n`);
    expect(errors).toBe("");
    expect(statSync(join(folder, "silent")).mode & 0o777).toBe(0o700);
  });

  test("that cannot start says why, how it is started, and exits with 78, without the token", async () => {
    const short = join(folder, "short");
    writeFileSync(short, "canary-token");
    const spaced = join(folder, "spaced");
    writeFileSync(spaced, `canary ${TOKEN}`);
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    const data = join(folder, "never");
    for (const [given, why] of [
      [[], "--data is missing"],
      [["--data", data], "--token-file is missing"],
      [["--data", data, "--token-file", join(folder, "none")], "cannot be read"],
      [["--data", data, "--token-file", short], "is not 32 characters long"],
      [["--data", data, "--token-file", spaced], "holds a space"],
      [["--data", join(file, "x"), "--token-file", tokenFile], "cannot be written"],
      [["--port", "x", "--data", data, "--token-file", tokenFile], "--port x is not a port"],
      [["--prot", "1"], "--prot"],
    ] as const) {
      const { code, output, errors } = await runToItsEnd(given);
      expect([why, code, output]).toEqual([why, 78, ""]);
      expect(errors).toContain(why);
      expect(errors).toContain("--token-file   holds the token");
      expect(errors).not.toContain("canary");
    }
  });
});
