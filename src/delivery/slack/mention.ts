import type { Message } from '../message/message.ts';

/**
 * The message with those whom the notifier itself calls, beside those whom the job does: when trouble begins, and not
 * again.
 */
export function calling(message: Message, mention: readonly string[]): Message {
  const begins = message.kind === 'opened' || message.kind === 'merged';
  if (!begins || message.severity !== 'bad' || mention.length === 0) return message;
  return { ...message, mentions: [...new Set([...message.mentions, ...mention])] };
}
