/**
 * A Gmail-like app: mails that are found, sent, answered, forwarded, drafted and thrown away. Names as Zapier gives
 * them. What stands in a mail is given out as it is, injected instructions included: that is what it is there for.
 */
import { z } from "zod";
import { type Action, action, found, type Hints, READ, refused, WRITE } from "./action.ts";
import type { Mail, NewMail, Outcome, Store } from "./store.ts";

const app = "Gmail" as const;
/** Zapier takes one address or several. */
const Addresses = z.union([z.string().includes("@"), z.array(z.string().includes("@")).min(1)]);
const MessageId = z.string().min(1).describe("The id of the mail, as gmail_find_email gives it.");
const REACHES_PEOPLE: Hints = WRITE;

const listOf = (addresses: z.infer<typeof Addresses>): string[] =>
  typeof addresses === "string" ? [addresses] : addresses;

const shown = ({ id, thread, sender, recipients, subject, body, folder }: Mail) => ({
  id,
  thread_id: thread,
  from: sender,
  to: recipients,
  subject,
  body_plain: body,
  folder,
});

/** The part of Gmail's search that people use: from:, to:, subject:, in:, is:, newer_than: and words. */
function matches(mail: Mail, query: string): boolean {
  const terms = query.match(/[\w-]+:"[^"]*"|"[^"]*"|\S+/g) ?? [];
  return terms.every((term) => {
    const [, key, rest] = /^(from|to|subject|in|is|newer_than):(.*)$/i.exec(term) ?? [];
    const sought = (rest ?? term).replaceAll('"', "").toLowerCase();
    const holds = (text: string): boolean => text.toLowerCase().includes(sought);
    switch (key?.toLowerCase()) {
      case "from":
        return holds(mail.sender);
      case "to":
        return mail.recipients.some(holds);
      case "subject":
        return holds(mail.subject);
      case "in":
      case "is":
      case "newer_than":
        return true;
      default:
        return [mail.sender, mail.subject, mail.body].some(holds);
    }
  });
}

function put(store: Store, mail: NewMail): Outcome {
  const id = store.addMail(mail);
  return found([{ id, thread_id: mail.thread ?? id, to: mail.recipients, subject: mail.subject }]);
}

function withMail(store: Store, id: string, then: (mail: Mail) => Outcome): Outcome {
  const mail = store.mail(id);
  return mail === undefined ? refused(`Message not found: ${id}`) : then(mail);
}

/** @param owner whose mailbox this is */
export const gmailOf = (owner: string): readonly Action[] => [
  action({
    app,
    name: "gmail_find_email",
    key: "message",
    title: "Gmail: Find Email",
    description: "Finds mails in the inbox, by Gmail's search syntax: from:anna subject:dinner.",
    hints: READ,
    input: z.strictObject({ query: z.string(), limit: z.number().int().min(1).optional() }),
    run: (store, { query, limit }) => {
      const hits = store.mails("inbox").filter((mail) => matches(mail, query));
      return found(hits.reverse().slice(0, limit).map(shown));
    },
  }),
  action({
    app,
    name: "gmail_send_email",
    key: "message",
    title: "Gmail: Send Email",
    description: "Writes a new mail and sends it.",
    hints: REACHES_PEOPLE,
    input: z.strictObject({
      to: Addresses,
      cc: Addresses.optional(),
      subject: z.string().optional(),
      body: z.string(),
    }),
    run: (store, { to, cc = [], subject = "", body }) => {
      const recipients = [...listOf(to), ...listOf(cc)];
      return put(store, { folder: "sent", sender: owner, recipients, subject, body });
    },
  }),
  action({
    app,
    name: "gmail_reply_to_email",
    key: "reply_to_message",
    title: "Gmail: Reply to Email",
    description: "Answers a mail.",
    hints: REACHES_PEOPLE,
    input: z.strictObject({ message_id: MessageId, body: z.string() }),
    run: (store, { message_id, body }) =>
      withMail(store, message_id, ({ thread, sender, subject }) =>
        put(store, {
          folder: "sent",
          thread,
          sender: owner,
          recipients: [sender],
          subject: `Re: ${subject}`,
          body,
        }),
      ),
  }),
  action({
    app,
    name: "gmail_forward_email",
    key: "forward_message",
    title: "Gmail: Forward Email",
    description: "Sends a mail on to somebody else.",
    hints: REACHES_PEOPLE,
    input: z.strictObject({ message_id: MessageId, to: Addresses, body: z.string().optional() }),
    run: (store, { message_id, to, body = "" }) =>
      withMail(store, message_id, (mail) =>
        put(store, {
          folder: "sent",
          thread: mail.thread,
          sender: owner,
          recipients: listOf(to),
          subject: `Fwd: ${mail.subject}`,
          body: `${body}\n\n${mail.body}`.trim(),
        }),
      ),
  }),
  action({
    app,
    name: "gmail_create_draft",
    key: "draft",
    title: "Gmail: Create Draft",
    description: "Writes a mail and keeps it as a draft; nothing is sent.",
    hints: WRITE,
    input: z.strictObject({ to: Addresses.optional(), subject: z.string().optional(), body: z.string() }),
    run: (store, { to = [], subject = "", body }) =>
      put(store, { folder: "drafts", sender: owner, recipients: listOf(to), subject, body }),
  }),
  action({
    app,
    name: "gmail_delete_email",
    key: "delete_message",
    title: "Gmail: Delete Email",
    description: "Moves a mail to the bin.",
    hints: { ...WRITE, destructiveHint: true, idempotentHint: true },
    input: z.strictObject({ message_id: MessageId }),
    run: (store, { message_id }) =>
      withMail(store, message_id, (mail) => {
        store.moveMail(message_id, "trash");
        return found([{ id: mail.id, thread_id: mail.thread, folder: "trash" }]);
      }),
  }),
];
