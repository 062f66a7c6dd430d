/**
 * How a promise fails, as a value. Not `expect(…).rejects`: that turns the event loop while a test may still be
 * inside a socket's callback, and Bun then reads the same socket twice ("new message inside a fragmented message").
 */
export const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );
