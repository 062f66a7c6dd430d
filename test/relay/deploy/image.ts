/**
 * The steps of a Dockerfile done in plain folders, one a stage, where there is no Docker: what COPY brings from the
 * context that .dockerignore lets in, what RUN leaves, and the command, the health check and the environment in the end.
 * It refuses whatever it does not know, so that no instruction is passed over.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Copy, DockerfileParser, type Instruction, type JSONInstruction } from "dockerfile-ast";

export type Image = {
  /** The last stage's root folder. */
  readonly root: string;
  /** Its WORKDIR, as seen from the machine. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly bases: readonly string[];
};

type Stage = { root: string; workdir: string; env: Record<string, string>; user: string };

/** @param run does a RUN: its command, in the stage's WORKDIR */
export async function build(
  dockerfile: string,
  context: string,
  into: string,
  run: (command: string, workdir: string) => Promise<void> | void,
): Promise<Image> {
  const lets = letIn(readFileSync(join(context, ".dockerignore"), "utf8"));
  const stages = new Map<string, Stage>();
  const bases: string[] = [];
  let stage: Stage | undefined;
  let command: readonly string[] = [];
  let healthcheck: readonly string[] = [];
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    const keyword = instruction.getKeyword();
    const words = instruction.getArguments().map((argument) => argument.getValue());
    if (keyword === "FROM") {
      const [base = "", , name = `stage-${stages.size}`] = words;
      const root = join(into, name);
      mkdirSync(root, { recursive: true });
      stage = { root, workdir: root, env: {}, user: "root" };
      stages.set(name, stage);
      bases.push(base);
      command = [];
      healthcheck = [];
      continue;
    }
    if (stage === undefined) throw new Error(`${keyword} stands before the first FROM`);
    switch (keyword) {
      case "WORKDIR":
        stage.workdir = join(stage.root, words[0] ?? "");
        mkdirSync(stage.workdir, { recursive: true });
        break;
      case "ENV":
        for (const word of words) {
          const [name = "", ...value] = word.split("=");
          stage.env[name] = value.join("=");
        }
        break;
      case "COPY":
        copy(instruction, words, stage, stages, { folder: context, lets });
        break;
      case "RUN":
        await run(words.join(" "), stage.workdir);
        break;
      case "USER":
        stage.user = words[0] ?? "";
        break;
      case "HEALTHCHECK":
        healthcheck = jsonOf(instruction, /^.*?CMD /s);
        break;
      case "CMD":
        command = jsonOf(instruction, /^/);
        break;
      case "EXPOSE":
        break;
      default:
        throw new Error(`${keyword} is not known here`);
    }
  }
  if (stage === undefined) throw new Error("there is no FROM");
  return { ...stage, command, healthcheck, bases };
}

type Context = { readonly folder: string; readonly lets: (path: string) => boolean };

function copy(
  instruction: Instruction,
  words: readonly string[],
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  context: Context,
): void {
  const flags = isCopy(instruction) ? instruction.getFlags() : [];
  const from = flags.find((flag) => flag.getName() === "from")?.getValue() ?? undefined;
  const sources = words.slice(0, -1);
  const target = words.at(-1) ?? "";
  const to = target.startsWith("/") ? join(stage.root, target) : join(stage.workdir, target);
  const source = from === undefined ? undefined : stages.get(from);
  if (from !== undefined && source === undefined) throw new Error(`COPY --from=${from}: no such stage`);
  const found = sources.flatMap((pattern) => {
    const folder = source?.root ?? context.folder;
    const plain = pattern.replace(/^\//, "");
    return /[*?[]/.test(plain)
      ? [...new Bun.Glob(plain).scanSync({ cwd: folder, dot: true })].map((path) => join(folder, path))
      : [join(folder, plain)];
  });
  const lets = (path: string) => source !== undefined || context.lets(path.slice(context.folder.length + 1));
  const there = found.filter((path) => existsSync(path) && lets(path));
  if (there.length === 0) throw new Error(`COPY ${words.join(" ")}: nothing of this is in the context`);
  for (const path of there) {
    const isFolder = statSync(path).isDirectory();
    const place = isFolder || !target.endsWith("/") ? to : join(to, basename(path));
    mkdirSync(dirname(place), { recursive: true });
    cpSync(path, place, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (one) => one === path || lets(one),
    });
  }
}

const isCopy = (instruction: Instruction): instruction is Copy => instruction.getKeyword() === "COPY";

/** The exec form alone: a shell in between would swallow the signal. */
function jsonOf(instruction: Instruction | JSONInstruction, before: RegExp): readonly string[] {
  const text = (instruction.getRawArgumentsContent() ?? "").replace(before, "");
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) {
    throw new Error(`${instruction.getKeyword()} is not in the exec form`);
  }
  return words;
}

/** .dockerignore: the last pattern that matches a path, or a folder above it, decides. */
export function letIn(text: string): (path: string) => boolean {
  const patterns = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ isExcept: line.startsWith("!"), glob: new Bun.Glob(line.replace(/^!/, "")) }));
  return (path) => {
    const parts = path.split("/");
    const trail = parts.map((_, at) => parts.slice(0, at + 1).join("/"));
    return patterns.reduce(
      (isIn, { isExcept, glob }) => (trail.some((one) => glob.match(one)) ? isExcept : isIn),
      true,
    );
  };
}
