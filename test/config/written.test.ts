import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { type Schema, typesOfBranch, validators } from '../../src/config/schema.ts';
import { writtenSettings } from '../../src/config/written.ts';

const HOOK = 'https://hooks.slack.com/services/T0/B0/HUNTER2';

function written(text: string): Readonly<Record<string, string>> {
  const result = parseConfig({ path: 'cronflow.yaml', text }, { HOOK, CHANNEL: 'C0HUNTER2' });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.config.written;
}

/** The keys of every kind of notifier that hold a secret. */
const SECRETS = (validators().schema.definitions?.['notifier']?.oneOf ?? []).flatMap((branch: Schema) =>
  Object.entries(branch.properties ?? {}).flatMap(([key, { writeOnly }]) =>
    writeOnly === true ? typesOfBranch(branch).map((type) => [type, key] as const) : [],
  ),
);

describe('the stored form of the settings that belong to no job', () => {
  test('has variables by their names, and nothing of jobs', () => {
    const text = `public_url: https://\${HOST:-cron.example.com}
notifiers:
  ops: {type: slack, webhook_url: "\${HOOK}"}
  two: {type: slack, webhook_url: "\${HOOK:-${HOOK}}"}
  log: {type: log}
defaults: {grace: 5m}
jobs: {a: {description: "\${HOOK}"}}
`;
    expect(written(text)).toEqual({
      public_url: 'https://${HOST:-cron.example.com}',
      'notifiers.ops.type': 'slack',
      'notifiers.ops.webhook_url': '${HOOK}',
      'notifiers.two.type': 'slack',
      'notifiers.two.webhook_url': '${HOOK}',
      'notifiers.log.type': 'log',
    });
  });

  test('tells one list of patterns from another without quoting them', () => {
    const [one, other] = ['[HUNTER2]', '[HUNTER3]'].map(
      (list) => written(`redact: ${list}\njobs: {}\n`)['redact'],
    );
    expect(one).toMatch(/^sha256 [0-9a-f]{12}$/);
    expect(other).not.toBe(one);
  });

  test('knows the secrets of every kind of notifier', () => {
    expect(SECRETS.length).toBeGreaterThan(3);
    for (const [type, key] of SECRETS) {
      const tree = { value: { notifiers: { a: { type, [key]: HOOK } } }, spots: new Map() };
      expect(writtenSettings(tree, validators().schema)).toEqual({
        'notifiers.a.type': type,
        [`notifiers.a.${key}`]: '(secret)',
      });
    }
    const headers = {
      value: { notifiers: { a: { type: 'webhook', headers: { 'X-Key': 'HUNTER2' } } } },
      spots: new Map(),
    };
    expect(JSON.stringify(writtenSettings(headers, validators().schema))).not.toContain('HUNTER');
    const heartbeat = { value: { heartbeat: { url: HOOK, every: '1m' } }, spots: new Map() };
    expect(writtenSettings(heartbeat, validators().schema)).toEqual({
      'heartbeat.url': '(secret)',
      'heartbeat.every': '1m',
    });
  });
});
