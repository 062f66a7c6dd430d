/**
 * Whom callers may be put through to: names, and the numbers behind them, out of TRANSFER_NUMBERS. A number leaves the
 * edge in the TwiML that dials it and nowhere else; the relay, its model and every log know names at most, and the log
 * not even those.
 *
 * A name comes back from the relay, where a model chose it. So it is looked up here, letter by letter, among those that
 * this very caller may be put through to; what is not found is not dialled.
 */
import {
  type ListedProfile,
  MOST_TRANSFERS,
  type News,
  type Profile,
  TransferName,
} from "../../relay/contract.ts";
import { type CallersProblem, E164, isPhoneNumber, notANumber } from "./callers.ts";

/** From the name as the owner spells it to the number. */
export type Transfers = ReadonlyMap<string, string>;

export type ReadTransfers =
  | { readonly ok: true; readonly transfers: Transfers }
  | { readonly ok: false; readonly problems: readonly CallersProblem[] };

const FORM = "write a name, = and a whole number, with commas between, as in anna=+15551234567";

/** @param list as in `TRANSFER_NUMBERS`; a problem names an entry by its place, for the text may hold a number */
export function readTransfers(list: string): ReadTransfers {
  const transfers = new Map<string, string>();
  const problems: CallersProblem[] = [];
  const taken = new Set<string>();
  const entries = list.split(",");
  for (const [index, entry] of entries.entries()) {
    if (entry.trim() === "") continue;
    const place = `entry ${index + 1} of ${entries.length}`;
    const wrong = (what: string, mend = FORM) => problems.push({ wrong: `${place} ${what}`, mend });
    const [before = "", after, more] = entry.split("=");
    if (after === undefined || more !== undefined) {
      wrong("is not a name and a number with one = between");
      continue;
    }
    const [name, number] = [spelled(before), after.replaceAll(/\s/g, "")];
    if (!TransferName.safeParse(name).success) {
      wrong("has a name that is not 1 to 40 letters, with spaces, hyphens and at most five digits");
    } else if (taken.has(folded(name))) {
      wrong("has a name for the second time", "give each a name of its own; their case does not count");
    }
    if (!isPhoneNumber(number)) wrong(`has a number that ${notANumber(number)}`, E164);
    taken.add(folded(name));
    transfers.set(name, number);
  }
  if (transfers.size > MOST_TRANSFERS) {
    problems.push({ wrong: `holds ${transfers.size} names`, mend: `keep ${MOST_TRANSFERS} at most` });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, transfers };
}

/** Those of them that this caller may be put through to. */
export function transfersOf(all: Transfers, { transfers: own }: ListedProfile): Transfers {
  if (own === undefined) return all;
  const wanted = new Set(own.map(folded));
  return new Map([...all].filter(([name]) => wanted.has(folded(name))));
}

/** Whether a caller's own list names somebody who is there. */
export const isNamed = (all: Transfers, name: string): boolean =>
  [...all.keys()].some((each) => folded(each) === folded(name));

/** What the relay is told of a caller. */
export function profileFor(caller: ListedProfile, all: Transfers, news: News | undefined): Profile {
  const { transfers: _, ...rest } = caller;
  const names = [...transfersOf(all, caller).keys()];
  return { ...rest, ...(names.length > 0 && { transfers: names }), ...(news && { news }) };
}

/** One spelling of what looks the same. */
const spelled = (name: string): string => name.normalize("NFC").trim().replaceAll(/ +/g, " ");
const folded = (name: string): string => spelled(name).toUpperCase().toLowerCase();
