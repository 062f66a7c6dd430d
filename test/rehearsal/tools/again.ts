/**
 * Listening on a port for a second time: somebody else's connection may go out from that very port meanwhile, and is
 * soon over.
 */
export async function again<Value>(attempt: () => Value | Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 100) throw error;
      await Bun.sleep(20);
    }
  }
}
