/** MCP servers as OpenAI is given them. */
import { describe, expect, test } from "bun:test";
import type { McpServer } from "../../../../relay/io/mcp/address.ts";
import { nativeServersOf } from "../../../../relay/io/mcp/native.ts";
import { Secret } from "../../../../relay/secret.ts";

const server = (label: string, headers: Readonly<Record<string, string>> = {}): McpServer => ({
  label,
  url: new Secret("https://mcp.example.com/mcp"),
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, new Secret(value)])),
  prefix: undefined,
  keptIn: "mcp.json",
  timeoutMs: undefined,
});

const keysOf = (headers: Readonly<Record<string, string>>) => {
  const [{ authorization, headers: others } = { authorization: undefined, headers: {} }] = nativeServersOf([
    server("zapier", headers),
  ]);
  return {
    authorization: authorization?.reveal(),
    headers: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, value.reveal()])),
  };
};

describe("its keys", () => {
  test("are a token by itself where there is one, and never both", () => {
    expect(keysOf({ authorization: "Bearer abc", "x-key": "1" })).toEqual({
      authorization: "abc",
      headers: { "x-key": "1" },
    });
    expect(keysOf({ Authorization: "bearer  abc" })).toEqual({ authorization: "abc", headers: {} });
  });

  test("stay a header where they are no bearer token", () => {
    expect(keysOf({ authorization: "Basic abc" })).toEqual({
      authorization: undefined,
      headers: { authorization: "Basic abc" },
    });
    expect(keysOf({ "x-token": "Bearer abc" })).toEqual({
      authorization: undefined,
      headers: { "x-token": "Bearer abc" },
    });
    expect(keysOf({})).toEqual({ authorization: undefined, headers: {} });
  });

  test("print as nothing", () => {
    expect(
      JSON.stringify(nativeServersOf([server("zapier", { authorization: "Bearer canary" })])),
    ).not.toContain("canary");
  });
});

describe("its label", () => {
  test.each([
    ["zapier", "zapier"],
    ["My notes!", "My_notes"],
    ["1password", "mcp_1password"],
    ["n8n-prod", "n8n-prod"],
    ["a name that is far too long to be read", "a_name_that_is_far_too_l"],
  ])("%s becomes %s, and OpenAI takes it", (label, wanted) => {
    const [given] = nativeServersOf([server(label)]);
    expect(given).toMatchObject({ label, serverLabel: wanted });
    expect(wanted).toMatch(/^[a-zA-Z][a-zA-Z0-9_-]*$/);
  });

  test("is no other server's", () => {
    const labels = nativeServersOf([server("1x"), server("mcp_1x"), server("mcp 1x")]);
    expect(labels.map(({ serverLabel }) => serverLabel)).toEqual(["mcp_1x", "mcp_1x_2", "mcp_1x_3"]);
  });
});
