import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { validateDeclaration } from '../../src/config/validate.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';

function parsed(text: string): Config {
  const result = parseConfig({ path: 'cronflow.yaml', text }, {});
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.config;
}

function messages(text: string): string[] {
  const result = parseConfig({ path: 'cronflow.yaml', text }, {});
  return result.ok ? [] : result.faults.map(({ path, message }) => `${path}: ${message}`);
}

function declarations(text: string): Record<string, Declaration> {
  return Object.fromEntries(parsed(text).jobs.map((job) => [job.name, job.declaration]));
}

test('a name of 65 characters is refused, and why', () => {
  const file = new URL('../testdata/config/group-name-65.yaml', import.meta.url);
  expect(messages(readFileSync(file, 'utf8'))).toEqual([
    expect.stringMatching(/^groups\.g{65}: "g{65}" cannot be a name \(allowed: at most 64 characters\)$/),
  ]);
});

describe('renamed_from', () => {
  test('is linted where the old name is still declared, with the place of both', () => {
    const text = 'jobs:\n  old: {}\n  new:\n    renamed_from: old\n  same: {renamed_from: same}\n';
    const { lints, jobs } = parsed(text);
    expect(lints.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)).toEqual([
      '4:19 jobs.new.renamed_from: renames nothing: "old" is still declared, at cronflow.yaml:2',
      '5:24 jobs.same.renamed_from: renames nothing: "same" is still declared, at cronflow.yaml:5',
    ]);
    expect(jobs[1]).toMatchObject({ declared: { renamed_from: 'old' }, declaration: {} });
    expect(parsed('jobs: {new: {renamed_from: old}}').lints).toEqual([]);
  });

  test('is for jobs, not for defaults and groups', () => {
    expect(messages('defaults: {renamed_from: a}\ngroups: {g: {renamed_from: a}}\njobs: {}')).toHaveLength(2);
  });
});

describe('groups', () => {
  test('fill the jobs that are in them: a job goes before its group, its group before the defaults', () => {
    const text = `
defaults: {grace: 1m, max_runtime: 1h, tags: [all], timezone: Europe/Berlin}
groups:
  backups: {grace: 2m, max_runtime: 2h, tags: [backup]}
  reports: {grace: 9m}
jobs:
  a: {group: backups, grace: 3m}
  b: {group: reports}
  c: {}
`;
    const shared = { timezone: 'Europe/Berlin' };
    expect(declarations(text)).toEqual({
      a: { ...shared, group: 'backups', grace: '3m', max_runtime: '2h', tags: ['backup'] },
      b: { ...shared, group: 'reports', grace: '9m', max_runtime: '1h', tags: ['all'] },
      c: { ...shared, grace: '1m', max_runtime: '1h', tags: ['all'] },
    });
  });

  test('may be set by default, and a job may choose another', () => {
    const text = `
defaults: {group: nightly}
groups: {nightly: {grace: 1h}, hourly: {grace: 1m}}
jobs: {a: {}, b: {group: hourly}}
`;
    expect(declarations(text)).toEqual({
      a: { group: 'nightly', grace: '1h' },
      b: { group: 'hourly', grace: '1m' },
    });
  });

  test('switch a default off that can be switched off', () => {
    const text =
      'defaults: {remind_every: 4h}\ngroups: {quiet: {remind_every: off}}\njobs: {a: {group: quiet}, b: {}}';
    expect(declarations(text)).toEqual({ a: { group: 'quiet' }, b: { remind_every: '4h' } });
  });

  test('are not mistaken for what every object has', () => {
    expect(declarations('jobs: {a: {group: constructor}}')).toEqual({ a: { group: 'constructor' } });
    expect(declarations('groups: {__proto__: {grace: 1h}}\njobs: {a: {group: __proto__}}')).toEqual({
      a: { group: '__proto__', grace: '1h' },
    });
  });

  test('must be declared once any is', () => {
    expect(messages('groups: {backups: {}}\ndefaults: {group: bakups}\njobs: {a: {group: backup}}')).toEqual([
      'defaults.group: unknown group "bakups", did you mean "backups"? (allowed: backups)',
      'jobs.a.group: unknown group "backup", did you mean "backups"? (allowed: backups)',
    ]);
    expect(messages('jobs: {a: {group: anything}}')).toEqual([]);
  });

  test('are held to the rules of jobs', () => {
    const text = `
groups:
  a: {schedule: '@daily', group: b, grace: 5}
  b: {timezone: Mars, notify: [opps], maintenance: [{from: x, to: y}]}
notifiers: {ops: {type: log}}
jobs: {}
`;
    expect(messages(text).map((message) => message.split(':')[0])).toEqual([
      'groups.a.schedule',
      'groups.a.group',
      'groups.a.grace',
      'groups.b.timezone',
      'groups.b.notify[0]',
      'groups.b.maintenance[0].from',
      'groups.b.maintenance[0].to',
    ]);
  });

  test('fill and judge the jobs that come over the API', () => {
    const fill = { defaults: { owner: 'ops' }, groups: { backups: { grace: '1h' } } };
    expect(validateDeclaration('a', { group: 'backups' }, fill)).toEqual({
      declared: { group: 'backups' },
      declaration: { group: 'backups', grace: '1h', owner: 'ops' },
    });
    expect(validateDeclaration('a', { group: 'backup' }, fill)).toEqual([
      {
        code: 'unknown_group',
        path: 'group',
        message: 'unknown group "backup", did you mean "backups"? (allowed: backups)',
        suggestion: 'backups',
      },
    ]);
  });
});
