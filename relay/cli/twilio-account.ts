/**
 * The owner's account at Twilio, as far as the commands use it: which numbers there are, where they point and pointing
 * them elsewhere, and what is deployed. Twilio's own library does the asking (it honours HTTP_PROXY); nothing of it is
 * seen outside this file, and every failure is a TwilioTrouble that says what mends it.
 *
 * Nothing here prints, and nothing here decides.
 */
import type { Twilio } from "twilio";
import { z } from "zod";

const ANSWER_WITHIN_MS = 20_000;

/** Where a number's calls go. "" is not set. */
export type VoiceSide = {
  readonly voiceUrl: string;
  readonly voiceMethod: string;
  readonly voiceFallbackUrl: string;
  readonly voiceFallbackMethod: string;
  readonly statusCallback: string;
  readonly statusCallbackMethod: string;
  /** If one of these is set, Twilio looks at no URL. */
  readonly voiceApplicationSid: string;
  readonly trunkSid: string;
};

export type TwilioNumber = {
  readonly sid: string;
  readonly phoneNumber: string;
  readonly friendlyName: string;
  readonly canTakeCalls: boolean;
  readonly voice: VoiceSide;
};

export type DeployedVariable = { readonly sid: string; readonly key: string; readonly value: string };
export type DeployedEdge = {
  readonly serviceSid: string;
  readonly environmentSid: string;
  /** Without a scheme. */
  readonly domainName: string;
  /** undefined: nothing is live. */
  readonly buildSid: string | undefined;
  readonly variables: readonly DeployedVariable[];
};

export type Credentials = {
  readonly accountSid: string;
  readonly authToken: string;
  /** The variables that they stand in, to be named where they are wrong. */
  readonly variables?: { readonly accountSid: string; readonly authToken: string };
};

export type TwilioAccount = {
  /** @returns as in active or suspended, and Trial or Full */
  details(): Promise<{ readonly status: string; readonly type: string }>;
  numbers(): Promise<readonly TwilioNumber[]>;
  /** @param phoneNumber whole, as in +15551234567 */
  number(phoneNumber: string): Promise<TwilioNumber | undefined>;
  /** Changes what is given and nothing else. To put a number back: point(number.sid, number.voice) of before. */
  point(numberSid: string, voice: Partial<VoiceSide>): Promise<TwilioNumber>;
  /** @param domainSuffix of the environment; the deploy commands' own default is dev, "" is the bare domain */
  edge(serviceName: string, domainSuffix?: string): Promise<DeployedEdge | undefined>;
  removeVariable(edge: DeployedEdge, variable: DeployedVariable): Promise<void>;
};

/** Twilio refused, or was not reached. */
export class TwilioTrouble extends Error {
  /** Twilio's own, as in 20003; undefined: there was no answer. */
  readonly code: number | undefined;
  readonly status: number | undefined;
  readonly mend: string;

  constructor(wrong: string, mend: string, refused?: { readonly code: number; readonly status: number }) {
    super(wrong);
    this.name = "TwilioTrouble";
    this.mend = mend;
    this.code = refused?.code;
    this.status = refused?.status;
  }
}

const NAMES = { accountSid: "TWILIO_ACCOUNT_SID", authToken: "TWILIO_AUTH_TOKEN" };

export function openTwilioAccount(
  credentials: Credentials,
  answerWithinMs = ANSWER_WITHIN_MS,
): TwilioAccount {
  const { accountSid, authToken, variables = NAMES } = credentials;
  // The library throws its own words for what does not begin with AC.
  if (!/^AC[0-9a-f]{32}$/.test(accountSid)) {
    throw new TwilioTrouble(`${variables.accountSid} is not an Account SID`, whereFound(variables));
  }
  let opening: Promise<Twilio> | undefined;
  // It takes longer to load than everything else here, and most commands end without asking anything.
  const open = async (): Promise<Twilio> => {
    const { default: twilio } = await import("twilio");
    return twilio(accountSid, authToken, { timeout: answerWithinMs });
  };
  /** @param what is done, to be told when it fails */
  const ask = async <T>(what: string, request: (client: Twilio) => Promise<T>): Promise<T> => {
    opening ??= open();
    const client = await opening;
    // The library's own limit begins only when a proxy has let it through.
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`none within ${answerWithinMs} ms`)), answerWithinMs);
    try {
      return await Promise.race([request(client), late]);
    } catch (thrown) {
      throw troubleFrom(thrown, what, variables);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    details: () =>
      ask("looking at the account", async (client) => {
        const { status, type } = await client.api.v2010.accounts(accountSid).fetch();
        return { status, type };
      }),

    numbers: () =>
      ask("listing the phone numbers", async (client) =>
        (await client.incomingPhoneNumbers.list()).map(numberFrom),
      ),

    number: (phoneNumber) =>
      ask("looking for the phone number", async (client) => {
        // Twilio also finds numbers that hold this one.
        const found = await client.incomingPhoneNumbers.list({ phoneNumber });
        return found.map(numberFrom).find((number) => number.phoneNumber === phoneNumber);
      }),

    point: (numberSid, voice) =>
      ask("pointing the phone number", async (client) =>
        numberFrom(await client.incomingPhoneNumbers(numberSid).update({ ...voice })),
      ),

    edge: (serviceName, domainSuffix = "dev") =>
      ask("looking at what is deployed", async (client) => {
        const service = await unlessNotFound(client.serverless.v1.services(serviceName).fetch());
        if (service === undefined) return undefined;
        const within = client.serverless.v1.services(service.sid);
        const environments = await within.environments.list();
        const environment = environments.find((one) => (one.domainSuffix ?? "") === domainSuffix);
        if (environment === undefined) return undefined;
        return {
          serviceSid: service.sid,
          environmentSid: environment.sid,
          domainName: environment.domainName,
          buildSid: environment.buildSid || undefined,
          variables: (await within.environments(environment.sid).variables.list()).map(
            ({ sid, key, value }) => ({
              sid,
              key,
              value: value ?? "",
            }),
          ),
        };
      }),

    removeVariable: ({ serviceSid, environmentSid }, { sid, key }) =>
      ask(`removing the variable ${key}`, async (client) => {
        await client.serverless.v1.services(serviceSid).environments(environmentSid).variables(sid).remove();
      }),
  };
}

/** What the library promises to hold may be null on the wire. */
const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? "");
const NumberOnWire = z.object({
  sid: z.string(),
  phoneNumber: z.string(),
  friendlyName: Text,
  capabilities: z.object({ voice: z.boolean().optional() }),
  voiceUrl: Text,
  voiceMethod: Text,
  voiceFallbackUrl: Text,
  voiceFallbackMethod: Text,
  statusCallback: Text,
  statusCallbackMethod: Text,
  voiceApplicationSid: Text,
  trunkSid: Text,
});

function numberFrom(answered: unknown): TwilioNumber {
  const { sid, phoneNumber, friendlyName, capabilities, ...voice } = NumberOnWire.parse(answered);
  return { sid, phoneNumber, friendlyName, canTakeCalls: capabilities.voice === true, voice };
}

const RefusedByTwilio = z.looseObject({
  status: z.number(),
  code: z.number().optional(),
  message: z.string(),
});

async function unlessNotFound<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (thrown) {
    if (RefusedByTwilio.safeParse(thrown).data?.status === 404) return undefined;
    throw thrown;
  }
}

const whereFound = ({ accountSid, authToken }: typeof NAMES): string =>
  `copy Account SID and Auth Token anew from the front page of console.twilio.com into ${accountSid} and ${authToken}`;

function troubleFrom(thrown: unknown, what: string, variables: typeof NAMES): TwilioTrouble {
  const refused = RefusedByTwilio.safeParse(thrown);
  if (!refused.success) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const mend = "see whether this machine reaches https://api.twilio.com, then try again";
    return new TwilioTrouble(`${what}: no answer from Twilio (${why})`, mend);
  }
  const { status, code = status, message } = refused.data;
  return new TwilioTrouble(`${what}: Twilio refuses (${code}: ${message})`, mendOf(code, status, variables), {
    code,
    status,
  });
}

function mendOf(code: number, status: number, variables: typeof NAMES): string {
  if (code === 20003) return whereFound(variables);
  if (code === 20005) return "console.twilio.com says why the account is not active, and how it becomes so";
  if (status === 429) return "Twilio asks for a pause: try again in a minute";
  if (status >= 500) return "Twilio has trouble of its own (status.twilio.com): try again later";
  return `https://www.twilio.com/docs/errors/${code} says what it means`;
}
