/**
 * The relay's configuration: what a variable means, what is refused and how the owner is told. Nothing here starts a
 * relay; test/relay/main.test.ts does.
 */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { inspect } from "node:util";
import "../patience.ts";
import { configFrom, type Env, printFindings } from "../../relay/config.ts";
import { keyFrom } from "../../relay/contract.ts";
import { machineTimeZone } from "../../relay/io/current-time.ts";
import { configured, good, NEEDED, problems, SECRET, TODAY } from "./configured.ts";

describe("with only what is needed", () => {
  test("everything else has its default, and nothing can be changed later", async () => {
    const { config, warnings } = await good();
    expect(warnings).toEqual([]);
    const { keys, apiKey, authToken, trustedProxies, ...rest } = config;
    expect([apiKey.reveal(), authToken?.reveal()]).toEqual(["sk-rehearsal", NEEDED.TWILIO_AUTH_TOKEN]);
    expect(trustedProxies.rules).toEqual([]);
    expect(rest).toEqual({
      port: 5050,
      relayUrl: "wss://relay.example.com",
      accountSid: NEEDED.TWILIO_ACCOUNT_SID,
      realtimeUrl: "wss://api.openai.com/v1/realtime",
      settings: {
        model: "gpt-realtime-2.1",
        voice: "marin",
        instructions: expect.stringContaining("assistant"),
        greeting: "Hello, this is your assistant. How can I help?",
        turnDetection: {
          type: "server_vad",
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 500,
        },
        noiseReduction: "near_field",
        transcriptionModel: "gpt-transcribe",
        temperature: undefined,
      },
      maxCalls: 20,
      drainMs: 300_000,
      dataDir: "data",
      redisUrl: undefined,
      reusePort: false,
      logLevel: "info",
      maxStallMs: 200,
      maxMemoryMb: undefined,
      minDiskMb: 50,
      metricsToken: undefined,
      limits: { maxCallMs: 1_800_000, askAfterMs: 20_000, endAfterMs: 60_000 },
      budgets: { perCallMicros: undefined, perDayMicros: undefined, perMonthMicros: undefined },
      rates: {
        model: {
          text: { in: 4_000, cached: 400, out: 24_000 },
          audio: { in: 32_000, cached: 400, out: 64_000 },
        },
        transcription: { by: "minute", minute: 4_500_000 },
      },
      mcpServers: [],
      mcpMode: "bridged",
      policy: { rules: [], trustedReads: [] },
      toolTimeouts: { usualMs: 20_000, rules: [] },
      timeZone: machineTimeZone(),
      functionsDir: join(import.meta.dir, "../../relay/functions"),
    });
    expect(keys.map(({ kid }) => kid)).toEqual([(await keyFrom(SECRET)).kid]);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.settings)).toBe(true);
  });

  test("a variable that is empty or blank is as if it were not set", async () => {
    const names = ["PORT", "VOICE", "GREETING", "TEMPERATURE", "OPENAI_MODEL", "MAX_CALLS", "LOG_LEVEL"];
    const { config } = await good(Object.fromEntries(names.map((name, n) => [name, n % 2 ? "" : "  "])));
    const { config: bare } = await good();
    expect({ ...config, keys: [] }).toEqual({ ...bare, keys: [] });
  });
});

describe("a value that is set", () => {
  const settings: ReadonlyArray<[Env, object]> = [
    [{ VOICE: "cedar" }, { voice: "cedar" }],
    [{ VOICE: " cedar " }, { voice: "cedar" }],
    [{ VOICE: "voice_abc123" }, { voice: { id: "voice_abc123" } }],
    [{ OPENAI_MODEL: "gpt-realtime-2.1-mini" }, { model: "gpt-realtime-2.1-mini" }],
    [{ ASSISTANT_INSTRUCTIONS: "Be brief." }, { instructions: "Be brief." }],
    [{ GREETING: "Grüezi!" }, { greeting: "Grüezi!" }],
    [{ GREETING: "off" }, { greeting: undefined }],
    [{ NOISE_REDUCTION: "far" }, { noiseReduction: "far_field" }],
    [{ NOISE_REDUCTION: "off" }, { noiseReduction: undefined }],
    [{ TRANSCRIPTION_MODEL: "gpt-transcribe" }, { transcriptionModel: "gpt-transcribe" }],
    [{ TRANSCRIPTION_MODEL: "off" }, { transcriptionModel: undefined }],
    [{ TEMPERATURE: "0.8" }, { temperature: 0.8 }],
    [{ TEMPERATURE: "0" }, { temperature: 0 }],
    [
      { TURN_DETECTION: "semantic", VAD_EAGERNESS: "low" },
      { turnDetection: { type: "semantic_vad", eagerness: "low" } },
    ],
    [
      { VAD_THRESHOLD: "0.7", VAD_PREFIX_MS: "200", VAD_SILENCE_MS: "800" },
      {
        turnDetection: {
          type: "server_vad",
          threshold: 0.7,
          prefix_padding_ms: 200,
          silence_duration_ms: 800,
        },
      },
    ],
  ];
  for (const [env, expected] of settings) {
    test(`reaches the session: ${JSON.stringify(env)}`, async () => {
      expect((await good(env)).config.settings).toMatchObject(expected);
    });
  }

  test("reaches the relay", async () => {
    const { config } = await good({
      PORT: "0",
      MAX_CALLS: "3",
      DRAIN_SECONDS: "0",
      DATA_DIR: "/var/lib/relay",
      LOG_LEVEL: "debug",
      OPENAI_REALTIME_URL: "ws://localhost:8080/v1/realtime",
    });
    expect(config).toMatchObject({
      port: 0,
      maxCalls: 3,
      drainMs: 0,
      dataDir: "/var/lib/relay",
      logLevel: "debug",
      realtimeUrl: "ws://localhost:8080/v1/realtime",
    });
  });
});

describe("a value that is wrong is named with its variable", () => {
  const wrong: ReadonlyArray<[keyof typeof NEEDED | string, string, RegExp]> = [
    ["PORT", "five", /not a number from 0 to 65535/],
    ["PORT", "65536", /not a number from 0 to 65535/],
    ["PORT", "50.5", /not a whole number/],
    ["MAX_CALLS", "0", /not a number from 1/],
    ["MAX_CALLS", "many", /not a number from 1/],
    ["DRAIN_SECONDS", "-1", /not a number from 0/],
    ["LOG_LEVEL", "verbose", /"debug"/],
    ["TEMPERATURE", "hot", /not a number from 0 to 2/],
    ["TEMPERATURE", "2.1", /not a number from 0 to 2/],
    ["TURN_DETECTION", "vad", /"server"/],
    ["VAD_THRESHOLD", "1.5", /not a number from 0 to 1/],
    ["VAD_PREFIX_MS", "-1", /not a number from 0/],
    ["VAD_SILENCE_MS", "99", /not a number from 100/],
    ["VAD_EAGERNESS", "eager", /"low"/],
    ["NOISE_REDUCTION", "near_field", /"near"/],
    ["TWILIO_ACCOUNT_SID", "AC123", /not an account SID/],
    ["TWILIO_ACCOUNT_SID", "", /is missing/],
    ["TWILIO_AUTH_TOKEN", "", /is missing/],
    ["TWILIO_AUTH_TOKEN", "your_auth_token", /not an auth token of 32 characters/],
    ["OPENAI_API_KEY", "", /is missing/],
    ["OPENAI_REALTIME_URL", "https://api.openai.com/v1/realtime", /not a wss:/],
    ["OPENAI_REALTIME_URL", "ws://api.openai.com/v1/realtime", /not a wss:/],
    ["OPENAI_REALTIME_URL", "api.openai.com", /not a wss:/],
    ["REUSE_PORT", "yes", /"on"/],
    ["REDIS_URL", "redis.example.com", /not a redis:/],
    ["REDIS_URL", "http://redis.example.com", /not a redis:/],
    ["REDIS_URL", "redis://", /not a redis:/],
    ["TRUSTED_PROXY", "proxy.example.com", /not a list of IP addresses/],
    ["TRUSTED_PROXY", "10.0.0.1,10.0.0.0/33", /not a list of IP addresses/],
    ["TRUSTED_PROXY", "10.0.0.1/", /not a list of IP addresses/],
    ["TRUSTED_PROXY", "10.0.0", /not a list of IP addresses/],
    ["MCP_MODE", "openai", /"bridged"/],
    ["MCP_CONFIG", "nowhere.json", /a file that is not there/],
    ["TOOL_TIMEOUT_SECONDS", "0.5", /not a number from 1 to 300/],
    ["TOOL_TIMEOUTS", "slow=fast", /"slow=fast" is not a name or pattern/],
    ["TOOL_POLICY", "todoist_*=maybe", /has no rule that there is/],
    ["TRUSTED_READS", "a b", /no name or pattern/],
    ["ZAPIER_MCP_TOKEN", "two words", /holds a character that no key has/],
    ["ZAPIER_MCP_PASSWORD", "grüezi", /holds a character that no key has/],
    ["ZAPIER_MCP_URL", "mcp.zapier.com", /is not a URL/],
    ["GREETING", "x".repeat(501), /500/],
    ["ASSISTANT_INSTRUCTIONS", "x".repeat(20_001), /20000/],
  ];
  for (const [variable, value, expected] of wrong) {
    test(`${variable}=${value.slice(0, 40)}`, async () => {
      const found = await problems({ [variable]: value });
      expect(found).toEqual([expect.stringMatching(expected)]);
      expect(found[0]).toStartWith(`${variable} `);
    });
  }

  test("the seed's VOICE=nova, with the voices there are", async () => {
    const read = await configured({ VOICE: "nova" });
    expect(read.ok).toBe(false);
    const [finding] = read.ok ? [] : read.problems;
    expect(finding?.problem).toBe('"nova" is not a voice of the Realtime API');
    expect(finding?.mend).toContain("VOICE=marin");
    expect(finding?.mend).toContain("cedar");
  });

  test("a key with a character that no HTTP header takes, as when copied from a formatted text", async () => {
    for (const key of ["sk-“quoted”", "sk-two\nlines", "sk-two words", "sk-é"]) {
      const found = await problems({ OPENAI_API_KEY: key });
      expect(found).toEqual([expect.stringContaining("OPENAI_API_KEY holds a character")]);
      expect(found.join()).not.toContain(key);
    }
  });

  test("all that is wrong at once, each with a way to mend it", async () => {
    const read = await configFrom({ VOICE: "nova", PORT: "x", TEMPERATURE: "y", MAX_CALLS: "z" }, TODAY);
    if (read.ok) throw new Error("it was taken");
    expect(read.problems.map(({ variable }) => variable).sort()).toEqual([
      "MAX_CALLS",
      "OPENAI_API_KEY",
      "PORT",
      "RELAY_URL",
      "STREAM_TOKEN_SECRET",
      "TEMPERATURE",
      "TWILIO_ACCOUNT_SID",
      "TWILIO_AUTH_TOKEN",
      "VOICE",
    ]);
    const printed = printFindings(read.problems);
    for (const { variable, mend } of read.problems) {
      expect(mend).not.toBe("");
      expect(printed).toContain(variable);
    }
  });

  test("and the value of a secret is in no message", async () => {
    const secrets = {
      STREAM_TOKEN_SECRET: "canary-short",
      TWILIO_AUTH_TOKEN: "canary-auth",
      OPENAI_API_KEY: "canary-kéy",
      TWILIO_ACCOUNT_SID: "canary-sid",
      OPENAI_REALTIME_URL: "https://user:canary-password@example.com",
      RELAY_URL: "wss://user:canary-password@relay.example.com",
      REDIS_URL: "https://user:canary-password@redis.example.com",
      ZAPIER_MCP_URL: "http://mcp.example.com/api/mcp/s/canary-secret/mcp",
      ZAPIER_MCP_TOKEN: "canary tokén",
      ZAPIER_MCP_PASSWORD: "canary passwörd",
    };
    const read = await configured({ ...secrets, VOICE: "nova" });
    if (read.ok) throw new Error("it was taken");
    expect(read.problems.length).toBeGreaterThanOrEqual(5);
    expect(JSON.stringify(read.problems) + printFindings(read.problems)).not.toContain("canary");
  });
});

describe("STREAM_TOKEN_SECRET", () => {
  const kids = async (secret: string) =>
    (await good({ STREAM_TOKEN_SECRET: secret })).config.keys.map(({ kid }) => kid);
  const OTHER = "another secret and newer than the first";

  test("may be two, the newest first, spaces and an empty end forgiven", async () => {
    const [newest, oldest] = [(await keyFrom(OTHER)).kid, (await keyFrom(SECRET)).kid];
    expect(await kids(`${OTHER},${SECRET}`)).toEqual([newest, oldest]);
    expect(await kids(` ${OTHER} , ${SECRET} ,`)).toEqual([newest, oldest]);
  });

  test("may not be three, short, or only commas", async () => {
    const three = `${OTHER},${SECRET},${"x".repeat(32)}`;
    expect(await problems({ STREAM_TOKEN_SECRET: three })).toEqual(["STREAM_TOKEN_SECRET holds 3 secrets"]);
    expect(await problems({ STREAM_TOKEN_SECRET: "x".repeat(31) })).toEqual([
      expect.stringContaining("31 bytes"),
    ]);
    expect(await problems({ STREAM_TOKEN_SECRET: `${SECRET},short` })).toEqual([
      expect.stringContaining("5 bytes"),
    ]);
    const { problems: found } = {
      problems: [],
      ...(await configured({ STREAM_TOKEN_SECRET: `${SECRET},short` })),
    };
    expect(found).toMatchObject([{ mend: expect.stringContaining("a comma separates two secrets") }]);
    expect(await problems({ STREAM_TOKEN_SECRET: " , " })).toEqual(["STREAM_TOKEN_SECRET is missing"]);
  });
});

describe("a configuration that is printed", () => {
  const CANARY = "canary-0123456789abcdef0123456789abcdef";
  const env = {
    STREAM_TOKEN_SECRET: CANARY,
    TWILIO_AUTH_TOKEN: CANARY,
    OPENAI_API_KEY: CANARY,
    REDIS_URL: `rediss://:${CANARY}@redis.example.com`,
    ZAPIER_MCP_URL: `https://mcp.example.com/api/mcp/s/${CANARY}/mcp`,
    ZAPIER_MCP_TOKEN: CANARY,
  };

  test("shows no secret, however it is printed", async () => {
    const { config } = await good(env);
    const child = Bun.spawn(
      [
        process.execPath,
        "-e",
        `const { configFrom } = await import(${JSON.stringify(join(import.meta.dir, "../../relay/config.ts"))});
         const read = await configFrom(JSON.parse(process.argv[1]), new Date(${TODAY.getTime()}));
         console.log(read, read.config.apiKey, \`\${read.config.redisUrl}\`);
         console.error(read.config, new Error(String(read.config.authToken), { cause: read.config }));
         console.table([read.config]);
         throw Object.assign(new Error("thrown"), { config: read.config });`,
        JSON.stringify({ ...NEEDED, ...env }),
      ],
      { stdout: "pipe", stderr: "pipe" },
    );
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const seen = [
      output,
      errors,
      JSON.stringify(config),
      Bun.inspect(config, { depth: 99 }),
      inspect(config),
    ];
    for (const text of seen) {
      expect(text).toContain("[secret]");
      expect(text).not.toContain("canary");
    }
    expect(errors).toContain("thrown");
    expect(config.redisUrl?.reveal()).toContain(CANARY);
  });
});

describe("OPENAI_MODEL", () => {
  test("about to be retired is taken, with a warning that says when and what to use", async () => {
    const { config, warnings } = await good({ OPENAI_MODEL: "gpt-realtime" });
    expect(config.settings.model).toBe("gpt-realtime");
    expect(printFindings(warnings)).toContain("2027-01-20");
    expect(printFindings(warnings)).toContain("OPENAI_MODEL=gpt-realtime-2.1");
  });

  test("that is retired is refused", async () => {
    const preview = await problems({ OPENAI_MODEL: "gpt-4o-realtime-preview-2024-12-17" });
    expect(preview).toEqual([expect.stringContaining("was shut down by OpenAI on 2026-05-12")]);
    const later = await configured({ OPENAI_MODEL: "gpt-realtime" }, new Date("2027-01-20T00:00:00Z"));
    expect(later.ok).toBe(false);
  });

  test("that nobody knows yet is taken, with a warning that it has no price: new ones come without notice", async () => {
    const { config, warnings } = await good({ OPENAI_MODEL: "gpt-realtime-3" });
    expect(config.settings.model).toBe("gpt-realtime-3");
    expect(warnings).toMatchObject([
      { variable: "OPENAI_MODEL", problem: expect.stringContaining("no price") },
    ]);
  });
});
