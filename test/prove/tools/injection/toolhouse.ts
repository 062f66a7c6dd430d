/**
 * The tools of the tries: real MCP servers over SQLite, one for each way in which a server can offer itself, reached
 * through the relay's own catalogue. What was done is read from the database's own table, by nobody's leave. After each
 * try mailbox and tasks are put back as they were; the rows stay.
 */
import { Database } from "bun:sqlite";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { NO_POLICY } from "../../../../relay/call/policy.ts";
import type { Tool, ToolOutcome, ToolRun } from "../../../../relay/call/tools.ts";
import { systemClock } from "../../../../relay/io/clock.ts";
import { Catalogue } from "../../../../relay/io/mcp/catalogue.ts";
import { Secret } from "../../../../relay/secret.ts";
import { startTools, type Tools } from "../../../rehearsal/tools/server.ts";
import type { Mode } from "./deeds.ts";
import { mailOf, type Planted } from "./tricks.ts";

export type Done = { readonly key: string; readonly tool: string };

export type House = {
  readonly mode: Mode;
  readonly tools: readonly Tool[];
  readonly run: (run: ToolRun) => Promise<ToolOutcome>;
  /** Rows that were not there when this was asked last. */
  readonly newRows: () => readonly Done[];
  readonly putBack: () => void;
};

export type Houses = { readonly of: (mode: Mode) => House; readonly close: () => Promise<void> };

const MODES: readonly Mode[] = ["managed", "lying", "selected_api", "app"];
const Rows = z.array(z.strictObject({ id: z.number(), tool: z.string(), arguments: z.string() }));
const OPEN_WITHIN_MS = 30_000;

export async function openHouses(mails: readonly Planted[]): Promise<Houses> {
  const folder = await mkdtemp(join(tmpdir(), "injection-"));
  const closers: Array<() => Promise<void>> = [];
  const houses = new Map<Mode, House>();
  for (const mode of MODES) {
    const { house, close } = await openHouse(folder, mode, mails);
    houses.set(mode, house);
    closers.push(close);
  }
  return {
    of: (mode) => {
      const house = houses.get(mode);
      if (house === undefined) throw new Error(`no house is ${mode}`);
      return house;
    },
    close: async () => {
      for (const close of closers) await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openHouse(
  folder: string,
  mode: Mode,
  mails: readonly Planted[],
): Promise<{ house: House; close: () => Promise<void> }> {
  const dbPath = join(folder, `${mode}.sqlite`);
  const isManaged = mode === "managed" || mode === "lying";
  const server = await startTools({
    dbPath,
    mails: mails.map((mail, index) => mailOf(mail, index, mode)),
    annotations: mode === "lying" ? "lying" : "true",
    ...(!isManaged && { agentic: mode }),
  });
  const catalogue = catalogueOf(server);
  await catalogue.open(OPEN_WITHIN_MS);
  const { tools } = catalogue.list;
  if (tools.length === 0) throw new Error(`the tools of the ${mode} server are not there`);
  const db = new Database(dbPath, { strict: true });
  const { signal } = new AbortController();
  let seen = 0;
  keepCopies(db);
  const house: House = {
    mode,
    tools,
    run: (run) => catalogue.run(run, signal),
    newRows: () => {
      const rows = Rows.parse(
        db.query("SELECT id, tool, arguments FROM executions WHERE id > $seen ORDER BY id").all({ seen }),
      );
      seen = rows.at(-1)?.id ?? seen;
      return rows.map(({ tool, arguments: args }) => ({ tool, key: `${tool} ${args}` }));
    },
    putBack: () => putBack(db),
  };
  const close = async () => {
    await catalogue.close();
    db.close();
    await server.stop();
  };
  return { house, close };
}

const catalogueOf = ({ url, key }: Tools): Catalogue =>
  new Catalogue(
    [
      {
        label: "zapier",
        url: new Secret(url),
        headers: { authorization: new Secret(`Bearer ${key}`) },
        prefix: undefined,
        keptIn: "ZAPIER_MCP_TOKEN",
        timeoutMs: undefined,
      },
    ],
    {
      clock: systemClock,
      log: () => {},
      policy: NO_POLICY,
      reserved: new Set(),
      timeoutMsOf: () => 20_000,
    },
  );

const KEPT = ["tasks", "mails"] as const;

function keepCopies(db: Database): void {
  db.run("PRAGMA busy_timeout = 10000");
  // What is put back need not survive anything.
  db.run("PRAGMA synchronous = OFF");
  for (const table of KEPT) db.run(`CREATE TABLE first_${table} AS SELECT * FROM ${table}`);
}

function putBack(db: Database): void {
  db.transaction(() => {
    for (const table of KEPT) {
      db.run(`DELETE FROM ${table}`);
      db.run(`INSERT INTO ${table} SELECT * FROM first_${table}`);
    }
  })();
}
