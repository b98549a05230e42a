import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Lexer, type Document, parseDocument } from 'yaml';
import { formatFaults } from '../../../src/config/format.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { syntaxMistakes } from '../../../src/config/yaml/syntax.ts';

const vector = (name: string): { path: string; text: string } => ({
  path: name,
  text: readFileSync(new URL(`../../testdata/config/${name}`, import.meta.url), 'utf8'),
});

function told(source: { path: string; text: string }): string {
  const result = parseConfig(source, {});
  return result.ok ? 'is valid' : formatFaults(result.faults, [source]);
}

const linesOf = (text: string): string[] => {
  const result = parseConfig({ path: 'c.yaml', text }, {});
  if (result.ok) return [];
  return result.faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
};

const document = (text: string): Document.Parsed =>
  parseDocument(text, { uniqueKeys: false, resolveKnownTags: false, logLevel: 'error' });

describe('a mistake of syntax', () => {
  test('is told without quoting what may be a secret', () => {
    const text = told(vector('secret-in-escape.yaml'));
    expect(text).toMatch(/^secret-in-escape.yaml:8:16 in double quotes a backslash begins an escape/);
    expect(text).not.toContain('hunter');
  });

  test('is told without printing a control character', () => {
    const source = vector('control-in-escape.yaml');
    const text = told({ ...source, text: source.text.replace('\u001B', '\u001B\0\u009B') });
    expect(text).toContain('"\\\\u001b\\u0000\\u009b[31m red"');
    expect(text).not.toMatch(/[^\n\P{Cc}]/u);
  });

  // Each line is what the library finds, and what it would say quotes the text.
  test.each([
    ['a: "\\q"', '1:5 in double quotes a backslash begins an escape'],
    ['a: @hunter', '1:4 a value that begins with this character must stand in quotes'],
    ['a: |hunter\n  x', '1:5 is not YAML: this does not belong here'],
    ['a: !hunter x', '1:4 tags such as !name are not understood here'],
    ['a: !<hunter x', '1:4 tags such as !name are not understood here'],
    ['%HUNTER x\n---\na: 1', '1:1 a line that begins with % is a directive'],
    ['a: &x &hunter y', '1:7 is not YAML: a value has one anchor'],
    ['\ta: hunter', '1:1 is not YAML: lines are indented with spaces'],
    ['- a\nb: hunter', '2:1 is not YAML:'],
    ['jobs: {? [hunter] : x}', '1:10 a key must be plain text'],
    ['a: [x, y', '1:4 is not YAML: the [ that opens here is not closed'],
    ['a: {x: y\nb: hunter', '1:4 is not YAML: the { that opens here is not closed'],
    ["a: 'hunter\nb: c", '1:4 is not YAML: the quote that opens here is not closed; is one missing?'],
    [
      'a:\n  "hunter\n  b: "c"',
      '2:3 is not YAML: the quote that opens here is closed on another line, where more follows; is one missing?',
    ],
  ])('such as %j is told in our words, where it was made', (text, expected) => {
    const lines = linesOf(text);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(expected);
    expect(lines[0]?.toLowerCase()).not.toContain('hunter');
  });

  test('is told without a name of an alias that has no end', () => {
    expect(linesOf(`a: *${'x'.repeat(5_000)}`).join().length).toBeLessThan(400);
  });
});

describe('one mistake of syntax', () => {
  const valid = `# Watches the nightly jobs
defaults:
  notify: [ops]

notifiers:
  ops:
    webhook_url: \${SLACK_WEBHOOK_URL:-}

jobs:
  # dumps
  backup:
    schedule: "0 2 * * *"
    owner: 'ops'
    description: >
      Text
      more
  third: {every: 1h}
`;

  test.each(['lc1.yaml', 'lc3.yaml'])('in %s is told once', (name) => {
    const source = vector(name);
    const result = parseConfig(source, {});
    const line = source.text.split('\n').findIndex((each) => /^(?:Watches|\])/.test(each)) + 1;
    expect(result.ok ? [] : result.faults).toMatchObject([{ line }]);
  });

  test('is told once, whichever character of a valid file was taken out, put in or replaced', () => {
    let mistakes = 0;
    for (let i = 0; i < valid.length; i += 1) {
      for (const character of ['', ':', ' ', '"', '[', '}', '!', '*']) {
        for (const to of character === '' ? [i + 1] : [i, i + 1]) {
          const text = valid.slice(0, i) + character + valid.slice(to);
          const found = syntaxMistakes(document(text), text, () => new Lexer());
          mistakes += found.length;
          if (found.length > 1) expect({ text, found }).toBe('one at most');
        }
      }
    }
    expect(mistakes).toBeGreaterThan(500);
  }, 300_000);

  test('is told beside others whose lines speak for themselves', () => {
    const text = 'jobs:\n  a: {schedule: "\n<<<<<<< HEAD\n  b:\n    schedule: @daily\n';
    expect(linesOf('jobs:\n  a: */5 * * * *\n')).toEqual([
      '2:10 a value that starts with * or @ must stand in quotes: a: "..."',
    ]);
    expect(linesOf('jobs: {a: {schedule: * 2 * * *}, b: @daily}\n')).toEqual([
      '1:22 a value that starts with * or @ must stand in quotes: schedule: "..."',
    ]);
    expect(linesOf('jobs:\n  a:\n    schedule: * * * * *\n  b:\n    schedule: @daily\n')).toEqual([
      '3:15 a value that starts with * or @ must stand in quotes: schedule: "..."',
      '5:15 a value that starts with * or @ must stand in quotes: schedule: "..."',
    ]);
    expect(linesOf(text)).toHaveLength(1);
  });
});
