/** The two clocks: monotonic ms for calls, whole seconds since 1970 for tokens. Tests hand in their own. */
export type Clock = { readonly monotonicMs: () => number; readonly unixS: () => number };

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  unixS: () => Math.floor(Date.now() / 1000),
};
