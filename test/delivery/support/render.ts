import type { Message } from '../../../src/delivery/message/message.ts';

/** A message as one text, for comparing all of it at once. */
export function render(message: Message): string {
  const lines = [`${message.severity} | ${message.title}`];
  if (message.description !== null) lines.push(message.description);
  for (const { label, value } of message.fields) lines.push(`${label}: ${value}`);
  if (message.output !== null) lines.push(`output (${message.outputNote ?? 'all'}):`, message.output);
  for (const { group, lines: listed } of message.sections) {
    lines.push(`[${group ?? ''}]`, ...listed.map(({ what, names }) => `${what} | ${names.join(', ')}`));
  }
  for (const { label, text, url } of message.links) lines.push(`${label}: ${text} <${url ?? ''}>`);
  return lines.join('\n');
}
