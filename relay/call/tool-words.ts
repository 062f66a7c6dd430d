/**
 * What a tool's name says of it: whether it looks or changes something, and whether others notice, something is lost or
 * money leaves. Servers often say nothing else, and what they do say is only a hint. A name that says nothing is no
 * read. Words are English, as the names in the catalogues of Zapier and of the public MCP servers are; one in another
 * language says nothing.
 */

export type Reach = { readonly people: boolean; readonly deletes: boolean; readonly spends: boolean };

export type Reading = {
  readonly says: "read" | "write" | "unclear";
  /** What it would do if it is a write. */
  readonly reach: Reach;
  /** It is kept for later: whom it is addressed to does not get it. */
  readonly isDraft: boolean;
  /** Something that is there is filed, marked or thrown away: a person in its instructions tells which. */
  readonly isTidying: boolean;
};

export const NO_REACH: Reach = { people: false, deletes: false, spends: false };
export const EVERY_REACH: Reach = { people: true, deletes: true, spends: true };

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

const READS = words(`
  analyze browse calculate check compare count describe estimate explain fetch find get inspect list look lookup preview
  query read retrieve search show summarize view`);
/** Whatever stands before or after them, something is changed. */
const CHANGES = words(`
  accept activate add append approve assign ban buy cancel clear compose create deactivate decline del
  delete deliver destroy disable discard dismiss dispatch edit enable erase escalate exec execute expunge
  finalize finish generate grant insert install invoke kick launch make manage mark merge modify notify
  overwrite pay perform prune publish purge put reassign register reject remove rename reopen reorder
  replace reschedule resend restore resume revoke rm run save send snooze submit subscribe terminate
  toggle truncate turn unarchive unassign uninstall unlink unmark unpublish unshare unstar unsubscribe
  untrash update upload upsert wipe withdraw write`);
/** These change something, but are things where they follow a verb that reads, as in `get_order`. */
const CHANGES_UNLESS_THINGS = words(`
  announce archive bid bill block book broadcast call change charge checkout close comment complete
  convert copy deposit dial dm donate draft drop email empty export fill flag follow forward fund hire
  import invite label like log mail mention message move open order page phone pin ping post purchase rate
  react record refund remit renew rent reply report request reserve reset respond retweet ring rsvp
  schedule sell set share sign sms stake star start stop switch sync tag text tip trade transfer trash
  trigger tweet upgrade void vote wire`);
/** At the end of a name these say nothing: `share_list`, `exchange_rate`; Zapier names searches `message`, `order`. */
const THINGS_AT_THE_END = words(`
  archive bid bill block book call change charge check checkout comment count deposit draft drop email
  flag label like list log look mail message note order page phone pin post preview purchase query rate
  record refund report request schedule show sms stake star tag text tip trade transfer trash trigger view
  vote`);
const CONJUNCTIONS = words("and or then");

/** They reach somebody wherever they stand in the name of a write: verbs, people, what is passed on later, and apps. */
const REACHING = words(`
  accept announce approve assign assignment assignments broadcast decline deliver dispatch escalate notify
  publish reassign reject resend send submit tweet unassign
  attendee attendees collaborator collaborators guest guests invitee invitees member members participant
  participants permission permissions public recipient recipients shareable shared sharing subscriber subscribers
  autoresponder delegate delegates filter filters forwarding responder rule rules vacation
  bluesky buffer discord facebook hootsuite imessage instagram linkedin mailchimp mailgun mastodon messenger
  pinterest reddit sendgrid signal slack snapchat teams telegram tiktok twilio twitter whatsapp youtube`);
/** They reach somebody as the verb: not in `create_draft_reply`. */
const REACHING_AS_VERB = words(`
  call comment dial dm email follow forward invite like mail mention message page phone ping post react reply request
  respond retweet ring rsvp share sms text`);
/** Made, they reach somebody; tidied, they do not: `add_label_to_email`. */
const MADE_FOR_OTHERS = words(`
  announcement announcements broadcast broadcasts call calls campaign campaigns comment comments discussion discussions dm
  email emails gist gists invitation invitations invite invites issue issues mail mails meeting meetings message messages
  newsletter newsletters notification notifications post posts reaction reactions reply replies request requests
  review reviews sms story stories ticket tickets tweet tweets`);
const TIDIES = words(`
  archive categorize copy delete download flag import mark move pin print remove restore save snooze star sync trash
  unarchive unmark unstar untrash`);
const MAKES = words(
  "compose create forward make new post publish reply respond schedule send share submit write",
);
const SENDS = words("broadcast deliver dispatch notify publish resend send submit");

const LOSES = words(`
  ban cancel clear del delete destroy discard erase expunge kick overwrite prune purge remove replace reset revoke rm
  terminate trash truncate uninstall unlink unsubscribe void wipe`);
const LOSES_AS_VERB = words("drop empty");
/** Put on something or taken off it, which itself stays as it is. */
const LABELS = words("flag flags label labels star stars tag tags");
const LABELLING = words("add apply change edit modify remove set update");

const SPENDS = words(`
  bid bids billing booking bookings buy charge charges checkout deposit donate donation invoice invoices money order orders
  pay payment payments payout payouts purchase purchases refund refunds remit renew reservation reservations reserve sell
  stake subscribe subscription subscriptions topup trade trades transfer transfers upgrade wire withdraw withdrawal`);
const SPENDS_AS_VERB = words("bill book fund hire rent tip");

/** What they do is in their arguments: anything. Zapier has the first three in most of its apps. */
const OPEN_ENDED =
  /(?:^|_)(?:api_(?:\w+_)?request|custom_request|code_action|(?:code|webhooks?)_by_zapier|https?_(?:request|get|post|put|patch|delete)|(?:exec|execute|run|invoke)_(?:\w+_)?(?:tools?|actions?|functions?|commands?|query|queries|workflows?|zaps?|scripts?|code))(?:_|$)/;
const OPEN_ENDED_UNLESS_READ = words(`
  api bash code command eval exec graphql hook hooks javascript powershell python script shell sql terminal webhook webhooks`);

/** Written as two words or with a capital inside: `LinkedInCLIAPI`, `git_hub`. */
const BRANDS = words(`
  basecamp callrail clickup docusign dropbox facebook github gitlab hubspot linkedin mailchimp onedrive onenote paypal
  postmark quickbooks sendgrid sharepoint tiktok whatsapp wordpress youtube`);

/** Objects that people's own servers write in one word with the verb: `sendemail`. */
const GLUED =
  /^(add|create|delete|find|forward|get|invite|list|post|read|remove|reply|search|send|share|update)(contacts?|drafts?|e?mails?|events?|files?|items?|messages?|notes?|pages?|records?|sms|tasks?|users?)$/;

/** snake_case, kebab-case, camelCase and all that servers mix of them, in small letters; anything not ASCII parts words. */
export function partsOf(name: string): readonly string[] {
  const parts = name
    .split(/[^A-Za-z0-9]+/)
    .flatMap((part) =>
      part
        .replace(/([a-z0-9])(?=[A-Z])/g, "$1 ")
        .replace(/([A-Z])(?=[A-Z][a-z])/g, "$1 ")
        .toLowerCase()
        .split(" "),
    )
    .filter((part) => part !== "");
  const joined: string[] = [];
  for (const part of parts) {
    const before = joined.at(-1);
    if (before !== undefined && BRANDS.has(before + part)) joined[joined.length - 1] = before + part;
    else joined.push(part);
  }
  return joined;
}

const wordsOf = (name: string): readonly string[] =>
  partsOf(name)
    .flatMap((part) => GLUED.exec(part)?.slice(1) ?? [part])
    .filter((part) => !/^(?:v?\d+|beta)$/.test(part));

/** Longer ones are nobody's tools, and not worth the time. */
const MOST_CHARS = 256;

const ANYTHING: Reading = { says: "write", reach: EVERY_REACH, isDraft: false, isTidying: false };

export function readingOf(name: string): Reading {
  if (name.length > MOST_CHARS) return ANYTHING;
  const all = wordsOf(name);
  const has = (set: ReadonlySet<string>) => all.some((word) => set.has(word));
  if (OPEN_ENDED.test(all.join("_"))) return ANYTHING;
  const { says, verb } = verbOf(all);
  const acts = (set: ReadonlySet<string>) => verb !== undefined && set.has(verb);
  const isDraft = (all.includes("draft") || all.includes("drafts")) && !has(SENDS) && !acts(REACHING_AS_VERB);
  const isLabelling =
    acts(LABELS) || all.some((word, at) => LABELS.has(word) && LABELLING.has(all[at - 1] ?? ""));
  const isTidying = (isLabelling || has(TIDIES)) && !has(MAKES);
  if (says === "read") return { says, reach: NO_REACH, isDraft, isTidying };
  if (has(OPEN_ENDED_UNLESS_READ)) return { ...ANYTHING, says };
  return {
    says,
    reach: {
      people: !isDraft && (has(REACHING) || acts(REACHING_AS_VERB) || (has(MADE_FOR_OTHERS) && !isTidying)),
      deletes:
        acts(LOSES_AS_VERB) || all.some((word) => LOSES.has(word) && !(word === "remove" && isLabelling)),
      spends: has(SPENDS) || acts(SPENDS_AS_VERB),
    },
    isDraft,
    isTidying,
  };
}

/** And the verb that says it, where it is one of those that can be a thing. */
function verbOf(all: readonly string[]): { readonly says: Reading["says"]; readonly verb?: string } {
  const joined = all.find(
    (word, at) => CHANGES_UNLESS_THINGS.has(word) && CONJUNCTIONS.has(all[at - 1] ?? ""),
  );
  const isCertain = all.some((word, at) => CHANGES.has(word) || isChecking(all, at));
  if (joined !== undefined) return { says: "write", verb: joined };
  if (isCertain) return { says: "write" };
  const verbs = all.filter(
    (word, at) =>
      (READS.has(word) || CHANGES_UNLESS_THINGS.has(word)) &&
      !(THINGS_AT_THE_END.has(word) && at > 0 && at === all.length - 1),
  );
  const [first] = verbs;
  if (first === undefined) return { says: "unclear", verb: all.at(-1) ?? "" };
  if (READS.has(first)) return { says: "read" };
  return { says: verbs.some((word) => READS.has(word)) ? "unclear" : "write", verb: first };
}

/** To check in, out or off is to do something. */
const isChecking = (all: readonly string[], at: number): boolean =>
  all[at] === "check" && /^(?:in|out|off)$/.test(all[at + 1] ?? "");
