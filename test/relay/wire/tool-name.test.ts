/** Names of other people's tools: fit for the API, each only once, and nobody's list decides another's names. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import "../../patience.ts";
import { prefixOf, TOOL_NAME, toolNameOf } from "../../../relay/wire/tool-name.ts";

const RESERVED = new Set(["end_call", "current_time"]);
const alone = (name: string) =>
  toolNameOf(name, { prefix: undefined, otherPrefixes: [], reserved: RESERVED });
const of = (prefix: string | undefined, name: string, otherPrefixes: readonly string[] = []) =>
  toolNameOf(name, { prefix, otherPrefixes, reserved: RESERVED });

describe("a tool's name", () => {
  test("that is fit is left alone", () => {
    for (const name of ["todoist_create_task", "get-sum", "A", "x".repeat(64), "search__all"]) {
      expect(alone(name)).toBe(name);
    }
  });

  test("that is not fit stays readable, and is the same each time", () => {
    expect(alone("files/read")).toMatch(/^files_read_[a-z]{7}$/);
    expect(alone("files/read")).toBe(alone("files/read"));
    expect(alone("Über mich")).toMatch(/^_ber_mich_[a-z]{7}$/);
    expect(alone("x".repeat(65))).toMatch(/^x{56}_[a-z]{7}$/);
    expect(alone("")).toMatch(TOOL_NAME);
    expect(alone("日本語")).toMatch(TOOL_NAME);
  });

  test("is another for each that would read the same", () => {
    const names = ["files/read", "files.read", "files read", "files_read", "x".repeat(65), "x".repeat(66)];
    expect(new Set(names.map(alone)).size).toBe(names.length);
  });

  test("of the phone's own is nobody else's", () => {
    expect(alone("end_call")).toMatch(/^end_call_[a-z]{7}$/);
    expect(of("notes", "end_call")).toBe("notes__end_call");
  });

  test("has its server's label in front, where servers need telling apart", () => {
    expect(of("notes", "add")).toBe("notes__add");
    expect(of("mail", "add")).toBe("mail__add");
    expect(of("notes", "x".repeat(64))).toMatch(/^notes__x{49}_[a-z]{7}$/);
  });

  test("cannot be made to look like another server's", () => {
    expect(of(undefined, "notes__add", ["notes"])).toMatch(/^notes_add_[a-z]{7}$/);
    expect(of(undefined, "notes___add", ["notes"])).toMatch(/^notes_add_[a-z]{7}$/);
    expect(of(undefined, "no tes__add", ["no_tes"])).toMatch(/^no_tes_add_[a-z]{7}$/);
    expect(of("a", "b__c", ["a_b"])).toBe("a__b__c");
  });

  test("that looks as if it had been changed is changed", () => {
    const changed = alone("files/read");
    expect(alone(changed)).not.toBe(changed);
  });
});

test("a label is made into a prefix, or cannot be", () => {
  expect(prefixOf("notes")).toBe("notes");
  expect(prefixOf(" My notes (home) ")).toBe("My_notes_home");
  expect(prefixOf("a__b")).toBe("a_b");
  expect(prefixOf("x".repeat(40))).toBe("x".repeat(24));
  expect(prefixOf("日本語")).toBeUndefined();
  expect(prefixOf("")).toBeUndefined();
});

test("whatever the labels and names: every name is fit, and no two servers ever share one", () => {
  const name = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b", "_", "-", "/", "é"), maxLength: 12 }),
    fc.string({ unit: "grapheme", maxLength: 90 }),
    fc.constantFrom("a__b", "b__a", "a___b", "end_call", "a__end_call", "a_b__c"),
  );
  const label = fc.string({ unit: fc.constantFrom("a", "b", "_", "-"), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.uniqueArray(label, { minLength: 1, maxLength: 4 }),
      fc.array(name, { minLength: 2, maxLength: 12 }),
      fc.boolean(),
      (labels, names, hasPlain) => {
        const prefixes = [...new Set(labels.flatMap((one) => prefixOf(one) ?? []))];
        const servers = [...(hasPlain || prefixes.length === 0 ? [undefined] : []), ...prefixes];
        const seen = new Map<string, string | undefined>();
        for (const prefix of servers) {
          for (const remote of names) {
            const fit = of(prefix, remote, prefixes);
            expect(fit).toMatch(TOOL_NAME);
            expect(RESERVED.has(fit)).toBe(false);
            expect(seen.has(fit) ? seen.get(fit) : prefix).toBe(prefix);
            seen.set(fit, prefix);
          }
        }
      },
    ),
    { numRuns: 1_500 },
  );
});
