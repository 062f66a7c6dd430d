/**
 * How the world reaches a run of `npm run dev -- --tunnel`: one front, one tunnel, and a phone number, if the owner wants
 * it; opened in this order, undone in the other, and never begun before the journal knows of it.
 */
import { say } from "./children.ts";
import { type Front, startFront } from "./front.ts";
import { Journal } from "./journal.ts";
import { type Credentials, PointingError, pointHere, putBack, repair } from "./pointing.ts";
import { openTunnel, type Tunnel, TunnelError, type Wish } from "./tunnel.ts";

type Env = Readonly<Record<string, string | undefined>>;
export type Opened =
  | { readonly ok: true; readonly host: string }
  | { readonly ok: false; readonly problem: string };

const credentialsOf = (env: Env): Credentials => ({
  accountSid: env.TWILIO_ACCOUNT_SID ?? "",
  authToken: env.TWILIO_AUTH_TOKEN ?? "",
});
const tell = (words: string): void => say("dev", words);

/**
 * Before anything is started: what a run that was killed has left.
 * @returns why this one cannot start
 */
export async function mendAfterCrash(
  env: Env,
  folder: string,
  needsJournal: boolean,
): Promise<string | undefined> {
  const journal = new Journal(folder);
  try {
    const state = await repair(journal, credentialsOf(env), tell);
    if (!needsJournal || state === "clean") return undefined;
    if (state === "running")
      return "Another npm run dev -- --tunnel is running from this folder: end that one first.";
    return `A number still points to a tunnel that is gone, as ${journal.path} says: it has to be put back first.`;
  } catch (error) {
    if (error instanceof PointingError) return error.message;
    throw error;
  }
}

export class Outside {
  readonly #wish: Wish;
  readonly #wanted: string | undefined;
  readonly #env: Env;
  readonly #over = Promise.withResolvers<number>();
  #journal: Journal | undefined;
  #front: Front | undefined;
  #tunnel: Tunnel | undefined;
  #opening: Promise<Opened> | undefined;
  readonly #closing = new AbortController();

  /** @param point the number that is to point here */
  constructor(wish: Wish, point: string | undefined, env: Env) {
    this.#wish = wish;
    this.#wanted = point;
    this.#env = env;
  }

  /** When the tunnel ends by itself. */
  get ended(): Promise<number> {
    return this.#over.promise;
  }

  open(ports: { edge: number; relay: number }, dataFolder: string, folder: string): Promise<Opened> {
    this.#opening = this.#open(ports, dataFolder, folder);
    return this.#opening;
  }

  async #open(ports: { edge: number; relay: number }, dataFolder: string, folder: string): Promise<Opened> {
    this.#journal = new Journal(dataFolder);
    this.#journal.begin();
    try {
      this.#front = await startFront(ports);
      this.#tunnel = await openTunnel(
        this.#front.port,
        this.#wish,
        folder,
        (pid) => this.started(pid),
        this.#closing.signal,
      );
    } catch (error) {
      if (error instanceof TunnelError) return { ok: false, problem: error.message };
      throw error;
    }
    const { by, host, ended } = this.#tunnel;
    void ended.then((code) => {
      if (!this.#closing.signal.aborted) this.#over.resolve(code);
    });
    tell(`the tunnel by ${by} is up`);
    return { ok: true, host };
  }

  started(pid: number): void {
    this.#journal?.started(pid);
  }

  /** @returns what went wrong */
  async point(): Promise<string | undefined> {
    const { PHONE_NUMBER } = this.#env;
    const number = this.#wanted ?? (PHONE_NUMBER && (await wants(PHONE_NUMBER)) ? PHONE_NUMBER : undefined);
    const base = `https://${this.#tunnel?.host}`;
    if (number === undefined || this.#journal === undefined) {
      tell(`no number points here: set one to ${base}/voice/incoming, or start with --point +15551234567`);
      return undefined;
    }
    try {
      await pointHere(number, base, credentialsOf(this.#env), this.#journal);
      tell(`${number} points here until this ends`);
      return undefined;
    } catch (error) {
      if (error instanceof PointingError) return error.message;
      throw error;
    }
  }

  async putBack(): Promise<void> {
    this.#closing.abort();
    const pointed = this.#journal?.now?.pointed;
    if (pointed !== undefined && (await putBack(pointed, credentialsOf(this.#env), tell))) {
      this.#journal?.pointed(undefined);
    }
  }

  /** Where the number could not be put back, the journal stays for the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    // A signal may have come before it was up.
    await this.#opening?.catch(() => undefined);
    await this.#tunnel?.stop();
    this.#front?.stop();
    if (this.#journal?.now?.pointed === undefined) this.#journal?.remove();
  }
}

/** Only somebody at a terminal can be asked. */
async function wants(number: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const { confirm } = await import("@clack/prompts");
  const answer = await confirm({ message: `Point ${number} here for as long as this runs?` });
  // Ctrl-C is a key while a question is open.
  if (typeof answer === "symbol") process.kill(process.pid, "SIGINT");
  return answer === true;
}
