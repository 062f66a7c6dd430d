/**
 * What the README and its neighbours say that can be looked up: the edge's variables, the commands, the prices, and every
 * link. (The relay's variables: test/relay/examples.test.ts. That its commands work: `npm run prove -- --only ship/clean`.)
 */
import { describe, expect, test } from "bun:test";
import "./patience.ts";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readIdentity, readSettings } from "../functions/edge/settings.ts";
import project from "../package.json";
import prices from "../relay/prices.json";

const ROOT = join(import.meta.dir, "..");
const textOf = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const readme = textOf("README.md");

test("the table of the edge's variables names every one that it reads, and no other", async () => {
  const names = new Set<string>();
  const nothing: Record<string, unknown> = {};
  const watched = new Proxy(nothing, {
    get: (_, name) => {
      if (typeof name === "string") names.add(name);
      return undefined;
    },
  });
  readIdentity(watched);
  await readSettings(watched, undefined);
  // The service's own address, which Twilio gives it.
  names.delete("DOMAIN_NAME");
  const from = readme.indexOf("**Edge**");
  const table = readme.slice(from, readme.indexOf("\n\n`assets/callers", from));
  expect(from).toBeGreaterThan(0);
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const told = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([A-Z_]+)`/g)]);
  expect(told.map(([, name = ""]) => name).sort()).toEqual([...names].sort());
});

describe("the commands", () => {
  const told = new Set(
    [...readme.matchAll(/\bnpm (?:run ([a-z:]+)|(ci|test))\b/g)].map(([, run, own = ""]) => run ?? own),
  );
  /** npm's own, and what npm starts by itself. */
  const ITS_OWN = ["ci", "prepare"];

  test("that it names are there", () => {
    const there = [...Object.keys(project.scripts), ...ITS_OWN];
    expect([...told].filter((name) => !there.includes(name))).toEqual([]);
  });

  test("that are there are named", () => {
    const scripts = Object.keys(project.scripts).filter((name) => !ITS_OWN.includes(name));
    expect(scripts.filter((name) => !told.has(name))).toEqual([]);
  });
});

test("what a minute costs follows from the prices that the relay counts with, and from their date", () => {
  expect(readme).toContain(`which are of ${prices.asOf}:`);
  const TOKENS = { in: 300, out: 600 };
  const cents = (dollars: number) => `${(dollars * 100).toFixed(1)} ¢`;
  const heard = prices.transcription["gpt-transcribe"].perMinute / 2;
  for (const model of ["gpt-realtime-2.1", "gpt-realtime-2.1-mini"] as const) {
    const { audio } = prices.models[model];
    const spoken = (TOKENS.in * audio.in + TOKENS.out * audio.out) / 1e6;
    expect(readme).toContain(`| \`${model}\` | ${cents(spoken)} | ${cents(spoken + heard)} |`);
  }
});

describe("every link leads somewhere:", () => {
  const PAGES = [
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "docs/operating.md",
    "docs/tools.md",
    "relay/deploy/README.md",
    "relay/deploy/fly/README.md",
    "relay/deploy/systemd/README.md",
    "relay/deploy/mcp-server/README.md",
  ];
  for (const page of PAGES) {
    test(page, () => {
      const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
      const lost = links.filter((link) => !/^https:/.test(link) && !leads(page, link));
      expect(lost).toEqual([]);
    });
  }

  test("and one that does not would be seen", () => {
    expect([leads("README.md", "docs/nowhere.md"), leads("README.md", "#nowhere")]).toEqual([false, false]);
  });
});

function leads(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || anchorsOf(target).includes(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
