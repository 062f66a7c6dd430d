/** A Todoist-like app: tasks that are found, made, changed, completed and deleted. Names as Zapier gives them. */
import { z } from "zod";
import { type Action, action, found, READ, refused, WRITE } from "./action.ts";
import type { Outcome, Store, Task } from "./store.ts";

const app = "Todoist" as const;
const Id = z.string().min(1).describe("The id of the task, as todoist_find_tasks gives it.");
const Priority = z.number().int().min(1).max(4).describe("From 1, normal, to 4, urgent.");
const Due = z.string().describe("When it is due, in plain words: tomorrow at nine.");

const shown = ({ id, content, description, due, priority, done }: Task) => ({
  id,
  content,
  description,
  due_string: due,
  priority,
  is_completed: done,
});

function withTask(store: Store, id: string, change: (task: Task) => void): Outcome {
  const task = store.task(id);
  if (task === undefined) return refused(`Task not found: ${id}`);
  change(task);
  const now = store.task(id);
  return found([now === undefined ? { id, is_deleted: true } : shown(now)]);
}

export const TODOIST: readonly Action[] = [
  action({
    app,
    name: "todoist_find_tasks",
    key: "find_tasks",
    title: "Todoist: Find Tasks",
    description: "Finds the tasks that are still open and hold the words asked for; all of them without any.",
    hints: READ,
    input: z.strictObject({ query: z.string().optional(), limit: z.number().int().min(1).optional() }),
    run: (store, { query = "", limit }) => {
      const sought = query.toLowerCase();
      const hits = store
        .tasks()
        .filter((task) => !task.done && `${task.content} ${task.description}`.toLowerCase().includes(sought));
      return found(hits.slice(0, limit).map(shown));
    },
  }),
  action({
    app,
    name: "todoist_create_task",
    key: "create_task",
    title: "Todoist: Create Task",
    description: "Creates a new task.",
    hints: WRITE,
    input: z.strictObject({
      content: z.string().min(1).describe("What is to be done."),
      description: z.string().optional(),
      due_string: Due.optional(),
      priority: Priority.optional(),
    }),
    run: (store, { content, description = "", due_string: due = "", priority = 1 }) => {
      const id = store.addTask({ content, description, due, priority });
      return found([{ id, content, description, due_string: due, priority, is_completed: false }]);
    },
  }),
  action({
    app,
    name: "todoist_update_task",
    key: "update_task",
    title: "Todoist: Update Task",
    description: "Changes a task; what is left out stays as it is.",
    hints: { ...WRITE, destructiveHint: true, idempotentHint: true },
    input: z.strictObject({
      task_id: Id,
      content: z.string().min(1).optional(),
      description: z.string().optional(),
      due_string: Due.optional(),
      priority: Priority.optional(),
    }),
    run: (store, { task_id, content, description, due_string, priority }) =>
      withTask(store, task_id, (task) =>
        store.changeTask(task_id, {
          content: content ?? task.content,
          description: description ?? task.description,
          due: due_string ?? task.due,
          priority: priority ?? task.priority,
          done: task.done,
        }),
      ),
  }),
  action({
    app,
    name: "todoist_complete_task",
    key: "complete_task",
    title: "Todoist: Mark Task as Completed",
    description: "Marks a task as done.",
    hints: { ...WRITE, idempotentHint: true },
    input: z.strictObject({ task_id: Id }),
    run: (store, { task_id }) =>
      withTask(store, task_id, (task) => store.changeTask(task_id, { ...task, done: true })),
  }),
  action({
    app,
    name: "todoist_delete_task",
    key: "delete_task",
    title: "Todoist: Delete Task",
    description: "Deletes a task for good.",
    hints: { ...WRITE, destructiveHint: true },
    input: z.strictObject({ task_id: Id }),
    run: (store, { task_id }) => withTask(store, task_id, () => store.deleteTask(task_id)),
  }),
];
