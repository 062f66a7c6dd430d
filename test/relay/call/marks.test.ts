/** Marks on their way: what comes back of them, when some are lost, flushed, or were never sent. */
import { describe, expect, test } from "bun:test";
import { Marks } from "../../../relay/call/marks.ts";

/** Behind so many samples each, the first at 0 ms and one every 20 ms. */
function sent(marks: Marks, positions: readonly number[]): string[] {
  return positions.map((position, index) => marks.send(position, index * 20, false));
}

test("each has a name of its own", () => {
  const names = sent(new Marks(), [160, 320, 320]);
  expect(new Set(names).size).toBe(3);
});

test("each comes back with what was known of it when it was sent, once", () => {
  const marks = new Marks();
  const [first = "", second = ""] = sent(marks, [160, 320]);
  expect(marks.take(first)).toMatchObject({ position: 160, sentAt: 0, probe: false });
  expect(marks.take(second)).toMatchObject({ position: 320, sentAt: 20, probe: false });
  expect([marks.take(first), marks.take(second)]).toEqual([undefined, undefined]);
});

test("one that overtook others is taken, and those that it overtook do not come any more", () => {
  const marks = new Marks();
  const [first = "", second = "", third = "", fourth = ""] = sent(marks, [160, 320, 480, 640]);
  expect(marks.take(third)?.position).toBe(480);
  expect([marks.take(first), marks.take(second)]).toEqual([undefined, undefined]);
  expect(marks.take(fourth)?.position).toBe(640);
});

test("one that was never sent takes none away", () => {
  const marks = new Marks();
  const [first = ""] = sent(marks, [160]);
  for (const name of ["", "0", "0.1", "1.0", "0.00", "00.0", " 0.0"])
    expect(marks.take(name)).toBeUndefined();
  expect(marks.take(first)?.position).toBe(160);
});

describe("a mark is alone", () => {
  test("when none was on its way, at first and after all have come back", () => {
    const marks = new Marks();
    const name = marks.send(0, 0, true);
    expect(marks.take(name)?.alone).toBe(true);
    expect(marks.take(marks.send(160, 20, false))?.alone).toBe(true);
  });

  test("and not when one was", () => {
    const marks = new Marks();
    const [first = "", second = ""] = sent(marks, [160, 320]);
    expect(marks.take(first)?.alone).toBe(true);
    expect(marks.take(second)?.alone).toBe(false);
  });
});

describe("after a clear", () => {
  test("those behind audio are unknown: they come back because they were flushed", () => {
    const marks = new Marks();
    const names = sent(marks, [160, 320]);
    marks.flush();
    for (const name of names) expect(marks.take(name)).toBeUndefined();
  });

  test("a probe that nothing kept waiting still measures the way, and no other does", () => {
    const marks = new Marks();
    const alone = marks.send(0, 0, true);
    const behind = marks.send(160, 20, false);
    const second = marks.send(160, 40, true);
    marks.flush();
    expect(marks.take(alone)).toMatchObject({ sentAt: 0, probe: true, alone: true });
    expect([marks.take(behind), marks.take(second)]).toEqual([undefined, undefined]);
  });

  test("the next have other names, and are alone where nothing was left over", () => {
    const marks = new Marks();
    const before = sent(marks, [160]);
    marks.flush();
    const [after = ""] = sent(marks, [320]);
    expect(before).not.toContain(after);
    expect(marks.take(after)).toMatchObject({ position: 320, alone: true });
  });
});
