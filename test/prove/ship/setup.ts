/**
 * `npm run setup` at full size: by somebody who gets everything right and by somebody who gets everything wrong first, by
 * flags, left at every question, and run again.
 */
import { appendFile, chmod, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readEnvFile } from "../../../relay/cli/env-file.ts";
import { complaintsOf } from "../../../relay/cli/setup/checks.ts";
import { CTRL_C } from "../../rehearsal/terminal.ts";
import type { Proof, Row } from "../rows.ts";
import {
  CONVERSATION,
  FLAGS,
  makePlace,
  type Place,
  SECRETS,
  STUMBLING,
  sitDown,
  snapshot,
  talk,
  withFlags,
} from "./setting-up.ts";

const FILES = ["/.env", "/.env.functions"] as const;

export const setup: Proof = {
  name: "setup",
  run: async (progress) => {
    const rows: Omit<Row, "group">[] = [];
    const row = (what: string, bound: string, measured: string, ok: boolean) =>
      rows.push({ what, bound, measured, ok });

    for (const [who, conversation] of [
      ["a person who is right at once", CONVERSATION],
      ["a person who gives every answer wrongly first", STUMBLING],
    ] as const) {
      progress(who);
      await within(async (place) => {
        const person = sitDown(place);
        await talk(person, conversation);
        await person.see("npm run doctor");
        const code = await person.ended;
        const wrong = await wrongIn(place);
        row(
          `setup, ${who}: both files are right`,
          "no complaint",
          `exit ${code}, ${wrong.length} complaints`,
          code === 0 && wrong.length === 0,
        );
        const seen = SECRETS.filter((secret) => person.shown().includes(secret));
        row(
          `setup, ${who}: secrets on the screen`,
          "none",
          `${seen.length} of ${SECRETS.length} seen`,
          seen.length === 0,
        );
      });
    }

    let unchanged = 0;
    for (let answers = 0; answers < CONVERSATION.length; answers += 1) {
      progress(`left after ${answers} answers`);
      await within(async (place) => {
        const before = await snapshot(place.folder);
        const person = sitDown(place);
        await talk(person, CONVERSATION, answers);
        await person.see(CONVERSATION[answers]?.[0] ?? "");
        person.type(CTRL_C);
        const code = await person.ended;
        if (code === 130 && same(before, await snapshot(place.folder))) unchanged += 1;
      });
    }
    row(
      "setup, left by Ctrl-C at each question: everything is as it was",
      "each time",
      `${unchanged} of ${CONVERSATION.length}`,
      unchanged === CONVERSATION.length,
    );

    progress("by flags");
    await within(async (place) => {
      const empty = await snapshot(place.folder);
      let told = 0;
      const needed = FLAGS.filter((_, at) => at % 2 === 0).filter((flag) => !OPTIONAL.has(flag));
      for (const flag of needed) {
        const at = FLAGS.indexOf(flag);
        const { code, err } = await withFlags(place, ...FLAGS.slice(0, at), ...FLAGS.slice(at + 2));
        if (code === 2 && err.includes(`${flag}: `) && same(empty, await snapshot(place.folder))) told += 1;
      }
      row(
        "setup, without one flag: it is named, and nothing written",
        "each time",
        `${told} of ${needed.length}`,
        told === needed.length,
      );

      const { code, out } = await withFlags(place, ...FLAGS);
      const wrong = await wrongIn(place);
      const seen = SECRETS.filter((secret) => out.includes(secret));
      row(
        "setup, by flags: both files are right, and no secret is printed",
        "none",
        `exit ${code}, ${wrong.length} complaints, ${seen.length} seen`,
        code === 0 && wrong.length + seen.length === 0,
      );

      const before = await snapshot(place.folder);
      const again = [await withFlags(place), await withFlags(place, ...FLAGS)];
      const isSame = same(before, await snapshot(place.folder)) && again.every((each) => each.code === 0);
      row("setup, run again twice: what is written", "none", isSame ? "none" : "some", isSame);

      await appendFile(join(place.folder, ".env"), "# of the owner\nVOICE=cedar\n");
      await chmod(join(place.folder, ".env"), 0o600);
      await withFlags(place, "--relay-url", "wss://moved.example.org", "--replace");
      const kept = (await readEnvFile(join(place.folder, ".env"), "relay"))?.text ?? "";
      const isKept = kept.endsWith("# of the owner\nVOICE=cedar\n");
      const litter = (await readdir(place.folder)).filter((name) => name.endsWith(".new"));
      row(
        "setup, after a change: the owner's own lines are there, and no file is left over",
        "there, none",
        `${isKept ? "there" : "gone"}, ${litter.length} left over`,
        isKept && litter.length === 0,
      );
    });
    return rows;
  },
};

const OPTIONAL: ReadonlySet<string> = new Set(["--caller-pin"]);

async function within(work: (place: Place) => Promise<void>): Promise<void> {
  const place = await makePlace();
  try {
    await work(place);
  } finally {
    await place.stop();
  }
}

const same = (before: Record<string, string>, after: Record<string, string>): boolean =>
  Bun.deepEquals(before, after, true);

/** What relay and edge would say of the two files, each read as its own reader reads it. */
async function wrongIn({ folder }: Place): Promise<readonly string[]> {
  const [relay, edge] = await Promise.all([
    readEnvFile(folder + FILES[0], "relay"),
    readEnvFile(folder + FILES[1], "edge"),
  ]);
  if (relay === undefined || edge === undefined) return ["a file is missing"];
  const complaints = await complaintsOf(
    { relay: relay.values, edge: edge.values },
    { today: new Date(), callersFile: undefined, readFile: async () => undefined },
  );
  const open = [relay, edge].filter(({ mode }) => mode !== 0o600).map(({ path }) => `${path} is open`);
  return [...complaints.map(({ variable, problem }) => `${variable} ${problem}`), ...open];
}
