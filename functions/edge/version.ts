/**
 * Which build this is, so that whoever looks at a deployed edge can tell whether it is the one that lies in `dist/`.
 * scripts/build.ts puts the build's mark in the place of this text; nobody else writes it.
 */
export const VERSION_HEADER = "X-Edge-Version";
export const UNMARKED = "edge-version-unmarked";
