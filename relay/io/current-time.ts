/**
 * `current_time`, the one tool of the phone's own that needs a clock of the wall: the model has none, and what it
 * believes of the date is as old as its training. In words that it can say, in the caller's own time zone.
 */
import { z } from "zod";
import type { Tool, ToolCaller, ToolOutcome, ToolRun } from "../call/tools.ts";
import { isTimeZone } from "../contract.ts";

export const CURRENT_TIME = "current_time";

/** It asks nobody; that it is run at all is all that it waits for. */
const TIMEOUT_MS = 5_000;
const MOST_SUGGESTIONS = 5;

const TOOL: Tool = {
  name: CURRENT_TIME,
  description:
    "The date, the day of the week and the time now, where the caller is. Use it whenever the answer depends on them (today, tomorrow, tonight, in an hour); never guess them. For the time somewhere else, name its time zone.",
  parameters: {
    type: "object",
    properties: {
      timeZone: {
        type: "string",
        description: 'IANA time zone, as in "Asia/Tokyo". Leave it out for where the caller is.',
      },
    },
    additionalProperties: false,
  },
  source: { is: "phone" },
  hints: { readOnly: true, openWorld: false },
  timeoutMs: TIMEOUT_MS,
};

const Arguments = z.object({ timeZone: z.string().nullish() });

export class CurrentTime {
  readonly tools: readonly Tool[] = [TOOL];
  readonly #now: () => Date;
  readonly #timeZone: string;

  /** @param timeZone of a caller whose profile names none */
  constructor(now: () => Date, timeZone: string) {
    this.#now = now;
    this.#timeZone = timeZone;
  }

  async run({ args }: ToolRun, _signal: AbortSignal, caller: ToolCaller): Promise<ToolOutcome> {
    const read = Arguments.safeParse(args);
    if (!read.success) return { is: "answered", text: NO_ZONE, isError: true };
    const zone = read.data.timeZone?.trim() || caller.timeZone || this.#timeZone;
    if (!isTimeZone(zone)) return { is: "answered", text: noZone(zone), isError: true };
    return { is: "answered", text: timeInWords(this.#now(), zone), isError: false };
  }
}

/** Where the owner names none. A machine whose own has no name that a caller's could have is on UTC. */
export function machineTimeZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return isTimeZone(timeZone) ? timeZone : "UTC";
}

/** English, whatever the caller's language: the model says it in theirs. */
export function timeInWords(at: Date, timeZone: string): string {
  // Put together here, for how ICU does it changes with its version.
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "longOffset",
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((one) => one.type === type)?.value ?? "";
  const hour = Number(part("hour"));
  const minute = part("minute");
  const twelve = `${hour % 12 || 12}:${minute} ${hour < 12 ? "AM" : "PM"}`;
  const offset = part("timeZoneName").replace(/^GMT$/, "GMT+00:00").replace("GMT", "UTC");
  return `It is ${part("weekday")}, ${part("day")} ${part("month")} ${part("year")}, ${part("hour")}:${minute} (${twelve}) in ${timeZone} (${offset}).`;
}

/** The names of places are what a model knows best. */
function noZone(asked: string): string {
  const place = plain(asked);
  const alike = Intl.supportedValuesOf("timeZone").filter(
    (name) => place !== "" && plain(name.slice(name.lastIndexOf("/") + 1)) === place,
  );
  return alike.length > 0 ? `${NO_ZONE} Perhaps ${alike.slice(0, MOST_SUGGESTIONS).join(" or ")}?` : NO_ZONE;
}

const NO_ZONE =
  'timeZone is not the name of a time zone: use IANA\'s, a region and a city, as in "Asia/Tokyo".';

/** "São Paulo" as in "America/Sao_Paulo". */
const plain = (text: string): string =>
  text
    .normalize("NFD")
    .replace(/[^A-Za-z]/g, "")
    .toLowerCase();
