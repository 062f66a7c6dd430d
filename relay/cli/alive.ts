/**
 * What the image's HEALTHCHECK runs, inside the container: exit 0 if the relay beside it answers `/healthz`, 1 with a
 * sentence if not. `/healthz` and not `/readyz`: a relay that takes no new calls for a while still has its old ones, and
 * must not be replaced for that.
 */
const port = process.env.PORT || "5050";
const WITHIN_MS = 4_000;

try {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(WITHIN_MS) });
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  console.log("alive");
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  console.error(`No relay answers on port ${port} of this machine: ${why}`);
  process.exit(1);
}
