/**
 * Whether this machine's clock is right, by the Date that others send with their answers. Tokens live for a minute and
 * the two sides may be five seconds apart: past that every call is refused, and nothing else tells why.
 * https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1
 */
import { ill, Line, nothing, well, wellBut } from "./line.ts";

/** As relay/jwt.ts allows. */
const SKEW_S = 5;
/** A date is told in whole seconds. */
const TOLD_TO_MS = 1_000;

export type Witness = { readonly name: string; readonly url: string };

/** How far their clock is ahead of ours; at least, for the answer was under way for a while. undefined: they told no date. */
export function aheadS(date: string | null, sentMs: number, receivedMs: number): number | undefined {
  const told = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(told)) return undefined;
  if (told > receivedMs) return (told - receivedMs) / 1000;
  if (told + TOLD_TO_MS < sentMs) return (told + TOLD_TO_MS - sentMs) / 1000;
  return 0;
}

export const isApart = (seconds: number): boolean => Math.abs(seconds) > SKEW_S;

export const apart = (seconds: number): string => {
  const by = Math.abs(Math.round(seconds));
  return by >= 120 ? `${Math.round(by / 60)} minutes` : `${by} s`;
};

export function clockLine(witnesses: readonly Witness[]): Line<void> {
  return new Line<void>(
    {
      group: "clock",
      name: "here",
      title: "this machine's clock",
      lateMend: "nobody whose clock could be compared has answered: look at this machine's network",
    },
    async ({ signal }) => {
      const seen = await Promise.all(
        witnesses.map(async ({ name, url }) => {
          const sentMs = Date.now();
          try {
            const response = await fetch(url, { redirect: "manual", signal });
            await response.body?.cancel();
            return { name, s: aheadS(response.headers.get("date"), sentMs, Date.now()) };
          } catch {
            return { name, s: undefined };
          }
        }),
      );
      const told = seen.flatMap(({ name, s }) => (s === undefined ? [] : [{ name, s }]));
      if (told.length === 0) return nothing("nobody whose clock could be compared has answered");
      const right = told.filter(({ s }) => !isApart(s));
      const names = (list: typeof told): string => list.map(({ name }) => name).join(" and ");
      if (right.length === told.length)
        return well(`as ${names(told)} ${told.length > 1 ? "have" : "has"} it`, undefined);
      // Two who agree are not both wrong; of two who do not, one is.
      const [first] = told;
      const agree = told.every(({ s }) => Math.abs(s - (first?.s ?? 0)) <= SKEW_S);
      if (agree && first !== undefined) {
        const which = first.s > 0 ? "behind" : "ahead of";
        return ill(
          `it is ${apart(first.s)} ${which} ${names(told)}: tokens look expired, or not yet good`,
          "set it right and keep it so: sudo timedatectl set-ntp true (chrony or systemd-timesyncd must be installed)",
        );
      }
      const others = told.filter(({ s }) => isApart(s));
      const mend = "if calls are refused, set this machine's clock: sudo timedatectl set-ntp true";
      const says = `${names(others)} has another time, by ${apart(others[0]?.s ?? 0)}`;
      return wellBut(
        right.length > 0 ? `as ${names(right)} ${right.length > 1 ? "have" : "has"} it` : "they do not agree",
        [{ says, mend }],
        undefined,
      );
    },
  );
}
