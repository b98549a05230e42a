import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { schemaAt, validators } from '../../../src/config/schema.ts';
import { openTrouble } from '../../../src/core/system/incidents.ts';
import { REASONS } from '../../../src/core/model/reasons.ts';
import { bareMessageOf, messageOf } from '../../../src/delivery/message/compose.ts';
import type { Message, MessageContext } from '../../../src/delivery/message/message.ts';
import { bodyOf, type WebhookBody } from '../../../src/delivery/webhook/body.ts';
import { jsonFormat } from '../../../src/delivery/webhook/json.ts';
import { aMessage } from '../support/message.ts';
import {
  aClosing,
  aDelivery,
  aJob,
  anIncident,
  aRun,
  aSystemDelivery,
  aSystemIncident,
  SLOT_AT,
} from '../support/records.ts';

const NOW_AT = SLOT_AT + 300_000;
const URL_OF_HOOK = new URL('https://hooks.example.com/x');

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  enum?: unknown[];
}

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/webhook.schema.json', import.meta.url), 'utf8'),
) as JsonSchema;
const ajv = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, uri: /^https?:\/\// },
});
const validate = ajv.compile(schema);

const context: MessageContext = {
  nowAt: NOW_AT,
  incident: anIncident(),
  job: aJob(),
  run: aRun(),
  output: { text: 'connecting\nfailed', dropped_bytes: 0 },
  usualMs: 660_000,
  lastHost: null,
  timezone: 'UTC',
  publicUrl: 'https://cron.example.com',
  closing: null,
  deadCount: 0,
  opening: null,
  redact: (text) => text,
};
const closed = anIncident({ closed_at: SLOT_AT + 900_000, close_reason: 'recovered', bad_count: 3 });
const system = aSystemDelivery();
const systemIncident = aSystemIncident();

const messages: [string, Message][] = [
  ['opened', messageOf(aDelivery(), context)],
  ['reminder', messageOf(aDelivery({ kind: 'reminder' }), context)],
  ['closed', messageOf(aClosing(), { ...context, incident: closed })],
  ['opened_and_closed', messageOf(aDelivery(), { ...context, incident: closed, closing: aClosing().facts })],
  ['closed_silently', messageOf(aDelivery({ kind: 'closed_silently' }), { ...context, incident: closed })],
  ['opened', messageOf(system, { ...context, job: null, run: null, output: null, incident: systemIncident })],
  ['opened', messageOf(aDelivery(), { ...context, incident: null, job: null, run: null, output: null })],
  ['opened', bareMessageOf(aDelivery(), false)],
  ['closed', bareMessageOf(aClosing(), false)],
];

/** The paths of everything that the schema describes. */
function pathsOf({ properties = {} }: JsonSchema, under = ''): string[] {
  return Object.entries(properties).flatMap(([key, property]) => [
    `${under}${key}`,
    ...pathsOf(property, `${under}${key}.`),
  ]);
}

/** The paths of everything that a value holds where the schema describes it. */
function keysOf(value: unknown, { properties }: JsonSchema, under = ''): string[] {
  if (properties === undefined) return [];
  return Object.entries(value as object).flatMap(([key, part]) => [
    `${under}${key}`,
    ...keysOf(part, properties[key] ?? {}, `${under}${key}.`),
  ]);
}

describe('the JSON for a webhook', () => {
  test.each(messages)('of %s is as its schema says', (event, message) => {
    const body: unknown = JSON.parse(JSON.stringify(bodyOf(message, NOW_AT)));
    validate(body);
    expect(validate.errors).toBeNull();
    expect(body).toMatchObject({ event, delivery_id: message.deliveryId, title: message.title });
  });

  test('has every key that its schema describes, and no other', () => {
    const [, message] = messages[0]!;
    expect(keysOf(bodyOf(message, NOW_AT), schema).sort()).toEqual(pathsOf(schema).sort());
  });

  test('has the keys that placeholders of a template may name', () => {
    const { schema: config } = validators();
    const webhook = config.definitions?.['notifier']?.oneOf?.find(
      (branch) => branch.properties?.['type']?.const === 'webhook',
    );
    expect(webhook?.properties?.['template']?.['x-template']?.toSorted()).toEqual(pathsOf(schema).sort());
    expect(schemaAt(config, ['notifiers', 'any', 'template'])).toBeDefined();
  });

  test('knows every reason', () => {
    expect(schema.properties?.['incident']?.properties?.['reason']?.enum).toEqual([...REASONS]);
    expect(schema.properties?.['run']?.properties?.['reason']?.enum).toEqual([...REASONS]);
  });

  test('tells all that is known', () => {
    const [, message] = messages[2]!;
    expect(bodyOf(message, NOW_AT)).toMatchObject({
      version: 1,
      event: 'closed',
      sent_at: '2026-01-15T01:05:00.000Z',
      severity: 'good',
      incident: {
        id: 'j1-i1',
        kind: 'job',
        reason: 'exit_code',
        opened_at: '2026-01-15T01:04:12.000Z',
        closed_at: '2026-01-15T01:15:00.000Z',
        close_reason: 'recovered',
        bad_count: 3,
      },
      job: {
        name: 'daily-database-backup',
        owner: 'data team',
        schedule: '0 2 * * *',
        timezone: 'Europe/Berlin',
        declared_in: 'cronflow.yaml:12',
        runbook: 'https://wiki.example.com/backup',
      },
    } satisfies DeepPartial<WebhookBody>);
  });

  test('has the text for people whole', () => {
    const [, message] = messages[0]!;
    expect(bodyOf(message, NOW_AT).text).toMatchSnapshot();
  });

  test('has texts from outside only in a clean form', () => {
    const run = aRun({ host: 'web1\u001b[31m\r\n\u202eX', rid: 'a\nb' });
    const message = messageOf(aDelivery(), { ...context, run });
    expect(bodyOf(message, NOW_AT).run).toMatchObject({ host: 'web1 X', rid: 'a b' });
  });
});

type DeepPartial<T> = T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

describe('a webhook of each format', () => {
  test('hears of paused and removed jobs as JSON, and not as a text, unless told otherwise', () => {
    expect(jsonFormat({}).keepsState).toBe(true);
    expect(jsonFormat({ template: '{}' }).keepsState).toBe(false);
    expect(jsonFormat({ keeps_state: false }).keepsState).toBe(false);
    expect(jsonFormat({ template: '{}', keeps_state: true }).keepsState).toBe(true);
  });

  test('signs what it posts with every key', () => {
    const format = jsonFormat({ secret: 'the-new-key-of-it', previous_secret: 'the-old-key-of-it' });
    const post = format.postOf(aMessage(), URL_OF_HOOK, NOW_AT);
    const timestamp = String(NOW_AT / 1_000);
    const [fresh, old] = ['the-new-key-of-it', 'the-old-key-of-it'].map((key) =>
      createHmac('sha256', key).update(`${timestamp}.${post?.body}`).digest('hex'),
    );
    expect(post?.headers).toEqual({
      'content-type': 'application/json',
      'cronflow-event': 'opened',
      'cronflow-delivery': 'j1-i1.ops.opened',
      'cronflow-timestamp': timestamp,
      'cronflow-signature': `v1=${fresh},v1=${old}`,
    });
  });

  test('signs nothing without a key, and fills a template', () => {
    const format = jsonFormat({ template: '{{title}} ({{event}})', content_type: 'text/plain' });
    expect(format.postOf(aMessage(), URL_OF_HOOK, NOW_AT)).toEqual({
      url: URL_OF_HOOK,
      headers: {
        'content-type': 'text/plain',
        'cronflow-event': 'opened',
        'cronflow-delivery': 'j1-i1.ops.opened',
      },
      body: 'FAILED backup on web1: exit 1 after 4m12s (opened)',
    });
  });
});

test('of trouble of Cronflow itself says what its records do not hold', () => {
  const trouble = { kind: 'notifier', reason: 'notifier_failing', subject: 'pager', detail: 'gone' } as const;
  const { incidents, deliveries } = openTrouble(
    [],
    trouble,
    { notify: ['ops'], remindEveryMs: null },
    NOW_AT,
  );
  const about = { ...context, incident: incidents[0]!, job: null, run: null, output: null };
  expect(JSON.stringify(bodyOf(messageOf(deliveries[0]!, about), NOW_AT))).toMatchInlineSnapshot(
    `"{"version":1,"event":"opened","delivery_id":"notifier-1768439100000-0.ops.opened","sent_at":"2026-01-15T01:05:00.000Z","severity":"bad","title":"NOTIFIER FAILING: gone","text":"NOTIFIER FAILING: gone\\n\\nNow: 2026-01-15 01:05 +00:00 (UTC)\\nWhat to do: see whether its address or token still holds; once it works, it is told again of what is still open\\n\\nWhat was not delivered: https://cron.example.com/deliveries?status=dead\\nReason: https://cron.example.com/docs/reasons#notifier_failing","incident":{"id":"notifier-1768439100000-0","kind":"notifier","reason":"notifier_failing","subject":"pager","opened_at":"2026-01-15T01:05:00.000Z","closed_at":null,"close_reason":null,"kinds":["failure"],"bad_count":1,"acknowledged_until":null},"job":null,"run":null,"fields":[{"label":"Now","value":"2026-01-15 01:05 +00:00 (UTC)"},{"label":"What to do","value":"see whether its address or token still holds; once it works, it is told again of what is still open"}],"output":null,"output_note":null,"links":[{"label":"What was not delivered","text":"https://cron.example.com/deliveries?status=dead","url":"https://cron.example.com/deliveries?status=dead"},{"label":"Reason","text":"notifier_failing","url":"https://cron.example.com/docs/reasons#notifier_failing"}]}"`,
  );
});
