import { shorten } from '../../message/clean.ts';
import type { Message, MessageLink } from '../../message/message.ts';
import { plainTextOf } from '../../message/plain-text.ts';
import type { SendResult } from '../../notifier.ts';
import { fit, keepEnd } from '../../transport/fit.ts';
import type { HttpAnswer } from '../../transport/http-answer.ts';
import type { Post, WebhookFormat } from '../format.ts';
import { jsonOf, retryAfterIn } from './answer.ts';
import { joinLinks } from './links.ts';
import { escapeHtml } from '../../../core/text/html.ts';

/**
 * Telegram takes 4,096 characters after it has read the markup (Bot API: sendMessage); ours are counted with the
 * markup. The limits above the output always leave some room for it.
 */
const TEXT_LENGTH_MAX = 4_096;
const TITLE_LENGTH_MAX = 600;
const DESCRIPTION_LENGTH_MAX = 500;
const FIELDS_LENGTH_MAX = 1_500;
const LINKS_LENGTH_MAX = 800;
const COLOURS = { bad: '🔴', good: '🟢', over: '🟡' } as const;
const SPLIT = '\u200b';

interface TelegramAnswer {
  description?: unknown;
  parameters?: { retry_after?: unknown; migrate_to_chat_id?: unknown };
}

/** Makes the format that sends as a Telegram bot. */
export function telegram(chatId: string): WebhookFormat {
  const post = (url: URL, text: string, markup: object): Post => ({
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      chat_id: /^-?\d+$/.test(chatId) && Number.isSafeInteger(Number(chatId)) ? Number(chatId) : chatId,
      text,
      ...markup,
      link_preview_options: { is_disabled: true },
    }),
  });
  return {
    receiver: 'Telegram',
    // Telegram takes one message a second to one chat.
    concurrency: 1,
    keepsState: false,
    postOf: (message, url) => post(url, htmlOf(message), { parse_mode: 'HTML' }),
    plainPostOf: (message, url, answer) =>
      isAboutMarkup(answer)
        ? post(url, fit(plainTextOf(message), TEXT_LENGTH_MAX, unmention, shorten), {})
        : null,
    readAnswer: (answer) =>
      movedTo(answer) ??
      retryAfterIn('Telegram', answer, (body) => (body as TelegramAnswer | null)?.parameters?.retry_after),
  };
}

function isAboutMarkup({ status, body }: HttpAnswer): boolean {
  return status === 400 && /can't parse entities/i.test(body);
}

/** Finds the new number of a group that became a supergroup. */
function movedTo({ status, body }: HttpAnswer): SendResult | null {
  const to =
    status === 400 ? (jsonOf(body) as TelegramAnswer | null)?.parameters?.migrate_to_chat_id : undefined;
  if (typeof to !== 'number') return null;
  return { result: 'permanent', detail: `the chat is now a supergroup: set chat_id to "${to}"` };
}

function htmlOf(message: Message): string {
  const { title, description, output } = message;
  const blocks = [`${COLOURS[message.severity]} <b>${fitText(title, TITLE_LENGTH_MAX)}</b>`];
  if (description !== null) blocks.push(fitText(description, DESCRIPTION_LENGTH_MAX));
  const share = Math.floor(FIELDS_LENGTH_MAX / Math.max(1, message.fields.length));
  const fields = message.fields.map(({ label, value }) =>
    fit(value, share, (cut) => fieldOf(label, cut), shorten),
  );
  if (fields.length > 0) blocks.push(fields.join('\n'));
  const links = linksOf(message.links);
  if (output !== null) {
    const room = TEXT_LENGTH_MAX - [...blocks, links].join('\n\n').length - 2;
    blocks.push(fit(output, room, (cut) => `<pre>${escapeHtml(cut)}</pre>`, keepEnd));
  }
  return [...blocks, links].filter((block) => block !== '').join('\n\n');
}

function fieldOf(label: string, value: string): string {
  return `<b>${escapeText(label)}:</b> ${escapeText(value)}`;
}

function linksOf(links: readonly MessageLink[]): string {
  const written = links.map(({ label, text, url }) =>
    url === null
      ? fieldOf(label, shorten(text, 100))
      : `<a href="${escapeHtml(url)}">${escapeText(label)}</a>`,
  );
  return joinLinks(written, LINKS_LENGTH_MAX);
}

function fitText(text: string, lengthMax: number): string {
  return fit(text, lengthMax, escapeText, shorten);
}

function escapeText(text: string): string {
  return escapeHtml(unmention(text));
}

/** Splits every `@name`, because Telegram takes it for a mention anywhere but in code. */
function unmention(text: string): string {
  return text.replace(/@/g, `@${SPLIT}`);
}
