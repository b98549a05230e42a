import { describe, expect, test } from 'vitest';
import { causesOf } from '../../src/config/causes.ts';
import { parseConfig } from '../../src/config/parse.ts';

function causes(text: string): string[] {
  const result = parseConfig({ path: 'cronflow.yaml', text }, {});
  return result.ok ? [] : causesOf(result.faults);
}

const many = (last: string): string[] =>
  causes(
    `jobs:\n${Array.from({ length: 800 }, (_, i) => `  j${i}: {graze: 5m}\n`).join('')}  last: {${last}}\n`,
  );

describe('the causes of an invalid configuration', () => {
  test('are its mistakes, wherever they have moved to', () => {
    const one = causes('jobs:\n  a: {grace: 5}\n');
    expect(one).toHaveLength(1);
    expect(causes('# a comment\n\njobs:\n    a:  {grace: 5}\n')).toEqual(one);
    const twice = causes('jobs:\n  a: {}\n  a: {}\n');
    expect(causes('# moved\njobs:\n  b: {}\n  a: {}\n  a: {}\n')).toEqual(twice);
    expect(causes('jobs:\n  a: {grace: 5}\n  b: {graze: 5m}\n')).toEqual([...one, expect.any(String)]);
  });

  test('are others where something else, or another value, is wrong', () => {
    const texts = [
      'a: {grace: 5}',
      'a: {grace: 6}',
      'b: {grace: 5}',
      'a: {every: 5}',
      'a: {grace: 1:30}',
      'a: {grace: 1:31}',
    ];
    const all = texts.flatMap((text) => causes(`jobs: {${text}}\n`));
    expect(new Set(all).size).toBe(texts.length);
  });

  test('are kept to a bearable number, and the rest still counts', () => {
    expect(many('grace: 5')).toHaveLength(500);
    expect(many('grace: 5')).not.toEqual(many('grace: 6'));
  });
});
