/**
 * One line of the doctor's: a question to the world, what came of it, and the mend. A line is asked once, when somebody
 * first wants its answer, so that independent lines are asked side by side; it asks for what it needs of others, and
 * where that is not well it is not asked at all. No answer within its time is an answer too.
 *
 * What is thrown here never reaches a screen in its own words: they may quote what they choked on, which may be a secret.
 */

export const GROUPS = [
  "settings",
  "agreement",
  "clock",
  "records",
  "openai",
  "tools",
  "relay",
  "account",
  "edge",
  "number",
] as const;
export type Group = (typeof GROUPS)[number];

export type Trouble = { readonly says: string; readonly mend: string };

export type Verdict<T> =
  | { readonly is: "well"; readonly says: string; readonly value: T }
  /** It works, and the owner should know something. */
  | {
      readonly is: "doubtful";
      readonly says: string;
      readonly findings: readonly Trouble[];
      readonly value: T;
    }
  | { readonly is: "ill"; readonly says: string; readonly findings: readonly Trouble[] }
  /** Because of another line, or because there is nothing to ask. */
  | { readonly is: "unasked"; readonly says: string };

export const well = <T>(says: string, value: T): Verdict<T> => ({ is: "well", says, value });

/** Well, unless something was found. */
export const wellBut = <T>(says: string, findings: readonly Trouble[], value: T): Verdict<T> =>
  findings.length === 0 ? well(says, value) : { is: "doubtful", says, findings, value };

export const ill = (says: string, mend: string): Verdict<never> => ({
  is: "ill",
  says,
  findings: [{ says, mend }],
});

/** There is nothing to be asked, and nothing wrong with that. */
export const nothing = (says: string): Verdict<never> => ({ is: "unasked", says });

/** One that stands for several findings is told by their number. */
export const allIll = (what: string, findings: readonly Trouble[]): Verdict<never> => {
  const [only] = findings;
  const says =
    findings.length === 1 && only !== undefined
      ? only.says
      : `${findings.length} things are wrong with ${what}`;
  return { is: "ill", says, findings };
};

/** As it is told. */
export type Told = {
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  readonly is: Verdict<unknown>["is"];
  readonly says: string;
  readonly findings: readonly Trouble[];
};

export type Question = {
  readonly group: Group;
  /** Within the group. */
  readonly name: string;
  readonly title: string;
  readonly withinMs?: number;
  /** What to do where there was no answer in time. */
  readonly lateMend?: string;
};

export type Asking = {
  /** What another line found. Where it found nothing to go on with, this line is not asked. */
  readonly have: <T>(line: Line<T>) => Promise<T>;
  readonly signal: AbortSignal;
};

const WITHIN_MS = 10_000;
let leastMs = 0;

/** For slow machines and networks: from now on no line gives up sooner. */
export function bePatient(ms: number): void {
  leastMs = ms;
}

class Unmet extends Error {
  readonly title: string;

  constructor(title: string) {
    super("unmet");
    this.title = title;
  }
}

export class Line<T = unknown> {
  readonly group: Group;
  readonly id: string;
  readonly title: string;
  readonly #question: Question;
  readonly #ask: (asking: Asking) => Promise<Verdict<T>> | Verdict<T>;
  #verdict: Promise<Verdict<T>> | undefined;

  constructor(question: Question, ask: (asking: Asking) => Promise<Verdict<T>> | Verdict<T>) {
    this.group = question.group;
    this.id = `${question.group}/${question.name}`;
    this.title = question.title;
    this.#question = question;
    this.#ask = ask;
  }

  /** Asked at the first time. Never rejects. */
  get verdict(): Promise<Verdict<T>> {
    this.#verdict ??= this.#answered();
    return this.#verdict;
  }

  async told(): Promise<Told> {
    const verdict = await this.verdict;
    const findings = "findings" in verdict ? verdict.findings : [];
    const { id, group, title } = this;
    return { id, group, title, is: verdict.is, says: verdict.says, findings };
  }

  async #answered(): Promise<Verdict<T>> {
    const { lateMend } = this.#question;
    const withinMs = Math.max(leastMs, this.#question.withinMs ?? WITHIN_MS);
    const stopped = new AbortController();
    const late = Promise.withResolvers<Verdict<T>>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = () => {
      timer = setTimeout(() => {
        late.resolve(
          ill(
            `no answer within ${withinMs / 1000} s`,
            lateMend ?? "look whether this machine's network and the other side are well, and run this again",
          ),
        );
        stopped.abort();
      }, withinMs);
    };
    // Its time is its own: others' is not counted.
    const have = async <V>(line: Line<V>): Promise<V> => {
      clearTimeout(timer);
      const verdict = await line.verdict;
      if (verdict.is === "ill" || verdict.is === "unasked") throw new Unmet(line.title);
      begin();
      return verdict.value;
    };
    begin();
    try {
      return await Promise.race([late.promise, (async () => this.#ask({ have, signal: stopped.signal }))()]);
    } catch (thrown) {
      if (thrown instanceof Unmet) return nothing(`not asked: first mend "${thrown.title}"`);
      const name = thrown instanceof Error ? thrown.name : typeof thrown;
      const mend = "run it again; if it stays, tell the project's issues what this line says";
      return ill(`the doctor failed at this itself (${name})`, mend);
    } finally {
      clearTimeout(timer);
      stopped.abort();
    }
  }
}
