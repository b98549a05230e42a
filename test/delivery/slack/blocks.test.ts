import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message } from '../../../src/delivery/message/message.ts';
import { blocksOf, plainOf } from '../../../src/delivery/slack/blocks.ts';
import { aMessage } from '../support/message.ts';
import { textsOf } from '../support/slack-texts.ts';

/** What people would see if Slack read our own markup (bold labels, links, code fences) and nothing else. */
function hasForeignMarkup(text: string): boolean {
  return (
    text
      .replace(/<https?:[^<>|\s]*\|[^<>]*>|<!subteam\^[A-Z0-9]+>/g, '')
      .match(/[<>]|&(?!(?:amp|lt|gt);)/) !== null
  );
}

const anything = fc.string({ unit: 'binary', maxLength: 4_000 });
const hostile = fc.oneof(
  anything,
  fc.constantFrom('&'.repeat(5_000), 'x'.repeat(5_000)),
  fc.string({
    unit: fc.constantFrom('`', '<', '>', '&', '!channel', '@here', '|', '\n', 'x', '🚨'),
    maxLength: 5_000,
  }),
);
const messages: fc.Arbitrary<Message> = fc.record({
  deliveryId: fc.constant('d'),
  incidentId: fc.constant('i'),
  kind: fc.constant('opened' as const),
  severity: fc.constantFrom('bad' as const, 'good' as const, 'over' as const),
  title: hostile.map((text) => `T${text}`),
  description: fc.option(hostile.map((text) => `D${text}`)),
  fields: fc.array(
    fc.record({
      label: fc.constantFrom('Reason', 'Host'),
      value: hostile.map((text) => `V${text.slice(0, 399)}`),
    }),
    { maxLength: 12 },
  ),
  output: fc.option(hostile.map((text) => `O${text}`)),
  outputNote: fc.constantFrom(null, 'the last 20 lines'),
  links: fc.array(
    fc.record({
      label: fc.constantFrom('Run', 'Runbook'),
      text: hostile.map((text) => `L${text}`),
      url: fc.constantFrom(
        null,
        'https://example.com/?a=1&b=2|<x>',
        `https://example.com/${'y'.repeat(5_000)}`,
      ),
    }),
    { maxLength: 3 },
  ),
  mentions: fc.constantFrom(
    [],
    Array.from({ length: 40 }, (_, at) => `S${'A'.repeat(28)}${10 + at}`),
  ),
  sections: fc.constant([]),
  opening: fc.constant(null),
  source: fc.constant(aMessage().source),
});

describe('blocksOf', () => {
  test('writes header, description, fields, output and links', () => {
    expect(blocksOf(aMessage())).toMatchInlineSnapshot(`
      {
        "blocks": [
          {
            "text": {
              "emoji": false,
              "text": "🔴 FAILED backup on web1: exit 1 after 4m12s",
              "type": "plain_text",
            },
            "type": "header",
          },
          {
            "text": {
              "text": "Dumps every database",
              "type": "mrkdwn",
              "verbatim": true,
            },
            "type": "section",
          },
          {
            "fields": [
              {
                "text": "*Reason*
      exit 1 after 4m12s",
                "type": "mrkdwn",
                "verbatim": true,
              },
              {
                "text": "*Host*
      web1",
                "type": "mrkdwn",
                "verbatim": true,
              },
            ],
            "type": "section",
          },
          {
            "text": {
              "text": "*Output*, the last 2 lines
      \`\`\`
      connecting
      pg_dump: error: &lt;unknown&gt; &amp; more
      \`\`\`",
              "type": "mrkdwn",
              "verbatim": true,
            },
            "type": "section",
          },
          {
            "elements": [
              {
                "text": "<https://cron.example.com/jobs/backup/runs/j1-7?a=1&amp;b=2|Run>",
                "type": "mrkdwn",
                "verbatim": true,
              },
              {
                "text": "Declared in: cronflow.yaml:12",
                "type": "mrkdwn",
                "verbatim": true,
              },
            ],
            "type": "context",
          },
        ],
        "text": "FAILED backup on web1: exit 1 after 4m12s",
      }
    `);
  });

  test('keeps every limit and lets nothing through as markup, whatever the message holds', () => {
    fc.assert(
      fc.property(messages, fc.option(hostile), (message, struck) => {
        const payload = blocksOf(message, struck);
        expect(payload.text.length).toBeLessThanOrEqual(3_000);
        const blocks = payload.blocks ?? [];
        expect(blocks.length).toBeLessThanOrEqual(50);
        for (const block of blocks) {
          if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150);
          else if (block.type === 'context') expect(block.elements.length).toBeLessThanOrEqual(10);
          else if ('fields' in block) {
            expect(block.fields.length).toBeLessThanOrEqual(10);
            for (const field of block.fields) expect(field.text.length).toBeLessThanOrEqual(2_000);
          } else expect(block.text.text.length).toBeLessThanOrEqual(3_000);
        }
        for (const text of textsOf(payload)) {
          expect(text.length).toBeGreaterThan(0);
          expect(hasForeignMarkup(text)).toBe(false);
          expect(text).not.toMatch(/@(?:here|channel|everyone|group)\b/);
        }
        const length = textsOf(payload).reduce((sum, text) => sum + text.length, 0);
        expect(length).toBeLessThanOrEqual(13_000);
        expect(
          textsOf(plainOf(message)).every((text) => text.length <= 4_000 && !hasForeignMarkup(text)),
        ).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test('mentions members, groups and channels, and nothing that is none of them', () => {
    const mentions = ['U024BE7LH', 'W012A3CDE', 'S0615G0KT', 'here', 'channel', 'everyone', '!here', '<@U1>'];
    const called = '<@U024BE7LH> <@W012A3CDE> <!subteam^S0615G0KT> <!here> <!channel> <!everyone>';
    expect(blocksOf(aMessage({ mentions })).blocks?.[1]).toEqual({
      type: 'section',
      text: { type: 'mrkdwn', text: called, verbatim: true },
    });
    expect(plainOf(aMessage({ mentions })).text.split('\n')[0]).toBe(called);
    expect(blocksOf(aMessage({ mentions: ['!here'] }))).toEqual(blocksOf(aMessage()));
    expect(plainOf(aMessage({ mentions: ['!here'] }))).toEqual(plainOf(aMessage()));
  });

  test('keeps to 13,000 characters in all where every part is as long as it may be', () => {
    for (const unit of ['x', '&', '@here ']) {
      const long = unit.repeat(5_000);
      const message = aMessage({
        title: long,
        description: long,
        fields: Array.from({ length: 12 }, () => ({ label: 'Not delivered', value: long })),
        output: long,
        outputNote: 'the last 20 lines',
        links: Array.from({ length: 6 }, () => ({ label: 'Declared in', text: long, url: null })),
        mentions: Array.from({ length: 40 }, (_, at) => `S${'A'.repeat(28)}${10 + at}`),
      });
      const length = textsOf(blocksOf(message, long)).reduce((sum, text) => sum + text.length, 0);
      expect(length).toBeLessThanOrEqual(13_000);
    }
  });

  test('strikes out a title that holds no more', () => {
    const texts = textsOf(blocksOf(aMessage({ title: 'RESOLVED backup' }), 'FAILED ~backup~ <on> web1'));
    expect(texts.slice(1, 3)).toEqual(['🔴 RESOLVED backup', '~FAILED ∼backup∼ &lt;on&gt; web1~']);
  });

  test('lets no backticks out of the code block', () => {
    const output = 'a ``` <!channel> ```` b `c` `';
    const section = textsOf(blocksOf(aMessage({ output }))).find((text) => text.includes('Output'))!;
    expect(section.match(/```/g)).toHaveLength(2);
    expect(section).toContain('&lt;!channel&gt;');
    expect(section.endsWith('\n```')).toBe(true);
  });

  test('keeps the end of an output that is too long: that is where the error is', () => {
    const output = `${'&'.repeat(2_000)} the error`;
    const section = textsOf(blocksOf(aMessage({ output }))).find((text) => text.includes('Output'))!;
    expect(section).toContain('```\n…&amp;');
    expect(section).toContain(' the error\n```');
    expect(section.length).toBeGreaterThan(2_900);
  });

  test('says below the header what the header had to leave out', () => {
    const title = `FAILED ${'x'.repeat(200)}: exit 1`;
    const texts = textsOf(blocksOf(aMessage({ title })));
    expect(texts[1]).toHaveLength(150);
    expect(texts[2]).toBe(`${title}\nDumps every database`);
  });

  test('mentions nobody whom a title names', () => {
    const title = 'FAILED x on <!channel> @here @Channel <@U123> a@hereford.example';
    expect(blocksOf(aMessage({ title })).text).toBe(
      'FAILED x on &lt;!channel&gt; @\u200bhere @\u200bChannel &lt;@U123&gt; a@hereford.example',
    );
  });
});

describe('plainOf', () => {
  test('says the same as the blocks', () => {
    expect(plainOf(aMessage()).text).toMatchInlineSnapshot(`
      "FAILED backup on web1: exit 1 after 4m12s
      Dumps every database
      Reason: exit 1 after 4m12s
      Host: web1
      Run: https://cron.example.com/jobs/backup/runs/j1-7?a=1&amp;b=2
      Declared in: cronflow.yaml:12
      \`\`\`
      connecting
      pg_dump: error: &lt;unknown&gt; &amp; more
      \`\`\`"
    `);
  });
});
