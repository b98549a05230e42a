import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeliveryKind } from '../../../src/core/model/records.ts';
import { redact } from '../../../src/core/text/redact.ts';
import { mergedCountOf, type MergedItem, mergedMessageOf } from '../../../src/delivery/message/merged.ts';
import type { Message, MessageSection } from '../../../src/delivery/message/message.ts';
import { blocksOf, plainOf } from '../../../src/delivery/slack/blocks.ts';
import { mergedLengthMax } from '../../../src/delivery/slack/merged.ts';
import { SlackWebhook } from '../../../src/delivery/slack/webhook.ts';
import { Pacer } from '../../../src/delivery/transport/pacer.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { type SlackServer, startSlackServer } from '../../support/slack-server.ts';
import { aMessage } from '../support/message.ts';
import { aDelivery, aJob, anIncident, SLOT_AT, someFacts } from '../support/records.ts';

const CONTEXT = { nowAt: SLOT_AT + 300_000, publicUrl: 'https://cron.example.com', deadCount: 3, redact };
const LENGTH_MAX = mergedLengthMax([]);

let server: SlackServer;
let slack: SlackWebhook;
beforeAll(async () => {
  server = await startSlackServer();
  const clock = createFakeClock();
  slack = new SlackWebhook({
    name: 'ops',
    webhookUrl: server.url,
    mention: [],
    clock,
    pacer: new Pacer(clock, 0),
  });
});
afterAll(async () => {
  await slack.close();
  await server.close();
});

interface Trouble {
  name: string;
  kind: DeliveryKind;
  exitCode: number;
  group: string | undefined;
  mention: string[];
  detail: string | null;
}

function itemOf({ name, kind, exitCode, group, mention, detail }: Trouble): MergedItem {
  const about = { id: `${name}-i1`, job_id: name, job_name: name };
  const reason =
    detail === null ? ({ reason: 'exit_code' } as const) : ({ reason: 'output_mismatch', detail } as const);
  const facts = someFacts({ job_name: name, exit_code: exitCode, ...reason });
  const declaration = { ...aJob().declaration, mention, ...(group === undefined ? {} : { group }) };
  return {
    delivery: aDelivery({ kind, job_id: name, incident_id: about.id, facts }),
    incident: anIncident(about),
    job: aJob({ id: name, name, declaration }),
    closing: null,
  };
}

function mergedOf(sections: readonly MessageSection[], changes: Partial<Message> = {}): Message {
  const words = { title: '3 JOBS: 2 FAILED, 1 RESOLVED', description: null, fields: [], links: [] };
  return aMessage({ kind: 'merged', output: null, outputNote: null, ...words, sections, ...changes });
}

/** What stands between line feeds and commas, as a person would find a name. */
function wordsIn(readable: string): Set<string> {
  return new Set(readable.split(/\n|, /));
}

async function take(message: Message): Promise<{ readable: string; blocks: number }> {
  const answersBefore = server.answers.length;
  expect(await slack.send(message, new AbortController().signal)).toEqual({ result: 'ok' });
  // At the first attempt: no falling back to plain text.
  expect(server.answers.length).toBe(answersBefore + 1);
  const { readable = '', blocks = [] } = server.messages.at(-1) ?? {};
  return { readable, blocks: blocks.length };
}

const names = fc.stringMatching(/^[abc019][abc019._-]{0,127}$/);
const hostile = fc.string({
  unit: fc.constantFrom('&', '<', '>', '@here', '*', '_', 'x', ' ', '`'),
  maxLength: 150,
});
const troubles: fc.Arbitrary<Trouble> = fc.record({
  name: names,
  kind: fc.constantFrom<DeliveryKind>('opened', 'opened', 'reminder', 'closed'),
  exitCode: fc.nat(255),
  group: fc.oneof(fc.constant(undefined), hostile, names),
  mention: fc.oneof(
    fc.constant<string[]>([]),
    fc
      .array(fc.string({ unit: fc.constantFrom('A', '0', '9'), minLength: 2, maxLength: 30 }), {
        maxLength: 3,
      })
      .map((ids) => ids.map((id) => `S${id}`)),
  ),
  detail: fc.option(hostile),
});

describe('a merged message in Slack', () => {
  test('is sorted by group and by what is wrong', () => {
    const sections = [
      { group: null, lines: [{ what: 'MISSED: expected 02:00, nothing by 02:05', names: ['report'] }] },
      {
        group: 'db & more',
        lines: [
          { what: 'FAILED: exit 1', names: ['dump-a', 'dump-b'] },
          { what: 'RESOLVED', names: ['vacuum'] },
        ],
      },
    ];
    const fields = [{ label: 'Not delivered', value: 'one earlier message could not be sent here' }];
    const links = [{ label: 'Cronflow', text: 'x', url: 'https://cron.example.com/?a=1&b=2' }];
    const message = mergedOf(sections, { fields, links, mentions: ['U024BE7LH', 'here'] });
    expect(blocksOf(message)).toMatchInlineSnapshot(`
      {
        "blocks": [
          {
            "text": {
              "emoji": false,
              "text": "🔴 3 JOBS: 2 FAILED, 1 RESOLVED",
              "type": "plain_text",
            },
            "type": "header",
          },
          {
            "text": {
              "text": "<@U024BE7LH> <!here>",
              "type": "mrkdwn",
              "verbatim": true,
            },
            "type": "section",
          },
          {
            "text": {
              "text": "*MISSED: expected 02:00, nothing by 02:05* (1)
      report

      📂 *db &amp; more*
      *FAILED: exit 1* (2)
      dump-a, dump-b
      *RESOLVED* (1)
      vacuum",
              "type": "mrkdwn",
              "verbatim": true,
            },
            "type": "section",
          },
          {
            "elements": [
              {
                "text": "Not delivered: one earlier message could not be sent here",
                "type": "mrkdwn",
                "verbatim": true,
              },
              {
                "text": "<https://cron.example.com/?a=1&amp;b=2|Cronflow>",
                "type": "mrkdwn",
                "verbatim": true,
              },
            ],
            "type": "context",
          },
        ],
        "text": "3 JOBS: 2 FAILED, 1 RESOLVED",
      }
    `);
    expect(plainOf(message).text).toMatchInlineSnapshot(`
      "<@U024BE7LH> <!here>
      3 JOBS: 2 FAILED, 1 RESOLVED
      *MISSED: expected 02:00, nothing by 02:05* (1)
      report

      📂 *db &amp; more*
      *FAILED: exit 1* (2)
      dump-a, dump-b
      *RESOLVED* (1)
      vacuum
      Not delivered: one earlier message could not be sent here
      <https://cron.example.com/?a=1&amp;b=2|Cronflow>"
    `);
  });

  test('lists 297 names of 40 characters, which is all that Slack takes', async () => {
    const line = { exitCode: 1, kind: 'opened', group: undefined, mention: [], detail: null } as const;
    const items = Array.from({ length: 400 }, (_, at) =>
      itemOf({ ...line, mention: [], name: `${'n'.repeat(37)}${100 + at}` }),
    );
    const count = mergedCountOf(items, LENGTH_MAX);
    expect(count).toBe(297);
    const { readable } = await take(mergedMessageOf(items.slice(0, count), CONTEXT));
    const words = wordsIn(readable);
    for (const { delivery } of items.slice(0, count)) expect(words).toContain(delivery.facts.job_name);
    // What is not of the names has its place only where there is room.
    expect(readable).toContain('Not delivered: 3 earlier messages');
  });

  test('leaves room for those whom the notifier calls itself', () => {
    expect(mergedLengthMax(['U024BE7LH', 'here'])).toBe(LENGTH_MAX - '<@U024BE7LH> <!here>'.length);
  });

  test('is taken at the first attempt and loses no name, whatever happened to whom', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(troubles, { minLength: 1, maxLength: 700, size: 'max' }), async (all) => {
        const items = all.map(itemOf);
        const told = items.slice(0, mergedCountOf(items, LENGTH_MAX));
        const message = mergedMessageOf(told, CONTEXT);
        const { readable, blocks } = await take(message);
        expect(blocks).toBeLessThanOrEqual(50);
        const plain = plainOf(message).text;
        expect(plain.length).toBeLessThanOrEqual(40_000);
        for (const text of [readable, plain]) {
          const words = wordsIn(text);
          for (const { delivery } of told) expect(words).toContain(delivery.facts.job_name);
          expect(text).not.toMatch(/@here\b/);
        }
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ['of all kinds', '&<!channel>@here', 9],
    ['that takes five times the room', '&', 150],
  ])(
    'is taken where every job has a group of its own, full of what must be escaped, %s',
    async (_how, part, countMax) => {
      const items = Array.from({ length: 700 }, (_, at) =>
        itemOf({
          name: `job-${at}`,
          kind: 'opened',
          exitCode: 1,
          group: `${part.repeat(countMax - (at % 5))}${at}`,
          mention: [`U${'B'.repeat(at % 20)}${1_000 + at}`],
          detail: null,
        }),
      );
      const told = items.slice(0, mergedCountOf(items, LENGTH_MAX));
      expect(told.length).toBeGreaterThan(40);
      const { readable } = await take(mergedMessageOf(told, CONTEXT));
      const words = wordsIn(readable);
      for (const { delivery } of told) expect(words).toContain(delivery.facts.job_name);
      expect(JSON.stringify(server.messages.at(-1)?.blocks)).not.toMatch(/<!channel>|@here\b/);
    },
  );
});
