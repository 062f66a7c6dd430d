import { describe, expect, test } from "bun:test";
import { isKnownVoice, retirementOf, VOICES } from "../../relay/models.ts";

const on = (day: string) => new Date(`${day}T12:00:00Z`);

describe("a model about to be retired", () => {
  test("is named with its day and what takes its place, until that day and after", () => {
    const row = { on: "2027-01-20", instead: "gpt-realtime-2.1" };
    expect(retirementOf("gpt-realtime", on("2027-01-19"))).toEqual({ ...row, isOver: false });
    expect(retirementOf("gpt-realtime", on("2027-01-20"))).toEqual({ ...row, isOver: true });
    expect(retirementOf("gpt-realtime-mini", on("2027-01-21"))).toEqual({
      on: "2027-01-20",
      instead: "gpt-realtime-2.1-mini",
      isOver: true,
    });
  });

  test("takes its dated snapshots with it", () => {
    expect(retirementOf("gpt-realtime-2025-08-28", on("2026-11-20"))).toMatchObject({ isOver: false });
    expect(retirementOf("gpt-4o-realtime-preview-2025-06-03", on("2026-11-20"))).toMatchObject({
      on: "2026-05-12",
      isOver: true,
    });
  });

  test("is not one that goes on, one that nobody knows yet, or a word that every object knows", () => {
    for (const model of [
      "gpt-realtime-2.1",
      "gpt-realtime-2",
      "gpt-realtime-9",
      "constructor",
      "__proto__",
    ]) {
      expect(retirementOf(model, on("2030-01-01"))).toBeUndefined();
    }
  });
});

test("a voice is known by its whole name", () => {
  for (const voice of VOICES) expect(isKnownVoice(voice)).toBe(true);
  for (const other of ["nova", "Marin", "mari", "", "marin "]) expect(isKnownVoice(other)).toBe(false);
});
