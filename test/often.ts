/**
 * How often a property is tried that takes seconds. The gate tries it with a quarter of its inputs, for it has three
 * minutes for everything; `npm run prove -- --only call/properties` sets ALL_TRIES, and tries them with all.
 */
const SHARE = process.env.ALL_TRIES === "1" ? 1 : 1 / 4;

/** @param all of its inputs, or what is expected of so many */
export const tries = (all: number): number => Math.ceil(all * SHARE);
