import { expect, test } from "bun:test";
import { aheadS, apart, clockLine, isApart } from "../../../../relay/cli/doctor/clock.ts";
import "../../../patience.ts";

const AT = Date.parse("2026-11-21T12:00:00Z");
const dateAt = (ms: number) => new Date(ms).toUTCString();

test("a date is whole seconds and the answer took its time: within that, nobody is ahead", () => {
  expect(aheadS(dateAt(AT), AT + 900, AT + 950)).toBe(0);
  expect(aheadS(dateAt(AT), AT - 3000, AT + 2000)).toBe(0);
  expect(aheadS(dateAt(AT + 60_000), AT, AT + 1000)).toBe(59);
  expect(aheadS(dateAt(AT - 60_000), AT, AT + 1000)).toBe(-59);
  expect(aheadS(null, AT, AT)).toBeUndefined();
  expect(aheadS("yesterday", AT, AT)).toBeUndefined();
});

test("five seconds are allowed, as for a token", () => {
  expect([isApart(5), isApart(-5), isApart(5.5), isApart(-6)]).toEqual([false, false, true, true]);
  expect([apart(-30), apart(300)]).toEqual(["30 s", "5 minutes"]);
});

test("two who agree are believed, of two who do not nobody knows which is wrong, and of one who says nothing nothing", async () => {
  const servers = [0, 600_000, -600_000].map((byMs) =>
    Bun.serve({
      port: 0,
      fetch: () => new Response("", { headers: { date: dateAt(Date.now() + byMs) } }),
    }),
  );
  try {
    const [right, ahead, behind] = servers.map((server, at) => ({
      name: `witness ${at}`,
      url: `http://127.0.0.1:${server.port}/`,
    }));
    if (right === undefined || ahead === undefined || behind === undefined)
      throw new Error("three were started");
    const nobody = { name: "nobody", url: "http://127.0.0.1:1/" };
    expect(await clockLine([right, nobody]).told()).toMatchObject({
      is: "well",
      says: "as witness 0 has it",
    });
    expect(await clockLine([ahead, { ...ahead, name: "another" }]).told()).toMatchObject({
      is: "ill",
      says: expect.stringMatching(/^it is 10 minutes behind witness 1 and another/),
    });
    expect(await clockLine([right, behind]).told()).toMatchObject({ is: "doubtful" });
    expect(await clockLine([ahead, behind]).told()).toMatchObject({
      is: "doubtful",
      says: "they do not agree",
    });
    expect(await clockLine([nobody]).told()).toMatchObject({ is: "unasked" });
  } finally {
    for (const server of servers) await server.stop(true);
  }
});
