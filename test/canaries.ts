/**
 * Searching for what must not leave a process: a canary is a text that stands where a secret or a word can be, and it
 * is looked for in every spelling in which it might have been written.
 */

/** Plain, in JSON, in a URL, in hexadecimal, and in base64 at each of the three offsets of a longer text. */
export function spellingsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].flatMap((skip) => {
    // Whole groups of three from its inside: what any longer text in base64 would hold of it.
    const inside = bytes.subarray(skip, skip + Math.floor((bytes.length - skip) / 3) * 3);
    return [inside.toString("base64"), inside.toString("base64url")];
  });
  const hex = bytes.toString("hex");
  return [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), encodeURI(text), hex, ...base64];
}

/** The names of the canaries that `written` holds, in any spelling. */
export const canariesIn = (written: string, canaries: Readonly<Record<string, string>>): string[] =>
  Object.entries(canaries).flatMap(([name, canary]) =>
    spellingsOf(canary).some((spelling) => written.includes(spelling)) ? [name] : [],
  );
