/** What could be taken for a question that is answered with a key. */
import { describe, expect, test } from "bun:test";
import { mentionsKeys, speaksOfKeys } from "../../../relay/call/read-back-keys.ts";

describe("a text speaks of keys", () => {
  test.each([
    "Press 1 to hear your tasks",
    "press one",
    "For your tasks, press the key with the number 1",
    "PRESS-1",
    "pr-ess 1",
    "press1",
    "1 is what you press",
    "hit 1",
    "enter two to go on",
    "Dial 5 now",
    "press star",
    "Drücke die 1",
    "Drucken Sie bitte die Eins",
    "die Taste 1",
    "Wähle eins für deine Aufgaben",
    "Appuyez sur 1",
    "la touche un",
    "Tapez 1",
    "Pulse 1",
    "Presione el uno",
    "la tecla 1",
    "Premi 1",
    "il tasto due",
    "digita 1",
    "Prima 1",
    "Pressione um",
    "Carregue na tecla 1",
    "Druk op 1",
    "de toets één",
  ])("%p", (text) => {
    expect(speaksOfKeys(text)).toBeTrue();
    expect(mentionsKeys(text)).toBeTrue();
  });

  test.each([
    "I am ten minutes late",
    "Push the release to 10:30",
    "The press conference is at 10",
    "Buy 2 litres of milk",
    "Premium plan for 3 people",
    "A digital copy, 1 page",
    "Impressive: 5 stars",
    "Say yes",
    "",
  ])("not: %p", (text) => {
    expect(speaksOfKeys(text)).toBeFalse();
  });

  test("only where the key is not far away", () => {
    expect(speaksOfKeys(`press ${"and ".repeat(7)}1`)).toBeTrue();
    expect(speaksOfKeys(`press ${"and ".repeat(8)}1`)).toBeFalse();
    expect(speaksOfKeys("press and 1", 2)).toBeTrue();
    expect(speaksOfKeys("press and and 1", 2)).toBeFalse();
  });
});
