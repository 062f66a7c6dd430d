/**
 * Asks relay/cli/twilio-account.ts in a process of its own, because the certificate that is trusted is a setting of a
 * process. Each line that comes in holds the credentials, the proxy and a list of [what, ...arguments]; one line goes out
 * for it, with an answer or a trouble for each.
 */
import { z } from "zod";
import { openTwilioAccount, TwilioTrouble } from "../../../relay/cli/twilio-account.ts";

const Given = z.object({
  proxyUrl: z.string(),
  accountSid: z.string(),
  authToken: z.string(),
  variables: z.object({ accountSid: z.string(), authToken: z.string() }).optional(),
  withinMs: z.number().optional(),
  questions: z.array(
    z.union([
      z.tuple([z.literal("details")]),
      z.tuple([z.literal("numbers")]),
      z.tuple([z.literal("number"), z.string()]),
      z.tuple([z.literal("point"), z.string(), z.record(z.string(), z.string())]),
      z.tuple([z.literal("edge"), z.string()]),
      z.tuple([z.literal("forget"), z.string(), z.string()]),
    ]),
  ),
});
export type Question = z.infer<typeof Given>["questions"][number];

type Given = z.infer<typeof Given>;

async function answerTo(
  question: Question,
  { accountSid, authToken, variables, withinMs }: Given,
): Promise<unknown> {
  const account = openTwilioAccount({ accountSid, authToken, ...(variables && { variables }) }, withinMs);
  switch (question[0]) {
    case "details":
      return account.details();
    case "numbers":
      return account.numbers();
    case "number":
      return account.number(question[1]);
    case "point":
      return account.point(question[1], question[2]);
    case "edge":
      return account.edge(question[1]);
    case "forget": {
      const edge = await account.edge(question[1]);
      const variable = edge?.variables.find(({ key }) => key === question[2]);
      if (edge !== undefined && variable !== undefined) await account.removeVariable(edge, variable);
      return variable !== undefined;
    }
  }
}

for await (const line of console) {
  const given = Given.parse(JSON.parse(line));
  process.env.HTTP_PROXY = given.proxyUrl;
  const answers: unknown[] = [];
  for (const question of given.questions) {
    try {
      answers.push((await answerTo(question, given)) ?? null);
    } catch (error) {
      if (!(error instanceof TwilioTrouble)) throw error;
      const { message, mend, code, status } = error;
      answers.push({ trouble: message, mend, code, status });
    }
  }
  console.log(JSON.stringify(answers));
}
// As the commands do: what was given up may still be waited for.
process.exit(0);
