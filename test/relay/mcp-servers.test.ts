/** Which MCP servers there are: from Zapier's variables and from an mcp.json, and what is refused with which words. */
import { describe, expect, test } from "bun:test";
import { mcpServersFrom } from "../../relay/mcp-servers.ts";
import { type Env, printFindings, Reader } from "../../relay/variables.ts";

/** A place for a variable, as it stands in the file. */
const at = (inside: string): string => `\u{24}{${inside}}`;

function read(env: Env, file?: unknown) {
  const reader = new Reader(env);
  const text = file === undefined || typeof file === "string" ? file : JSON.stringify(file);
  const servers = mcpServersFrom(reader, env, text).map(({ url, headers, ...server }) => ({
    ...server,
    url: url.reveal(),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
  }));
  return { servers, problems: reader.problems, warnings: reader.warnings };
}
const wrong = (mcpServers: unknown, env: Env = {}) =>
  read(env, { mcpServers }).problems.map(({ problem }) => problem);
const doubts = (env: Env, file?: unknown) => read(env, file).warnings.map(({ problem }) => problem);

describe("Zapier's", () => {
  test("needs no more than its token", () => {
    expect(read({ ZAPIER_MCP_TOKEN: "zap-1" })).toEqual({
      servers: [
        {
          label: "zapier",
          url: "https://mcp.zapier.com/api/v1/connect",
          headers: { authorization: "Bearer zap-1" },
          keptIn: "ZAPIER_MCP_TOKEN",
          prefix: undefined,
          timeoutMs: undefined,
        },
      ],
      problems: [],
      warnings: [],
    });
  });

  test("is found by the older key in base64, where that kind is at home", () => {
    const { servers, warnings } = read({ ZAPIER_MCP_PASSWORD: "c2VjcmV0" });
    expect(servers).toMatchObject([
      { url: "https://mcp.zapier.com/api/mcp/mcp", headers: { authorization: "Bearer c2VjcmV0" } },
    ]);
    expect(warnings).toEqual([]);
  });

  test("may have its key in its address", () => {
    for (const url of [
      "https://mcp.zapier.com/api/mcp/s/c2VjcmV0/mcp",
      "https://mcp.zapier.com/api/v1/connect?token=c2VjcmV0",
    ]) {
      const { servers, warnings } = read({ ZAPIER_MCP_URL: url });
      expect(servers).toMatchObject([{ url, headers: {}, keptIn: "ZAPIER_MCP_URL" }]);
      expect(warnings).toEqual([]);
    }
  });

  test("without any key is doubted, and with two the newer counts", () => {
    expect(doubts({ ZAPIER_MCP_URL: "https://mcp.zapier.com/api/v1/connect" })).toEqual([
      "has no key in it, and there is no ZAPIER_MCP_TOKEN",
    ]);
    const both = read({ ZAPIER_MCP_TOKEN: "new", ZAPIER_MCP_PASSWORD: "old" });
    expect(both.servers).toMatchObject([{ headers: { authorization: "Bearer new" } }]);
    expect(both.warnings).toMatchObject([{ variable: "ZAPIER_MCP_PASSWORD" }]);
  });

  test("is not there where nothing is set", () => {
    expect(read({})).toEqual({ servers: [], problems: [], warnings: [] });
  });
});

test("an address is https, but on this machine, with no key in front of its host, and no SSE endpoint", () => {
  const problemWith = (url: string) => read({ ZAPIER_MCP_URL: url }).problems[0]?.problem;
  for (const url of ["http://localhost:3001/mcp", "http://127.0.0.1:3001/mcp", "http://[::1]:3001/mcp"]) {
    expect(problemWith(url)).toBeUndefined();
  }
  for (const url of [
    "http://mcp.example.com/mcp",
    "http://10.0.0.1/mcp",
    "ftp://x/",
    "http://127.0.0.1.example.com/",
  ]) {
    expect(problemWith(url)).toContain("https://");
  }
  expect(problemWith("https://user:pass@mcp.example.com/")).toContain("a user or a password");
  expect(problemWith("https://mcp.zapier.com/api/mcp/s/x/sse")).toContain("SSE");
  expect(problemWith("not an address")).toBe("is not a URL");
});

describe("mcp.json", () => {
  test("is taken as people have it", () => {
    const { servers, problems, warnings } = read(
      { NOTES_KEY: "key-1", HOST: "notes.example.com" },
      {
        mcpServers: {
          notes: {
            type: "http",
            url: `https://${at("HOST")}/mcp/${at("NOTES_PATH:-v1")}`,
            headers: {
              Authorization: `Bearer ${at("NOTES_KEY")}`,
              "X-Also": `${at("env:NOTES_KEY")}${at("NONE:-")}`,
            },
            timeout: 35_000,
          },
          "home (lights)": { url: "http://localhost:8123/mcp" },
          off: { url: `${at("NOT_SET")}`, disabled: true },
        },
      },
    );
    expect([problems, warnings]).toEqual([[], []]);
    expect(servers).toEqual([
      {
        label: "notes",
        url: "https://notes.example.com/mcp/v1",
        headers: { authorization: "Bearer key-1", "x-also": "key-1" },
        keptIn: '"notes" in mcp.json',
        prefix: "notes",
        timeoutMs: 35_000,
      },
      {
        label: "home (lights)",
        url: "http://localhost:8123/mcp",
        headers: {},
        keptIn: '"home (lights)" in mcp.json',
        prefix: "home_lights",
        timeoutMs: undefined,
      },
    ]);
  });

  test("gives a lone server's tools their own names, and Zapier's beside others theirs", () => {
    const one = { notes: { url: "https://notes.example.com/mcp" } };
    const prefixes = (env: Env, mcpServers: unknown) =>
      read(env, { mcpServers }).servers.map(({ label, prefix }) => [label, prefix]);
    expect(prefixes({}, one)).toEqual([["notes", undefined]]);
    expect(prefixes({ ZAPIER_MCP_TOKEN: "x" }, one)).toEqual([
      ["zapier", undefined],
      ["notes", "notes"],
    ]);
    expect(prefixes({}, { ...one, zapier: { url: "https://mcp.zapier.com/api/v1/connect" } })).toEqual([
      ["notes", "notes"],
      ["zapier", "zapier"],
    ]);
  });

  test("names the variable that is missing", () => {
    const entry = {
      url: `https://${at("HOST")}/mcp`,
      headers: { Authorization: `Bearer ${at("KEY")}`, B: `${at("input:key")}` },
    };
    expect(wrong({ notes: entry }, { KEY: " " })).toEqual([
      '"notes" needs the variable HOST in its "url", and it is not set',
      '"notes" needs the variable KEY in its header "Authorization", and it is not set',
      `"notes" has a ${at("…")} in its header "B" that is not the name of a variable`,
    ]);
  });

  test("with a program to be started is refused with what to do instead", () => {
    for (const entry of [
      { command: "npx", args: ["-y", "some-server"] },
      { type: "stdio", url: "https://x/" },
    ]) {
      expect(wrong({ files: entry })).toEqual([
        expect.stringContaining("run it behind a bridge that speaks it"),
      ]);
    }
  });

  test("says all that is wrong with it at once", () => {
    const url = "https://x.example.com/mcp";
    const cases: ReadonlyArray<[unknown, RegExp]> = [
      ["https://x", /is not an object/],
      [{}, /has no "url"/],
      [{ url: 7 }, /has no "url"/],
      [{ url: "http://x.example.com/mcp" }, /has a "url" that does not begin with https/],
      [{ url: "https://x.example.com/sse" }, /only Streamable HTTP/],
      [{ url, type: "sse" }, /"type" other than "http"/],
      [{ url, timeout: 20 }, /1000 to 300000 milliseconds/],
      [{ url, timeoutMs: "20s" }, /1000 to 300000 milliseconds/],
      [{ url, headers: ["x"] }, /"headers" that are not an object/],
      [{ url, headers: { "a b": "x" } }, /no name for one/],
      [{ url, headers: { "Mcp-Session-Id": "x" } }, /sets itself/],
      [{ url, headers: { "Content-Length": "5" } }, /sets itself/],
      [{ url, headers: { a: 7 } }, /that is not a text/],
      [{ url, headers: { a: "x\r\nb: y" } }, /a character that no header has/],
      [{ url, headers: { a: " " } }, /is empty/],
    ];
    for (const [entry, expected] of cases) {
      expect(wrong({ one: entry })).toEqual([expect.stringMatching(expected)]);
    }
    const all = wrong(Object.fromEntries(cases.map(([entry], n) => [`s${n}`, entry])));
    expect(all).toHaveLength(cases.length);
    for (const label of ["", "日本", "a\nb", "x".repeat(65)]) {
      expect(wrong({ [label]: { url } })).toEqual([expect.stringContaining("is no name for a server")]);
    }
  });

  test("names what it does not read, and goes on", () => {
    const file = {
      inputs: [],
      mcpServers: { notes: { url: "https://x.example.com/mcp", autoApprove: ["a"], heders: {} } },
    };
    const { servers, problems, warnings } = read({}, file);
    expect([servers.length, problems]).toEqual([1, []]);
    expect(warnings.map(({ problem }) => problem)).toEqual([
      'has what is not read here, at its top: "inputs"',
      'has what is not read here, for "notes": "autoApprove", "heders"',
    ]);
  });

  test("that is none says how one looks", () => {
    const found = (file: string) => read({}, file).problems;
    expect(found("{")).toMatchObject([{ variable: "MCP_CONFIG", problem: "is not JSON" }]);
    expect(found("[]")).toMatchObject([{ problem: "holds no JSON object" }]);
    expect(found("{}")).toMatchObject([
      { problem: 'has no "mcpServers"', mend: expect.stringContaining('{"mcpServers"') },
    ]);
    expect(found('{"servers": {}}')).toMatchObject([{ mend: 'call its "servers" "mcpServers"' }]);
  });

  test("may not name two servers so that their tools could not be told apart", () => {
    const url = "https://x.example.com/mcp";
    expect(wrong({ "my notes": { url }, "My-notes": { url } })).toEqual([]);
    expect(wrong({ "my notes": { url }, My_notes: { url } })).toEqual([
      expect.stringContaining("told apart"),
    ]);
    expect(wrong({ zapier: { url } }, { ZAPIER_MCP_TOKEN: "x" })).toEqual([
      expect.stringContaining("told apart"),
    ]);
  });

  test("shows no key in any of its words", () => {
    const CANARY = "canary-0123";
    const files = [
      `{"mcpServers": {"a": {"url": "https://x/${CANARY}", }}}`,
      { mcpServers: { a: { url: `http://x.example.com/${CANARY}`, headers: { b: `${CANARY}\u0000` } } } },
      { mcpServers: { a: { url: `https://${CANARY}:${CANARY}@x.example.com/` } } },
      { mcpServers: { a: { url: `https://x.example.com/${CANARY}/sse`, headers: { "c d": CANARY } } } },
      { mcpServers: { a: { url: "https://x/", headers: { e: `${at("KEY")}`, f: 1 } } } },
    ];
    for (const file of files) {
      const { problems, warnings } = read({ KEY: `${CANARY}é` }, file);
      expect(problems.length).toBeGreaterThan(0);
      expect(printFindings([...problems, ...warnings])).not.toContain("canary");
    }
  });
});
