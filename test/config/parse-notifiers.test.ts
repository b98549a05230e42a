import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as support from './support/parsed.ts';
import type { Env } from '../../src/config/substitute.ts';

const WEBHOOK = 'https://hooks.slack.com/services/T0/B0/HUNTER2';
const directory = mkdtempSync(join(tmpdir(), 'cronflow-parse-'));
afterAll(() => rmSync(directory, { recursive: true }));

const messages = (text: string, env: Env = {}) => support.messages(text, env, directory);
const parsed = (text: string, env: Env = {}) => support.parsed(text, env, directory);

const slack = (webhook: string): string => `notifiers: {ops: {type: slack, ${webhook}}}\njobs: {}`;

describe('notifiers', () => {
  test('take a webhook from the environment', () => {
    const text = slack('webhook_url: "${SLACK_WEBHOOK_URL:-}"');
    expect(parsed(text, { SLACK_WEBHOOK_URL: WEBHOOK }).notifiers).toEqual([
      { name: 'ops', type: 'slack', settings: { webhook_url: WEBHOOK } },
    ]);
    expect(parsed(text).notifiers).toEqual([{ name: 'ops', type: 'slack', settings: { webhook_url: '' } }]);
  });

  test.each([WEBHOOK, `${WEBHOOK}\n`, `${WEBHOOK}\r\n`])(
    'take a webhook from a file beside theirs: %j',
    (content) => {
      writeFileSync(join(directory, 'secret'), content);
      expect(parsed(slack('webhook_url_file: secret')).notifiers).toEqual([
        { name: 'ops', type: 'slack', settings: { webhook_url: WEBHOOK } },
      ]);
    },
  );

  test.each([
    ['.', 'must name a regular file'],
    ['/dev/zero', 'must name a regular file'],
    ['missing', 'names a file that does not exist'],
    ['empty', 'names an empty file'],
    ['large', 'names a file of more than 65536 bytes'],
    ['words', 'must hold an address that starts with https:// or http://'],
  ])('refuse %s for a file', (path, message) => {
    writeFileSync(join(directory, 'empty'), '\n');
    writeFileSync(join(directory, 'large'), 'x'.repeat(65_537));
    writeFileSync(join(directory, 'words'), 'HUNTER2 is no address');
    expect(messages(slack(`webhook_url_file: ${path}`))).toEqual([
      `notifiers.ops.webhook_url_file: ${message}`,
    ]);
  });

  test('are one named slack when the file has none', () => {
    writeFileSync(join(directory, 'secret'), WEBHOOK);
    const expected = { name: 'slack', type: 'slack', settings: { webhook_url: WEBHOOK } };
    expect(parsed('jobs: {}', { SLACK_WEBHOOK_URL: WEBHOOK }).notifiers).toEqual([expected]);
    expect(parsed('jobs: {}', { SLACK_WEBHOOK_URL_FILE: 'secret' }).notifiers).toEqual([expected]);
    const { notifiers, globals } = parsed('jobs: {a: {notify: [slack]}}');
    expect(notifiers).toEqual([{ ...expected, settings: { webhook_url: '' } }]);
    expect(globals.notifiers).toEqual(['slack']);
    expect(messages('jobs: {}', { SLACK_WEBHOOK_URL: 'HUNTER2' })).toEqual([
      'SLACK_WEBHOOK_URL: must hold an address that starts with https:// or http://',
    ]);
    expect(
      parsed('notifiers: {ops: {type: log}}\njobs: {}', { SLACK_WEBHOOK_URL: WEBHOOK }).globals.notifiers,
    ).toEqual(['ops']);
  });
});

describe('a heartbeat', () => {
  const URL_OF_IT = 'https://watcher.example.com/ping/HUNTER2';

  test('has an address from the environment or a file, and goes out each minute unless told', () => {
    const text = 'heartbeat: {url: "${HEARTBEAT_URL:-}"}\njobs: {}';
    expect(parsed(text, { HEARTBEAT_URL: URL_OF_IT }).heartbeat).toEqual({ url: URL_OF_IT, everyMs: 60_000 });
    expect(parsed(text).heartbeat).toBeNull();
    expect(parsed('jobs: {}').heartbeat).toBeNull();
    writeFileSync(join(directory, 'secret'), `${URL_OF_IT}\n`);
    expect(parsed('heartbeat: {url_file: secret, every: 5m}\njobs: {}').heartbeat).toEqual({
      url: URL_OF_IT,
      everyMs: 300_000,
    });
  });

  test.each([
    ['heartbeat: {every: 1m}', 'heartbeat: lacks url or url_file; an empty url sends none'],
    ['heartbeat: {url: "", url_file: x}', 'heartbeat: has both url and url_file; keep one of them'],
    [
      'heartbeat: {url: HUNTER2}',
      'heartbeat.url: must be an address that starts with https:// or http://, or empty, not what is given',
    ],
    ['heartbeat: {url: "", every: 5s}', 'heartbeat.every: must be from 10s to 1d, not "5s"'],
    ['heartbeat: {url_file: missing}', 'heartbeat.url_file: names a file that does not exist'],
    [
      `heartbeat: ${URL_OF_IT}`,
      'heartbeat: must be a mapping, not "https://watcher.example.com*************"',
    ],
    [
      'heartbeat: {url: "", evry: 1m}',
      'heartbeat.evry: unknown key "evry", did you mean "every"? (allowed: url, url_file, every)',
    ],
  ])('refuses %s', (text, message) => {
    expect(messages(`${text}\njobs: {}`)).toEqual([message]);
  });
});

describe('a chat service as the type of a notifier', () => {
  test.each(['discord', 'teams', 'ntfy'])('makes a webhook with this preset: %s', (type) => {
    const text = `notifiers: {a: {type: ${type}, url: "\${HOOK}"}}\njobs: {}\n`;
    const settings = { preset: type, url: 'https://example.com/x' };
    expect(parsed(text, { HOOK: settings.url }).notifiers).toEqual([
      { name: 'a', type: 'webhook', settings },
    ]);
  });

  test('has a chat where it is telegram, and none otherwise', () => {
    const text = 'notifiers: {a: {type: telegram, url: "https://example.com", chat_id: "-1"}}\njobs: {}\n';
    const settings = { preset: 'telegram', url: 'https://example.com', chat_id: '-1' };
    expect(parsed(text).notifiers).toEqual([{ name: 'a', type: 'webhook', settings }]);
    expect(messages(text.replace(', chat_id: "-1"', ''))).toEqual(['notifiers.a: lacks the key "chat_id"']);
    expect(messages(text.replace('telegram', 'ntfy'))).toEqual([
      'notifiers.a: has chat_id, which only type: telegram takes',
    ]);
  });

  test('takes no keys that its preset leaves no room for', () => {
    const text = 'notifiers: {a: {type: discord, url: "https://example.com", template: "{}"}}\njobs: {}\n';
    expect(messages(text)).toEqual([
      'notifiers.a.template: unknown key "template" (allowed: type, url, url_file, chat_id, headers)',
    ]);
  });
});
