/** Tokens that have opened a stream, sent again as whoever captured them would, with Twilio's signature over the URL. */
import type { PlacedCall } from "../../rehearsal/carrier/carrier.ts";
import { addressOf, knockAt, signatureOf } from "../admission/door.ts";

/** The URLs of a call's streams that were opened, in order. */
export function openedWith({ timeline }: PlacedCall): string[] {
  const opened = new Set(timeline.all("stream-opened").map(({ streamSid }) => streamSid));
  return timeline
    .all("stream-connecting")
    .flatMap(({ streamSid, url }) => (opened.has(streamSid) ? [url] : []));
}

let knocks = 0;

/** The answer's status. From an address of its own each: nobody is refused for how often others knocked. */
export function knockAgain(url: string): Promise<number> {
  const { port, pathname } = new URL(url);
  const from = addressOf(++knocks);
  return knockAt({ port: Number(port), path: pathname, signature: signatureOf(url), from });
}
