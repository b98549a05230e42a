import { fill, formatOf, partsOf } from '../../core/text/body-template.ts';
import type { Message } from '../message/message.ts';
import { bodyOf, eventOf } from './body.ts';
import type { WebhookFormat } from './format.ts';
import { signatureHeaders } from './signature.ts';

const CONTENT_TYPE_DEFAULT = 'application/json';

/**
 * Makes the format that posts the documented JSON, or a body that people wrote themselves; it is signed where there
 * is a key.
 */
export function jsonFormat(settings: {
  secret?: string;
  previous_secret?: string;
  template?: string;
  content_type?: string;
  keeps_state?: boolean;
}): WebhookFormat {
  const { secret, previous_secret: previous, template, content_type: type = CONTENT_TYPE_DEFAULT } = settings;
  const secrets = [secret, previous].filter((key) => key !== undefined);
  const format = formatOf(type);
  const parts = template === undefined ? null : partsOf(template);
  const write = (message: Message, nowAt: number): string => {
    const body = bodyOf(message, nowAt);
    return parts === null ? JSON.stringify(body) : fill(parts, format, body);
  };
  return {
    receiver: 'the webhook',
    concurrency: 4,
    // A program that reads the JSON may open and close alerts of its own; a text is for people.
    keepsState: settings.keeps_state ?? template === undefined,
    postOf(message, url, nowAt) {
      const body = write(message, nowAt);
      const headers = {
        'content-type': type,
        'cronflow-event': eventOf(message.kind),
        'cronflow-delivery': message.deliveryId,
        ...signatureHeaders(secrets, body, nowAt),
      };
      return { url, headers, body };
    },
  };
}
