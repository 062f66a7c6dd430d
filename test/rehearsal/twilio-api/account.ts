/**
 * api.twilio.com, as much of it as finds and points a phone number: the account, and its numbers with their voice side.
 * https://www.twilio.com/docs/iam/api/account, https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
 */
import { invalid, newSid, notFound, only, pageOf, Refusal } from "./answer.ts";

/** The fields that this project reads or writes, under Twilio's names. */
export type PhoneNumber = {
  readonly sid: string;
  readonly phone_number: string;
  friendly_name: string;
  voice_url: string;
  voice_method: string;
  voice_fallback_url: string;
  voice_fallback_method: string;
  status_callback: string;
  status_callback_method: string;
  voice_application_sid: string | null;
  trunk_sid: string | null;
  readonly capabilities: {
    readonly voice: boolean;
    readonly sms: boolean;
    readonly mms: boolean;
    readonly fax: boolean;
  };
};

export type Account = {
  readonly sid: string;
  readonly authToken: string;
  readonly type: "Trial" | "Full";
  readonly status: "active" | "suspended" | "closed";
  readonly numbers: readonly PhoneNumber[];
};

/** A number as it is when it was bought: its URLs are those of Twilio's own demo. */
export function newNumber(phoneNumber: string, changes: Partial<PhoneNumber> = {}): PhoneNumber {
  return {
    sid: newSid("PN"),
    phone_number: phoneNumber,
    friendly_name: phoneNumber,
    voice_url: "https://demo.twilio.com/welcome/voice/",
    voice_method: "POST",
    voice_fallback_url: "",
    voice_fallback_method: "POST",
    status_callback: "",
    status_callback_method: "POST",
    voice_application_sid: null,
    trunk_sid: null,
    capabilities: { voice: true, sms: true, mms: true, fax: false },
    ...changes,
  };
}

export function answerForAccount(
  account: Account,
  request: { readonly method: string; readonly url: URL; readonly form: URLSearchParams },
): Response {
  const { method, url, form } = request;
  const base = `/2010-04-01/Accounts/${account.sid}`;
  const { pathname } = url;
  if (pathname === `${base}.json` && method === "GET") {
    const { sid, type, status } = account;
    return Response.json({ sid, friendly_name: "A fictional account", type, status, owner_account_sid: sid });
  }
  if (account.status !== "active") {
    throw new Refusal(401, 20005, `Account ${account.sid} is not active`);
  }
  if (pathname === `${base}/IncomingPhoneNumbers.json` && method === "GET") return listed(account, url);
  const sid = new RegExp(`^${base}/IncomingPhoneNumbers/(PN[0-9a-f]{32})\\.json$`).exec(pathname)?.[1];
  const number = account.numbers.find((one) => one.sid === sid);
  if (number === undefined) throw notFound(pathname);
  switch (method) {
    case "GET":
      return Response.json(shown(account, number));
    case "POST":
      update(number, form);
      return Response.json(shown(account, number));
    default:
      throw new Refusal(405, 20004, "Method not allowed");
  }
}

const shown = (account: Account, number: PhoneNumber) => ({
  account_sid: account.sid,
  api_version: "2010-04-01",
  ...number,
  uri: `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers/${number.sid}.json`,
});

function listed(account: Account, url: URL): Response {
  only(url.searchParams, ["PhoneNumber", "FriendlyName", "Beta", "Origin", "PageSize", "Page", "PageToken"]);
  const { searchParams: asked } = url;
  // A part of a number finds it too, and a star stands for any digits.
  const pattern = (asked.get("PhoneNumber") ?? "").replace(/[^\d*]/g, "").replaceAll("*", "\\d*");
  const friendlyName = asked.get("FriendlyName");
  const found = account.numbers.filter(
    (number) =>
      new RegExp(pattern).test(number.phone_number) &&
      (friendlyName === null || friendlyName === number.friendly_name),
  );
  const { items, page, size, start, self, first, previous, next } = pageOf(found, url, {
    usual: 50,
    most: 1000,
  });
  return Response.json({
    incoming_phone_numbers: items.map((number) => shown(account, number)),
    page,
    page_size: size,
    start,
    end: Math.max(start, start + items.length - 1),
    uri: self,
    first_page_uri: first,
    previous_page_uri: previous,
    next_page_uri: next,
  });
}

/** Parameter → field, with the code of the error that says its value is no good. */
const URLS = [
  ["VoiceUrl", "voice_url", 21502],
  ["VoiceFallbackUrl", "voice_fallback_url", 21502],
  ["StatusCallback", "status_callback", 21609],
] as const;
const METHODS = [
  ["VoiceMethod", "voice_method"],
  ["VoiceFallbackMethod", "voice_fallback_method"],
  ["StatusCallbackMethod", "status_callback_method"],
] as const;

function update(number: PhoneNumber, form: URLSearchParams): void {
  const names = [...URLS, ...METHODS].map(([name]) => name);
  only(form, [...names, "VoiceApplicationSid", "TrunkSid", "FriendlyName"]);
  // All of it is looked at before any of it is taken.
  for (const [name, , code] of URLS) {
    const value = form.get(name) ?? "";
    const isUrl = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
    if (value !== "" && !isUrl) throw new Refusal(400, code, `${name} is not valid: ${value}`);
  }
  for (const [name] of METHODS) {
    const value = form.get(name);
    if (value !== null && !/^(GET|POST)$/.test(value)) throw new Refusal(400, 21503, `${name} is not valid`);
  }
  const application = form.get("VoiceApplicationSid");
  const trunk = form.get("TrunkSid");
  if (application !== null && !/^(AP[0-9a-f]{32})?$/.test(application))
    throw invalid("Invalid VoiceApplicationSid");
  if (trunk !== null && !/^(TK[0-9a-f]{32})?$/.test(trunk)) throw invalid("Invalid TrunkSid");

  for (const [name, field] of [...URLS, ...METHODS]) number[field] = form.get(name) ?? number[field];
  number.friendly_name = form.get("FriendlyName") ?? number.friendly_name;
  if (application !== null) number.voice_application_sid = application || null;
  if (trunk !== null) number.trunk_sid = trunk || null;
  // Setting the one takes the other away.
  if (application) number.trunk_sid = null;
  else if (trunk) number.voice_application_sid = null;
}
