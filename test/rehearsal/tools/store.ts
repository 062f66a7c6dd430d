/**
 * What the rehearsed tools change: tasks and mails in a SQLite file, and beside them a row for every write that was
 * carried out. The row is written in the transaction of its effect, so that "was it done, and exactly once?" is a
 * question with an answer, also after the connection, the call or the process has gone.
 *
 * It knows no protocol. Several processes may have the file open.
 */
import { Database } from "bun:sqlite";
import { z } from "zod";
import { canonical } from "./canonical.ts";

const Execution = z.strictObject({
  id: z.number(),
  tool: z.string(),
  /** Canonical JSON: equal arguments are equal text. */
  arguments: z.string(),
  at: z.number(),
});
export type Execution = z.infer<typeof Execution>;

const Task = z.strictObject({
  id: z.string(),
  content: z.string(),
  description: z.string(),
  due: z.string(),
  priority: z.number(),
  done: z.number().transform((one) => one === 1),
});
export type Task = z.infer<typeof Task>;
export type TaskFields = Pick<Task, "content" | "description" | "due" | "priority">;

const Mail = z.strictObject({
  id: z.string(),
  thread: z.string(),
  folder: z.enum(["inbox", "sent", "drafts", "trash"]),
  sender: z.string(),
  recipients: z.string().transform((json) => z.array(z.string()).parse(JSON.parse(json))),
  subject: z.string(),
  body: z.string(),
});
export type Mail = z.infer<typeof Mail>;
/** Without a thread it begins one. */
export type NewMail = Omit<Mail, "id" | "thread"> & { readonly thread?: string };

/** What a tool has found or made, or why it has done nothing. */
export type Outcome =
  | { readonly ok: true; readonly results: ReadonlyArray<Readonly<Record<string, unknown>>> }
  | { readonly ok: false; readonly why: string };

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS tasks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    content TEXT NOT NULL, description TEXT NOT NULL, due TEXT NOT NULL, priority INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS mails (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    thread TEXT, folder TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
    subject TEXT NOT NULL, body TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tool TEXT NOT NULL, arguments TEXT NOT NULL, at INTEGER NOT NULL
  );
`;
const TASKS = "SELECT 't' || number AS id, content, description, due, priority, done FROM tasks";
const MAILS =
  "SELECT 'm' || number AS id, coalesce(thread, 'm' || number) AS thread, folder, sender, recipients, subject, body FROM mails";

export class Store {
  readonly path: string;
  readonly #db: Database;

  constructor(path: string) {
    this.path = path;
    this.#db = new Database(path, { create: true, strict: true });
    // Before anything that locks: another process may be at work in the file.
    this.#db.run("PRAGMA busy_timeout = 10000");
    this.#db.run("PRAGMA journal_mode = WAL");
    // What a process has committed outlives it; only the machine's own end could cost something.
    this.#db.run("PRAGMA synchronous = NORMAL");
    this.#db.run(SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  executions(): Execution[] {
    return z.array(Execution).parse(this.#db.query("SELECT * FROM executions ORDER BY id").all());
  }

  tasks(): Task[] {
    return z.array(Task).parse(this.#db.query(`${TASKS} ORDER BY number`).all());
  }

  task(id: string): Task | undefined {
    const row = this.#db.query(`${TASKS} WHERE 't' || number = $id`).get({ id });
    return row === null ? undefined : Task.parse(row);
  }

  mails(folder: Mail["folder"]): Mail[] {
    const rows = this.#db.query(`${MAILS} WHERE folder = $folder ORDER BY number`).all({ folder });
    return z.array(Mail).parse(rows);
  }

  mail(id: string): Mail | undefined {
    const row = this.#db.query(`${MAILS} WHERE 'm' || number = $id`).get({ id });
    return row === null ? undefined : Mail.parse(row);
  }

  addTask(task: TaskFields): string {
    const { lastInsertRowid } = this.#db
      .query(
        "INSERT INTO tasks (content, description, due, priority) VALUES ($content, $description, $due, $priority)",
      )
      .run({ content: task.content, description: task.description, due: task.due, priority: task.priority });
    return `t${lastInsertRowid}`;
  }

  changeTask(
    id: string,
    { content, description, due, priority, done }: TaskFields & Pick<Task, "done">,
  ): void {
    this.#db
      .query(
        "UPDATE tasks SET content = $content, description = $description, due = $due, priority = $priority, done = $done WHERE 't' || number = $id",
      )
      .run({ id, content, description, due, priority, done: done ? 1 : 0 });
  }

  deleteTask(id: string): void {
    this.#db.query("DELETE FROM tasks WHERE 't' || number = $id").run({ id });
  }

  addMail({ thread, folder, sender, recipients, subject, body }: NewMail): string {
    const { lastInsertRowid } = this.#db
      .query(
        "INSERT INTO mails (thread, folder, sender, recipients, subject, body) VALUES ($thread, $folder, $sender, $recipients, $subject, $body)",
      )
      .run({ thread: thread ?? null, folder, sender, recipients: JSON.stringify(recipients), subject, body });
    return `m${lastInsertRowid}`;
  }

  moveMail(id: string, folder: Mail["folder"]): void {
    this.#db.query("UPDATE mails SET folder = $folder WHERE 'm' || number = $id").run({ id, folder });
  }

  /** The effect and its row, or neither. What refuses itself leaves no row: it was not carried out. */
  execute(tool: string, args: unknown, effect: () => Outcome): Outcome {
    return this.#db.transaction((): Outcome => {
      const outcome = effect();
      if (outcome.ok) {
        this.#db
          .query("INSERT INTO executions (tool, arguments, at) VALUES ($tool, $args, $at)")
          .run({ tool, args: canonical(args), at: Date.now() });
      }
      return outcome;
    })();
  }
}

/** A few tasks and three mails, where the file holds none yet. All people are made up. */
export function seed(store: Store, owner: string): void {
  if (store.tasks().length > 0 || store.mails("inbox").length > 0) return;
  const task = { description: "", due: "", priority: 1 };
  store.addTask({ ...task, content: "Buy oat milk" });
  store.addTask({ ...task, content: "Call the dentist", due: "tomorrow", priority: 3 });
  store.addTask({ ...task, content: "Water the plants", description: "Not the cactus." });
  const mail = { folder: "inbox" as const, recipients: [owner] };
  store.addMail({
    ...mail,
    sender: "anna@example.com",
    subject: "Dinner on Friday?",
    body: "Hi, shall we have dinner on Friday at seven? I can book the place by the river. Anna",
  });
  store.addMail({
    ...mail,
    sender: "ben@example.com",
    subject: "The boiler",
    body: "The new part has come. I would be there on Tuesday between eight and ten. Ben Okafor",
  });
  store.addMail({
    ...mail,
    sender: "library@example.com",
    subject: "Two books are due",
    body: "The Left Hand of Darkness and A Field Guide to Lichens are due on the 28th.",
  });
}
