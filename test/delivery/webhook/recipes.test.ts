import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { signatureHeaders } from '../../../src/delivery/webhook/signature.ts';

const page = readFileSync(new URL('../../../docs/alerting.md', import.meta.url), 'utf8');
const NOW_AT = Date.UTC(2026, 0, 15);
const SECRET = 'the-key-of-the-receiver';
const BODY = '{"title": "FAILED backup: é"}';

function recipe(language: string): string {
  const [, text] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/alerting.md shows no ${language}`);
  return text;
}

type Verify = (headers: Record<string, string>, body: Uint8Array, secret: string, nowMs: number) => boolean;

const good = signatureHeaders([SECRET], BODY, NOW_AT);
const CASES: [string, boolean, Record<string, string>, string, number][] = [
  ['takes what was signed', true, good, BODY, NOW_AT],
  [
    'takes what is signed with two keys',
    true,
    signatureHeaders(['another-key', SECRET], BODY, NOW_AT),
    BODY,
    NOW_AT,
  ],
  ['refuses another key', false, signatureHeaders(['another-key'], BODY, NOW_AT), BODY, NOW_AT],
  ['refuses another body', false, good, `${BODY} `, NOW_AT],
  ['refuses another time', false, { ...good, 'cronflow-timestamp': '1768435201' }, BODY, NOW_AT],
  ['refuses a replay', false, good, BODY, NOW_AT + 301_000],
  ['refuses what is not signed', false, {}, BODY, NOW_AT],
];

describe('the recipe for Node in docs/alerting.md', () => {
  test.each(CASES)('%s', async (_, expected, headers, body, nowAt) => {
    const url = `data:text/javascript,${encodeURIComponent(recipe('js'))}`;
    const { isFromCronflow } = (await import(/* @vite-ignore */ url)) as { isFromCronflow: Verify };
    expect(isFromCronflow(headers, Buffer.from(body), SECRET, nowAt)).toBe(expected);
  });
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('the recipe for Python in docs/alerting.md', () => {
  test('agrees with the recipe for Node in every case', () => {
    const calls = CASES.map(([, , headers, body, nowAt]) => {
      const named = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name.replace(/(^|-)[a-z]/g, (c) => c.toUpperCase()),
          value,
        ]),
      );
      const text = [named, body, SECRET].map((value) => JSON.stringify(value)).join(', ');
      return `print(call(${text}, ${nowAt / 1_000}))`;
    });
    const call =
      'def call(headers, body, secret, now): return is_from_cronflow(headers, body.encode(), secret, now)';
    const script = [recipe('python'), call, ...calls].join('\n');
    const { stdout, stderr } = spawnSync('python3', ['-'], { input: script, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(CASES.map(([, expected]) => (expected ? 'True' : 'False')));
  });
});
