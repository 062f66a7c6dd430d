/**
 * The two env files: read as their own readers will read them, and written so that those give back what was meant.
 *
 * What Bun makes of `.env` is asked of Bun, and each file that is written is read back by its reader before it takes the
 * old one's place. A write keeps every comment, the order, and whatever it was not told to change; both files change or
 * neither does; and only their owner may read them. Names may be told in a message, values never.
 */
import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import { chmod, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { z } from "zod";
import type { Finding } from "../variables.ts";
import { type EnvKind, readEdgeText, withVariable, writtenAs } from "./env-syntax.ts";

export { type EnvKind, readEdgeText } from "./env-syntax.ts";

export type EnvFile = {
  readonly path: string;
  readonly kind: EnvKind;
  readonly text: string;
  /** Its permissions alone, as in 0o600. */
  readonly mode: number;
  readonly values: ReadonlyMap<string, string>;
};

/** Something about the files stands in the way; nothing has been written. */
export class EnvFileError extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(({ variable, problem, mend }) => `${variable} ${problem}: ${mend}`).join("; "));
    this.name = "EnvFileError";
    this.findings = findings;
  }
}

/** https://www.twilio.com/docs/serverless/functions-assets/functions/variables */
const MOST_BYTES_A_VALUE = 450;
const MOST_BYTES_IN_ALL = 3 * 1024;
const OWNER_ONLY = 0o600;

/** undefined: there is no such file. */
export async function readEnvFile(path: string, kind: EnvKind): Promise<EnvFile | undefined> {
  const text = await readFile(path, "utf8").catch(unlessMissing);
  if (text === undefined) return undefined;
  const values = kind === "edge" ? readEdgeText(text) : await readAsBun(path);
  return { path, kind, text, mode: (await stat(path)).mode & 0o777, values };
}

/** With nothing in its environment: what stands in the file, and $NAME of a variable from outside is nothing. */
async function readAsBun(path: string): Promise<Map<string, string>> {
  // The environment of the process that is started, in which there is nothing but the file.
  const print = "const { env } = process; process.stdout.write(JSON.stringify(env))";
  const child = Bun.spawn([process.execPath, `--env-file=${basename(path)}`, "-e", print], {
    cwd: dirname(path),
    env: {},
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [printed, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`Bun cannot read ${path}: ${complaint.trim()}`);
  return new Map(Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(printed))));
}

/** What of the edge's variables goes to Twilio: twilio-run keeps the credentials and the empty ones back. */
export function deployedValues(values: ReadonlyMap<string, string>): Map<string, string> {
  const kept = new Set(["ACCOUNT_SID", "AUTH_TOKEN"]);
  return new Map([...values].filter(([name, value]) => value !== "" && !kept.has(name)));
}

/** What is wrong with a file as a file; whether its values are right is not asked here. */
export function envFileFindings(file: EnvFile): Finding[] {
  const found: Finding[] = [];
  const name = basename(file.path);
  if ((file.mode & 0o077) !== 0) {
    const problem = "can be read by other users of this machine, and holds secrets";
    found.push({ variable: name, problem, mend: `chmod 600 ${name}` });
  }
  return file.kind === "edge" ? [...found, ...edgeFindings(file.values)] : found;
}

export function edgeFindings(values: ReadonlyMap<string, string>): Finding[] {
  const found: Finding[] = [];
  for (const [variable, value] of values) {
    if (/\s#/.test(value)) {
      const problem = "has a comment behind its value, which becomes part of the value";
      found.push({ variable, problem, mend: "put the comment on a line of its own" });
    }
    if (/^["']/.test(value) !== /["']$/.test(value) && /["']/.test(value[0] ?? "")) {
      const problem = "begins with a quote that its line does not close, and no value has more than one line";
      found.push({ variable, problem, mend: "write the value on one line, without quotes" });
    }
  }
  const deployed = deployedValues(values);
  let inAll = 0;
  for (const [variable, value] of deployed) {
    const bytes = Buffer.byteLength(value);
    inAll += Buffer.byteLength(variable) + bytes;
    if (bytes <= MOST_BYTES_A_VALUE) continue;
    const problem = `has ${bytes} bytes, and Twilio takes ${MOST_BYTES_A_VALUE} at most`;
    const isList = variable === "ALLOWED_NUMBERS";
    const mend = isList ? "put the numbers into assets/callers.private.json instead" : "make it shorter";
    found.push({ variable, problem, mend });
  }
  if (inAll > MOST_BYTES_IN_ALL) {
    const problem = `holds ${inAll} bytes of variables, and Twilio takes ${MOST_BYTES_IN_ALL} in all`;
    const mend = "put long lists of numbers into assets/callers.private.json instead";
    found.push({ variable: "the env file of the edge", problem, mend });
  }
  return found;
}

export type EnvWrite = {
  readonly path: string;
  readonly kind: EnvKind;
  /** The file as it was read; undefined: there was none, and a new one begins as `template`. */
  readonly from: EnvFile | undefined;
  readonly template: string;
  /** undefined takes a variable out. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  /** Those of the changes that may replace a value. */
  readonly over: ReadonlySet<string>;
};

/**
 * All of them or none.
 * @throws EnvFileError
 */
export async function writeEnvFiles(writes: readonly EnvWrite[]): Promise<void> {
  const findings = writes.flatMap(objectionsTo);
  if (findings.length > 0) throw new EnvFileError(findings);
  const staged: { readonly temporary: string; readonly target: string }[] = [];
  try {
    for (const write of writes) {
      const target = await realpath(write.path).catch(() => write.path);
      const temporary = `${target}.${randomBytes(6).toString("hex")}.new`;
      staged.push({ temporary, target });
      await stage(write, temporary);
    }
    for (const write of writes) await holdUnchanged(write);
    // With nothing between them that a signal could come into.
    for (const { temporary, target } of staged) renameSync(temporary, target);
  } finally {
    for (const { temporary } of staged) await rm(temporary, { force: true });
  }
}

function objectionsTo({ kind, from, template, changes, over }: EnvWrite): Finding[] {
  const found: Finding[] = [];
  for (const [variable, value] of changes) {
    const old = from?.values.get(variable) ?? "";
    if (old !== "" && old !== value && !over.has(variable)) {
      found.push({ variable, problem: "has a value", mend: "it is replaced only when that is asked for" });
    }
    if (value !== undefined && writtenAs(value, kind) === undefined) {
      found.push({ variable, problem: "holds what its file cannot hold", mend: UNWRITABLE[kind] });
    }
  }
  if (kind === "relay" || found.length > 0) return found;
  return edgeFindings(readEdgeText(textAfter(from?.text ?? template, kind, changes)));
}

const UNWRITABLE: Readonly<Record<EnvKind, string>> = {
  relay: "leave out control characters, a backslash at the end, and all but one kind of quotes",
  edge: "write it on one line, with no blanks at its ends",
};

function textAfter(text: string, kind: EnvKind, changes: EnvWrite["changes"]): string {
  let after = text;
  for (const [name, value] of changes) {
    after = withVariable(after, kind, name, value === undefined ? undefined : writtenAs(value, kind));
  }
  return after;
}

/** Read back as its reader reads it: the changes, and all else as it was. */
async function stage({ path, kind, from, template, changes }: EnvWrite, temporary: string): Promise<void> {
  const file = await open(temporary, "wx", OWNER_ONLY);
  try {
    await file.writeFile(textAfter(from?.text ?? template, kind, changes));
    await file.sync();
  } finally {
    await file.close();
  }
  // What umask took away.
  await chmod(temporary, OWNER_ONLY);
  const written = (await readEnvFile(temporary, kind))?.values ?? new Map<string, string>();
  const names = new Set([...(from?.values.keys() ?? []), ...changes.keys()]);
  const wrong = [...names].filter((name) => {
    const meant = changes.has(name) ? changes.get(name) : from?.values.get(name);
    return written.get(name) !== meant;
  });
  if (wrong.length === 0) return;
  const mend = "something in that file is in the way, as a quote that nothing closes; mend it by hand";
  const problem = `would not be read from ${basename(path)} as it was meant`;
  throw new EnvFileError(wrong.map((variable) => ({ variable, problem, mend })));
}

/** Somebody's editor may have been at it. */
async function holdUnchanged({ path, from }: EnvWrite): Promise<void> {
  const now = await readFile(path, "utf8").catch(unlessMissing);
  if (now === from?.text) return;
  const problem = from === undefined ? "has come into being meanwhile" : "has changed meanwhile";
  throw new EnvFileError([{ variable: basename(path), problem, mend: "run this again" }]);
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
