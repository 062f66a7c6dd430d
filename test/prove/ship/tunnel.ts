/**
 * `npm run dev -- --tunnel` at full size, with both stand-ins: a call through each tunnel, and every way in which a run
 * can end, after each of which the number has to be where it was.
 */
import { existsSync } from "node:fs";
import { CTRL_C, ENTER } from "../../rehearsal/terminal.ts";
import { newNumber } from "../../rehearsal/twilio-api/account.ts";
import { Refusal } from "../../rehearsal/twilio-api/answer.ts";
import { allGone, descendantsOf, type Started } from "../../rehearsal-tests/demo/processes.ts";
import type { Proof, Row } from "../rows.ts";
import { callThrough } from "./tunnel-call.ts";
import { NUMBER, openWorkshop, type Tunneller, voiceSide, type Workshop } from "./tunnelling.ts";

const WITHIN_MS = 60_000;
const POINTED = `${NUMBER} points here until this ends`;
const PUT_BACK = `${NUMBER} is put back: https://before.example.com/voice`;
const MENDING = "the last npm run dev was killed; mending what it has left";

type Shown = Omit<Row, "group">;

export const tunnel: Proof = {
  name: "tunnel",
  run: async (progress) => {
    const workshop = await openWorkshop();
    try {
      const rows: Shown[] = [];
      for (const tunneller of ["cloudflared", "ngrok"] as const) {
        progress(`${tunneller}: a call`);
        rows.push(await callRow(workshop, tunneller));
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const) {
          progress(`${tunneller}: ${signal}`);
          rows.push(await signalRow(workshop, tunneller, signal));
        }
        progress(`${tunneller}: its own end`);
        rows.push(await crashRow(workshop, tunneller));
      }
      progress("a named tunnel, and a name of ngrok's that is reserved");
      rows.push(await namedRow(workshop, "cloudflared", ["--tunnel-name", "phone"]));
      rows.push(await namedRow(workshop, "ngrok", []));
      progress("Twilio out of reach at the end");
      rows.push(await outageRow(workshop));
      progress("a number that somebody else has pointed meanwhile");
      rows.push(await othersRow(workshop));
      progress("at a terminal");
      rows.push(await terminalRow(workshop));
      return rows;
    } finally {
      await workshop.stop();
    }
  },
};

async function pointedBy(workshop: Workshop, tunneller: Tunneller): Promise<Started> {
  const dev = workshop.dev([tunneller], ["--point", NUMBER]);
  await dev.whenPrinted(POINTED, WITHIN_MS);
  return dev;
}

async function bothReady(dev: Started): Promise<void> {
  await dev.whenPrinted("the relay is ready", WITHIN_MS);
  await dev.whenPrinted("the edge is ready", WITHIN_MS);
}

/** As it was, with no journal, and nothing running. */
function isAsBefore(workshop: Workshop, before: ReturnType<typeof voiceSide>): boolean {
  return Bun.deepEquals(voiceSide(workshop.number()), before) && !existsSync(workshop.journal);
}

const row = (what: string, ok: boolean, measured = ok ? "it is" : "it is not"): Shown => ({
  what,
  bound: "where it was",
  measured,
  ok,
});

async function callRow(workshop: Workshop, tunneller: Tunneller): Promise<Shown> {
  const dev = await pointedBy(workshop, tunneller);
  await bothReady(dev);
  const side = await workshop.publicSide();
  const isThere = workshop.number().voice_url === `https://${side.host}/voice/incoming`;
  const { status, streamUrl, handshake } = await callThrough(side);
  dev.signal("SIGINT");
  await dev.ended;
  const isOurs = streamUrl?.startsWith(`wss://${side.host}/media-stream/`) === true;
  const ok = isThere && status === 200 && isOurs && handshake.includes(" 101 ");
  const what = `tunnel by ${tunneller}: a signed webhook and its stream's handshake go through`;
  return { what, bound: "200 and 101", measured: `${status} and ${/ (\d{3}) /.exec(handshake)?.[1]}`, ok };
}

async function signalRow(workshop: Workshop, tunneller: Tunneller, signal: NodeJS.Signals): Promise<Shown> {
  const before = voiceSide(workshop.number());
  const dev = await pointedBy(workshop, tunneller);
  await dev.whenPrinted("the relay is ready", WITHIN_MS);
  const wasPointed = !Bun.deepEquals(voiceSide(workshop.number()), before);
  const children = descendantsOf(dev.pid);
  dev.signal(signal);
  if (signal !== "SIGKILL") {
    const code = await dev.ended;
    await allGone(children);
    const isBack = isAsBefore(workshop, before) && dev.output().includes(PUT_BACK);
    return row(`tunnel by ${tunneller}, ended by ${signal}: the number`, wasPointed && code === 0 && isBack);
  }
  const isLeft = existsSync(workshop.journal) && !Bun.deepEquals(voiceSide(workshop.number()), before);
  // The next start need not be one with a tunnel that comes up.
  const next = workshop.dev([], []);
  await next.ended;
  await allGone(children);
  const hasSaid = next.output().includes(MENDING) && next.output().includes(PUT_BACK);
  const ok = wasPointed && isLeft && hasSaid && isAsBefore(workshop, before);
  return row(`tunnel by ${tunneller}, killed by SIGKILL, after the next start: the number`, ok);
}

/** The tunnel itself goes: everything ends, and says why. */
async function crashRow(workshop: Workshop, tunneller: Tunneller): Promise<Shown> {
  const before = voiceSide(workshop.number());
  const dev = await pointedBy(workshop, tunneller);
  const { pid } = await workshop.publicSide();
  process.kill(pid, "SIGKILL");
  const code = await dev.ended;
  const hasSaid = dev.output().includes("! the tunnel has ended with");
  const ok = code === 1 && hasSaid && isAsBefore(workshop, before);
  return row(`tunnel by ${tunneller}, which ends by itself: the number`, ok);
}

async function namedRow(workshop: Workshop, tunneller: Tunneller, flags: readonly string[]): Promise<Shown> {
  const before = voiceSide(workshop.number());
  const dev = workshop.dev([tunneller], ["--tunnel-host", "phone.example.com", ...flags, "--point", NUMBER]);
  await dev.whenPrinted(POINTED, WITHIN_MS);
  await bothReady(dev);
  const { status, handshake } = await callThrough(await workshop.publicSide());
  const isThere = workshop.number().voice_url === "https://phone.example.com/voice/incoming";
  dev.signal("SIGINT");
  await dev.ended;
  const ok = isThere && status === 200 && handshake.includes(" 101 ") && isAsBefore(workshop, before);
  return row(`tunnel by ${tunneller} under a name of the owner's, after a call: the number`, ok);
}

async function outageRow(workshop: Workshop): Promise<Shown> {
  const before = voiceSide(workshop.number());
  const dev = await pointedBy(workshop, "cloudflared");
  workshop.api.failWith(/IncomingPhoneNumbers/, new Refusal(503, 20503, "Service unavailable"));
  dev.signal("SIGINT");
  await dev.ended;
  const hasKept = existsSync(workshop.journal) && dev.output().includes(`! ${NUMBER} still points here`);
  workshop.api.recover();
  const next = workshop.dev([], []);
  await next.ended;
  const ok = hasKept && next.output().includes(PUT_BACK) && isAsBefore(workshop, before);
  return row("tunnel, with Twilio out of reach at the end, after the next start: the number", ok);
}

async function othersRow(workshop: Workshop): Promise<Shown> {
  const number = workshop.number();
  const before = voiceSide(number);
  const dev = await pointedBy(workshop, "ngrok");
  number.voice_url = "https://elsewhere.example.com/voice";
  dev.signal("SIGINT");
  await dev.ended;
  const isLeft = number.voice_url === "https://elsewhere.example.com/voice" && !existsSync(workshop.journal);
  Object.assign(number, newNumber(NUMBER, { ...before, sid: number.sid }));
  return {
    what: "tunnel, where somebody points the number elsewhere meanwhile: the number",
    bound: "where they put it",
    measured: isLeft ? "it is" : "it is not",
    ok: isLeft,
  };
}

/** Asked, answered yes, and ended by the keys. */
async function terminalRow(workshop: Workshop): Promise<Shown> {
  const before = voiceSide(workshop.number());
  const person = workshop.devAtTerminal(["cloudflared"], []);
  await person.see(`Point ${NUMBER} here for as long as this runs?`);
  person.type(ENTER);
  await person.see(POINTED);
  const wasPointed = !Bun.deepEquals(voiceSide(workshop.number()), before);
  person.type(CTRL_C);
  await person.see(PUT_BACK);
  const code = await person.ended;
  return row(
    "tunnel, at a terminal, pointed when asked and ended by Ctrl-C: the number",
    wasPointed && code === 0 && isAsBefore(workshop, before),
  );
}
