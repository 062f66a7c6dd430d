/**
 * The floors of the house, read from the imports of every source: who may know whom, and who may touch the world.
 * Each rule is a function from sources to complaints; each is shown able to complain, with a violation planted in
 * memory.
 */
import { describe, expect, test } from "bun:test";
import "./patience.ts";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";

const ROOT = join(import.meta.dir, "..");
const MOST_LINES = 350;

/** Path from the root → text. */
type Sources = ReadonlyMap<string, string>;
type Rule = (sources: Sources) => string[];

const tree = ["relay", "functions", "scripts", "test"].flatMap((folder) =>
  [...new Bun.Glob(`${folder}/**/*.{ts,mts,cts}`).scanSync({ cwd: ROOT })].filter(
    (path) => !path.includes("node_modules"),
  ),
);
const SOURCES: Sources = new Map(tree.sort().map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));

// --- reading ------------------------------------------------------------------------------------------------

const typescript = new Bun.Transpiler({ loader: "ts" });

/** A text is read once, however many rules ask. */
const READ = new Map<string, Map<string, readonly string[]>>();
function importsOf(path: string, text: string): readonly string[] {
  const ofPath = READ.get(path) ?? new Map<string, readonly string[]>();
  READ.set(path, ofPath);
  const imports = ofPath.get(text) ?? readImports(path, text);
  ofPath.set(text, imports);
  return imports;
}

/** Type imports too, which a transpiler drops: a floor that only types cross is crossed. */
function readImports(path: string, text: string): string[] {
  const code = text.replace(/^\s*\/?\*.*$/gm, "").replace(/^\s*\/\/.*$/gm, "");
  const patterns = [
    /^(?:import|export)\b(?:[^;"'`]|\n)*?\bfrom\s+"([^"]+)"/gm,
    /^import\s+"([^"]+)"/gm,
    /\b(?:import|require)\(\s*"([^"]+)"/g,
  ];
  const found = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, from = ""]) => from));
  return found.map((from) => (from.startsWith(".") ? posix.join(posix.dirname(path), from) : from));
}

/** What runs: no comments and no types. */
const codeOf = (text: string): string => typescript.transformSync(text);

const within = (sources: Sources, ...rooms: string[]): Array<[string, string]> =>
  [...sources].filter(([path]) => rooms.some((room) => path === room || path.startsWith(`${room}/`)));

/** Each file of these rooms imports only what is named: a room, a file, or a package with all below it. */
const importsOnly =
  (rooms: readonly string[], allowed: readonly string[]): Rule =>
  (sources) =>
    within(sources, ...rooms).flatMap(([path, text]) =>
      importsOf(path, text)
        .filter((from) => !allowed.some((one) => from === one || from.startsWith(`${one}/`)))
        .map((from) => `${path} imports ${from}`),
    );

/** The code of these rooms holds none of these. */
const namesNone =
  (rooms: readonly string[], forbidden: RegExp, but: readonly string[] = []): Rule =>
  (sources) =>
    within(sources, ...rooms)
      .filter(([path]) => !but.includes(path))
      .flatMap(([path, text]) => {
        const named = codeOf(text).match(forbidden)?.[0];
        return named === undefined ? [] : [`${path} names ${named}`];
      });

// --- the rules ----------------------------------------------------------------------------------------------

const PURE = ["relay/contract.ts", "relay/jwt.ts", "relay/wire", "relay/call"];
/** A clock, chance, the environment, a socket, a file. `new Date(ms)` only writes a time in another way. */
const WORLD =
  /\bDate\.now\b|\bnew Date\b(?!\s*\(\s*[^)\s])|\bperformance\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bMath\.random\b|\bprocess\b|\bBun\b|\bfetch\b(?=\s*[(.;,)\]}])|\bWebSocket\b|\bconsole\b|["']bun(?::\w+)?["']|["']node:(?!crypto["'])[\w/]+["']/;

const SETUP = "a part of npm run setup; test/relay/cli/setup.test.ts runs it";
/** Modules without a test of their own, each with its reason. */
const UNTESTED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...["agreement", "edge", "examine", "given", "knock", "openai", "reach", "records", "relays"],
      ...["settings", "signature", "tools", "twilio"],
    ].map((name) => [
      `relay/cli/doctor/${name}.ts`,
      "what the doctor looks at; test/relay/cli/doctor.test.ts breaks it, and test/prove/ship all of it",
    ]),
  ),
  "functions/edge/connect.ts": "the TwiML of an admitted call; test/functions/voice/running.test.ts reads it",
  "functions/edge/keypad.ts": "the TwiML of a PIN; test/functions/voice/pin.test.ts reads it",
  "functions/edge/reply.ts":
    "how every Function answers; test/functions/voice/running.test.ts reads the answers",
  "relay/call/carrier-clock.ts": "part of the playhead; test/relay/call/playback.test.ts drives it",
  "relay/call/pretence-words.ts": "a table of words; test/relay/call/pretence.test.ts says them",
  "relay/call/sessions.ts":
    "a session lost and another begun; test/relay/call/session-loss.test.ts drives it",
  "relay/cli/alive.ts": "what the image asks of its health; test/relay/deploy/image.test.ts runs it",
  "relay/cli/setup/account-numbers.ts": SETUP,
  "relay/cli/setup/ask.ts": SETUP,
  "relay/cli/setup/checks.ts": SETUP,
  "relay/cli/setup/draft.ts": SETUP,
  "relay/cli/setup/machine.ts": SETUP,
  "relay/cli/setup/openings.ts": SETUP,
  "relay/cli/setup/person.ts": SETUP,
  "relay/cli/setup/questions.ts": SETUP,
  "functions/edge/news.ts":
    "what the two that only hear share; test/functions/voice/running.test.ts tells them",
  "relay/cli/random-secret.ts": "what npm run secret prints; test/relay/cli/secret.test.ts runs it",
  "relay/cli/deploying/deployers.ts":
    "who uploads; test/relay/cli/deploy.test.ts runs the one, a proof the other",
  "relay/cli/deploying/look.ts": "the doctor's look at a deploy; test/relay/cli/deploy.test.ts reads it",
  "relay/cli/swapping.ts": "what npm run relay:swap does; test/relay/cli/swap.test.ts runs it",
  "relay/io/turned-away.ts":
    "what a refused handshake is answered; test/relay/io/limits.test.ts and handshake.test.ts knock",
  "relay/io/prom-client-parts.d.ts":
    "types alone; test/relay/io/metrics.test.ts counts with what they are of",
  "relay/io/census.ts": "counts the real heap; the proof of many calls asks a real relay for it",
};
/** Longer than a reader should have to hold: tables of cases, and one source that is about to find its second room. */
const LONG: ReadonlySet<string> = new Set([
  "relay/call/call.ts",
  "relay/call/exchange.ts",
  "relay/call/sessions.ts",
  "relay/call/tool-calls.ts",
  "test/architecture.test.ts",
  "test/functions/voice/running.test.ts",
  "test/rehearsal-tests/carrier/call.test.ts",
  "test/rehearsal-tests/carrier/stream.test.ts",
  "test/rehearsal-tests/model/refusals.test.ts",
  "test/relay/call/call-in-hand.ts",
  "test/relay/call/pretence.test.ts",
  "test/relay/contract.test.ts",
  "test/relay/wire/tool-schema.test.ts",
]);

/** Entries are started or served, not imported: their tests are found by name, or by the path that they answer. */
function isTested(path: string, tests: ReadonlyArray<[string, string]>): boolean {
  const voice = /^functions(\/voice\/[\w-]+)(?:\.protected)?\.ts$/.exec(path)?.[1];
  return tests.some(
    ([name, text]) =>
      name === `test/${path.replace(/\.ts$/, ".test.ts")}` ||
      importsOf(name, text).includes(path) ||
      (voice !== undefined && text.includes(`"${voice}"`)),
  );
}

/** Whoever runs the relay puts files of their own here. */
const OWNERS = "relay/functions/";
/** What it looks at is most of the house. */
const DOCTORS = "relay/cli/doctor/";

type Planted = readonly [path: string, text: string];
const RULES: Readonly<Record<string, { rule: Rule; violations: readonly Planted[] }>> = {
  "the contract imports jose, zod and hashing, and nothing of the relay's": {
    rule: importsOnly(["relay/contract.ts", "relay/jwt.ts"], ["relay/jwt.ts", "jose", "zod", "node:crypto"]),
    violations: [["relay/contract.ts", 'import type { Ending } from "./call/ending.ts";']],
  },
  "the wire imports zod and itself": {
    rule: importsOnly(["relay/wire"], ["zod", "relay/wire"]),
    violations: [
      ["relay/wire/twilio.ts", 'import { Call } from "../call/call.ts";'],
      ["relay/wire/new.ts", 'export * from "../contract.ts";'],
    ],
  },
  "a call imports the call, the wire and the contract, and no package": {
    rule: importsOnly(["relay/call"], ["relay/call", "relay/wire", "relay/contract.ts"]),
    violations: [
      ["relay/call/call.ts", 'import { systemClock } from "../io/clock.ts";'],
      ["relay/call/call.ts", 'import type { Config } from "../config.ts";'],
      ["relay/call/call.ts", 'import {\n  z,\n} from "zod";'],
      ["relay/call/call.ts", 'const io = await import("../io/log.ts");'],
    ],
  },
  "io imports no configuration and no entry": {
    rule: importsOnly(
      ["relay/io"],
      [
        "relay/io",
        "relay/call",
        "relay/wire",
        "relay/contract.ts",
        "relay/function.ts",
        "relay/secret.ts",
        "zod",
        "@modelcontextprotocol/sdk",
        "node:crypto",
        "node:fs",
        "node:http",
        "node:https",
        "node:net",
        "node:path",
        "node:perf_hooks",
        "prom-client",
      ].concat("bun:sqlite", "twilio/lib/webhooks/webhooks.js"),
    ),
    violations: [
      ["relay/io/server.ts", 'import type { Config } from "../config.ts";'],
      ["relay/io/server.ts", 'import "../main.ts";'],
      ["relay/io/server.ts", 'import twilio from "twilio";'],
    ],
  },
  "nobody imports the relay's entry, and only it and the commands import the configuration": {
    rule: (sources) =>
      [...sources].flatMap(([path, text]) =>
        importsOf(path, text)
          .filter(
            (from) => from === "relay/main.ts" || (from === "relay/config.ts" && !path.startsWith("test/")),
          )
          .filter(
            (from) =>
              path !== "relay/main.ts" && !(path.startsWith("relay/cli/") && from === "relay/config.ts"),
          )
          .map((from) => `${path} imports ${from}`),
      ),
    violations: [
      ["test/relay/main.test.ts", 'import "../../relay/main.ts";'],
      ["relay/models.ts", 'import { configFrom } from "./config.ts";'],
      ["relay/cli/new.ts", 'import "../main.ts";'],
    ],
  },
  "the edge imports itself, the contract, zod, crypto and Twilio's check; jose only through the contract": {
    rule: importsOnly(
      ["functions"],
      ["functions/edge", "relay/contract.ts", "zod", "node:crypto", "twilio/lib/webhooks/webhooks"].concat(
        "@twilio-labs/serverless-runtime-types/types",
      ),
    ),
    violations: [
      ["functions/edge/relays.ts", 'import { SignJWT } from "jose";'],
      ["functions/voice/incoming.protected.ts", 'import { ENDINGS } from "../../relay/call/ending.ts";'],
      ["functions/voice/incoming.protected.ts", 'import twilio from "twilio";'],
      ["functions/edge/relays.ts", 'import { handler } from "../voice/ended.protected.ts";'],
    ],
  },
  "of the relay, only its commands know the edge, and of it what is no Function; nothing of io": {
    rule: (sources) => [
      ...within(sources, "relay")
        .filter(([path]) => !path.startsWith("relay/cli/"))
        .flatMap(([path, text]) =>
          importsOf(path, text)
            .filter((from) => from.startsWith("functions/"))
            .map((from) => `${path} imports ${from}`),
        ),
      ...importsOnly(
        [...sources.keys()].filter((path) => path.startsWith("relay/cli/") && !path.startsWith(DOCTORS)),
        ["relay/cli", "relay/contract.ts", "relay/presence.ts", "functions/edge", "zod", "twilio"].concat(
          // Only at a terminal.
          "@clack/prompts",
          // What the relay and the edge would say of their variables is asked of themselves.
          ["relay/config.ts", "relay/variables.ts"],
          ["util", "crypto", "fs", "path", "child_process"].map((name) => `node:${name}`),
        ),
      )(sources),
    ],
    violations: [
      ["relay/io/gate.ts", 'import { isRightPin } from "../../functions/edge/pin.ts";'],
      ["relay/cli/new.ts", 'import { handler } from "../../functions/voice/ended.protected.ts";'],
      ["relay/cli/new.ts", 'import { Store } from "../io/store.ts";'],
    ],
  },
  "the doctor asks with the relay's and the edge's own eyes, and knows no entry, no server and no records": {
    rule: (sources) => [
      ...importsOnly(
        ["relay/cli/doctor"],
        ["relay", "functions/edge", "scripts/build.ts", "zod", "bun:sqlite"].concat(
          "twilio/lib/webhooks/webhooks.js",
          ["crypto", "dns", "fs", "net", "path", "tls"].map((name) => `node:${name}`),
        ),
      )(sources),
      ...within(sources, "relay/cli/doctor").flatMap(([path, text]) =>
        importsOf(path, text)
          .filter((from) => /^relay\/(?:main|io\/(?:server|store|redis|runner))\.ts$/.test(from))
          .map((from) => `${path} imports ${from}`),
      ),
    ],
    violations: [
      ["relay/cli/doctor/new.ts", 'import { Store } from "../../io/store.ts";'],
      ["relay/cli/doctor/new.ts", 'import { handler } from "../../../functions/voice/ended.protected.ts";'],
    ],
  },
  "the fallback imports nothing that runs": {
    rule: (sources) =>
      within(sources, "functions/voice/fallback.protected.ts").flatMap(([path, text]) =>
        typescript.scanImports(text).map((from) => `${path} imports ${from.path}`),
      ),
    violations: [["functions/voice/fallback.protected.ts", 'import { say } from "../edge/reply.ts"; say();']],
  },
  "nothing outside test imports from test": {
    rule: (sources) =>
      within(sources, "relay", "functions", "scripts").flatMap(([path, text]) =>
        importsOf(path, text)
          .filter((from) => from.startsWith("test/"))
          .map((from) => `${path} imports ${from}`),
      ),
    violations: [["relay/io/model.ts", 'import { startModel } from "../../test/rehearsal/model/server.ts";']],
  },
  "no imports go in a circle, those of types included": {
    rule: circlesIn,
    violations: [["relay/contract.ts", 'import type { Gate } from "./io/gate.ts";']],
  },
  "contract, wire and call name no clock, no chance, no environment, no socket and no file": {
    rule: namesNone(PURE, WORLD),
    violations: [
      "export const at = Date.now();",
      "export const at = new Date();",
      "export const at = performance.now();",
      "setTimeout(() => {}, 1);",
      "export const id = Math.random();",
      "export const key = process.env.KEY;",
      'export const file = Bun.file("x");',
      'await fetch("https://example.com");',
      'export const socket = new WebSocket("ws://x");',
      'import { readFileSync } from "node:fs"; readFileSync("x");',
      'console.log("x");',
    ].map((text) => ["relay/call/call.ts", text] as const),
  },
  "an owner's function knows what it is made with, and nothing else of the relay": {
    rule: (sources) => [
      ...importsOnly(["relay/function.ts"], ["zod", "relay/call/tools.ts"])(sources),
      ...within(sources, "relay/functions", "relay/deploy").flatMap(([path, text]) =>
        importsOf(path, text)
          .filter((from) => /^(?:relay|functions|test)\//.test(from))
          .filter((from) => from !== "relay/function.ts" && posix.dirname(from) !== posix.dirname(path))
          .map((from) => `${path} imports ${from}`),
      ),
    ],
    violations: [
      ["relay/functions/new.ts", 'import { Store } from "../io/store.ts";'],
      ["relay/function.ts", 'import { Store } from "./io/store.ts";'],
      ["relay/deploy/new/server.ts", 'import { Store } from "../../io/store.ts";'],
    ],
  },
  "of the relay and the edge, only the relay's entry reads the environment, and owners' functions may": {
    rule: namesNone(
      ["relay", "functions"],
      /\bprocess\.env\b|\bBun\.env\b|\bimport\.meta\.env\b/,
      // What a swap or a deploy starts has the environment that it has itself; what asks a relay of its health is told its
      // port as it is, and what looks for what is wrong sees what the relay would see.
      ["relay/main.ts", "relay/cli/swap.ts", "relay/cli/deploy.ts", "relay/cli/alive.ts"].concat(
        "relay/cli/doctor.ts",
        [...SOURCES.keys()].filter((path) => path.startsWith(OWNERS)),
      ),
    ),
    violations: [
      ["relay/config.ts", "export const port = process.env.PORT;"],
      ["functions/edge/settings.ts", "export const url = process.env.RELAY_URL;"],
    ],
  },
  "the edge names nothing that only Bun has": {
    rule: namesNone(["functions"], /\bBun\b|["']bun(?::\w+)?["']/),
    violations: [["functions/edge/relays.ts", 'export const file = Bun.file("x");']],
  },
  "no file is a barrel, or named after nothing": {
    rule: (sources) =>
      [...sources.keys()].filter((path) =>
        /\/(?:index|utils?|types|helpers?|common|misc|shared|manager|service)\.[a-z]+$/.test(path),
      ),
    violations: [
      ["relay/io/index.ts", ""],
      ["relay/call/utils.ts", ""],
      ["test/helpers.ts", ""],
    ],
  },
  [`no file is longer than ${MOST_LINES} lines, and the list of exceptions holds none that is not`]: {
    rule: (sources) =>
      [...sources].flatMap(([path, text]) => {
        const lines = text.split("\n").length - 1;
        if (lines > MOST_LINES) return LONG.has(path) ? [] : [`${path} has ${lines} lines`];
        return LONG.has(path) ? [`${path} is not long any more: take it off the list`] : [];
      }),
    violations: [
      ["relay/io/server.ts", "\n".repeat(MOST_LINES + 1)],
      ["test/relay/contract.test.ts", "\n"],
    ],
  },
  "every source opens with why it exists": {
    rule: (sources) =>
      within(sources, "relay", "functions", "scripts")
        .filter(([, text]) => !/^(?:#!.*\n)?\/\*\*/.test(text))
        .map(([path]) => `${path} says nothing of itself`),
    violations: [["relay/io/clock.ts", "export const x = 1;"]],
  },
  "every module of relay and edge has a test, or a reason; and no reason is left over": {
    rule: (sources) => {
      const tests = [...sources].filter(([path]) => path.endsWith(".test.ts"));
      const ours = within(sources, "relay", "functions").filter(([path]) => !path.startsWith(OWNERS));
      return ours.flatMap(([path]) =>
        isTested(path, tests) === !Object.hasOwn(UNTESTED, path) ? [] : [`${path}: is it tested?`],
      );
    },
    violations: [
      ["relay/io/new.ts", ""],
      ["functions/voice/new.protected.ts", ""],
      ["test/relay/call/pretence-words.test.ts", ""],
    ],
  },
};

function circlesIn(sources: Sources): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (done.has(path) || trail.includes(path)) return;
    for (const from of importsOf(path, sources.get(path) ?? "")) {
      if (sources.has(from)) visit(from, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return circles;
}

describe("in the house", () => {
  for (const [name, { rule, violations }] of Object.entries(RULES)) {
    test(name, () => {
      expect(rule(SOURCES)).toEqual([]);
    });
    for (const [path, text] of violations) {
      test(`${name}: ${path} would be seen with ${JSON.stringify(text.trim().slice(0, 60))}`, () => {
        expect(rule(new Map([...SOURCES, [path, text]]))).not.toEqual([]);
      });
    }
  }

  test("the reader of imports misses none that the transpiler sees, and finds those of types too", () => {
    expect(SOURCES.size).toBeGreaterThan(100);
    for (const [path, text] of SOURCES) {
      const seen = importsOf(path, text);
      for (const { path: from } of typescript.scanImports(text)) {
        expect([path, seen]).toEqual([
          path,
          expect.arrayContaining([from.startsWith(".") ? posix.join(posix.dirname(path), from) : from]),
        ]);
      }
    }
    expect(importsOf("relay/a.ts", 'import type { B } from "./b.ts";\n')).toEqual(["relay/b.ts"]);
    expect(importsOf("relay/a.ts", 'import {\n  type B,\n  type C,\n} from "./b.ts";\n')).toEqual([
      "relay/b.ts",
    ]);
    expect(importsOf("relay/a.ts", '// import x from "y"\n * from "z"\n')).toEqual([]);
  });
});
