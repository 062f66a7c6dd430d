/** Webhooks under attack, small; `npm run prove -- --only admission/webhooks` is the same at full size. */
import { expect, test } from "bun:test";
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import { z } from "zod";
import { AUTH_TOKEN } from "../functions/signed.ts";
import { type Deciders, tryWebhookMutations } from "../prove/admission/webhooks.ts";

const SEED = 3;
const Event = z
  .object({
    request: z.object({ headers: z.object({ "x-twilio-signature": z.string() }) }),
    state: z.unknown().optional(),
  })
  // Twilio's own check throws at anything else.
  .catchall(z.union([z.string(), z.array(z.string())]));

test("no mutation of a signed webhook is admitted, and the same one in other words is", async () => {
  const { admitted, sameRefused, same, wellSigned, byKind } = await tryWebhookMutations(
    { count: 5_000, seed: SEED },
    () => {},
  );
  expect({ admitted, sameRefused }).toEqual({ admitted: [], sameRefused: [] });
  expect(same).toBeGreaterThan(500);
  expect(wellSigned).toBeGreaterThan(100);
  expect(Object.keys(byKind).length).toBeGreaterThanOrEqual(22);
});

test("those that pass where the signature alone is believed are found", async () => {
  const believe =
    (path: string): Deciders["/voice/incoming"] =>
    (base, event) => {
      const parsed = Event.safeParse(event);
      if (!parsed.success) return { rank: "refused", why: "no event" };
      const { request, state, ...form } = parsed.data;
      const url = `${base}${path}${state === undefined ? "" : `?state=${String(state)}`}`;
      return validateRequest(AUTH_TOKEN, request.headers["x-twilio-signature"], url, form)
        ? { rank: "let in", by: form }
        : { rank: "refused", why: "wrong signature" };
    };
  const { admitted } = await tryWebhookMutations({ count: 2_000, seed: SEED }, () => {}, {
    "/voice/incoming": believe("/voice/incoming"),
    "/voice/ended": believe("/voice/ended"),
    "/voice/pin": believe("/voice/pin"),
    "/voice/transferred": believe("/voice/transferred"),
  });
  expect(admitted.length).toBeGreaterThan(0);
});
