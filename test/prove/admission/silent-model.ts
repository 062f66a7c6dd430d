/**
 * A model that takes every connection and says nothing: for proofs of who comes in, where what is said is beside the
 * point. It counts, because a session that a stranger can open is money.
 */
export type SilentModel = {
  readonly url: string;
  /** Opened so far. */
  readonly sessions: () => number;
  readonly stop: () => Promise<void>;
};

export function startSilentModel(): SilentModel {
  let sessions = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(null, { status: 400 })),
    websocket: {
      open: () => {
        sessions++;
      },
      message: () => {},
    },
  });
  return {
    url: `ws://127.0.0.1:${server.port}/v1/realtime`,
    sessions: () => sessions,
    stop: () => server.stop(true),
  };
}
