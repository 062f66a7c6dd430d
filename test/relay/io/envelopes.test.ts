/**
 * A conversation that cannot be read is none, and the log says so once and why, with no word of it.
 */
import { expect, test } from "bun:test";
import { keyFrom } from "../../../relay/contract.ts";
import { Envelopes } from "../../../relay/io/envelopes.ts";
import type { RelayEntry } from "../../../relay/io/log.ts";
import { Seal } from "../../../relay/io/sealed.ts";
import { newSid } from "../../rehearsal/carrier/sid.ts";
import { aConversation } from "./a-conversation.ts";

test("what is not sealed by us, or not as we write it, is none, and is told once", async () => {
  const seal = new Seal([await keyFrom("a secret of more than thirty-two bytes")]);
  const callSid = newSid("CA");
  const told: unknown[] = [];
  const log = (entry: RelayEntry | { event: string }) => told.push(entry);
  const envelopes = () => new Envelopes(seal, log);
  const whole = aConversation("marmalade");
  const sealed = envelopes().close(callSid, whole);
  expect(envelopes().open(callSid, sealed)).toEqual(whole);
  expect(told).toEqual([]);

  const event = "conversations.unreadable";
  const [one, other] = [envelopes(), envelopes()];
  const changed = seal.close(callSid, JSON.stringify({ ...whole, since: "marmalade" }));
  for (let times = 0; times < 3; times++) {
    expect(one.open(newSid("CA"), sealed)).toBeUndefined();
    expect(other.open(callSid, changed)).toBeUndefined();
  }
  expect(told).toEqual([
    { event, level: "warn", why: "not sealed by us" },
    { event, level: "warn", why: "not as we write it" },
  ]);
  expect(one.open(callSid, sealed)).toEqual(whole);
});
