import type { Message } from '../message/message.ts';

/** Adds the mentions of the notifier to those of the job, when trouble begins and at no other time. */
export function calling(message: Message, mention: readonly string[]): Message {
  const begins = message.kind === 'opened' || message.kind === 'merged';
  if (!begins || message.severity !== 'bad' || mention.length === 0) return message;
  return { ...message, mentions: [...new Set([...message.mentions, ...mention])] };
}
