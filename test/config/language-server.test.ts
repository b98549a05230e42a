import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { type Schema, schemaAt, validators } from '../../src/config/schema.ts';
import { LanguageServer } from './support/language-server.ts';

/**
 * The server that editors run, on the schema that is shipped: it must underline what Cronflow refuses, and nothing
 * that Cronflow takes.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const bad = join(root, 'test', 'testdata', 'bad');
const MODELINE = '# yaml-language-server: $schema=./schemas/cronflow.schema.json\n';
/** The server is started once and asked many things, on a machine that may be busy. */

let server: LanguageServer;
beforeAll(async () => {
  server = await LanguageServer.start(root);
});
afterAll(() => server.stop());

let documents = 0;
/** Opens a text beside the shipped example. */
async function open(text: string): Promise<{ path: string; errors: string[] }> {
  documents += 1;
  const path = join(root, `unsaved-${documents}.yaml`);
  const found = await server.open(path, text);
  return { path, errors: found.map(({ message, range }) => `${range.start.line + 1}: ${message}`) };
}

const { schema } = validators();
const jobKeys = Object.keys(schemaAt(schema, ['jobs', 'any'])?.properties ?? {}).map(
  (key): [string, Schema] => [key, schemaAt(schema, ['jobs', 'any', key]) ?? {}],
);

describe('the language server underlines nothing', () => {
  test('in the shipped example, by the schema that its first line names', async () => {
    const path = join(root, 'cronflow.yaml');
    expect(await server.open(path, readFileSync(path, 'utf8'))).toEqual([]);
    const { errors } = await open(readFileSync(path, 'utf8').replace('grace:', 'graze:'));
    expect(errors).toEqual(['9: Property graze is not allowed.']);
  });

  test('in what the documentation shows', async () => {
    const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
    for (const [, block = ''] of page.matchAll(/```yaml\n([^]*?)```/g)) {
      const isWhole = /^(jobs|include):/m.test(block);
      const { errors } = await open(`${MODELINE}${block}${isWhole ? '' : '\njobs: {}\n'}`);
      expect(errors).toEqual([]);
    }
  });

  test('in the default and the examples of a key', async () => {
    const values = jobKeys.map(([, { examples = [], default: value }]) =>
      value === undefined ? examples : [...examples, value],
    );
    for (let i = 0; i < Math.max(...values.map((all) => all.length)); i += 1) {
      const job = Object.fromEntries(jobKeys.map(([key], at) => [key, values[at]?.[i] ?? values[at]?.[0]]));
      delete job['every'];
      const { errors } = await open(MODELINE + stringify({ jobs: { a: job } }));
      expect(errors).toEqual([]);
    }
  });

  test('in a variable in the place of any value', async () => {
    const text = `public_url: \${URL}
notifiers:
  ops: {type: slack, webhook_url: "\${URL}", mention: ["\${WHO}"]}
  bot: {type: slack, bot_token: "\${TOKEN}", channel: "\${WORD}", api_url: "\${URL}"}
  hook: {type: webhook, url: "\${URL}", secret: "\${KEY}", keeps_state: "\${YES}", headers: {X-A: "\${WORD}"}}
  mail:
    type: email
    host: \${HOST}
    port: \${N}
    security: \${SECURITY}
    username: \${WORD}
    password: \${KEY}
    from: \${ADDRESS}
    to: ["\${ADDRESS}"]
  chat: {type: webhook, url: "\${URL}", preset: "\${PRESET}", chat_id: "\${CHAT}"}
  pager: {type: pagerduty, routing_key: "\${ROUTE}", severity: "\${SEVERITY}", url: "\${URL}"}
jobs:
  a:
    timezone: \${ZONE}
    grace: \${TIME}
    remind_every: \${TIME:-1h}
    success_exit_codes: ["\${N}"]
    overlap: \${WORD}
    failure_threshold: \${N}
    notify: [{to: ops, on: ["\${KIND}"]}]
    maintenance: [{schedule: '@daily', duration: "\${TIME}"}]
    max_open_runs: \${N}
    paused: \${YES}
    runbook: \${URL}
    tags: ["\${WORD}"]
    group: \${WORD}
  b:
    failure_threshold: {missed: "\${N}"}
`;
    const env = { URL: 'https://example.com', ZONE: 'UTC', TIME: '5m', N: '5', WORD: 'skip', YES: 'true' };
    const hook = { KEY: 'k'.repeat(16), PRESET: 'telegram', CHAT: '-100' };
    const mail = { HOST: 'localhost', SECURITY: 'tls', ADDRESS: 'a@b.example' };
    const source = { path: 'cronflow.yaml', text: MODELINE + text };
    const bot = { WHO: 'here', TOKEN: 'xoxb-12345', ROUTE: 'k'.repeat(32), SEVERITY: 'info' };
    const all = { ...env, ...hook, ...mail, ...bot, KIND: 'missed' };
    expect(parseConfig(source, all)).toMatchObject({ ok: true });
    expect((await open(source.text)).errors).toEqual([]);
  });
});

/** What no schema can say: it takes a look at more than one value, at a zone, at other files. */
const BEYOND_A_SCHEMA = new Set([
  'bad_schedule',
  'bad_timezone',
  'bad_instant',
  'bad_pattern',
  'unknown_notifier',
  'unknown_group',
  'unset_variable',
  'bad_substitution',
  'bad_secret_file',
  'duplicate_job',
  'file_missing',
  'file_empty',
  'file_not_utf8',
]);

/** Files with a mistake of another kind that the server does not see, and why. */
const NOT_SEEN: Record<string, string> = {
  'duration-too-long': 'JSON Schema compares no durations',
  'duration-zero': 'JSON Schema compares no durations',
  'replay-window-too-long': 'JSON Schema compares no durations',
  'runbook-broken-address': 'JSON Schema parses no addresses',
  'renamed-from-one-job-twice': 'JSON Schema compares no keys with values elsewhere',
  'include-brings-more-than-jobs': 'the mistakes are in the files that it includes',
  'maintenance-ends-before-it-begins': 'JSON Schema compares no times',
  'variable-wrong-value': 'an editor does not know what the environment holds',
  'webhook-template-no-json': 'JSON Schema looks into no templates',
  'webhook-template-placeholder': 'JSON Schema looks into no templates',
  'webhook-template-spaces': 'JSON Schema looks into no templates',
  'two-documents': 'the server reads each for itself',
  'merge-of-a-number': 'the server resolves no merges before it looks',
  'yaml-1.1': 'the server reads that, too',
};

describe('a bad file', () => {
  const names = readdirSync(bad, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
    .map(({ name }) => name.slice(0, -'.yaml'.length));
  interface Lines {
    ours: number[] | null;
    theirs: number[];
  }
  let editor: LanguageServer;
  let all: Map<string, Lines>;
  beforeAll(async () => {
    // They have no first line that names the schema: it would move their places.
    editor = await LanguageServer.start(root, {
      schemas: { [join(root, 'schemas/cronflow.schema.json')]: ['test/testdata/bad/*.yaml'] },
    });
    // All at once, for the server lets 0.2 s pass before it looks at a document, in case that somebody is typing.
    all = new Map(await Promise.all(names.map(async (name) => [name, await linesOf(name)] as const)));
  });
  afterAll(() => editor.stop());

  /**
   * Lines with an error that the server and a schema could know of, by each of the two; ours are null for what was
   * given up before a schema was looked at.
   */
  async function linesOf(name: string): Promise<Lines> {
    const path = join(bad, `${name}.yaml`);
    const result = await loadConfig(path, { SECRET: 'HUNTER2' });
    const faults = result.ok ? [] : result.faults.filter((fault) => fault.file === path);
    const ours = faults.filter(({ code }) => !BEYOND_A_SCHEMA.has(code)).map(({ line = 1 }) => line);
    const found = await editor.open(path, readFileSync(path, 'utf8'));
    const isGivenUp = faults.some(({ code }) => code === 'yaml_limit');
    return { ours: isGivenUp ? null : ours, theirs: found.map(({ range }) => range.start.line + 1) };
  }

  test.each(names)('is underlined where Cronflow refuses it, if a schema can say so: %s', (name) => {
    const { ours, theirs } = all.get(name)!;
    if (name in NOT_SEEN) {
      expect(theirs).toEqual([]);
      return;
    }
    if (ours === null) return;
    expect(theirs.length > 0).toBe(ours.length > 0);
    // Of two keys that exclude each other the server underlines the mapping, which may begin a line below its key.
    for (const line of ours) expect(theirs.some((at) => at === line || at === line + 1)).toBe(true);
  });

  test('is there for each exception', () => {
    expect(Object.keys(NOT_SEEN).filter((name) => !names.includes(name))).toEqual([]);
  });
});

const words = (text: string): string => text.replaceAll(/&\w+;|[^A-Za-z0-9]+/g, ' ').trim();
const keysOf = (...at: string[]): string[] => Object.keys(schemaAt(schema, at)?.properties ?? {});

describe('an editor', () => {
  test('explains every key of a job', async () => {
    const values = jobKeys.map(([key, { examples = [] }]) => `    ${key}: ${JSON.stringify(examples[0])}\n`);
    const { path } = await open(`${MODELINE}jobs:\n  a:\n${values.join('')}`);
    for (const [at, [key, { description = '' }]] of jobKeys.entries()) {
      const shown = await server.hover(path, { line: at + 3, character: 5 });
      expect(`${key}: ${words(shown)}`).toContain(words(description));
    }
  });

  test('explains the keys of the file', async () => {
    const { path } = await open(`${MODELINE}replay_window: 1h\njobs: {}\n`);
    const { description = '' } = schemaAt(schema, ['replay_window']) ?? {};
    expect(words(await server.hover(path, { line: 1, character: 3 }))).toContain(words(description));
  });

  test('offers the keys of the file, of a job, of a group and of a notifier, and the words of a key', async () => {
    const text = `${MODELINE}jobs:\n  a:\n    \n  b:\n    overlap: \ngroups:\n  g:\n    \nnotifiers:\n  ops:\n    type: slack\n    \n\n`;
    const { path } = await open(text);
    const offered = async (line: number, character: number): Promise<string[]> =>
      server.complete(path, { line, character });
    expect(await offered(3, 4)).toEqual(expect.arrayContaining(keysOf('jobs', 'a')));
    expect(await offered(5, 13)).toEqual(expect.arrayContaining(['allow', 'forbid', 'skip']));
    expect(await offered(8, 4)).toEqual(expect.arrayContaining(keysOf('groups', 'g')));
    expect(await offered(12, 4)).toEqual(expect.arrayContaining(['webhook_url', 'webhook_url_file']));
    const unused = keysOf().filter((key) => !['jobs', 'groups', 'notifiers'].includes(key));
    expect(await offered(13, 0)).toEqual(expect.arrayContaining(unused));
  });
});
