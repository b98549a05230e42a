import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { findingsOf } from '../../src/config/faults.ts';
import { formatFaults } from '../../src/config/format.ts';
import { parseConfig, revisionOf } from '../../src/config/parse.ts';
import type { Env } from '../../src/config/substitute.ts';

const WEBHOOK = 'https://hooks.slack.com/services/T0/B0/HUNTER2';
const directory = mkdtempSync(join(tmpdir(), 'cronflow-parse-'));
afterAll(() => rmSync(directory, { recursive: true }));

const sourceOf = (text: string): { path: string; text: string } => ({
  path: join(directory, 'cronflow.yaml'),
  text,
});

function parsed(text: string, env: Env = {}): Config {
  const result = parseConfig(sourceOf(text), env);
  if (!result.ok) throw new Error(formatFaults(result.faults, [sourceOf(text)]));
  return result.config;
}

function messages(text: string, env: Env = {}): string[] {
  const result = parseConfig(sourceOf(text), env);
  return result.ok ? [] : result.faults.map(({ path, message }) => `${path}: ${message}`);
}

describe('a valid file', () => {
  const text = `# comment
public_url: https://cron.example.com/
source_url: https://git.example.com/cron/{path}#L{line}
replay_window: 1h
redact: ['licence=(\\w+)', '^x$']
defaults: {timezone: Europe/Berlin, grace: 10m, notify: [ops], failure_threshold: {missed: 2}, remind_every: 1d}
notifiers:
  ops: {type: log}
jobs:
  backup:
    schedule: "0 2 * * *"
    remind_every: off
  report: {every: 15m, timezone: UTC, grace: 1m, notify: []}
`;

  test('becomes a configuration, each job with its place and the defaults filled in', () => {
    const source = sourceOf(text);
    expect(parsed(text)).toEqual({
      badges: { all: false, groups: [], tags: [] },
      revision: revisionOf(text),
      written: {
        'notifiers.ops.type': 'log',
        public_url: 'https://cron.example.com/',
        source_url: 'https://git.example.com/cron/{path}#L{line}',
        redact: expect.stringMatching(/^sha256 /) as string,
      },
      files: [source],
      heartbeat: null,
      defaults: {
        timezone: 'Europe/Berlin',
        grace: '10m',
        notify: ['ops'],
        failure_threshold: { missed: 2 },
        remind_every: '1d',
      },
      groups: {},
      notifiers: [{ name: 'ops', type: 'log', settings: {} }],
      jobs: [
        {
          name: 'backup',
          place: { file: source.path, line: 10 },
          declared: { schedule: '0 2 * * *', remind_every: 'off' },
          declaration: {
            schedule: '0 2 * * *',
            timezone: 'Europe/Berlin',
            grace: '10m',
            notify: ['ops'],
            failure_threshold: { failure: 1, missed: 2, timeout: 1 },
          },
        },
        {
          name: 'report',
          place: { file: source.path, line: 13 },
          declared: { every: '15m', timezone: 'UTC', grace: '1m', notify: [] },
          declaration: {
            every: '15m',
            timezone: 'UTC',
            grace: '1m',
            notify: [],
            failure_threshold: { failure: 1, missed: 2, timeout: 1 },
            remind_every: '1d',
          },
        },
      ],
      perJobMetrics: false,
      publicUrl: 'https://cron.example.com',
      sourceUrl: 'https://git.example.com/cron/{path}#L{line}',
      redact: ['licence=(\\w+)', '^x$'],
      lints: [],
      globals: { notifiers: ['ops'], replayWindowMs: 3_600_000 },
    });
  });

  test('waits 15 minutes for what was spooled while Cronflow was away, unless it says otherwise', () => {
    expect(parsed('jobs: {}\n').globals.replayWindowMs).toBe(15 * 60_000);
  });

  test('has the SHA-256 of the file as its revision, as sha256sum prints it', () => {
    expect(parsed('jobs: {}\n').revision).toBe(
      '7c440054ee763b83f50754b39279f76363dfadcb3ce5f95f6423aa0f8b8b77e0',
    );
  });

  test('is told apart from another by every byte, even by a byte order mark', () => {
    const { revision, jobs } = parsed('\uFEFFjobs: {a: {}}\n');
    expect(jobs.map((job) => job.name)).toEqual(['a']);
    expect(revision).not.toBe(parsed('jobs: {a: {}}\n').revision);
  });

  test('has its columns counted from behind a byte order mark', () => {
    const result = parseConfig(sourceOf('\uFEFFjobz: {}\njobs: {}\nmore: 1'), {});
    expect(result.ok ? [] : result.faults).toMatchObject([
      { line: 1, column: 1 },
      { line: 3, column: 1 },
    ]);
  });

  test('may have Windows line ends', () => {
    expect(parsed('jobs:\r\n  a: {}\r\n  b: {}\r\n').jobs.map((job) => job.place.line)).toEqual([2, 3]);
    expect(messages('jobs:\r\n  a:\r\n    grace: 5\r\n')).toHaveLength(1);
  });

  test('may hold no jobs', () => {
    expect(parsed('jobs: {}').jobs).toEqual([]);
  });

  test('names jobs as they are written, also where YAML reads a number', () => {
    expect(
      parsed('jobs: {1e3: {}, 0x1f: {}, true: {}, null: {}, 1.50: {}, constructor: {}}').jobs.map(
        (job) => job.name,
      ),
    ).toEqual(['1e3', '0x1f', 'true', 'null', '1.50', 'constructor']);
  });
});

describe('anchors, aliases and merges', () => {
  test('work, with own keys first, then those merged first', () => {
    const { jobs } = parsed(`x-base: &base {grace: 10m, owner: base}
x-slow: &slow {grace: 1h, max_runtime: 5h}
jobs:
  a: &a
    <<: [*base, *slow]
    owner: own
  b:
    owner: b
    <<: *a
  c: *a
`);
    const merged = { grace: '10m', max_runtime: '5h' };
    expect(jobs.map((job) => job.declared)).toEqual([
      { ...merged, owner: 'own' },
      { ...merged, owner: 'b' },
      { ...merged, owner: 'own' },
    ]);
  });

  test('take the anchor that stands last before them', () => {
    const text = 'x-1: &x 1m\nx-2: &x 2m\njobs: {a: {grace: *x}, b: {grace: &x 3m}, c: {grace: *x}}';
    expect(parsed(text).jobs.map((job) => job.declared.grace)).toEqual(['2m', '3m', '3m']);
  });

  test('tell a mistake in what is merged once, where it stands', () => {
    const text = 'x-base: &base\n  owner: ${NOBODY}\njobs:\n  a: {<<: *base}\n  b: {<<: *base}\n';
    const result = parseConfig(sourceOf(text), {});
    expect(result.ok ? [] : result.faults.map((fault) => [fault.path, fault.line])).toEqual([
      ['jobs.a.owner', 2],
    ]);
  });

  test('merge a quoted "<<" as little as any other key', () => {
    expect(messages('jobs: {a: {"<<": {grace: 5m}}}')[0]).toMatch(/^jobs\.a\["<<"\]: unknown key "<<"/);
  });
});

describe('variables', () => {
  test('become what the key takes, quoted or not', () => {
    const text = `jobs:
  a:
    max_open_runs: \${N}
    keep_runs: "\${N}0"
    paused: \${YES}
    owner: \${N}
    description: \${EMPTY}
    failure_threshold: \${N}
    success_exit_codes: ["\${N}"]
    notify: ["\${NAME}", {to: "\${NAME}", on: ["\${KIND}"]}]
    schedule: "\${MINUTE} 2 * * *"
notifiers: {ops: {type: "\${TYPE}"}}
`;
    const env = { N: '5', YES: 'true', EMPTY: '', NAME: 'ops', KIND: 'missed', MINUTE: '7', TYPE: 'log' };
    expect(parsed(text, env).jobs[0]?.declared).toEqual({
      max_open_runs: 5,
      keep_runs: 50,
      paused: true,
      owner: '5',
      description: '',
      failure_threshold: 5,
      success_exit_codes: [5],
      notify: ['ops', { to: 'ops', on: ['missed'] }],
      schedule: '7 2 * * *',
    });
  });

  test('never become YAML', () => {
    const env = { EVIL: 'x\n    paused: true # {a: *b' };
    expect(parsed('jobs: {a: {description: "${EVIL}"}}', env).jobs[0]?.declared).toEqual({
      description: env.EVIL,
    });
  });

  test('are left alone in keys, comments, and what nobody reads', () => {
    expect(parsed('# ${A}\nx-a: ${B}\njobs: {}').jobs).toEqual([]);
    expect(messages('jobs: {"${A}": {}}')[0]).toContain('cannot be a name');
  });

  test('are never shown, whatever key they end in', () => {
    const keys = [
      'schedule',
      'every',
      'timezone',
      'grace',
      'runbook',
      'notify',
      'tags',
      'paused',
      'max_open_runs',
    ];
    for (const value of [
      '${SECRET}',
      '["${SECRET}"]',
      '{to: "${SECRET}"}',
      '[{to: "${SECRET}", on: ["${SECRET}"]}]',
    ]) {
      const jobs = keys.map((key) => `  ${key}-job:\n    ${key}: ${value}\n`).join('');
      const text = `notifiers: {ops: {type: "\${SECRET}"}, b: "\${SECRET}"}\npublic_url: \${SECRET}\njobs:\n${jobs}`;
      for (const secret of ['HUNTER2', '* * HUNTER2 * *', '99 2 * * HUNTER2', 'HUNTER2/Berlin', '5HUNTER2']) {
        const result = parseConfig(sourceOf(text), { SECRET: secret });
        expect(result.ok).toBe(false);
        const told = result.ok
          ? ''
          : JSON.stringify(result.faults) + formatFaults(result.faults, [sourceOf(text)]);
        expect(told).not.toContain('HUNTER2');
      }
    }
  });
});

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

describe('masked excerpts', () => {
  test.each([
    `notifiers: {ops: {type: slack, webhook_url: '${WEBHOOK}', extra: 1}}\njobs: {}`,
    `notifiers: {ops: {type: slack, webhook_url: https://intern.example.com/HUNTER2, extra: 1}}\njobs: {}`,
    `notifiers: {ops: {extra: https://user:HUNTER2@intern.example.com/}}\njobs: {}`,
    `notifiers: {ops: {"webhook_url": "HUNTER2\njobs: {}`,
    `notifiers:\n  ops:\n    type: slack\n    webhook_url:\n      - ${WEBHOOK}\njobs: {}`,
    `notifiers: {ops: {type: slack, webhook_url: "\${A:-${WEBHOOK}}", extra: 1}}\njobs: {}`,
    `x-hook: &hook ${WEBHOOK}\nnotifiers: {ops: {type: *hook}}\njobs: {}`,
    `x-hook: !secret ${WEBHOOK}\njobs: {}`,
  ])('never show a webhook: %j', (text) => {
    const result = parseConfig(sourceOf(text), {});
    expect(result.ok).toBe(false);
    expect(result.ok ? '' : formatFaults(result.faults, [sourceOf(text)])).not.toContain('HUNTER2');
    expect(JSON.stringify(result)).not.toContain('HUNTER2');
  });

  test('cut long lines around the place, and count what is too much', () => {
    const text = `jobs: {${Array.from({ length: 300 }, (_, i) => `j${i}: {grace: x${i}}`).join(', ')}}\n`;
    const result = parseConfig(sourceOf(text), {});
    const formatted = result.ok ? '' : formatFaults(result.faults, [sourceOf(text)], { faultsMax: 3 });
    expect(formatted.split('\n').slice(-1)).toEqual(['... and 297 more errors']);
    expect(
      Math.max(
        ...formatted
          .split('\n')
          .filter((line) => line.includes(' | '))
          .map((line) => line.length),
      ),
    ).toBeLessThan(180);
  });
});

describe('hostile input', () => {
  const laughs = ['x-a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (let i = 0; i < 9; i += 1) {
    const [from, to] = [String.fromCharCode(97 + i), String.fromCharCode(98 + i)];
    laughs.push(`x-${to}: &${to} [${Array.from({ length: 10 }, () => `*${from}`).join(',')}]`);
  }
  const merges = ['x-a: &a {k: 1}'];
  for (let i = 0; i < 20; i += 1) {
    const [from, to] = [String.fromCharCode(97 + i), String.fromCharCode(98 + i)];
    merges.push(`x-${to}: &${to} {<<: [${Array.from({ length: 10 }, () => `*${from}`).join(',')}]}`);
  }
  test.each([
    ['a billion laughs', `${laughs.join('\n')}\njobs: *j\n`],
    ['a billion merges', `${merges.join('\n')}\njobs: *u\n`],
    ['an alias within itself', 'jobs: &a [*a, *a]'],
    ['a merge of itself', 'jobs: &a {<<: *a}'],
    ['deep lists', `jobs: ${'['.repeat(60_000)}`],
    ['deep mappings', `jobs: ${'{a: '.repeat(20_000)}`],
    ['deep blocks', `jobs: ${'- '.repeat(30_000)}x`],
    ['deep enough to be parsed', `jobs: ${'['.repeat(900)}${']'.repeat(900)}`],
    ['deep keys', `${'? '.repeat(30_000)}x`],
    ['many tags', `jobs: ${'!a '.repeat(20_000)}`],
    ['many anchors', `jobs: ${'&a '.repeat(20_000)}`],
    ['many commas', `jobs: [${','.repeat(60_000)}`],
    ['many documents', '---\n'.repeat(15_000)],
    ['many directives', '%A\n'.repeat(20_000)],
    ['many duplicates', `jobs:\n${'  a: {}\n'.repeat(8_000)}`],
    ['many unknown keys', `jobs: {a: {${Array.from({ length: 8_000 }, (_, i) => `k${i}: 1`).join(', ')}}}`],
    ['a long key', `${'k'.repeat(60_000)}: 1`],
    ['a long value', `jobs: {a: {schedule: "${'1,'.repeat(30_000)}"}}`],
    ['zeros', '\0'.repeat(60_000)],
    ['prototypes', 'jobs: {__proto__: {schedule: x}, a: {constructor: 1, __proto__: {grace: 5m}}}'],
    // One that cost exponential time would not end within the limit of every test.
  ])('is told of as an error, in a text of bounded length: %s', (_, text) => {
    const result = parseConfig(sourceOf(text), {});
    expect(result.ok).toBe(false);
    if (!result.ok) expect(formatFaults(result.faults, [sourceOf(text)]).length).toBeLessThan(200_000);
  });

  test('of any kind gives a configuration or faults, and the faults have places', () => {
    const words = [
      'jobs:',
      '\n',
      '  ',
      'a',
      ': ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '<<: ',
      '${A}',
      '$',
      '|',
      '>',
      '#',
      '!',
      '5m',
      'schedule: ',
      '\t',
      '? ',
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 40 }), (parts) => {
        const source = sourceOf(parts.join(''));
        const result = parseConfig(source, { A: 'x' });
        if (result.ok) return;
        expect(result.faults.length).toBeGreaterThan(0);
        formatFaults(result.faults, [source]);
        for (const fault of result.faults)
          expect(fault).toMatchObject({ file: source.path, line: expect.any(Number) as number });
      }),
      { numRuns: 1_000 },
    );
  });

  test('that is a valid file cut anywhere gives a configuration or faults', () => {
    const text = readFileSync(new URL('../../cronflow.yaml', import.meta.url), 'utf8');
    for (let length = 1; length < text.length; length += 7) {
      expect(parseConfig(sourceOf(text.slice(0, length)), {})).toHaveProperty('ok');
    }
  });
});

describe('a job in short', () => {
  test('is its schedule, with its place', () => {
    const text = "jobs:\n  a: '0 0 * * *'\n  b: ${WHEN}\n  c: {schedule: '@daily'}\n";
    const { jobs } = parsed(text, { WHEN: '@hourly' });
    expect(jobs).toMatchObject([
      { name: 'a', declared: { schedule: '0 0 * * *' }, place: { line: 2 } },
      { name: 'b', declared: { schedule: '@hourly' }, place: { line: 3 } },
      { name: 'c', declared: { schedule: '@daily' } },
    ]);
  });

  test('is no job where its name is a key of a job, which was indented wrongly', () => {
    expect(messages("jobs: {backup: {}, schedule: '0 2 * * *'}")).toEqual([
      'jobs.schedule: must be a mapping, not "0 2 * * *"',
    ]);
  });

  test('is told of as its schedule where that is none', () => {
    const source = sourceOf("jobs:\n  a: '0 25 * * *'\n  b: ''\n  c: [x]\n");
    const result = parseConfig(source, {});
    expect(result.ok ? [] : result.faults).toMatchObject([
      { path: 'jobs.a.schedule', code: 'bad_schedule', line: 2, column: 6 },
      { path: 'jobs.b', message: 'must be a mapping, not ""', line: 3, column: 6 },
      { path: 'jobs.c', message: 'must be a mapping, not a list', line: 4, column: 6 },
    ]);
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

describe('source_url', () => {
  test.each([
    ['https://git.example.com', 'without {path}'],
    ['git.example.com/{path}', 'without a scheme'],
    ['https://{path}.example.com{row}', 'with another word in braces'],
  ])('may not be %s, %s', (url) => {
    expect(messages(`source_url: "${url}"\njobs: {}\n`)).toEqual([
      `source_url: must be an address that starts with https:// or http:// and has {path} in it, and {line} where the line belongs, not "${url}"`,
    ]);
  });
});

describe('a value that looks like another', () => {
  test.each([
    ['a byte order mark in a schedule', 'jobs: {a: {schedule: "\uFEFF0 2 * * *"}}', /\\ufeff/],
    ['a no-break space in a schedule', 'jobs: {a: {schedule: "0 2 * * *\u00A0"}}', /\\u00a0/],
    ['a NUL in a text', 'jobs: {a: {owner: "a\\0b"}}', /owner: must not hold the character \\u0000/],
    ['a NUL anywhere', 'jobs: {a: {runbook: "https://example.com/\\0"}}', /must not hold the character/],
    [
      'a bell in a text',
      'jobs: {a: {owner: "a\\ab"}}',
      /owner: must be text of 1 to 128 characters on one line/,
    ],
    ['an escape in a text', 'jobs: {a: {description: "\\e[31mred"}}', /without control characters/],
    [
      '<< twice',
      'x-a: &a {grace: 1m}\njobs: {a: {<<: *a, <<: {owner: x}}}',
      /"<<" stands here a second time/,
    ],
    ['a number without end', 'jobs: {a: {keep_runs: .inf}}', /not Infinity/],
    ['no number', 'jobs: {a: {max_open_runs: .nan}}', /not NaN/],
    ['a long name of a group', `groups: {${'g'.repeat(65)}: {}}\njobs: {}`, /cannot be a name/],
    [
      'a name of a notifier without end',
      `notifiers: {${'n'.repeat(200)}: {type: log}}\njobs: {}`,
      /cannot be a name/,
    ],
    ['an item of include without end', `include: [${'a*'.repeat(40_000)}]`, /has 80000 characters/],
  ])('is refused: %s', (_, text, expected) => {
    const found = messages(text);
    expect(found.join('\n')).toMatch(expected);
    expect(found).toHaveLength(1);
  });

  test('is told once where a list is too long as a whole and an item stands in it twice', () => {
    expect(messages(`jobs: {a: {notify: [${'x,'.repeat(40)}]}}`)).toEqual([
      'jobs.a.notify: has 40 items; at most 32 are allowed',
      'jobs.a.notify[1]: "x" stands in the list twice',
    ]);
  });
});

describe('the check by the schema', () => {
  test('refuses nothing without a word, whatever its keyword', () => {
    const nothing = findingsOf(
      [{ keyword: 'x', instancePath: '/jobs', schemaPath: '', params: {} }],
      new Map(),
    );
    expect(nothing).toMatchObject([{ path: '/jobs', message: 'is refused by the rule "x" of the schema' }]);
  });
});
