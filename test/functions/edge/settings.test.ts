import { describe, expect, test } from "bun:test";
import { type Checked, readIdentity, readKeys, readSettings } from "../../../functions/edge/settings.ts";
import { ACCOUNT, AUTH_TOKEN, CALLER, SECRET } from "../signed.ts";

const ENV = {
  ACCOUNT_SID: ACCOUNT,
  AUTH_TOKEN,
  DOMAIN_NAME: "phone-assistant-1234-dev.twil.io",
  RELAY_URL: "wss://relay.example.com",
  STREAM_TOKEN_SECRET: SECRET,
  ALLOWED_NUMBERS: CALLER,
};

const problemsOf = <T>(checked: Checked<T>) =>
  checked.ok ? [] : checked.problems.map(({ variable, wrong }) => `${variable} ${wrong}`);
const settingsProblems = async (changes: object, file?: string) =>
  problemsOf(await readSettings({ ...ENV, ...changes }, file));

describe("the edge's settings", () => {
  test("are read from the runtime's context", async () => {
    const read = await readSettings(ENV, undefined);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    expect(read.value.relays).toEqual([
      { name: "wss://relay.example.com", httpOrigin: "https://relay.example.com" },
    ]);
    const { callers, ...policies } = read.value.terms;
    expect([...callers]).toEqual([[CALLER, { profile: {} }]]);
    expect(policies).toEqual({ stirPolicy: "off", callerPin: undefined, pinPolicy: "always" });
    expect(read.value.keys.newest.kid).toHaveLength(12);
    expect([[...read.value.transfers], read.value.notes]).toEqual([[], []]);
    expect([read.value.voicemail, read.value.alertSmsTo]).toEqual([false, undefined]);
  });

  test("report every problem at once, each with its variable, what is wrong and the mend, and no value", async () => {
    const secret = "s3cr3t";
    const read = await readSettings(
      {
        RELAY_URL: "https://relay.example.com",
        STREAM_TOKEN_SECRET: secret,
        ALLOWED_NUMBERS: "15551234567",
        STIR_POLICY: "on",
        CALLER_PIN: "48291",
        PIN_POLICY: "never",
        TRANSFER_NUMBERS: "dora=+15550002222,+15550003333=bob",
        VOICEMAIL: "yes",
        ALERT_SMS_TO: "15550004444",
      },
      '{"+15557654321":{"phone":"+15557654321"}}',
    );
    expect(problemsOf(read)).toEqual([
      "RELAY_URL does not begin with wss://",
      "STREAM_TOKEN_SECRET is 6 bytes long and must be at least 32; make one with: openssl rand -hex 32",
      "ALLOWED_NUMBERS entry 1 of 1 has no + before its country code",
      'assets/callers.private.json the caller: unknown member "phone"',
      "STIR_POLICY is neither off nor require",
      "CALLER_PIN is not 6 to 10 digits",
      "PIN_POLICY is neither always nor unattested",
      "TRANSFER_NUMBERS entry 2 of 2 has a name that is not 1 to 40 letters, with spaces, hyphens and at most five digits",
      "TRANSFER_NUMBERS entry 2 of 2 has a number that is not a whole E.164 number",
      "VOICEMAIL is neither off nor on",
      "ALERT_SMS_TO has no + before its country code",
    ]);
    const text = JSON.stringify(read);
    expect(text).not.toContain(secret);
    expect(text).not.toContain("5557654321");
    expect(text).not.toContain("48291");
    expect(text).not.toMatch(/555000|dora|bob/);
    for (const problem of read.ok ? [] : read.problems) expect(problem.mend.length).toBeGreaterThan(10);
  });

  test("of an edge on Twilio that name a relay on its owner's machine are refused: nobody could reach it", async () => {
    for (const where of [
      { DOMAIN_NAME: "assistant-1234.twil.io" },
      { EDGE_URL: "https://tunnel.example.com" },
    ]) {
      for (const relay of ["ws://localhost:5050", "wss://relay.example.com,ws://127.0.0.1:5050"]) {
        expect(await settingsProblems({ ...where, RELAY_URL: relay })).toEqual([
          "RELAY_URL names a relay on this machine, which Twilio cannot reach",
        ]);
      }
    }
    expect(
      await settingsProblems({ DOMAIN_NAME: "localhost:3000", RELAY_URL: "ws://localhost:5050" }),
    ).toEqual([]);
  });

  test("without any allowlist are refused: an empty list must not mean everybody", async () => {
    for (const ALLOWED_NUMBERS of ["", " ", ",", undefined]) {
      expect(await settingsProblems({ ALLOWED_NUMBERS })).toEqual([
        expect.stringContaining("ALLOWED_NUMBERS is empty"),
      ]);
      expect(await settingsProblems({ ALLOWED_NUMBERS }, "{}")).toEqual([
        expect.stringContaining("ALLOWED_NUMBERS is empty"),
      ]);
      expect(await settingsProblems({ ALLOWED_NUMBERS }, `{"${CALLER}":{}}`)).toEqual([]);
    }
  });

  test("take the profile of a number that stands in both lists", async () => {
    const read = await readSettings(ENV, `{"${CALLER}":{"name":"Ada"},"+15557654321":{}}`);
    expect(read.ok ? [...read.value.terms.callers] : []).toEqual([
      [CALLER, { profile: { name: "Ada" } }],
      ["+15557654321", { profile: {} }],
    ]);
  });

  test("name the line of a mistake in the callers file, and with one mistake admit nobody", async () => {
    const read = await readSettings(ENV, `{\n"+15557654321": {},\n"+15550001111": {"language": "English"}}`);
    expect(read.ok ? [] : read.problems).toEqual([
      {
        variable: "assets/callers.private.json",
        line: 3,
        wrong: 'language: is not a language tag such as "en" or "de-CH"',
        mend: expect.stringContaining("language"),
      },
    ]);
  });
});

describe("TRANSFER_NUMBERS", () => {
  const FILE = `{
    "${CALLER}": {
      "transfers": [
        "ANNA",
        "Bob"
      ]
    },
    "+15550001111": { "transfers": ["Carla"] }
  }`;

  test("is nobody where it is left out, and otherwise names and numbers", async () => {
    for (const TRANSFER_NUMBERS of [undefined, "", " "]) {
      const read = await readSettings({ ...ENV, TRANSFER_NUMBERS }, undefined);
      expect(read.ok && [...read.value.transfers]).toEqual([]);
    }
    const read = await readSettings({ ...ENV, TRANSFER_NUMBERS: "anna=+15550002222" }, undefined);
    expect(read.ok && [...read.value.transfers]).toEqual([["anna", "+15550002222"]]);
  });

  test("does not have a name that a caller's own list has: the line is noted, and everybody comes in", async () => {
    const read = await readSettings({ ...ENV, TRANSFER_NUMBERS: "anna=+15550002222" }, FILE);
    const note = {
      variable: "assets/callers.private.json",
      wrong: "transfers: a name that TRANSFER_NUMBERS does not have; nobody is put through to it",
      mend: "write it as it stands in TRANSFER_NUMBERS, or take it out",
    };
    expect(read.ok && read.value.notes).toEqual([
      { ...note, line: 5 },
      { ...note, line: 8 },
    ]);
    expect(read.ok && [...read.value.terms.callers.keys()]).toEqual([CALLER, "+15550001111"]);
    expect(JSON.stringify(read.ok && read.value.notes)).not.toMatch(/Bob|Carla/);
  });
});

describe("RELAY_URL", () => {
  test("is wss on port 443, or ws on this machine", async () => {
    for (const RELAY_URL of [
      "wss://relay.example.com",
      "wss://relay.example.com/",
      "wss://relay.example.com:443",
      "ws://localhost:5050",
      "ws://127.0.0.1:5050",
      "ws://127.1.2.3",
      "ws://[::1]:5050",
      "wss://relay.example.com, wss://other.example.com",
    ]) {
      // A relay on this machine goes with an edge on this machine.
      const problems = await settingsProblems({ RELAY_URL, DOMAIN_NAME: "localhost:3000" });
      expect([RELAY_URL, problems]).toEqual([RELAY_URL, []]);
    }
  });

  test("that Twilio could not open is refused, with the reason", async () => {
    for (const [RELAY_URL, wrong] of [
      ["", "is not set"],
      ["relay.example.com", "is not a URL"],
      ["https://relay.example.com", "does not begin with wss://"],
      ["ws://relay.example.com", "is ws, which is for localhost only"],
      ["ws://localhost.example.com", "is ws, which is for localhost only"],
      ["ws://127.0.0.1.example.com", "is ws, which is for localhost only"],
      ["ws://0.0.0.0:5050", "is ws, which is for localhost only"],
      ["wss://relay.example.com:8443", "names port 8443"],
      ["wss://relay.example.com:80", "names port 80"],
      ["wss://localhost:5050", "names port 5050"],
      ["wss://relay.example.com/path", "has a path, a query or a fragment"],
      ["wss://relay.example.com?a=b", "has a path, a query or a fragment"],
      ["wss://relay.example.com#a", "has a path, a query or a fragment"],
      ["wss://user:word@relay.example.com", "holds a user name or a password"],
      ["wss://relay.example.com,wss://relay.example.com/", "entry 2 of 2 names a relay for the second time"],
      ["wss://relay.example.com,", "entry 2 of 2 is not set"],
      ["wss://relay.example.com # the relay", "is not a URL"],
    ] as const) {
      expect([RELAY_URL, await settingsProblems({ RELAY_URL })]).toEqual([
        RELAY_URL,
        [expect.stringContaining(`RELAY_URL ${wrong}`)],
      ]);
    }
  });
});

describe("STREAM_TOKEN_SECRET", () => {
  const OTHER = "another stream token secret for tests";
  const kidsOf = async (STREAM_TOKEN_SECRET: string) => {
    const read = await readKeys({ STREAM_TOKEN_SECRET });
    return read.ok ? [read.value.newest, ...read.value.all].map(({ kid }) => kid) : problemsOf(read);
  };

  test("is one secret of 32 bytes or more, or two with the newest first", async () => {
    const [kid, otherKid] = await Promise.all(
      [SECRET, OTHER].map(async (one) => (await kidsOf(one))[0] ?? ""),
    );
    expect(await kidsOf(SECRET)).toEqual([kid, kid].map(String));
    expect(await kidsOf(` ${SECRET}\n`)).toEqual([kid, kid].map(String));
    expect(await kidsOf(`${OTHER}, ${SECRET}`)).toEqual([otherKid, otherKid, kid].map(String));
    // A rotation ends by taking the old one out; a comma that stays behind is no secret.
    expect(await kidsOf(`${OTHER},`)).toEqual([otherKid, otherKid].map(String));
  });

  test("that is missing, weak, doubled or one of three is refused", async () => {
    for (const [STREAM_TOKEN_SECRET, wrong] of [
      [undefined, "is not set"],
      ["", "is not set"],
      [" , ", "is not set"],
      ["x".repeat(31), "is 31 bytes long"],
      [`${SECRET},${"x".repeat(31)}`, "is 31 bytes long"],
      [`${SECRET}, ${SECRET}`, "holds the same secret twice"],
      [`${SECRET},${OTHER},${"z".repeat(32)}`, "holds 3 secrets"],
    ] as const) {
      expect(problemsOf(await readKeys({ STREAM_TOKEN_SECRET }))).toEqual([
        expect.stringContaining(`STREAM_TOKEN_SECRET ${wrong}`),
      ]);
    }
  });
});

describe("the policies", () => {
  const termsOf = async (changes: object) => {
    const read = await readSettings({ ...ENV, ...changes }, undefined);
    return read.ok ? read.value.terms : problemsOf(read);
  };

  test("are off and always when they are left out", async () => {
    for (const nothing of [undefined, "", " "]) {
      expect(await termsOf({ STIR_POLICY: nothing, PIN_POLICY: nothing, CALLER_PIN: nothing })).toMatchObject(
        { stirPolicy: "off", pinPolicy: "always", callerPin: undefined },
      );
    }
    expect(await termsOf({ STIR_POLICY: "require", PIN_POLICY: "unattested" })).toMatchObject({
      stirPolicy: "require",
      pinPolicy: "unattested",
    });
  });

  test("that are mistyped are refused and never taken for a weaker one", async () => {
    for (const STIR_POLICY of ["on", "Require", "required", "require # US only", "off,require", "true"]) {
      expect(await termsOf({ STIR_POLICY })).toEqual(["STIR_POLICY is neither off nor require"]);
    }
    for (const PIN_POLICY of ["never", "Always", "attested", "off"]) {
      expect(await termsOf({ PIN_POLICY })).toEqual(["PIN_POLICY is neither always nor unattested"]);
    }
  });

  test("take a PIN of 6 to 10 digits, and no other", async () => {
    for (const CALLER_PIN of ["482913", " 0482913548 "]) {
      expect(await termsOf({ CALLER_PIN })).toMatchObject({
        callerPin: { kind: "digits", digits: CALLER_PIN.trim() },
      });
    }
    for (const CALLER_PIN of [
      "4829",
      "48291",
      "48291354820",
      "48 29 13",
      "48291a",
      "４８２９１３",
      "482913#",
    ]) {
      expect(await termsOf({ CALLER_PIN })).toEqual(["CALLER_PIN is not 6 to 10 digits"]);
    }
  });
});

describe("who we are to Twilio", () => {
  const identityOf = (changes: object) => readIdentity({ ...ENV, ...changes });
  const baseOf = (changes: object) => {
    const read = identityOf(changes);
    return read.ok ? read.value.baseUrl : problemsOf(read);
  };

  test("is our account and where Twilio calls us: EDGE_URL, or the runtime's own domain", () => {
    expect(identityOf({})).toEqual({
      ok: true,
      value: {
        accountSid: ACCOUNT,
        authToken: AUTH_TOKEN,
        baseUrl: "https://phone-assistant-1234-dev.twil.io",
      },
    });
    expect(baseOf({ DOMAIN_NAME: "localhost:3000" })).toBe("http://localhost:3000");
    expect(baseOf({ DOMAIN_NAME: "127.0.0.1:3000" })).toBe("http://127.0.0.1:3000");
    expect(baseOf({ DOMAIN_NAME: "localhost:3000", EDGE_URL: "https://tunnel.example.com/" })).toBe(
      "https://tunnel.example.com",
    );
    expect(baseOf({ EDGE_URL: "http://localhost:3000" })).toBe("http://localhost:3000");
  });

  test("with an EDGE_URL that Twilio could not call is refused", () => {
    for (const EDGE_URL of [
      "tunnel.example.com",
      "http://tunnel.example.com",
      "wss://tunnel.example.com",
      "https://tunnel.example.com/path",
      "https://tunnel.example.com?a=b",
      "https://user:word@tunnel.example.com",
    ]) {
      expect(baseOf({ EDGE_URL })).toEqual([expect.stringMatching(/^EDGE_URL is /)]);
    }
    expect(baseOf({ DOMAIN_NAME: undefined })).toEqual([expect.stringMatching(/^DOMAIN_NAME is /)]);
    expect(baseOf({ DOMAIN_NAME: "evil.example.com/path" })).toEqual([
      expect.stringMatching(/^DOMAIN_NAME is /),
    ]);
  });

  test("without an account or a token worth the name is refused: an empty one would let anybody sign", () => {
    for (const changes of [
      { AUTH_TOKEN: undefined },
      { AUTH_TOKEN: "" },
      { AUTH_TOKEN: "your_auth_token" },
      { AUTH_TOKEN: `${AUTH_TOKEN} # from the console` },
    ]) {
      expect(problemsOf(identityOf(changes))).toEqual([expect.stringMatching(/^AUTH_TOKEN is /)]);
    }
    for (const changes of [{ ACCOUNT_SID: undefined }, { ACCOUNT_SID: "" }, { ACCOUNT_SID: CALLER }]) {
      expect(problemsOf(identityOf(changes))).toEqual([expect.stringMatching(/^ACCOUNT_SID is /)]);
    }
    expect(problemsOf(identityOf({ ACCOUNT_SID: "", AUTH_TOKEN: "", DOMAIN_NAME: "" }))).toHaveLength(3);
    expect(JSON.stringify(identityOf({ AUTH_TOKEN: "your_auth_token" }))).not.toContain("your_auth_token");
  });
});
