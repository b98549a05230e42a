import { shorten } from '../../message/clean.ts';
import type { Message, MessageLink } from '../../message/message.ts';
import { fit, keepEnd } from '../../transport/fit.ts';
import type { WebhookFormat } from '../format.ts';
import { retryAfterIn } from './answer.ts';
import { joinLinks } from './links.ts';

/**
 * Discord's documented limits, in characters: title 256, description 4,096, 25 fields with names of 256 and values of
 * 1,024, and 6,000 in all (Discord: "Message Resource, Embed Limits"). Ours are lower, so that the sum fits.
 */
const TITLE_LENGTH_MAX = 256;
const DESCRIPTION_LENGTH_MAX = 3_500;
/** The limit for the text above the output. */
const ABOVE_LENGTH_MAX = 900;
const LINKS_LENGTH_MAX = 900;
const FIELDS_MAX = 25;
const FIELDS_LENGTH_MAX = 2_000;
const LABEL_LENGTH_MAX = 60;
const VALUE_LENGTH_MAX = 500;
const SHORT_LENGTH_MAX = 40;

const COLOURS = { bad: 0xd92d20, good: 0x16a34a, over: 0xd97706 } as const;
const SPLIT = '\u200b';

/** Posts an embed to a channel's webhook. */
export const discord: WebhookFormat = {
  receiver: 'Discord',
  // Discord takes five requests in two seconds, so one at a time is enough.
  concurrency: 1,
  keepsState: false,
  postOf(message, url) {
    const waiting = new URL(url);
    // Without `wait`, Discord answers a message that it does not keep like one that it keeps.
    waiting.searchParams.set('wait', 'true');
    return {
      url: waiting,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ embeds: [embedOf(message)], allowed_mentions: { parse: [] } }),
    };
  },
  readAnswer: (answer) =>
    retryAfterIn('Discord', answer, (body) => (body as { retry_after?: unknown } | null)?.retry_after),
};

function embedOf(message: Message): object {
  const fields = message.fields.slice(0, FIELDS_MAX);
  const share = Math.floor(FIELDS_LENGTH_MAX / Math.max(1, fields.length)) - LABEL_LENGTH_MAX;
  const description = descriptionOf(message);
  return {
    title: fitText(message.title, TITLE_LENGTH_MAX),
    ...(description === '' ? {} : { description }),
    color: COLOURS[message.severity],
    fields: fields.map(({ label, value }) => ({
      name: fitText(label, LABEL_LENGTH_MAX),
      value: fitText(value, Math.min(VALUE_LENGTH_MAX, share)),
      inline: value.length <= SHORT_LENGTH_MAX,
    })),
  };
}

function descriptionOf(message: Message): string {
  // A title that does not fit is shown whole below.
  const isCut = escapeText(message.title).length > TITLE_LENGTH_MAX;
  const above = [isCut ? message.title : null, message.description].filter((text) => text !== null);
  const head = above.length === 0 ? '' : fitText(above.join('\n'), ABOVE_LENGTH_MAX);
  const links = linksOf(message.links);
  const room = DESCRIPTION_LENGTH_MAX - head.length - links.length - 2;
  const output = message.output === null ? '' : fit(message.output, room, codeBlock, keepEnd);
  return [head, output, links].filter((block) => block !== '').join('\n');
}

function linksOf(links: readonly MessageLink[]): string {
  const written = links.map(({ label, text, url }) =>
    url === null
      ? `${escapeText(label)}: ${fitText(text, 200)}`
      : `[${escapeText(label)}](${url.replace(/[()<>\s]/g, encodeURIComponent)})`,
  );
  return joinLinks(written, LINKS_LENGTH_MAX);
}

function fitText(text: string, lengthMax: number): string {
  return fit(text, lengthMax, escapeText, shorten);
}

/** Puts a backslash before characters that Discord would read as markup, and splits whatever looks like a mention. */
function escapeText(text: string): string {
  return text.replace(/[\\*_~|`<>[\]()#]/g, '\\$&').replace(/@/g, `@${SPLIT}`);
}

function codeBlock(text: string): string {
  return `\`\`\`\n${text.replace(/`(?=`)/g, `\`${SPLIT}`).replace(/`$/, `\`${SPLIT}`)}\n\`\`\``;
}
