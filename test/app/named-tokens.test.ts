import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NamedTokens } from '../../src/app/named-tokens.ts';
import { systemClock } from '../../src/clock.ts';
import { createLogger } from '../../src/observe/log.ts';

const SECRET = '0123456789abcdef';
let directory: string;
let path: string;
let lines: string[];
let tokens: NamedTokens;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-named-tokens-'));
  path = join(directory, 'tokens.yaml');
  lines = [];
  const logger = createLogger(systemClock, 'info', (line) => lines.push(line));
  tokens = new NamedTokens({ env: { CRONFLOW_TOKENS_FILE: path }, clock: systemClock, logger });
});
afterEach(async () => {
  await tokens.close();
  rmSync(directory, { recursive: true });
});

function write(...names: string[]): void {
  const items = names.map((name) => `  - { name: ${name}, token: ${SECRET}${name}, allows: read }\n`);
  writeFileSync(path, `tokens:\n${items.join('')}`, { mode: 0o600 });
}

const names = (): string[] | undefined => tokens.current?.map(({ name }) => name);

describe('the tokens of CRONFLOW_TOKENS_FILE', () => {
  test('are none where the variable is not set', async () => {
    const none = new NamedTokens({
      env: {},
      clock: systemClock,
      logger: createLogger(systemClock, 'info', () => {}),
    });
    await none.start();
    none.reload();
    expect([none.current, none.notices]).toEqual([null, []]);
    await none.close();
  });

  test('are read again when the file changes, and the log names what is new and what is gone', async () => {
    write('a', 'b');
    await tokens.start();
    write('b', 'c');
    await expect.poll(names).toEqual(['b', 'c']);
    expect(lines.join('')).toMatch(/tokens read again .* added=c removed=a/);
    expect(lines.join('')).not.toContain(SECRET);
  });

  test('stay as they are while the file is not valid, and people are told once', async () => {
    write('a');
    await tokens.start();
    writeFileSync(path, `tokens:\n  - { name: b, tokn: ${SECRET}, allows: read }\n`);
    tokens.reload();
    await expect.poll(() => tokens.notices).toEqual([expect.stringContaining('is not valid')]);
    tokens.reload();
    await tokens.close();
    expect(names()).toEqual(['a']);
    const errors = lines.filter((line) => line.includes(' error '));
    expect(errors).toEqual([expect.stringContaining('unknown key')]);
    expect(lines.join('')).not.toContain(SECRET);
    write('a', 'c');
    tokens.reload();
    await expect.poll(names).toEqual(['a', 'c']);
    expect(tokens.notices).toEqual([]);
  });

  test('end the start with every fault where the file is not valid', async () => {
    writeFileSync(path, 'tokens:\n  - { name: a, allows: all }\n  - { name: b, allows: none }\n');
    await expect(tokens.start()).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/tokens\.yaml:3:\d+ tokens\[1\]\.allows: .*/s),
    });
  });
});
