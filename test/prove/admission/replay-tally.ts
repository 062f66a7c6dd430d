/**
 * What became of tokens that were sent again and again. A token counts as accepted when a 101 was read, and apart from
 * that when the relay's own log says so: a process that is killed may have said yes to somebody who never heard it.
 */
import { keyFrom, MEDIA_STREAM_PATH, mintStreamToken, packProfile } from "../../../relay/contract.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { ACCOUNT_SID, type LogLine, TOKEN_SECRET } from "../../rehearsal/relay.ts";
import { addressOf, knockAt, NO_ANSWER, signatureOf } from "./door.ts";

/** As RELAY_URL says; the processes listen elsewhere, as behind a proxy. */
export const RELAY_NAME = "wss://relay.example.com";

export type Ticket = { readonly callSid: string; readonly token: string; readonly signature: string };

const key = await keyFrom(TOKEN_SECRET);
const { hash: profileHash } = packProfile({});

/** @param nowS by the edge's clock */
export async function freshTicket(nowS = Math.floor(Date.now() / 1000)): Promise<Ticket> {
  const callSid = newSid("CA");
  const grant = { relay: RELAY_NAME, callSid, accountSid: ACCOUNT_SID, attempt: 0, profileHash };
  const token = await mintStreamToken(key, grant, nowS);
  return { callSid, token, signature: signatureOf(`${RELAY_NAME}${MEDIA_STREAM_PATH}${token}`) };
}

export type ReplayCounts = {
  readonly tokens: number;
  /** Handshakes that got an answer, and those that a kill left without one. */
  readonly answered: number;
  readonly unanswered: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly once: number;
  /** Killed before the answer, or never meant to come in. */
  readonly never: number;
  readonly twice: number;
  /** By the relay's log, of all its processes together. */
  readonly admittedTwice: number;
};

export class ReplayTally {
  readonly #accepted = new Map<string, number>();
  readonly #admitted = new Map<string, number>();
  readonly #byStatus: Record<string, number> = {};
  #knocks = 0;
  #answered = 0;

  get answered(): number {
    return this.#answered;
  }

  /** For a relay's log, from its first line on. */
  readonly read = ({ event, callSid }: LogLine): void => {
    if (event !== "call.admitted" || typeof callSid !== "string") return;
    this.#admitted.set(callSid, (this.#admitted.get(callSid) ?? 0) + 1);
  };

  wasAdmitted(ticket: Ticket): boolean {
    return this.#admitted.has(ticket.callSid);
  }

  async knock(port: number, { callSid, token, signature }: Ticket): Promise<number> {
    // Addresses of its own for each, or a limit on failed handshakes would do the store's work for it.
    const from = addressOf(this.#knocks++);
    const status = await knockAt({ port, path: `${MEDIA_STREAM_PATH}${token}`, signature, from });
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    if (status !== NO_ANSWER) this.#answered++;
    const before = this.#accepted.get(callSid) ?? 0;
    this.#accepted.set(callSid, before + (status === 101 ? 1 : 0));
    return status;
  }

  /** All at once, at each port in turn; how many were let in. */
  async race(ports: readonly [number, ...number[]], tickets: readonly Ticket[]): Promise<number> {
    const statuses = await Promise.all(
      tickets.map((ticket, index) => this.knock(ports[index % ports.length] ?? ports[0], ticket)),
    );
    return statuses.filter((status) => status === 101).length;
  }

  counts(): ReplayCounts {
    const accepted = [...this.#accepted.values()];
    const number = (is: (times: number) => boolean) => accepted.filter(is).length;
    return {
      tokens: accepted.length,
      answered: this.#answered,
      unanswered: this.#knocks - this.#answered,
      byStatus: { ...this.#byStatus },
      once: number((times) => times === 1),
      never: number((times) => times === 0),
      twice: number((times) => times > 1),
      admittedTwice: [...this.#admitted.values()].filter((times) => times > 1).length,
    };
  }
}
