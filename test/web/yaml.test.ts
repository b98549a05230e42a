import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { yamlOf } from '../../src/web/model/yaml.ts';

test('a declaration is written as it would stand in a file', () => {
  const declared = { schedule: '0 2 * * *', max_runtime: '2h', tags: ['nightly', 'backup'], badge: true };
  expect(yamlOf('backup', declared)).toBe(
    '  backup:\n    schedule: "0 2 * * *"\n    max_runtime: "2h"\n    tags: [nightly, backup]\n    badge: true',
  );
  expect(yamlOf('drill', {})).toBe('  drill: {}');
});

test.each([
  { schedule: '0 2 * * *', description: 'yes', owner: 'null', runbook: 'https://wiki.example.com/a#b' },
  { description: 'a: b # c', group: "it's", tags: ['- x', '', 'on'] },
  { description: '"quoted"\nand two lines \u202E', grace: '5m' },
  { notify: ['ops', { to: 'pager', on: ['missed', 'timeout'] }], failure_threshold: { failure: 3 } },
  {
    maintenance: [{ schedule: '0 1 * * 0', duration: '2h' }],
    expect: { output: { contains: ['done', 'ok'] } },
  },
  { success_exit_codes: [0, 24], paused: false },
])('YAML reads what was written: %j', (declared) => {
  expect(parse(yamlOf('a-job', declared))).toEqual({ 'a-job': declared });
});
