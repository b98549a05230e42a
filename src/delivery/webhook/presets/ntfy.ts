import { shorten } from '../../message/clean.ts';
import type { Message } from '../../message/message.ts';
import { plainTextOf } from '../../message/plain-text.ts';
import { bytesOf, fit, keepEnd } from '../../transport/fit.ts';
import type { WebhookFormat } from '../format.ts';

/**
 * ntfy makes a longer message a file to download (ntfy: "Limitations"), and a body of JSON may have twice that. It
 * reads no markup in a message unless asked to.
 */
const MESSAGE_BYTES_MAX = 4_096;
const BODY_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;
const TITLE_BYTES_MAX = 400;
/** The limit for the text above the output. */
const ABOVE_BYTES_MAX = 2_500;
const URL_LENGTH_MAX = 1_000;
const TAGS = { bad: 'rotating_light', good: 'white_check_mark', over: 'warning' } as const;
const PRIORITY_HIGH = 4;
const PRIORITY_DEFAULT = 3;

/** Publishes to a topic as JSON, because headers take ASCII only. */
export const ntfy: WebhookFormat = {
  receiver: 'ntfy',
  concurrency: 1,
  keepsState: false,
  complaint: 'url does not end in the name of a topic, as https://ntfy.sh/my-topic does',
  postOf(message, url) {
    const topic = /^\/([A-Za-z0-9_-]{1,64})$/.exec(url.pathname)?.[1];
    if (topic === undefined) return null;
    return {
      url: new URL(`/${url.search}`, url),
      headers: { 'content-type': 'application/json' },
      body: bodyOf(topic, message),
    };
  },
};

function bodyOf(topic: string, message: Message): string {
  const { title, severity, links } = message;
  const click = links.find(({ url }) => url !== null && url.length <= URL_LENGTH_MAX)?.url;
  const write = (text: string): string =>
    JSON.stringify({
      topic,
      title: fit(title, TITLE_BYTES_MAX, (cut) => cut, shorten, bytesOf),
      message: text,
      tags: [TAGS[severity]],
      priority: severity === 'bad' ? PRIORITY_HIGH : PRIORITY_DEFAULT,
      ...(click === undefined || click === null ? {} : { click }),
    });
  const isTooLong = (text: string): boolean =>
    bytesOf(text) > MESSAGE_BYTES_MAX || bytesOf(write(text)) > BODY_BYTES_MAX;
  const whole = textOf(message, message.output);
  if (!isTooLong(whole)) return write(whole);
  const above = fit(textOf(message, null), ABOVE_BYTES_MAX, (cut) => cut, shorten, bytesOf);
  if (message.output === null) return write(above);
  const below = (cut: string): string => `${above}\n\n${cut}`;
  // A text that does not fit must measure more than all texts that do.
  const sizeOf = (text: string): number => (isTooLong(text) ? Infinity : bytesOf(text));
  return write(fit(message.output, MESSAGE_BYTES_MAX, below, keepEnd, sizeOf));
}

/**
 * Returns the text below the title. It is never empty, because ntfy would replace an empty text with a word of its
 * own.
 */
function textOf(message: Message, output: string | null): string {
  const text = plainTextOf({ ...message, output });
  return text.slice(message.title.length).trim() || message.title;
}
