import type { Message } from '../message/message.ts';
import { blocksOf, plainOf } from './blocks.ts';
import type { SlackPayload } from './payload.ts';

/**
 * Writes an alert as it reads when the trouble is over: how it ended, its old title struck out, and all else that it
 * said.
 */
export function overBlocksOf(message: Message): SlackPayload {
  const said = message.opening?.said ?? null;
  return said === null ? blocksOf(message) : blocksOf(over(said, message), said.title);
}

/** Writes such an alert as plain text. */
export function overPlainOf(message: Message): SlackPayload {
  const said = message.opening?.said ?? null;
  if (said === null) return plainOf(message);
  const before = `Before: ${said.title}`;
  const description = said.description === null ? before : `${before}\n${said.description}`;
  return plainOf({ ...over(said, message), description });
}

function over(said: Message, { title, severity }: Message): Message {
  return { ...said, title, severity, mentions: [] };
}
