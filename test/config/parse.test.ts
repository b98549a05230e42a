import { describe, expect, test } from 'vitest';
import { findingsOf } from '../../src/config/faults.ts';
import { formatFaults } from '../../src/config/format.ts';
import { parseConfig, revisionOf } from '../../src/config/parse.ts';
import { messages, parsed, sourceOf } from './support/parsed.ts';

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
