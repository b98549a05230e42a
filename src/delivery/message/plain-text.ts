import type { Message } from './message.ts';

/** Writes all of a message as plain text, in the order in which people need it. */
export function plainTextOf(message: Message): string {
  return [message.title, ...blocksBelow(message)].join('\n\n');
}

/** Returns the parts below the title, in blocks of lines. */
function blocksBelow({ description, sections, fields, output, outputNote, links }: Message): string[] {
  const note = outputNote === null ? '' : ` (${outputNote})`;
  return [
    ...(description === null ? [] : [description]),
    ...sections.map(({ group, lines }) =>
      [
        ...(group === null ? [] : [`${group}:`]),
        ...lines.map(({ what, names }) => `${what}\n  ${names.join(', ')}`),
      ].join('\n'),
    ),
    linesOf(fields.map(({ label, value }) => `${label}: ${value}`)),
    output === null ? '' : `Output${note}:\n${output}`,
    linesOf(links.map(({ label, text, url }) => `${label}: ${url ?? text}`)),
  ].filter((block) => block !== '');
}

function linesOf(lines: readonly string[]): string {
  return lines.join('\n');
}
