/**
 * `npm run secret`: a new STREAM_TOKEN_SECRET, and with `--rotate` the steps that replace the old one while calls go on.
 *
 * Both sides know two secrets at once: the relay learns the new one before the edge signs with it, and the edge still
 * knows the old one while calls that began under it are up. It only prints: what the two sides hold is in files and
 * on machines that it neither reads nor reaches.
 */
import { parseArgs } from "node:util";
import { randomSecret } from "./random-secret.ts";

const HELP = `npm run secret: a new STREAM_TOKEN_SECRET, for .env (the relay) and .env.functions (the edge)

  npm run secret               prints a new secret
  npm run secret -- --rotate   prints a new secret in the steps that replace the old one`;

const EXIT_MISTAKE = 2;

const stepsWith = (
  secret: string,
): string => `Replacing STREAM_TOKEN_SECRET without a failed call. OLD stands for the secret that you have now.

1. Every relay, in .env:

     STREAM_TOKEN_SECRET=${secret},OLD

   Restart each of them. From now on they take tokens of both.

2. Only then the edge, in .env.functions:

     STREAM_TOKEN_SECRET=${secret},OLD

   Deploy. New calls are signed with the new secret; those that began under the old one end as they should.

3. After a day, when no call and no state of the old secret is left, on every relay and on the edge:

     STREAM_TOKEN_SECRET=${secret}

   Restart the relays and deploy the edge. The old secret opens nothing any more.

If the old secret is in somebody else's hands, do all three at once: calls that are up may end with an apology.
Wrong PINs of the last hour are forgotten in step 2, because callers are counted under the secret.`;

function main(): number {
  let values: { rotate?: boolean; help?: boolean };
  try {
    const options = { rotate: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
    ({ values } = parseArgs({ options }));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return EXIT_MISTAKE;
  }
  const secret = randomSecret();
  console.log(values.help ? HELP : values.rotate ? stepsWith(secret) : secret);
  return 0;
}

process.exit(main());
