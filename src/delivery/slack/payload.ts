import type { Message } from '../message/message.ts';
import { fitText } from './text.ts';

/**
 * Slack's documented limits, in characters: header 150, section text 3,000, 10 fields of 2,000 each, 10
 * elements in a context, 50 blocks.
 */
const HEADER_LENGTH_MAX = 150;
export const SECTION_LENGTH_MAX = 3_000;
/** The limit for all texts of a message. Slack documents none; about this much was taken when tried. */
export const CONTENT_LENGTH_MAX = 13_000;

interface PlainText {
  type: 'plain_text';
  text: string;
  emoji: false;
}
export interface Mrkdwn {
  type: 'mrkdwn';
  text: string;
  /** Keeps Slack from making links or mentions of text that merely looks like one. */
  verbatim: true;
}
export type Block =
  | { type: 'header'; text: PlainText }
  | { type: 'section'; text: Mrkdwn }
  | { type: 'section'; fields: Mrkdwn[] }
  | { type: 'context'; elements: Mrkdwn[] };

/** The JSON that is posted. */
export interface SlackPayload {
  /** The text in notifications and where blocks are not shown; it must be understood alone. */
  text: string;
  blocks?: Block[];
}

const COLOURS = { bad: '🔴', good: '🟢', over: '🟡' } as const;

/** Returns the header block with the title, and whether all of the title fits into it. */
export function headerOf({ severity, title }: Message): { block: Block; length: number; isWhole: boolean } {
  const coloured = `${COLOURS[severity]} ${title}`;
  const text = fitText(coloured, HEADER_LENGTH_MAX);
  const block = { type: 'header', text: { type: 'plain_text', text, emoji: false } } as const;
  return { block, length: text.length, isWhole: text === fitText(coloured, Infinity) };
}

export function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}

/**
 * Writes mentions as Slack wants them ("Formatting text for app surfaces, Mentioning"); anything else is left out.
 */
export function mentionTexts(mentions: readonly string[]): string[] {
  return mentions.flatMap((mention) => {
    if (/^[UW][A-Z0-9]+$/.test(mention)) return [`<@${mention}>`];
    if (/^S[A-Z0-9]+$/.test(mention)) return [`<!subteam^${mention}>`];
    return /^(here|channel|everyone)$/.test(mention) ? [`<!${mention}>`] : [];
  });
}
