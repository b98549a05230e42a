import type { Message, MessageSection } from '../message/message.ts';
import {
  type Block,
  CONTENT_LENGTH_MAX,
  headerOf,
  mentionTexts,
  mrkdwn,
  SECTION_LENGTH_MAX,
  type SlackPayload,
} from './payload.ts';
import { escapeText, fitText } from './text.ts';

/**
 * The most that a merged message may list, counted as `mergedCountOf` does. A header and a fallback text of 150
 * characters each bring this close to Slack's limit of 13,000.
 */
const MERGED_LENGTH_MAX = 12_500;
const FALLBACK_LENGTH_MAX = 150;
const FIELD_LENGTH_MAX = 200;
const LINK_LENGTH_MAX = 300;

/**
 * Returns how much a merged message to a channel may list.
 * @param mention the mentions of the notifier itself, which take room, too
 */
export function mergedLengthMax(mention: readonly string[]): number {
  return MERGED_LENGTH_MAX - mentionTexts(mention).join(' ').length;
}

/**
 * A part that must not be cut in two, and the text that separates it from the part before it within the same block.
 */
interface Part {
  text: string;
  before: string;
}

/**
 * Writes a merged message as Block Kit. All names are in it, whatever else there is room for, because
 * `mergedLengthMax` keeps enough room.
 */
export function mergedBlocksOf(message: Message): SlackPayload {
  const header = headerOf(message);
  const text = fitText(message.title, FALLBACK_LENGTH_MAX);
  const called = packed(mentionTexts(message.mentions).map((mention) => ({ text: mention, before: ' ' })));
  let room = CONTENT_LENGTH_MAX - header.length - text.length - lengthOf(called);
  const listed = listedIn(message.sections, room);
  room -= lengthOf(listed);
  /** Returns an extra text if there is still room for it. */
  const ifRoom = (extra: string | null): string[] => {
    if (extra === null || extra.length > room) return [];
    room -= extra.length;
    return [extra];
  };
  const below = ifRoom(header.isWhole ? null : fitText(message.title, SECTION_LENGTH_MAX));
  const context = [...linesOf(message), linkOf(message)].flatMap(ifRoom);
  const sections = [...called, ...below, ...listed].map((each): Block => ({
    type: 'section',
    text: mrkdwn(each),
  }));
  const last: Block[] = context.length === 0 ? [] : [{ type: 'context', elements: context.map(mrkdwn) }];
  return { text, blocks: [header.block, ...sections, ...last] };
}

/** Writes a merged message as plain text, which may be longer; no name is left out here, either. */
export function mergedPlainOf(message: Message): SlackPayload {
  const lines = [
    mentionTexts(message.mentions).join(' '),
    escapeText(message.title),
    ...listedIn(message.sections, CONTENT_LENGTH_MAX),
    ...linesOf(message),
    linkOf(message) ?? '',
  ];
  return { text: lines.filter((line) => line !== '').join('\n') };
}

/**
 * Lists names by group and by kind of trouble, in texts that fit into a block each. Where markup takes too much room,
 * it is left out.
 */
function listedIn(sections: readonly MessageSection[], room: number): string[] {
  const formatted = packed(sections.flatMap(formattedPartsOf));
  return lengthOf(formatted) <= room ? formatted : packed(sections.flatMap(plainPartsOf));
}

function formattedPartsOf({ group, lines }: MessageSection, index: number): Part[] {
  const heading = group === null ? [] : [{ text: `📂 *${escapeText(group)}*`, before: '\n\n' }];
  return [
    ...heading,
    ...lines.flatMap(({ what, names }, at) => [
      // An empty line separates jobs without a group, because they have no heading.
      {
        text: `*${escapeText(what)}* (${names.length})`,
        before: index > 0 && at === 0 && group === null ? '\n\n' : '\n',
      },
      ...namesOf(names, escapeText),
    ]),
  ];
}

/**
 * Returns parts that are no longer than they were counted: nothing stands around a heading, and nothing in it must be
 * escaped.
 */
function plainPartsOf({ group, lines }: MessageSection): Part[] {
  return [
    ...(group === null ? [] : [{ text: lookAlike(group), before: '\n' }]),
    ...lines.flatMap(({ what, names }) => [
      { text: lookAlike(what), before: '\n' },
      ...namesOf(names, lookAlike),
    ]),
  ];
}

function namesOf(names: readonly string[], write: (name: string) => string): Part[] {
  return names.map((name, index) => ({ text: write(name), before: index === 0 ? '\n' : ', ' }));
}

/** Replaces characters that Slack would read as markup with similar ones that take no more room. */
function lookAlike(text: string): string {
  return text.replaceAll('&', '＆').replaceAll('<', '‹').replaceAll('>', '›').replaceAll('@', '＠');
}

/** Joins parts into as few texts as possible. */
function packed(parts: readonly Part[]): string[] {
  const texts: string[] = [];
  for (const { text, before } of parts) {
    const last = texts.at(-1);
    if (last === undefined || last.length + before.length + text.length > SECTION_LENGTH_MAX)
      texts.push(text);
    else texts[texts.length - 1] = `${last}${before}${text}`;
  }
  return texts;
}

function linesOf({ fields }: Message): string[] {
  return fields.map(({ label, value }) => `${escapeText(label)}: ${fitText(value, FIELD_LENGTH_MAX)}`);
}

function linkOf({ links }: Message): string | null {
  const [link] = links;
  if (link === undefined || link.url === null || /[<>|]/.test(link.url)) return null;
  const text = `<${link.url.replaceAll('&', '&amp;')}|${escapeText(link.label)}>`;
  return text.length > LINK_LENGTH_MAX ? null : text;
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
