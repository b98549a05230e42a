import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { NotifierConfig } from '../../src/core/model/notifier-config.ts';
import { KINDS, NotifierRegistry } from '../../src/delivery/registry.ts';
import { PRESETS } from '../../src/delivery/webhook/notifier.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { startSlackServer } from '../support/slack-server.ts';
import { aMessage } from './support/message.ts';

const never = new AbortController().signal;

function setUp(): { registry: NotifierRegistry; log: string[]; clock: FakeClock } {
  const clock = createFakeClock();
  const log: string[] = [];
  const logger = createLogger(clock, 'debug', (line) => log.push(line));
  return { registry: new NotifierRegistry({ clock, logger }), log, clock };
}

function slack(name: string, webhookUrl: string): NotifierConfig {
  return { name, type: 'slack', settings: { webhook_url: webhookUrl } };
}

describe('KINDS', () => {
  test('are the types of the schema that are short for no preset', () => {
    const url = new URL('../../schemas/cronflow.schema.json', import.meta.url);
    const schema = JSON.parse(readFileSync(url, 'utf8')) as {
      definitions: { notifier: { oneOf: { properties: { type: { const?: string } } }[] } };
    };
    const types = schema.definitions.notifier.oneOf.flatMap(({ properties }) => properties.type.const ?? []);
    expect(Object.keys(KINDS).sort()).toEqual(types.sort());
  });
});

describe('PRESETS', () => {
  test('are the types of the schema that are short for a preset, and the presets of a webhook', () => {
    const url = new URL('../../schemas/cronflow.schema.json', import.meta.url);
    const schema = JSON.parse(readFileSync(url, 'utf8')) as {
      definitions: {
        notifier: {
          oneOf: { properties: { type: { enum?: string[] }; preset?: { anyOf: [{ enum: string[] }] } } }[];
        };
      };
    };
    const branches = schema.definitions.notifier.oneOf.map(({ properties }) => properties);
    const presets = Object.keys(PRESETS).sort();
    expect(branches.flatMap(({ type }) => type.enum ?? []).sort()).toEqual(presets);
    expect(branches.flatMap(({ preset }) => preset?.anyOf[0].enum ?? []).sort()).toEqual(presets);
  });
});

describe('NotifierRegistry', () => {
  test('builds every kind and names what is new or changed', async () => {
    const { registry } = setUp();
    expect(
      registry.apply([slack('ops', 'https://a.example'), { name: 'file', type: 'log', settings: {} }]),
    ).toEqual(['ops', 'file']);
    const ops = registry.get('ops');
    expect(ops?.type).toBe('slack');
    expect(registry.get('file')?.type).toBe('log');
    expect(registry.get('nobody')).toBeUndefined();

    expect(registry.apply([slack('ops', 'https://a.example')])).toEqual([]);
    expect(registry.get('ops')).toBe(ops);
    expect(registry.get('file')).toBeUndefined();

    expect(registry.apply([slack('ops', 'https://b.example')])).toEqual(['ops']);
    expect(registry.get('ops')).not.toBe(ops);
    await registry.close();
    expect(registry.get('ops')).toBeUndefined();
  });

  test('lets what is being sent end before a replaced notifier is closed', async () => {
    const { registry } = setUp();
    const server = await startSlackServer();
    registry.apply([slack('ops', server.url)]);
    const sent = registry.get('ops')?.send(aMessage(), never);
    registry.apply([]);
    expect(await sent).toEqual({ result: 'ok' });
    await registry.close();
    await server.close();
  });

  test('keeps the pace of a webhook that two notifiers share, and over a reload', async () => {
    const { registry, clock } = setUp();
    const server = await startSlackServer({ enforcesPace: true, now: () => clock.now() });
    registry.apply([slack('a', server.url)]);
    await registry.get('a')?.send(aMessage(), never);
    registry.apply([slack('a', server.url), slack('b', server.url)]);
    const sent = registry.get('b')?.send(aMessage(), never);
    await clock.advance(999);
    expect(server.answers).toHaveLength(1);
    await clock.advance(1);
    expect(await sent).toEqual({ result: 'ok' });
    expect(server.answers.map(({ status }) => status)).toEqual([200, 200]);
    await registry.close();
    await server.close();
  });

  test('logs every notification, as a warning, where the address is empty', async () => {
    const { registry, log } = setUp();
    registry.apply([slack('ops', '')]);
    const message = aMessage({ severity: 'good', output: 'a\nb', outputNote: null });
    expect(await registry.get('ops')?.send(message, never)).toEqual({
      result: 'logged',
      notSentBecause: 'webhook_url is empty',
    });
    expect(log).toEqual([
      '2026-01-15T12:00:00.000Z warn  FAILED backup on web1: exit 1 after 4m12s job=daily-database-backup notifier=ops ' +
        'delivery=j1-i1.ops.opened not_sent="webhook_url is empty" reason="exit 1 after 4m12s" host=web1 ' +
        'run=j1-7 declared_in=cronflow.yaml:12 output="a\\nb"\n',
    ]);
  });

  test('logs trouble as a warning and recovery as information', async () => {
    const { registry, log } = setUp();
    registry.apply([{ name: 'file', type: 'log', settings: {} }]);
    expect(await registry.get('file')?.send(aMessage(), never)).toEqual({
      result: 'logged',
      notSentBecause: null,
    });
    await registry.get('file')?.send(aMessage({ severity: 'good', title: 'RESOLVED backup' }), never);
    expect(log.map((line) => line.split(' ')[1])).toEqual(['warn', 'info']);
    expect(log.join('')).not.toContain('not_sent');
  });
});
