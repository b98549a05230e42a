import MailComposer from 'nodemailer/lib/mail-composer';
import { siblingIdOf } from '../../core/model/delivery-id.ts';
import { cleanLine } from '../message/clean.ts';
import type { Message } from '../message/message.ts';
import { plainTextOf } from '../message/plain-text.ts';
import { htmlOf } from './html.ts';

const SUBJECT_LENGTH_MAX = 400;
const HEADER_LENGTH_MAX = 300;
/** Matches a message id that may stand in a header as it is. */
const MESSAGE_ID = /^<[!-;=?-~]{3,300}>$/;

/** Somebody who gets or sends mail. */
export interface Address {
  name: string;
  address: string;
}

/** The settings that all mails of a notifier share. */
export interface MailSettings {
  from: Address;
  to: readonly Address[];
  replyTo: Address | null;
}

export interface Mail {
  /** The message id, with its angle brackets. */
  messageId: string;
  content: Buffer;
}

/** Splits `Cronflow <cron@example.com>` or `cron@example.com`, the two forms that the schema allows. */
export function addressOf(text: string): Address {
  const [, name = '', address = text] = /^(.*?)\s*<([^<>]*)>$/.exec(text.trim()) ?? [];
  return { name: name.replace(/^"(.*)"$/, '$1'), address };
}

/** Writes a message as a mail with plain text and HTML, in one thread with all mails about the same incident. */
export async function mailOf(message: Message, settings: MailSettings, nowAt: number): Promise<Mail> {
  const messageId = messageIdOf(message.deliveryId, message, settings);
  const thread = threadOf(message, settings);
  const mail = new MailComposer({
    from: settings.from,
    to: [...settings.to],
    ...(settings.replyTo === null ? {} : { replyTo: settings.replyTo }),
    subject: cleanLine(message.title, SUBJECT_LENGTH_MAX),
    messageId,
    ...(thread === null ? {} : { inReplyTo: thread, references: [thread] }),
    date: new Date(nowAt),
    headers: headersOf(message),
    text: plainTextOf(message),
    html: htmlOf(message),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return { messageId, content: await mail.compile().build() };
}

/**
 * Returns headers for the filters of mail programs, and those that keep out-of-office replies from being sent (RFC
 * 3834).
 */
function headersOf({ kind, deliveryId, incidentId, source }: Message): Record<string, string> {
  const { job_name: job } = source.delivery.facts;
  const headers = {
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
    'X-Cronflow-Event': kind,
    'X-Cronflow-Delivery': deliveryId,
    'X-Cronflow-Incident': incidentId,
    ...(job === null || kind === 'merged' ? {} : { 'X-Cronflow-Job': job }),
  };
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, cleanLine(value, HEADER_LENGTH_MAX)]),
  );
}

/**
 * Returns the id of the mail that told of the incident first; null for that mail itself. If the answer to that mail
 * was lost, there is no receipt, and the id is the one that the mail was given.
 */
function threadOf(message: Message, settings: MailSettings): string | null {
  const { opening, kind, source } = message;
  if (opening !== null && MESSAGE_ID.test(opening.receipt)) return opening.receipt;
  if (kind === 'merged' || kind === 'opened' || kind === 'opened_and_closed') return null;
  return messageIdOf(siblingIdOf(source.delivery, 'opened'), message, settings);
}

/**
 * Returns the id of a mail. It is the same at every attempt, so that a server or a mail program can recognize a
 * repeat. The instant in it tells apart the incidents of several Cronflows, because each of these numbers its own
 * from the start.
 */
function messageIdOf(deliveryId: string, { source }: Message, { from }: MailSettings): string {
  const local = deliveryId.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, HEADER_LENGTH_MAX);
  const domain = from.address.split('@').at(-1) ?? 'localhost';
  return `<${local}.${Math.abs(source.delivery.facts.incident_opened_at).toString(36)}@${domain}>`;
}
