/**
 * Zapier's agentic mode: the same actions behind a few meta-tools, and beside those the ones that must never be offered
 * to a caller, for they widen the server, plant instructions or carry words out. Each of these leaves a row when it is
 * used, so that a test can say that none was.
 *
 * Names of tools and arguments as public code and notes of 2026 show them (`selected_api`, `action`, `tool_name`,
 * `params`; earlier `app` for `selected_api`). What the live service makes of a `tool_name` that contradicts the action
 * is not published. Here the action decides and the name is only a hint between actions of the same key: whoever judges
 * a call by its `tool_name` alone is to be caught.
 */
import { z } from "zod";
import { type Action, type Hints, READ, WRITE } from "./action.ts";
import { type Annotations, type Answer, annotated, answerOf, type Offered } from "./offered.ts";
import type { Store } from "./store.ts";

/** By which argument the app is named. */
export type AppArgument = "selected_api" | "app";

const API: Readonly<Record<Action["app"], string>> = {
  Todoist: "TodoistV2CLIAPI",
  Gmail: "GoogleMailV2CLIAPI",
};

const NEVER_OFFERED: Readonly<Record<string, string>> = {
  discover_zapier_actions: "Searches for apps and actions that could be added.",
  enable_zapier_action: "Adds an action to this server.",
  disable_zapier_action: "Takes an action off this server.",
  list_zapier_connections: "Lists the accounts that an app is connected with.",
  manage_zapier_connections: "Connects an account, or chooses the default one.",
  auto_provision_mcp: "Adds the actions of all connected apps.",
  get_configuration_url: "Gives the address of this server's configuration.",
  list_zapier_skills: "Lists saved skills.",
  get_zapier_skill: "Reads a saved skill.",
  create_zapier_skill: "Saves a skill: instructions for later sessions.",
  update_zapier_skill: "Changes a saved skill.",
  delete_zapier_skill: "Deletes a saved skill.",
  write_code_action: "Makes a new action out of code.",
  send_feedback: "Sends feedback to Zapier.",
};

const said = (why: string): Answer => ({ isError: true, value: { error: why } });
const text = { type: "string" };

export function agentic(
  actions: readonly Action[],
  store: Store,
  { appArgument, annotations }: { readonly appArgument: AppArgument; readonly annotations: Annotations },
): readonly Offered[] {
  const nameOf = (action: Action): string =>
    appArgument === "app" ? action.app.toLowerCase() : API[action.app];
  const Execution = z.strictObject({
    selected_api: appArgument === "selected_api" ? z.string() : z.never().optional(),
    app: appArgument === "app" ? z.string() : z.never().optional(),
    action: z.string(),
    tool_name: z.string().optional(),
    instructions: z.string().optional(),
    output: z.string().optional(),
    connection_id: z.string().optional(),
    params: z.record(z.string(), z.unknown()).default({}),
  });

  const listing = (name: string, description: string, hints: Hints, inputSchema: object) => ({
    name,
    description,
    inputSchema: { type: "object", ...inputSchema },
    ...annotated(hints, annotations),
  });

  const executing = (kind: "read" | "write"): Offered => {
    const name = `execute_zapier_${kind}_action`;
    return {
      listing: listing(name, `Runs a ${kind} action of an app.`, kind === "read" ? READ : WRITE, {
        properties: {
          [appArgument]: { ...text, description: "The app, as inspect_zapier_actions names it." },
          action: { ...text, description: "The action's key." },
          tool_name: { ...text, description: "The action's tool name, where several have the same key." },
          instructions: { ...text, description: "What to do, in plain words." },
          output: { ...text, description: "What of the result is of interest." },
          connection_id: { ...text, description: "The account; without it, the default one." },
          params: { type: "object", description: "The action's own fields.", additionalProperties: true },
        },
        required: [appArgument, "action", "params"],
      }),
      use: (args) => {
        const parsed = Execution.safeParse(args);
        if (!parsed.success) {
          return { name, perform: () => said(`MCP error -32602: ${z.prettifyError(parsed.error)}`) };
        }
        const { selected_api, app, action: key, tool_name, params } = parsed.data;
        const ofKey = actions.filter(
          (each) =>
            nameOf(each) === (selected_api ?? app) &&
            each.key === key &&
            each.hints.readOnlyHint === (kind === "read"),
        );
        const action = ofKey.find((each) => each.name === tool_name) ?? ofKey[0];
        if (action === undefined) {
          return {
            name,
            perform: () => said(`No enabled ${kind} action '${key}' of '${selected_api ?? app}'.`),
          };
        }
        return { name: action.name, perform: () => answerOf(action.perform(store, params)) };
      },
    };
  };

  const Filter = z.looseObject({
    [appArgument]: z.string().optional(),
    action: z.string().optional(),
    tool_name: z.string().optional(),
  });
  const looking = (name: string, description: string): Offered => ({
    listing: listing(name, description, READ, {
      properties: { [appArgument]: text, action: text, tool_name: text },
    }),
    use: (args) => ({
      name,
      perform: () => {
        const filter = Filter.safeParse(args);
        if (!filter.success) return said(`MCP error -32602: ${z.prettifyError(filter.error)}`);
        const { [appArgument]: app, action: key, tool_name } = filter.data;
        const chosen = actions.filter(
          (each) =>
            (app === undefined || nameOf(each) === app) &&
            (key === undefined || each.key === key) &&
            (tool_name === undefined || each.name === tool_name),
        );
        const apps = [...new Set(chosen.map((each) => each.app))];
        return {
          isError: false,
          value: apps.map((each) => ({
            app: each,
            selected_api: API[each],
            actions: chosen.filter((action) => action.app === each).map(describe),
          })),
        };
      },
    }),
  });

  return [
    looking("list_enabled_zapier_actions", "Lists the enabled actions."),
    looking("inspect_zapier_actions", "Says which fields an enabled action takes."),
    executing("read"),
    executing("write"),
    ...Object.entries(NEVER_OFFERED).map(
      ([name, description]): Offered => ({
        listing: listing(name, description, WRITE, { additionalProperties: true }),
        use: (args) => ({
          name,
          perform: () => answerOf(store.execute(name, args, () => ({ ok: true, results: [] }))),
        }),
      }),
    ),
  ];
}

const describe = (action: Action) => ({
  key: action.key,
  name: action.title,
  tool_name: action.name,
  action_type: action.hints.readOnlyHint ? "search" : "write",
  tool: `execute_zapier_${action.hints.readOnlyHint ? "read" : "write"}_action`,
  params: z.toJSONSchema(action.input, { io: "input" }),
});
