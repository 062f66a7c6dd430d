/**
 * The rehearsed tools: a real MCP server over Streamable HTTP whose tools really change a SQLite file. This file puts
 * the parts together and is what tests hold in their hands.
 *
 * It may not be imported by anything but rehearsals and tests.
 */

import { Waiting } from "../model/waiting.ts";
import type { Action } from "./action.ts";
import { again } from "./again.ts";
import { type BehaviourInput, Behaviours } from "./behaviour.ts";
import { type Credentials, Door, PATH, type RequestSeen } from "./door.ts";
import { gmailOf } from "./gmail.ts";
import { type CallSeen, serverIn } from "./mcp.ts";
import { type Listing, listedOnly, managed, type Offered } from "./offered.ts";
import { type ToolsOptions, toolsOptionsFrom } from "./options.ts";
import { type Execution, type Mail, Store, seed, type Task } from "./store.ts";
import { TODOIST } from "./todoist.ts";
import { agentic } from "./zapier.ts";

export type Tools = {
  /** `http://127.0.0.1:port/api/v1/connect` */
  readonly url: string;
  readonly port: number;
  readonly key: string;
  readonly dbPath: string;
  /** Every write that was carried out, in order. */
  executions(): Execution[];
  tasks(): Task[];
  /** The inbox. */
  mails(): Mail[];
  sent(): Mail[];
  drafts(): Mail[];
  /** A mail comes in. Returns its id. */
  receive(mail: { readonly from: string; readonly subject: string; readonly body: string }): string;
  readonly calls: readonly CallSeen[];
  readonly requests: readonly RequestSeen[];
  /** Open sessions. */
  sessions(): number;
  /** For a tool or an action by its name, "*" for all of them, or "tools/list". */
  setBehaviour(tool: string, behaviour: BehaviourInput): void;
  setCredentials(credentials: Credentials): void;
  /** Tools come at run time, and the clients are told, where `listChanged` is offered. */
  addTools(...listings: readonly Listing[]): Promise<void>;
  /** Tools go at run time. */
  removeTools(...names: readonly string[]): Promise<void>;
  forgetSessions(): Promise<void>;
  /** The server is gone: its port refuses. */
  down(): Promise<void>;
  /** And is back, with the same address and file and none of its sessions. */
  up(): Promise<void>;
  /** The predicate is asked at once, and again whenever a request, a call or an end of one was seen. */
  waitFor<Found>(predicate: () => Found | undefined | false, withinMs: number): Promise<Found>;
  stop(): Promise<void>;
};

export async function startTools(given: ToolsOptions): Promise<Tools> {
  const options = toolsOptionsFrom(given);
  const store = new Store(options.dbPath);
  if (options.seeds) seed(store, options.owner);
  for (const mail of options.mails) receive(store, options.owner, mail);

  const actions: readonly Action[] = [...TODOIST, ...gmailOf(options.owner)].filter(
    ({ name }) => options.only === undefined || options.only.includes(name),
  );
  const { annotations, worded } = options;
  let offered: readonly Offered[] = [
    ...(options.agentic === undefined
      ? actions.map((action) => {
          const structured = options.structured.includes(action.name);
          return managed(action, store, { annotations, worded, structured });
        })
      : agentic(actions, store, { appArgument: options.agentic, annotations })),
    ...options.extra.map((listing) => listedOnly(listing, store)),
  ];

  const waiting = new Waiting();
  const calls: CallSeen[] = [];
  const behaviours = new Behaviours(options.behaviours);
  const serverFor = () =>
    serverIn({
      offered: () => offered,
      pageSize: options.pageSize ?? Number.MAX_SAFE_INTEGER,
      listChanged: options.listChanged,
      behaviours,
      calls,
      changed: waiting.changed,
      exchange: (id) => door.exchange(id),
    });
  const { key, json, redirectTo } = options;
  const door = new Door({ key, json, redirectTo }, serverFor, waiting.changed);
  door.credentials = options.credentials;
  const port = await door.open(options.port);
  const relist = async (now: readonly Offered[]): Promise<void> => {
    offered = now;
    if (options.listChanged) await door.tellOfNewList();
  };

  return {
    url: `http://127.0.0.1:${port}${PATH}`,
    port,
    key,
    dbPath: options.dbPath,
    executions: () => store.executions(),
    tasks: () => store.tasks(),
    mails: () => store.mails("inbox"),
    sent: () => store.mails("sent"),
    drafts: () => store.mails("drafts"),
    receive: (mail) => receive(store, options.owner, mail),
    calls,
    requests: door.requests,
    sessions: () => door.sessions,
    setBehaviour: (tool, behaviour) => behaviours.set(tool, behaviour),
    setCredentials: (credentials) => {
      door.credentials = credentials;
    },
    addTools: (...listings) => relist([...offered, ...listings.map((listing) => listedOnly(listing, store))]),
    removeTools: (...names) => relist(offered.filter(({ listing }) => !names.includes(listing.name))),
    forgetSessions: () => door.forgetSessions(),
    down: () => door.close(),
    up: async () => {
      await again(() => door.open(port));
    },
    waitFor: (predicate, withinMs) => waiting.for(predicate, withinMs),
    stop: async () => {
      await door.close();
      store.close();
    },
  };
}

const receive = (
  store: Store,
  owner: string,
  { from, subject, body }: { readonly from: string; readonly subject: string; readonly body: string },
): string => store.addMail({ folder: "inbox", sender: from, recipients: [owner], subject, body });
