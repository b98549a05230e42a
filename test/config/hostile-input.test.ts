import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFaults } from '../../src/config/format.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { sourceOf } from './support/parsed.ts';

const WEBHOOK = 'https://hooks.slack.com/services/T0/B0/HUNTER2';

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
