/**
 * Names of other people's tools, made fit for the Realtime API: ^[a-zA-Z0-9_-]{1,64}$ and each only once.
 *
 * A name follows from the server's label and from what the server calls its tool, and from nothing else: not from what
 * other servers offer, not from who answered first. Otherwise a server could take another's tool out of the reach of
 * the owner's rules, which go by name, by offering one that is called the same. The way back is the tool's source.
 */
export const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

const MOST = 64;
/** Between a label and a name. No prefix holds it, so that the prefix of a name is never in doubt. */
const JOINT = "__";
const MOST_OF_LABEL = 24;

/** What was changed ends like this; so a name that already does so by itself is changed too, and stays unlike it. */
const MARK = /_[bcdfghjklmnpqrstvwxz]{7}$/;
/** No vowels: a mark is never a word, nor a number that looks like somebody's telephone. */
const CONSONANTS = "bcdfghjklmnpqrstvwxz";

/** A label as it stands before a tool's name; undefined where nothing of it can. */
export function prefixOf(label: string): string | undefined {
  const prefix = label
    .replace(/[^a-zA-Z0-9-]+/g, "_")
    .slice(0, MOST_OF_LABEL)
    .replace(/^[_-]+|[_-]+$/g, "");
  return prefix === "" ? undefined : prefix;
}

export type Naming = {
  /** undefined: this server's tools are called as it calls them. */
  readonly prefix: string | undefined;
  /** Those of all other servers that have one. */
  readonly otherPrefixes: readonly string[];
  /** Names that are somebody else's for ever: the phone's own tools, the owner's functions. */
  readonly reserved: ReadonlySet<string>;
};

export function toolNameOf(remoteName: string, { prefix, otherPrefixes, reserved }: Naming): string {
  const wanted = prefix === undefined ? remoteName : `${prefix}${JOINT}${remoteName}`;
  const isAnothers = (name: string): boolean =>
    otherPrefixes.some((other) => other !== prefix && name.startsWith(`${other}${JOINT}`));
  if (TOOL_NAME.test(wanted) && !MARK.test(wanted) && !isAnothers(wanted) && !reserved.has(wanted))
    return wanted;
  const mark = `_${markOf(remoteName)}`;
  const readable = wanted.replace(/[^a-zA-Z0-9_-]+/g, "_").slice(0, MOST - mark.length);
  return `${isAnothers(readable) ? readable.replace(/__+/, "_") : readable}${mark}`;
}

/** 30 bits of the name: FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), which needs nothing but arithmetic. */
function markOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  let mark = "";
  for (let place = 0; place < 7; place++) {
    mark += CONSONANTS[hash % CONSONANTS.length];
    hash = Math.floor(hash / CONSONANTS.length);
  }
  return mark;
}
