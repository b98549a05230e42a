import type { Message, MessageLink } from '../message.ts';
import { escapeText, fitCode, fitText } from './text.ts';

/**
 * Slack's documented limits, in characters: header 150, section text 3,000, 10 fields of 2,000 each, 10
 * elements in a context, 50 blocks. About 13,000 in all is what webhooks took when tried; ours are lower
 * where more would not be read anyway.
 */
const HEADER_LENGTH_MAX = 150;
const SECTION_LENGTH_MAX = 3_000;
const FIELDS_MAX = 10;
const BELOW_LENGTH_MAX = 1_000;
const FIELD_LENGTH_MAX = 500;
/** All fields together. */
const FIELDS_LENGTH_MAX = 6_000;
const LINKS_MAX = 4;
const LINK_LENGTH_MAX = 500;
const FALLBACK_LENGTH_MAX = 500;
const PLAIN_LENGTH_MAX = 3_900;

interface PlainText {
  type: 'plain_text';
  text: string;
  emoji: false;
}
interface Mrkdwn {
  type: 'mrkdwn';
  text: string;
  /** Slack makes no links or mentions of what merely looks like one. */
  verbatim: true;
}
type Block =
  | { type: 'header'; text: PlainText }
  | { type: 'section'; text: Mrkdwn }
  | { type: 'section'; fields: Mrkdwn[] }
  | { type: 'context'; elements: Mrkdwn[] };

/** What is posted to an incoming webhook, as JSON. */
export interface SlackPayload {
  /** Shown in notifications and where blocks are not; reads alone. */
  text: string;
  blocks?: Block[];
}

const COLOURS = { bad: '🔴', good: '🟢', over: '🟡' } as const;

/** A message as Block Kit: header, what the job does, fields, output in a code block, links. */
export function blocksOf(message: Message): SlackPayload {
  const title = `${COLOURS[message.severity]} ${message.title}`;
  const blocks: Block[] = [
    { type: 'header', text: { type: 'plain_text', text: fitText(title, HEADER_LENGTH_MAX), emoji: false } },
  ];
  const mentions = mentionsOf(message);
  if (mentions !== '') blocks.push({ type: 'section', text: mrkdwn(mentions) });
  // What the header had to leave out is said below it.
  const isCut = escapeText(title).length > HEADER_LENGTH_MAX;
  const below = [isCut ? message.title : null, message.description].filter((text) => text !== null);
  if (below.length > 0)
    blocks.push({ type: 'section', text: mrkdwn(fitText(below.join('\n'), BELOW_LENGTH_MAX)) });
  const fieldLengthMax = Math.min(FIELD_LENGTH_MAX, Math.floor(FIELDS_LENGTH_MAX / message.fields.length));
  for (let from = 0; from < message.fields.length; from += FIELDS_MAX) {
    const fields = message.fields
      .slice(from, from + FIELDS_MAX)
      .map(({ label, value }) => mrkdwn(`*${escapeText(label)}*\n${fitText(value, fieldLengthMax)}`));
    blocks.push({ type: 'section', fields });
  }
  if (message.output !== null) {
    const label = labelOf(message);
    const code = fitCode(message.output, SECTION_LENGTH_MAX - label.length - 1);
    blocks.push({ type: 'section', text: mrkdwn(`${label}\n${code}`) });
  }
  if (message.links.length > 0)
    blocks.push({ type: 'context', elements: message.links.slice(0, LINKS_MAX).map(linkOf) });
  return { text: fitText(message.title, FALLBACK_LENGTH_MAX), blocks };
}

/** The same message as plain text, for when Slack takes no blocks. */
export function plainOf(message: Message): SlackPayload {
  const mentions = mentionsOf(message);
  const called = mentions === '' ? '' : `${mentions}\n`;
  const lines = [message.title, ...(message.description === null ? [] : [message.description])];
  for (const { label, value } of message.fields) lines.push(`${label}: ${value}`);
  for (const { label, text, url } of message.links) lines.push(`${label}: ${url ?? text}`);
  const head = called + fitText(lines.join('\n'), PLAIN_LENGTH_MAX - called.length);
  const room = PLAIN_LENGTH_MAX - head.length - 1;
  if (message.output === null || room < 100) return { text: head };
  return { text: `${head}\n${fitCode(message.output, Math.min(room, SECTION_LENGTH_MAX))}` };
}

/** As Slack wants them written ("Formatting text for app surfaces, Mentioning"); anything else is left out. */
function mentionsOf({ mentions }: Message): string {
  return mentions
    .flatMap((mention) => {
      if (/^[UW][A-Z0-9]+$/.test(mention)) return [`<@${mention}>`];
      if (/^S[A-Z0-9]+$/.test(mention)) return [`<!subteam^${mention}>`];
      return /^(here|channel|everyone)$/.test(mention) ? [`<!${mention}>`] : [];
    })
    .join(' ');
}

function labelOf({ outputNote }: Message): string {
  return outputNote === null ? '*Output*' : `*Output*, ${escapeText(outputNote)}`;
}

function linkOf({ label, text, url }: MessageLink): Mrkdwn {
  const shown = fitText(text, LINK_LENGTH_MAX);
  // A link that is too long to keep whole would lead elsewhere, so it is left out.
  if (url === null || escapeText(url).length > LINK_LENGTH_MAX)
    return mrkdwn(`${escapeText(label)}: ${shown}`);
  const href = url.replace(/&/g, '&amp;').replace(/</g, '%3C').replace(/>/g, '%3E').replace(/\|/g, '%7C');
  return mrkdwn(`<${href}|${escapeText(label)}>`);
}

function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}
