/**
 * PINs that anybody tries first. Only the commands that set one say no to them: on the edge a PIN is what it is.
 */

/** One digit alone, a run up or down, a few digits over and over. */
export function isEasilyGuessed(pin: string): boolean {
  const steps = [...pin].slice(1).map((digit, index) => Number(digit) - Number(pin[index]));
  const isRun = steps.every((step) => step === steps[0]) && Math.abs(steps[0] ?? 0) <= 1;
  const isRepeated = /^(\d{1,3})\1+$/.test(pin);
  return isRun || isRepeated;
}

export const GUESSABLE = "This PIN is among the first that anybody tries: choose another.";
