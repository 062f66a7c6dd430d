/**
 * A program at a pseudo-terminal, and whoever sits before it: sees what is shown, waits for words, types. Bun makes the
 * terminal itself, so nothing has to be compiled or installed for it.
 */
export type AtTerminal = {
  readonly pid: number;
  /** Everything that was shown, without colours and cursors. */
  shown(): string;
  /** Waits for words that were shown since the last ones that were waited for. @throws with all that was shown */
  see(words: string): Promise<void>;
  type(keys: string): void;
  readonly ended: Promise<number>;
};

export const ENTER = "\r";
export const CTRL_C = "\x03";
/** Empties the line. */
export const CTRL_U = "\x15";

const LOOK_EVERY_MS = 10;
const SEEN_WITHIN_MS = 30_000;

export function startAtTerminal(
  command: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): AtTerminal {
  const decoder = new TextDecoder();
  let raw = "";
  let from = 0;
  const child = Bun.spawn([...command], {
    cwd: options.cwd,
    env: { ...options.env, TERM: "xterm-256color" },
    terminal: {
      cols: 120,
      rows: 60,
      data: (_, bytes) => {
        raw += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const shown = () => Bun.stripANSI(raw).replaceAll("\r", "");
  return {
    pid: child.pid,
    shown,
    see: async (words) => {
      const until = performance.now() + SEEN_WITHIN_MS;
      while (true) {
        const hasEnded = child.exitCode !== null;
        const text = shown();
        const at = text.indexOf(words, from);
        if (at >= 0) {
          from = at + words.length;
          return;
        }
        if (hasEnded || performance.now() > until) {
          throw new Error(`"${words}" was not shown:\n${text}`);
        }
        await Bun.sleep(LOOK_EVERY_MS);
      }
    },
    type: (keys) => void child.terminal?.write(keys),
    ended: child.exited.finally(() => child.terminal?.close()),
  };
}
