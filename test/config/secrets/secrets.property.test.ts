import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatFaults } from '../../../src/config/format.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { withoutSecrets } from '../../../src/config/secrets/secrets.ts';
import { repetitions } from '../../support/repetitions.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-secrets-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Everything that a check says, as text and as JSON. */
async function said(text: string): Promise<string> {
  const path = join(directory, 'cronflow.yaml');
  writeFileSync(path, text);
  const result = await loadConfig(path, {});
  if (result.ok) return '';
  return `${formatFaults(result.faults, result.files, { faultsMax: 1_000 })}\n${JSON.stringify(result.faults)}`;
}

/** No word that anything in Cronflow says, with the characters that passwords have. */
const SECRET = fc
  .tuple(
    fc.stringMatching(/^[a-zA-Z0-9]{4}$/),
    fc.constantFrom('', '/', '+', '=', '@', '!', '*', '.', '-', '$', '%', '~'),
  )
  .map(([word, mark]) => `${mark}S3CRET${word}${mark}S3CRET`);

/** Known and unknown keys whose values are secret wherever they stand. */
const KEYS = fc.constantFrom(
  'webhook_url',
  'bot_token',
  'password',
  'secret',
  'previous_secret',
  'routing_key',
  'smtp_password',
  'API_KEY',
  'authToken',
  'db.passwd',
  '"my secret"',
  "'client-secret'",
  'private_key',
  'x-passphrase',
  'dsn',
  'accessKey',
  'github_token',
  'cookie',
  'slack_webhook',
  '"pass\\u0077ord"',
  'credentials',
  'basic_auth',
);

/** A key and its value in one of many shapes, at an indentation. */
const SHAPES: readonly ((key: string, secret: string, pad: string) => string)[] = [
  (key, secret, pad) => `${pad}${key}: ${secret}`,
  (key, secret, pad) => `${pad}${key}:    '${secret}'   # ${secret}`,
  (key, secret, pad) => `${pad}${key}: "${secret}"`,
  (key, secret, pad) => `${pad}${key}: [${secret}]`,
  (key, secret, pad) => `${pad}${key}: ["a", "${secret}", {b: ${secret}}]`,
  (key, secret, pad) => `${pad}${key}: {a: ${secret}}`,
  (key, secret, pad) => `${pad}${key}:\n${pad}  a: ${secret}\n${pad}  b:\n${pad}    - ${secret}`,
  (key, secret, pad) => `${pad}${key}:\n${pad}- ${secret}\n${pad}- a: ${secret}`,
  (key, secret, pad) => `${pad}${key}:\n${pad}   ${secret}`,
  (key, secret, pad) => `${pad}${key}: |\n${pad}  first\n\n${pad}  ${secret}`,
  (key, secret, pad) => `${pad}${key}: >-\n${pad}  ${secret}\n${pad}  ${secret}`,
  (key, secret, pad) => `${pad}${key}: first\n${pad}  ${secret}\n${pad}  more`,
  (key, secret, pad) => `${pad}${key}: "first\n${pad}  ${secret}\n${pad}  more"`,
  (key, secret, pad) => `${pad}${key}: [\n${pad}  a,\n${pad}  ${secret}\n${pad}  ]`,
  (key, secret, pad) => `${pad}${key}: {\n${pad}  a: [1,\n${pad}  ${secret}]\n${pad}  }`,
  (key, secret, pad) => `${pad}other: {a: 1, ${key}: ${secret}, b: 2}`,
  (key, secret, pad) => `${pad}other: {a: 1,\n${pad}  ${key}: ${secret},\n${pad}  b: 2}`,
  (key, secret, pad) => `${pad}other: [{${key}: ${secret}}]`,
  (key, secret, pad) => `${pad}${key}: &anchor ${secret}\n${pad}grace: *anchor`,
  (key, secret, pad) => `${pad}${key}: !tag ${secret}`,
  (key, secret, pad) => `${pad}${key}: *${secret}`,
  (key, secret, pad) => `${pad}${key}: @${secret}`,
  (key, secret, pad) => `${pad}${key}: "a\${${secret}"`,
  (key, secret, pad) => `${pad}${key}: "${secret}`,
  (key, secret, pad) => `${pad}${key}: [${secret}`,
  (key, secret, pad) => `${pad}${key}: ${secret}: b`,
  (key, secret, pad) => `${pad}${key}: ${secret} ]`,
  (key, secret, pad) => `${pad}${key}: ${secret}\n${pad}${key}: ${secret}`,
  (key, secret, pad) => `${pad}? ${key}\n${pad}: ${secret}`,
  (key, secret, pad) => `${pad}&a ${key}: ${secret}`,
  (key, secret, pad) => `${pad}${key} : ${secret}`,
  (key, secret, pad) => `${pad}# ${key}: ${secret}`,
  (key, secret, pad) => `${pad}other: a # ${key}: ${secret}`,
  (key, secret, pad) => `${pad}other: "User=a;${key.replaceAll(/["'\\]/g, '')}=${secret}"`,
];

/** Addresses hold a password under any key. */
const ADDRESSES: readonly ((secret: string) => string)[] = [
  (secret) => `smtp://u:${secret}@mail.example.com`,
  (secret) => `postgres://u:${secret}@db/x`,
  (secret) => `redis://:${secret}@cache:6379/0`,
  (secret) => `amqps://u:${secret}@mq`,
  (secret) => `mongodb+srv://u:${secret}@cluster/x?y=1`,
  (secret) => `https://u:${secret}@example.com/x`,
  (secret) => `jdbc:postgresql://db/x?user=u&password=${secret}`,
  (secret) => `u:${secret}@mail.example.com`,
];

const PLACES: readonly { head: string; pad: string }[] = [
  { head: '', pad: '' },
  { head: 'defaults:\n', pad: '  ' },
  { head: 'jobs:\n  backup:\n    schedule: "0 2 * * *"\n', pad: '    ' },
  { head: 'jobs:\n  rotate-api-tokens:\n', pad: '    ' },
  { head: 'jobs:\n', pad: '  ' },
  { head: 'jobs:\n  backup:\n    expect:\n', pad: '      ' },
  { head: 'groups:\n  nightly:\n', pad: '    ' },
  { head: 'notifiers:\n', pad: '  ' },
  { head: 'notifiers:\n  ops:\n    type: slack\n', pad: '    ' },
  { head: 'notifiers:\n  ops:\n    type: email\n    host: h\n', pad: '    ' },
  { head: 'notifiers:\n  ops:\n    type: webhook\n    headers:\n', pad: '      ' },
  { head: 'heartbeat:\n', pad: '  ' },
  { head: 'unknown:\n  deeper:\n', pad: '    ' },
];

/** What makes the rest of a file wrong, so that a line is quoted. */
const AFTER = fc.constantFrom('', '\nschedul: 1', '\njobs: [', '\n\t- broken', '\n: :', '\n"', '\n}');
const LINE_END = fc.constantFrom('\n', '\r\n');

describe('a secret of the file', () => {
  test(
    'is in nothing that is said of the file, whatever its shape and wherever it stands',
    { timeout: 300_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          SECRET,
          KEYS,
          fc.constantFrom(...SHAPES),
          fc.constantFrom(...PLACES),
          AFTER,
          LINE_END,
          async (secret, key, shape, { head, pad }, after, lineEnd) => {
            // There a mapping is a job, whose name may sound as it likes.
            fc.pre(head !== 'jobs:\n' || !/\ba: /.test(shape(key, '', '')));
            const text = `${head}${shape(key, secret, pad)}${after}\n`.replaceAll('\n', lineEnd);
            expect(await said(text)).not.toContain('S3CRET');
            expect(withoutSecrets(text)).toHaveLength(text.length);
          },
        ),
        { numRuns: repetitions(1_000, 2_000) },
      );
    },
  );

  test.each(['other: a # webhook_url: =S3CRET', 'other: "User=a;password==S3CRET"', '# token = =S3CRET'])(
    'is in nothing that is said of %s, although it begins with an equals sign',
    async (text) => {
      expect(await said(`${text}\nschedul: 1\n`)).not.toContain('S3CRET');
      expect(withoutSecrets(text)).not.toContain('S3CRET');
    },
  );

  test(
    'is in nothing that is said of it as the password of an address under any key',
    { timeout: 300_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          SECRET,
          fc.constantFrom(
            'host',
            'grace',
            'schedule',
            'runbook',
            'public_url',
            'to',
            'from',
            'notify',
            'api_url',
            'nonsense',
          ),
          fc.constantFrom(...ADDRESSES),
          fc.constantFrom(...PLACES),
          fc.constantFrom('', '"', "'"),
          AFTER,
          async (secret, key, address, { head, pad }, quote, after) => {
            const text = `${head}${pad}${key}: ${quote}${address(secret)}${quote}${after}\n`;
            expect(await said(text)).not.toContain('S3CRET');
          },
        ),
        { numRuns: 800 },
      );
    },
  );

  test.each([
    'S3CRETpassword\n',
    'DB_PASSWORD=S3CRET\nOTHER=1\n',
    '- S3CRET\n',
    '"S3CRET"\n',
    '{"jobs": 1, "password": "S3CRET"}\n',
    'S3CRET: [\n  S3CRET\n]\nghp_S3CRETS3CRETS3CRETS3CRET00\n',
    'jobs:\n  backup:\n    description: [xoxb-1234567890-S3CRETS3CRET]\n',
    'notifiers: [S3CRET]\njobs: {}\n',
    'notifiers:\n  ops: S3CRET\njobs: {}\n',
    'jobs:\n  a: "User=a;webhook_url=S3CRET"\n',
    'password: ${NAME}, token: S3CRET\njobs: {}\n',
    'password: ${NAME}, S3CRET\njobs: {}\n',
    'notifiers:\n  ops:\n    type: email\n    password_file: S3CRET\njobs: {}\n',
    'notifiers:\n  ops:\n    type: slack\n    host:\n      any: S3CRET\njobs: {}\n',
  ])('is not told of a file that is something else: %j', async (text) => {
    const about = await said(text);
    expect(about).not.toBe('');
    // A key is no value.
    expect(about.replaceAll(/"?S3CRET"?: /g, '')).not.toMatch(/S3CRET/);
  });

  test('leaves harmless text and the names of variables shown', async () => {
    const text = [
      'jobs:',
      '  reset-password-tokens:',
      '    schedul: "0 2 * * *"',
      'notifiers:',
      '  ops: {type: slak, webhook_url: "${SLACK_WEBHOOK_URL}"}',
      '',
    ].join('\n');
    const about = await said(text);
    expect(about).toContain('schedul: "0 2 * * *"');
    expect(about).toContain('{type: slak, webhook_url: "${SLACK_WEBHOOK_URL}"}');
  });
});
