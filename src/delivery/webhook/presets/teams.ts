import { shorten } from '../../message/clean.ts';
import type { Message } from '../../message/message.ts';
import { bytesOf } from '../../transport/fit.ts';
import type { WebhookFormat } from '../format.ts';

/**
 * The limit for a whole message (Microsoft Teams connector: "Message size limitation"), less some for what Teams
 * adds.
 */
const BYTES_MAX = 28_000 - 1_000;
const TITLE_LENGTH_MAX = 400;
const VALUE_LENGTH_MAX = 300;
const LINE_LENGTH_MAX = 200;
const ACTIONS_MAX = 5;
const URL_LENGTH_MAX = 1_000;
const COLOURS = { bad: 'Attention', good: 'Good', over: 'Warning' } as const;
const NO_BREAK_SPACE = '\u00a0';

/** Posts an Adaptive Card to a workflow that posts what it receives to a channel. */
export const teams: WebhookFormat = {
  receiver: 'Teams',
  // Teams throttles at four requests a second, so one at a time is enough.
  concurrency: 1,
  keepsState: false,
  postOf: (message, url) => ({
    url,
    headers: { 'content-type': 'application/json' },
    body: bodyOf(message),
  }),
};

/** Writes as much as fits: the first lines of the output are left out one by one, and then fields are cut. */
function bodyOf(message: Message): string {
  let lines = (message.output ?? '').split('\n').filter((line) => line.trim() !== '');
  let valueLengthMax = VALUE_LENGTH_MAX;
  for (;;) {
    const body = JSON.stringify(envelopeOf(message, lines, valueLengthMax));
    if (bytesOf(body) <= BYTES_MAX || valueLengthMax <= 1) return body;
    if (lines.length > 0) lines = lines.slice(1);
    else valueLengthMax = Math.floor(valueLengthMax / 2);
  }
}

function envelopeOf(message: Message, lines: readonly string[], valueLengthMax: number): object {
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: cardOf(message, lines, valueLengthMax),
      },
    ],
  };
}

/**
 * Writes the card. All text stands in text runs, because these, unlike text blocks and facts, know no Markdown. So
 * nothing in them becomes a link or a mention.
 */
function cardOf(message: Message, lines: readonly string[], valueLengthMax: number): object {
  const { title, severity, description, fields, links } = message;
  const color = COLOURS[severity];
  const body = [
    paragraph([run(shorten(title, TITLE_LENGTH_MAX), { weight: 'Bolder', size: 'Medium', color })]),
    ...(description === null ? [] : [paragraph([run(shorten(description, valueLengthMax))])]),
    ...fields.map(({ label, value }) =>
      paragraph(
        [run(`${shorten(label, 60)}: `, { weight: 'Bolder' }), run(shorten(value, valueLengthMax))],
        'None',
      ),
    ),
    ...lines.map((line, i) =>
      paragraph(
        [run(indented(shorten(line, LINE_LENGTH_MAX)), { fontType: 'Monospace' })],
        i === 0 ? 'Medium' : 'None',
      ),
    ),
    ...links
      .filter(({ url }) => url === null)
      .map(({ label, text }) =>
        paragraph([run(`${label}: ${shorten(text, valueLengthMax)}`, { isSubtle: true })]),
      ),
  ];
  const actions = links
    .flatMap(({ label, url }) =>
      url === null || url.length > URL_LENGTH_MAX ? [] : [{ type: 'Action.OpenUrl', title: label, url }],
    )
    .slice(0, ACTIONS_MAX);
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    // This text is shown in notifications and where cards are not.
    fallbackText: shorten(title, TITLE_LENGTH_MAX),
    msteams: { width: 'Full' },
    body,
    ...(actions.length === 0 ? {} : { actions }),
  };
}

function paragraph(inlines: object[], spacing = 'Default'): object {
  return { type: 'RichTextBlock', spacing, inlines };
}

function run(text: string, look: object = {}): object {
  return { type: 'TextRun', text, ...look };
}

/** Replaces the spaces at the beginning of a line, because Teams would not show them. */
function indented(line: string): string {
  return line.replace(/^[ \t]+/, (space) => NO_BREAK_SPACE.repeat(space.replaceAll('\t', '    ').length));
}
