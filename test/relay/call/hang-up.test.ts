import { describe, expect, test } from "bun:test";
import { HangUp, type Outlook } from "../../../relay/call/hang-up.ts";

const outlook = (over: Partial<Outlook> = {}): Outlook => ({
  idle: true,
  provedHeard: false,
  quietAt: 5_000,
  ...over,
});

describe("the goodbye", () => {
  test("said in the response that hangs up: nothing more is asked for", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    expect(hangUp.responseDone("r1", true)).toEqual([]);
    expect(hangUp.isLeaving).toBe(true);
  });

  test("not said: the call's output asks for it", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    expect(hangUp.responseDone("r1", false)).toEqual(["call_1"]);
    expect(hangUp.responseDone("r1", false)).toEqual([]);
  });

  test("another response's end is not it", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    expect(hangUp.responseDone("r0", true)).toEqual([]);
    expect(hangUp.isLeaving).toBe(false);
  });
});

describe("when it may go", () => {
  test("never while nobody asked for it", () => {
    const hangUp = new HangUp();
    expect(hangUp.mayGo(outlook({ provedHeard: true }), 1_000_000)).toBe(false);
    expect(hangUp.dueAt(outlook())).toBeUndefined();
  });

  test("never before the response that asked is done, all heard or not", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    expect(hangUp.mayGo(outlook({ provedHeard: true }), 6_000)).toBe(false);
  });

  test("as soon as the goodbye is proved heard", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    hangUp.responseDone("r1", true);
    expect(hangUp.mayGo(outlook(), 5_001)).toBe(false);
    expect(hangUp.mayGo(outlook({ provedHeard: true }), 5_001)).toBe(true);
  });

  test("not while another response is active or expected", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    hangUp.responseDone("r1", true);
    expect(hangUp.mayGo(outlook({ provedHeard: true, idle: false }), 5_001)).toBe(false);
  });

  test("when the last mark was lost, 2 s after all should have been heard", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    hangUp.responseDone("r1", true);
    expect(hangUp.dueAt(outlook())).toBe(7_000);
    expect(hangUp.mayGo(outlook(), 6_999)).toBe(false);
    expect(hangUp.mayGo(outlook(), 7_000)).toBe(true);
  });

  test("a goodbye that never comes keeps the line open for 20 s and no longer", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 100);
    const waiting = outlook({ idle: false, quietAt: Number.NEGATIVE_INFINITY });
    expect(hangUp.dueAt(waiting)).toBe(20_100);
    expect(hangUp.mayGo(waiting, 20_099)).toBe(false);
    expect(hangUp.mayGo(waiting, 20_100)).toBe(true);
  });

  test("nor is a goodbye cut off that began late", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    expect(hangUp.dueAt(outlook({ idle: false, quietAt: 19_500 }))).toBe(21_500);
  });
});

describe("the caller speaks again", () => {
  test("the call goes on, and its model gets the output that it waits for", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    hangUp.responseDone("r1", true);
    expect(hangUp.callOff()).toEqual(["call_1"]);
    expect(hangUp.isLeaving).toBe(false);
    expect(hangUp.mayGo(outlook({ provedHeard: true }), 1_000_000)).toBe(false);
  });

  test("a call that was answered is not answered again", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    hangUp.responseDone("r1", false);
    expect(hangUp.callOff()).toEqual([]);
  });

  test("with nobody leaving there is nothing to call off", () => {
    expect(new HangUp().callOff()).toBeUndefined();
  });

  test("it can be asked for again afterwards", () => {
    const hangUp = new HangUp();
    hangUp.ask("call_1", "r1", 0);
    hangUp.callOff();
    hangUp.ask("call_2", "r2", 100_000);
    expect(hangUp.dueAt(outlook())).toBe(120_000);
    expect(hangUp.responseDone("r2", false)).toEqual(["call_2"]);
  });
});
