/**
 * The same over TLS, as every real server is asked: whether a request left is known there too. In a process of its own,
 * which is told at its start to trust a certificate of ours.
 */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "../../../patience.ts";
import { answer, RawServer } from "./raw-server.ts";
import { selfSigned } from "./self-signed.ts";

const HTTP = join(import.meta.dir, "../../../../relay/io/mcp/http.ts");
/** Asks once for each letter: f over a connection of its own, k over a kept one. Says how each went. */
const ASKS = `
  const { Http, Unanswered, Unsent } = await import(${JSON.stringify(HTTP)});
  const [url, kinds] = process.argv.slice(-2);
  const http = new Http(url);
  const signal = new AbortController().signal;
  for (const kind of kinds) {
    const asked = { method: "POST", headers: {}, body: "{}", isFresh: kind === "f", signal };
    try {
      const answer = await http.ask(asked);
      console.log(answer.status, await answer.text());
    } catch (thrown) {
      console.log(thrown instanceof Unsent ? "unsent" : thrown instanceof Unanswered ? "unanswered" : "?", thrown.why);
    }
  }
  process.exit(0);`;

const undo: Array<() => unknown> = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function asked(
  kinds: string,
  act: (n: number, socket: Socket) => void,
  given: { host?: string; isTrusted?: boolean } = {},
): Promise<{ said: string[]; server: RawServer }> {
  const tls = selfSigned();
  const server = await RawServer.start(({ n }, socket) => act(n, socket), { tls });
  undo.push(() => server.stop());
  const folder = mkdtempSync(join(tmpdir(), "https-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const trusted = join(folder, "cert.pem");
  writeFileSync(trusted, tls.cert);
  const url = `https://${given.host ?? "localhost"}:${server.port}/mcp`;
  const child = Bun.spawn([process.execPath, "-e", ASKS, url, kinds], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? "",
      ...(given.isTrusted !== false && { NODE_EXTRA_CA_CERTS: trusted }),
    },
    stdout: "pipe",
    stderr: "inherit",
  });
  const said = (await new Response(child.stdout).text()).trim().split("\n");
  return { said, server };
}

test("answers come, over connections of their own and over kept ones", async () => {
  const { said, server } = await asked("fkkf", (_, socket) => answer(socket, "yes"));
  expect(said).toEqual(["200 yes", "200 yes", "200 yes", "200 yes"]);
  expect(server.requests.map(({ connection }) => connection)).toEqual([1, 2, 2, 3]);
});

test("what had left and was not answered is known to have left", async () => {
  const ends: ReadonlyArray<(socket: Socket) => void> = [
    (socket) => socket.destroy(),
    (socket) => socket.end(),
    (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
  ];
  for (const end of ends) {
    const { said, server } = await asked("ff", (n, socket) =>
      n === 1 ? end(socket) : answer(socket, "yes"),
    );
    expect(said).toEqual(["unanswered broken", "200 yes"]);
    expect(server.requests).toHaveLength(2);
  }
});

test("nothing leaves for a host that the certificate is not for, or whose certificate nobody trusts", async () => {
  for (const given of [{ host: "127.0.0.1" }, { isTrusted: false }]) {
    const { said, server } = await asked("fk", (_, socket) => answer(socket, "yes"), given);
    expect(said).toEqual(["unsent tls", "unsent tls"]);
    expect(server.requests).toEqual([]);
  }
});
