/** What a tool answered, as text: every kind of content that there is, and whatever else may come. */
import { describe, expect, test } from "bun:test";
import { CallResult, MOST_CHARS, textOf } from "../../../../relay/io/mcp/result-text.ts";

const text = (result: unknown) => textOf(CallResult.parse(result));

describe("an answer", () => {
  test("is its texts, one after the other", () => {
    const content = [
      { type: "text", text: "One" },
      { type: "text", text: "two", annotations: { audience: ["user"] } },
    ];
    expect(text({ content })).toBe("One\ntwo");
  });

  test("names what cannot be said", () => {
    const content = [
      { type: "text", text: "Look:" },
      { type: "image", data: "AAAA", mimeType: "image/png" },
      { type: "audio", data: "AAAA", mimeType: "audio/wav" },
      { type: "resource_link", name: "Report", uri: "file:///report" },
      { type: "resource", resource: { uri: "x://1", text: "The words of a file" } },
      { type: "resource", resource: { uri: "x://2", blob: "AAAA" } },
    ];
    expect(text({ content })).toBe(
      "Look:\n(an image)\n(a sound)\n(a link to Report)\nThe words of a file\n(a file: x://2)",
    );
  });

  test("is its structured content where there is no text, and not twice where there is", () => {
    const structuredContent = { temperature: 36 };
    expect(text({ structuredContent })).toBe('{"temperature":36}');
    expect(text({ content: [], structuredContent })).toBe('{"temperature":36}');
    expect(text({ content: [{ type: "text", text: "36 degrees" }], structuredContent })).toBe("36 degrees");
    expect(text({ content: [{ type: "image" }], structuredContent })).toBe('(an image)\n{"temperature":36}');
  });

  test("is never nothing, and never broken by what it holds", () => {
    expect(text({})).toBe("(It answered with nothing.)");
    expect(text({ content: "text", isError: "yes" })).toBe("(It answered with nothing.)");
    expect(
      text({ content: [null, 7, "x", {}, { type: "text" }, { type: "new" }, { type: "text", text: 7 }] }),
    ).toBe(Array(5).fill("(something that cannot be told)").join("\n"));
    expect(text({ content: [{ type: "text", text: "a\ud800b" }] })).toBe("a\ufffdb");
  });

  test("has an end", () => {
    const long = text({ content: [{ type: "text", text: "x".repeat(MOST_CHARS + 1) }] });
    expect(long.length).toBeLessThan(MOST_CHARS + 100);
    expect(long).toEndWith("(The answer was longer; the rest is left out.)");
    expect(text({ content: Array(5_000).fill({ type: "text", text: "x" }) })).toHaveLength(1_999);
  });
});
