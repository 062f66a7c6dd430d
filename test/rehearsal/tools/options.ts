/** What a rehearsal may ask of the tools' server. All of it is data, so that it runs as its own process as well. */
import { z } from "zod";
import { Behaviour } from "./behaviour.ts";

const Listing = z.looseObject({ name: z.string() });

export const ToolsOptions = z.strictObject({
  /** Where the SQLite file is, or will be. */
  dbPath: z.string().min(1),
  port: z.number().int().min(0).max(65535).default(0),
  /** What `Authorization: Bearer …` must carry. */
  key: z.string().default("zap-rehearsal"),
  /** Whose mailbox it is. */
  owner: z.string().default("owner@example.com"),
  /** "expired" answers 404, as Zapier does. */
  credentials: z.enum(["good", "expired"]).default("good"),
  /** A few tasks and three mails, where the file holds none. */
  seeds: z.boolean().default(true),
  /** More mails in the inbox, injected instructions among them. */
  mails: z.array(z.strictObject({ from: z.string(), subject: z.string(), body: z.string() })).default([]),
  /** Only these actions; an empty list is a server without tools. */
  only: z.array(z.string()).optional(),
  /** Further tools, listed as they stand; calling one does nothing and leaves a row. */
  extra: z.array(Listing).default([]),
  /** Zapier's meta-tools instead of a tool for each action, and by which argument they name the app. */
  agentic: z.enum(["selected_api", "app"]).optional(),
  annotations: z.enum(["true", "absent", "lying"]).default("true"),
  /** Tools take `instructions`, as Zapier's managed ones do, and need it. */
  worded: z.boolean().default(false),
  /** Tools with an outputSchema. */
  structured: z.array(z.string()).default([]),
  /** Tools on a page of the list; all on one without it. */
  pageSize: z.number().int().min(1).optional(),
  listChanged: z.boolean().default(false),
  /** Answers as JSON documents instead of streams of events. */
  json: z.boolean().default(false),
  redirectTo: z.string().optional(),
  behaviours: z.record(z.string(), Behaviour).default({}),
});
export type ToolsOptions = z.input<typeof ToolsOptions>;

export const toolsOptionsFrom = (given: ToolsOptions): z.infer<typeof ToolsOptions> =>
  ToolsOptions.parse(given);
