import type { Message, MessageLink } from '../message/message.ts';
import { mergedBlocksOf, mergedPlainOf } from './merged.ts';
import {
  type Block,
  headerOf,
  mentionTexts,
  type Mrkdwn,
  mrkdwn,
  SECTION_LENGTH_MAX,
  type SlackPayload,
} from './payload.ts';
import { escapeText, fitCode, fitText } from './text.ts';

/**
 * Slack's own limits are in payload.ts. These are lower where nobody would read more, and they keep within the limit
 * for all texts.
 */
const FIELDS_MAX = 10;
const BELOW_LENGTH_MAX = 1_000;
const STRUCK_LENGTH_MAX = 500;
const FIELD_LENGTH_MAX = 500;
/** The limit for all fields together. */
const FIELDS_LENGTH_MAX = 4_500;
const LINKS_MAX = 4;
const LINK_LENGTH_MAX = 300;
const FALLBACK_LENGTH_MAX = 500;
const PLAIN_LENGTH_MAX = 3_900;

/**
 * Writes a message as Block Kit: header, description of the job, fields, output in a code block, links.
 * @param struck a title that holds no more, which is shown struck out below the header
 */
export function blocksOf(message: Message, struck: string | null = null): SlackPayload {
  if (message.kind === 'merged') return mergedBlocksOf(message);
  const header = headerOf(message);
  const blocks: Block[] = [header.block];
  const section = (text: string): void => void blocks.push({ type: 'section', text: mrkdwn(text) });
  const mentions = mentionTexts(message.mentions).join(' ');
  if (mentions !== '') section(mentions);
  if (struck !== null) section(strike(struck));
  // A title that does not fit into the header is shown whole below it.
  const below = [header.isWhole ? null : message.title, message.description].filter((text) => text !== null);
  if (below.length > 0) section(fitText(below.join('\n'), BELOW_LENGTH_MAX));
  const fieldLengthMax = Math.min(FIELD_LENGTH_MAX, Math.floor(FIELDS_LENGTH_MAX / message.fields.length));
  for (let from = 0; from < message.fields.length; from += FIELDS_MAX) {
    const fields = message.fields
      .slice(from, from + FIELDS_MAX)
      .map(({ label, value }) => mrkdwn(`*${escapeText(label)}*\n${fitText(value, fieldLengthMax)}`));
    blocks.push({ type: 'section', fields });
  }
  if (message.output !== null) {
    const label = labelOf(message);
    section(`${label}\n${fitCode(message.output, SECTION_LENGTH_MAX - label.length - 1)}`);
  }
  if (message.links.length > 0)
    blocks.push({ type: 'context', elements: message.links.slice(0, LINKS_MAX).map(linkOf) });
  return { text: fitText(message.title, FALLBACK_LENGTH_MAX), blocks };
}

/** Writes a message as plain text, for when Slack refuses its blocks. */
export function plainOf(message: Message): SlackPayload {
  if (message.kind === 'merged') return mergedPlainOf(message);
  const mentions = mentionTexts(message.mentions).join(' ');
  const called = mentions === '' ? '' : `${mentions}\n`;
  const lines = [message.title, ...(message.description === null ? [] : [message.description])];
  for (const { label, value } of message.fields) lines.push(`${label}: ${value}`);
  for (const { label, text, url } of message.links) lines.push(`${label}: ${url ?? text}`);
  const head = called + fitText(lines.join('\n'), PLAIN_LENGTH_MAX - called.length);
  const room = PLAIN_LENGTH_MAX - head.length - 1;
  if (message.output === null || room < 100) return { text: head };
  return { text: `${head}\n${fitCode(message.output, Math.min(room, SECTION_LENGTH_MAX))}` };
}

/** Strikes a text out. A tilde within it would end that early, so another character replaces it. */
function strike(text: string): string {
  return `~${fitText(text.replaceAll('~', '∼'), STRUCK_LENGTH_MAX)}~`;
}

function labelOf({ outputNote }: Message): string {
  return outputNote === null ? '*Output*' : `*Output*, ${fitText(outputNote, LINK_LENGTH_MAX)}`;
}

function linkOf({ label, text, url }: MessageLink): Mrkdwn {
  const shown = fitText(text, LINK_LENGTH_MAX);
  // A link that is too long is left out, because a cut one would lead elsewhere.
  if (url === null || escapeText(url).length > LINK_LENGTH_MAX)
    return mrkdwn(`${escapeText(label)}: ${shown}`);
  const href = url.replace(/&/g, '&amp;').replace(/</g, '%3C').replace(/>/g, '%3E').replace(/\|/g, '%7C');
  return mrkdwn(`<${href}|${escapeText(label)}>`);
}
