import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { check } from '../../src/cli/check.ts';
import type { Io } from '../../src/cli/io.ts';
import { plan } from '../../src/cli/plan.ts';
import { status } from '../../src/cli/status.ts';
import { testNotify } from '../../src/cli/test-notify.ts';
import { systemClock } from '../../src/clock.ts';
import { createLogger, type Logger } from '../../src/observe/log.ts';
import { runIn } from '../cli/support/io.ts';
import { until } from '../support/until.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';

/** In the broken files: on no surface at all. */
const SECRET = 'S3CRET';
/** In the file that is applied: in its stored text, which a start with a broken file goes on with, and nowhere else. */
const KEPT = 'K3PTKEY0K3PTKEY0';

let root = '';
let webhook: WebhookServer;
let app: App;
let log = '';
let url = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cronflow-secrets-'));
  webhook = await startWebhookServer();
  await write(good());
  await start();
});
afterAll(async () => {
  await app.stop();
  await webhook.close();
  await rm(root, { recursive: true, force: true });
});

const write = (text: string): Promise<void> => writeFile(join(root, 'cronflow.yaml'), text);

function good(more = ''): string {
  return [
    'redact: ["case-(\\\\w+)", "(?i)kunde \\\\d+"]',
    'notifiers:',
    `  hook: {type: webhook, url: "${webhook.origin}/in/${KEPT}", secret: ${KEPT}}`,
    `jobs:\n  backup: {schedule: "0 2 * * *"${more}}`,
    '',
  ].join('\n');
}

/** Both forms of the log, of all levels. */
function bothForms(): Logger {
  const [text, json] = (['text', 'json'] as const).map((form) =>
    createLogger(systemClock, 'debug', (line) => void (log += line), form),
  );
  const both =
    (level: keyof Logger): Logger['info'] =>
    (message, fields) => {
      text?.[level](message, fields);
      json?.[level](message, fields);
    };
  return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') };
}

async function start(): Promise<void> {
  const from = log.length;
  app = createApp({
    configPath: join(root, 'cronflow.yaml'),
    storeUrl: `lowdb:${join(root, 'data')}`,
    host: '127.0.0.1',
    port: 0,
    noAuth: false,
    strict: false,
    env: {},
    clock: systemClock,
    logger: bothForms(),
  });
  await app.start();
  url = /listening url=(\S+)/.exec(log.slice(from))?.[1] ?? '';
}

async function get(path: string): Promise<string> {
  return (await fetch(`${url}${path}`)).text();
}

/** Reads the file again; the answer is a surface, too. */
async function reload(): Promise<string> {
  return (await fetch(`${url}/config/reload`, { method: 'POST' })).text();
}

async function command(run: (io: Io) => Promise<number>): Promise<string> {
  const { stdout, stderr } = await runIn(root, Date.now(), run);
  return stdout + stderr;
}

/** Everything that a command says of a file, by its words. */
async function commandsOf(file: string): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const format of ['text', 'json', 'github'])
    said[`check ${format}`] = await command((io) => check([file, '--format', format, '--url', url], io));
  for (const format of ['text', 'json', 'markdown']) {
    said[`plan ${format}`] = await command((io) => plan([file, '--format', format], io));
    said[`plan --url ${format}`] = await command((io) => plan([file, '--format', format, '--url', url], io));
  }
  return said;
}

/** Everything that a command says of the file that is watched, and of what runs, by its words. */
async function commands(): Promise<Record<string, string>> {
  const said = await commandsOf('cronflow.yaml');
  said['status'] = await command((io) => status(['--url', url], io));
  said['status --json'] = await command((io) => status(['--url', url, '--json'], io));
  return said;
}

const PATHS = [
  '/',
  '/readyz',
  '/config',
  '/config/jobs',
  '/config/lints',
  '/jobs',
  '/jobs/backup',
  '/incidents',
  '/deliveries',
  '/pings/unknown',
  '/metrics',
];

async function answers(): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  for (const path of PATHS) said[path] = await get(path);
  return said;
}

/** The files of the data directory, by name. */
function stored(): Record<string, string> {
  const names = readdirSync(join(root, 'data'), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(root, 'data', name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(root, 'data', name), 'utf8')]));
}

function messages(): string {
  return webhook.accepted.map(({ body, headers }) => JSON.stringify(headers) + body).join('\n');
}

/** The surfaces on which a text stands, each with the line. */
function holding(surfaces: Record<string, string>, secret: string): string[] {
  return Object.entries(surfaces).flatMap(([name, text]) =>
    text.split('\n').flatMap((line) => (line.includes(secret) ? [`${name}: ${line}`] : [])),
  );
}

const JOBS = 'jobs:\n  backup: {schedule: "0 2 * * *"}\n';
/** Files with a mistake each, and a word of what is said of it. */
const BROKEN: readonly [file: string, said: string][] = [
  [`notifiers:\n  a: {type: slack, channel: "#a", bot_token: [xoxb-${SECRET}]}\n${JOBS}`, 'bot_token'],
  [`notifiers:\n  a:\n    type: slack\n    bot_token:\n      - xoxb-${SECRET}\n${JOBS}`, 'bot_token'],
  [`notifiers:\n  a: {type: email, host: 'smtp://u:${SECRET}@h', from: a@b.c, to: [a@b.c]}\n${JOBS}`, 'host'],
  [`database_url: postgres://u:${SECRET}@db/x\n${JOBS}`, 'database_url'],
  [`notifiers:\n  a: {type: email, host: h, smtp_password: ${SECRET}}\n${JOBS}`, 'smtp_password'],
  [`smtp_password:\n  any:\n    - ${SECRET}\n${JOBS}`, 'smtp_password'],
  [`notifiers:\n  a:\n    type: webhook\n    url: ftp://x/${SECRET}\n${JOBS}`, 'url'],
  [`notifiers:\n  a:\n    type: webhook\n    url: https://x\n    headers: [${SECRET}]\n${JOBS}`, 'headers'],
  [`notifiers:\n  a: {type: pagerduty, routing_key: "${SECRET}\n${JOBS}`, 'cronflow.yaml'],
  [`heartbeat: {url: "gopher://h/${SECRET}"}\n${JOBS}`, 'heartbeat'],
  [`heartbeat:\n  url: https://h/x\n  bearer: ${SECRET}\n${JOBS}`, 'bearer'],
  [`public_url: redis://:${SECRET}@cache/0\n${JOBS}`, 'public_url'],
  [`jobs:\n  backup: {schedule: "mysql --password=${SECRET}"}\n`, 'schedule'],
  [`jobs:\n  backup:\n    runbook: amqp://u:${SECRET}@mq/v\n    schedul: 1\n`, 'schedul'],
  [`jobs:\n  backup:\n    env: {API_KEY: ${SECRET}}\n`, 'env'],
  [`DB_PASSWORD=${SECRET}\n`, 'cronflow.yaml'],
  // What only the patterns of the file that runs know.
  [`jobs:\n  backup: {schedul: case-${SECRET}}\n`, 'schedul'],
  [`jobs:\n  backup: {schedule: "x case-${SECRET}"}\n`, 'schedule'],
  [`redact: []\njobs:\n  case-${SECRET}!: {}\n`, 'case-[redacted]'],
];

describe('a secret of the file', () => {
  test.each(BROKEN)('is told to nobody of a file that is broken: %j', async (file, word) => {
    await write(file);
    const answer = await reload();
    expect(JSON.parse(answer)).toMatchObject({ code: 'config_invalid' });
    expect(JSON.parse(await get('/config'))).toMatchObject({
      last_error: { detail: expect.stringContaining(word) as string },
    });
    // The file itself can be relied on for no patterns, and a command knows no file but this one.
    const isOfPatterns = file.includes('case-');
    const surfaces = { answer, ...(await answers()), ...(isOfPatterns ? {} : await commands()) };
    expect(holding(surfaces, SECRET)).toEqual([]);
    expect(holding(surfaces, KEPT)).toEqual([]);
  });

  test('is in no log, no message and no file of the data directory', async () => {
    await until(
      'a message',
      () => webhook.accepted.length > 0,
      () => log,
    );
    await until(
      'no message under way',
      async () => !/"status":\s*"pending"/.test(await get('/deliveries')),
      () => log,
    );
    const surfaces = { log, messages: messages(), ...(await answers()) };
    expect(holding({ ...surfaces, ...stored() }, SECRET)).toEqual([]);
    expect(holding(surfaces, KEPT)).toEqual([]);
    expect(log).toContain('bot_token');
    expect(messages()).toContain('bot_token');
  });

  test('is stored as part of the configuration that was applied, and in nothing else', () => {
    // A start with a broken file goes on with the last good revision, secrets included: so its text is kept as it
    // was written, in a data directory that only its owner may read.
    const lines = holding(stored(), KEPT).map((line) => line.replaceAll(/"text":"(?:[^"\\]|\\.)*"/g, ''));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.includes(KEPT))).toEqual([]);
    expect(statSync(join(root, 'data')).mode & 0o077).toBe(0);
  });

  test('is not told by a start on the last good configuration, whose patterns hold', async () => {
    await app.stop();
    await write(`jobs:\n  backup: {schedul: case-${SECRET}, schedule: "Kunde 4711"}\n`);
    const from = log.length;
    await start();
    const surfaces = { log: log.slice(from), ...(await answers()) };
    expect(surfaces.log).toContain('started on the last good configuration');
    expect(surfaces.log).toContain('schedul');
    expect([...holding(surfaces, SECRET), ...holding(surfaces, 'Kunde 4711')]).toEqual([]);
  });

  test('is not told by a plan, in the log or by the command', async () => {
    const next = good(
      `, runbook: "https://u:${SECRET}@wiki/x", description: "token=${SECRET}", owner: case-${SECRET}`,
    );
    // The file that is watched would be applied before a slow machine has come to the last command.
    await writeFile(join(root, 'next.yaml'), next);
    const said = await commandsOf('next.yaml');
    await write(next);
    expect(said['plan text']).toContain('runbook');
    expect(said['plan json']).toContain('"runbook"');
    expect(holding(said, SECRET)).toEqual([]);
    const from = log.length;
    await reload();
    await until(
      'the plan',
      () => log.slice(from).includes('runbook'),
      () => log,
    );
    // And the other way round, of what was.
    await write(good());
    await reload();
    await until(
      'the plan back',
      () => log.slice(from).includes('-> (not set)'),
      () => log,
    );
    expect(holding({ log: log.slice(from) }, SECRET)).toEqual([]);
  });

  test('is in no log and no delivery, where a receiver quotes it', async () => {
    const from = log.length;
    webhook.failNext({ kind: 'answer', status: 403, body: `case-${SECRET} is not allowed` });
    await fetch(`${url}/jobs/backup/failure`, { method: 'POST' });
    await until(
      'what was refused',
      () => log.slice(from).includes('answered 403'),
      () => log,
    );
    await until(
      'its error',
      async () => (await get('/deliveries')).includes('answered 403'),
      () => log,
    );
    const surfaces = { log: log.slice(from), messages: messages(), ...(await answers()) };
    expect(holding(surfaces, SECRET)).toEqual([]);
  });

  test('is not told by test-notify, of a broken file and of a notifier that refuses', async () => {
    await write(`notifiers:\n  hook: {type: webhook, url: [https://x/${SECRET}]}\n${JOBS}`);
    const broken = await command((io) => testNotify([], io));
    await write(good());
    webhook.failNext({ kind: 'answer', status: 403, body: `case-${SECRET} is not allowed` });
    const refused = await command((io) => testNotify(['hook'], io));
    expect(refused).toContain('403');
    expect(holding({ broken, refused }, SECRET)).toEqual([]);
    expect(holding({ broken, refused }, KEPT)).toEqual([]);
  });
});
