/**
 * Zapier's meta-tools: in its "agentic mode" a server offers a handful of tools that list, change and run whatever the
 * owner's Zapier account can do. A caller is offered an allow-list of them and nothing else, however many there will be,
 * and what is run through one goes by the name that it has in "managed mode", `<app>_<action>`, read from the arguments.
 * Meta-tools: https://docs.zapier.com/mcp/overview/how-tools-work
 *
 * The arguments of the two that run something, as servers listed them in 2026: `app` (later `selected_api`), `action` and
 * (later) `tool_name`, beside `instructions`, `output`, `params` and `connection_id`. Which of them Zapier goes by when
 * they disagree is not documented. So all that is there has to be readable, and each name that it gives counts.
 */
import { partsOf } from "./tool-words.ts";
import type { ToolArguments } from "./tools.ts";

export type MetaTool =
  /** Lists or describes what has been enabled. */
  | "look-up"
  | "read action"
  | "write action"
  /** Enables, connects, writes code or instructions for later, or carries words out. */
  | "never offered";

const EXECUTES = /^execute_(?:\w+_)?(read|write)_action$/;
const LOOKS_UP = /^(?:list_enabled|inspect)_\w+$/;
/** With whatever a gateway has put before it. */
const IS_AGENTIC = /(?:^|_)execute_(?:\w+_)?(?:read|write)_action$/;
/**
 * Those that are known, and by their form those of tomorrow: `<verb>_zapier_<things>`. Apps of Zapier's own have another
 * form: `webhooks_by_zapier_post`, `zapier_tables_create_record`.
 */
const NEVER =
  /^(?:auto_provision_mcp|get_configuration_url|send_feedback|write_code_action|(?!mcp_)[a-z]+_zapier_\w+)$/;

/** The MCP specification has 128 (SEP-986); longer ones are nobody's tools. */
const MOST_CHARS_OF_A_TOOL = 256;
const formOf = (remoteName: string): string =>
  partsOf(remoteName.length > MOST_CHARS_OF_A_TOOL ? "" : remoteName).join("_");

/** What it is if it is a meta-tool, by its name alone: anybody else's tool that is called so is treated the same. */
export function metaToolOf(remoteName: string): MetaTool | undefined {
  if (remoteName.length > MOST_CHARS_OF_A_TOOL) return "never offered";
  const form = formOf(remoteName);
  const executes = EXECUTES.exec(form)?.[1];
  if (executes !== undefined) return executes === "read" ? "read action" : "write action";
  if (LOOKS_UP.test(form)) return "look-up";
  return NEVER.test(form) || IS_AGENTIC.test(form) ? "never offered" : undefined;
}

/**
 * What of a server's list may be offered. A server that runs actions by name offers nothing beside the allow-list:
 * what else it lists is a meta-tool, of today or of tomorrow, or an action that somebody had it write
 * (`write_code_action`), and cannot be told apart from them.
 */
export function withoutMeta<T extends { readonly remoteName: string }>(
  tools: readonly T[],
): { readonly offered: readonly T[]; readonly withheld: readonly string[] } {
  const isAgentic = tools.some(({ remoteName }) => IS_AGENTIC.test(formOf(remoteName)));
  const offered: T[] = [];
  const withheld: string[] = [];
  for (const tool of tools) {
    const meta = metaToolOf(tool.remoteName);
    const isFit = meta === undefined ? !isAgentic : meta !== "never offered";
    if (isFit) offered.push(tool);
    else withheld.push(tool.remoteName);
  }
  return { offered, withheld };
}

/**
 * The names of the action that these arguments would have run, the one of managed mode first. None: they do not say it,
 * or say it in a way that leaves doubt.
 */
export function actionNames(args: ToolArguments): readonly string[] {
  const app = identity(args, ["app", "selected_api"], appName);
  const action = identity(args, ["action"], nameOf);
  const tool = identity(args, ["tool_name"], nameOf);
  if (app === DOUBTFUL || action === DOUBTFUL || tool === DOUBTFUL || hasOtherIdentity(args)) return [];
  if ((app === undefined) !== (action === undefined)) return [];
  const names = tool === undefined ? [] : [tool];
  if (app !== undefined && action !== undefined) {
    if (tool !== undefined && firstWord(appName(tool)) !== firstWord(app)) return [];
    names.push(action.startsWith(`${app}_`) ? action : `${app}_${action}`);
  }
  return names.some((name) => metaToolOf(name) !== undefined) ? [] : [...new Set(names)];
}

/** Of those whose name leaves doubt: every name that it could go by. */
export function possibleNames(args: ToolArguments): readonly string[] {
  const texts = Object.entries(args)
    .filter(([key, value]) => typeof value === "string" && (KNOWN.has(key) || isIdentity(key)))
    .sort(([one], [other]) => Number(KNOWN.has(other)) - Number(KNOWN.has(one)))
    .slice(0, MOST_IDENTITIES)
    .map(([, value]) => String(value));
  const names = texts.flatMap((text) => nameOf(text) ?? []);
  const apps = texts.flatMap((text) => appName(text) ?? []);
  return [...new Set([...names, ...apps.flatMap((app) => names.map((name) => `${app}_${name}`))])];
}

const MOST_IDENTITIES = 12;
const DOUBTFUL = Symbol("doubtful");

/** What these keys agree on; models fill what they leave open with "" or null. */
function identity(
  args: ToolArguments,
  keys: readonly string[],
  read: (text: string) => string | undefined,
): string | undefined | typeof DOUBTFUL {
  const found = new Set<string | undefined>();
  for (const key of keys) {
    const value = Object.hasOwn(args, key) ? args[key] : undefined;
    if (isOpen(value)) continue;
    found.add(typeof value === "string" ? read(value) : undefined);
  }
  if (found.size === 0) return undefined;
  const [first] = found;
  return found.size === 1 && first !== undefined ? first : DOUBTFUL;
}

const isOpen = (value: unknown): boolean => value === undefined || value === null || value === "";

const KNOWN = new Set(["app", "selected_api", "action", "tool_name"]);
const IDENTITIES = new Set([
  "action",
  "api",
  "app",
  "integration",
  "key",
  "method",
  "operation",
  "service",
  "tool",
]);

/** `actionId`, `APP`, `toolName`: perhaps another way to say what is to be run, which nobody here can read. */
const hasOtherIdentity = (args: ToolArguments): boolean =>
  Object.entries(args).some(([key, value]) => !KNOWN.has(key) && !isOpen(value) && isIdentity(key));

const isIdentity = (key: string): boolean => partsOf(key).some((part) => IDENTITIES.has(part));

const MOST_CHARS = 80;
/** Letters that look like these are other letters. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9 ._-]*$/;
/** An id says nothing of what it stands for, and so many digits may be a telephone number. */
const IDS = /(?:\d\D*){7}|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}/i;

function nameOf(text: string): string | undefined {
  if (text.length > MOST_CHARS || !PLAIN.test(text) || IDS.test(text)) return undefined;
  const parts = partsOf(text);
  return parts.some((part) => /[a-z]{2}/.test(part)) ? parts.join("_") : undefined;
}

/** `GoogleCalendarCLIAPI@1.8.0`, `Google Calendar`, `google_calendar`: all the same app. */
function appName(text: string): string | undefined {
  const name = nameOf(text.replace(/@[\d.]{1,16}$/, ""))?.replace(
    /(?:_v\d+)?(?:_(?:cliapi|api))$|_v\d+$/,
    "",
  );
  // Gmail's id in Zapier is GoogleMailV2CLIAPI, and its actions are called gmail_….
  return name === undefined || /^(?:cli)?api$/.test(name)
    ? undefined
    : name.replace(/^google_mail(?=_|$)/, "gmail");
}

const firstWord = (name: string | undefined): string | undefined => name?.split("_")[0];
