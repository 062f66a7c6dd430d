/**
 * The tools of the rehearsed call: an MCP server over a SQLite file that holds the caller's day and nothing else. What
 * was done with them is asked of that file.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startTools, type Tools } from "../tools/server.ts";
import { type Execution, Store } from "../tools/store.ts";
import { TODOIST } from "../tools/todoist.ts";

/** In the order in which the assistant reads them out. */
export const DAY = [
  { content: "Call the dentist", due: "today at nine" },
  { content: "The office meeting", due: "today at half past ten" },
  { content: "Lunch with Maria", due: "today at noon" },
  { content: "Send the report", due: "today" },
  { content: "Water the plants", due: "today" },
] as const;

/** What it is called, here and where it is left. */
export const DATABASE = "tools.sqlite";

export class TodoList {
  readonly #tools: Tools;
  /** When it is stopped: what its file holds. */
  #left: readonly Execution[] | undefined;

  private constructor(tools: Tools) {
    this.#tools = tools;
  }

  static async open(folder: string): Promise<TodoList> {
    const dbPath = join(folder, DATABASE);
    const store = new Store(dbPath);
    for (const task of DAY) store.addTask({ ...task, description: "", priority: 1 });
    store.close();
    return new TodoList(await startTools({ dbPath, seeds: false, only: TODOIST.map(({ name }) => name) }));
  }

  get port(): number {
    return this.#tools.port;
  }

  /** For the relay: how the list is reached, and that nobody but its owner writes into it. */
  get env(): Readonly<Record<string, string>> {
    return {
      ZAPIER_MCP_URL: this.#tools.url,
      ZAPIER_MCP_TOKEN: this.#tools.key,
      TRUSTED_READS: "todoist_*",
    };
  }

  openSessions(): number {
    return this.#tools.sessions();
  }

  /** Every write that was carried out by now; once it is stopped, as the file has it. */
  executions(): readonly Execution[] {
    return this.#left ?? this.#tools.executions();
  }

  async stop(): Promise<void> {
    this.#left = this.#tools.executions();
    await this.#tools.stop();
    const store = new Store(this.#tools.dbPath);
    this.#left = store.executions();
    store.close();
  }

  /** Once it is stopped: the file, for whoever wants to look into it. */
  async leaveIn(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await copyFile(this.#tools.dbPath, join(folder, DATABASE));
  }
}
