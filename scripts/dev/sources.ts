/**
 * Which of the two a file is part of, and who is told when one changes. Nothing here starts or stops anything.
 */
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";

export const RELAY_ENV = ".env";
export const EDGE_ENV = ".env.functions";

export type Side = "edge" | "relay";

/** An editor writes a file in several steps, and a checkout writes many. */
const SETTLED_AFTER_MS = 200;
/** What of the relay's the edge imports. */
const BUNDLED_WITH_THE_EDGE: ReadonlySet<string> = new Set(["relay/contract.ts", "relay/jwt.ts"]);
const FOLDERS = ["relay", "functions", "assets"];
const SOURCE = /^(relay|functions|assets)\/(?!\.).*\.(ts|json)$/;

/** @param path from the project's folder, with / between */
export function sidesOf(path: string): readonly Side[] {
  if (path === RELAY_ENV) return ["relay"];
  if (path === EDGE_ENV) return ["edge"];
  const folder = SOURCE.exec(path)?.[1];
  if (folder === undefined) return [];
  if (folder !== "relay") return ["edge"];
  return BUNDLED_WITH_THE_EDGE.has(path) ? ["edge", "relay"] : ["relay"];
}

/**
 * @param affected is told once it is quiet again
 * @returns how to stop
 */
export function watchSources(root: string, affected: (sides: ReadonlySet<Side>) => void): () => void {
  const changed = new Set<Side>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const note = (path: string) => {
    const sides = sidesOf(path);
    if (sides.length === 0) return;
    for (const side of sides) changed.add(side);
    clearTimeout(timer);
    timer = setTimeout(() => {
      affected(new Set(changed));
      changed.clear();
    }, SETTLED_AFTER_MS);
  };
  const watchers: FSWatcher[] = [
    ...FOLDERS.map((folder) =>
      watch(join(root, folder), { recursive: true }, (_, file) => {
        if (file !== null) note(`${folder}/${file.replaceAll("\\", "/")}`);
      }),
    ),
    watch(root, (_, file) => {
      if (file !== null) note(file);
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
