import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTokensFile, type TokensRead } from '../../src/config/tokens-file.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cronflow-tokens-file-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const SECRET = 'k7Qz-0123456789abcdef';
const HASH = createHash('sha256').update(SECRET).digest('hex');

function read(text: string, mode = 0o600, env: Record<string, string> = {}): Promise<TokensRead> {
  const path = join(directory, 'tokens.yaml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return readTokensFile(path, env);
}

async function faultsOf(text: string, mode?: number): Promise<string[]> {
  const result = await read(text, mode);
  if (result.ok) return [];
  return result.faults.map(({ line, path, message }) => `${line ?? '-'} ${path}: ${message}`);
}

describe('a file of tokens', () => {
  test('is read with hashes, limits and expiry', async () => {
    const result = await read(
      `tokens:
  - { name: ci, sha256: ${HASH.toUpperCase()}, allows: read, expires: 2027-01-31 }
  - name: web
    token: \${WEB_TOKEN}
    allows: ping
    groups: [web]
    jobs: [backup]
  - { name: ops, token: another-0123456789, allows: all, expires: "2027-01-31T12:00:00+01:00" }
`,
      0o600,
      { WEB_TOKEN: `${SECRET}x` },
    );
    expect(result).toMatchObject({ ok: true, warnings: [] });
    expect(result.ok ? result.tokens : []).toEqual([
      { name: 'ci', sha256: HASH, allows: 'read', only: null, expires_at: Date.UTC(2027, 1, 1) },
      {
        name: 'web',
        sha256: createHash('sha256').update(`${SECRET}x`).digest('hex'),
        allows: 'ping',
        only: { groups: ['web'], jobs: ['backup'] },
        expires_at: null,
      },
      expect.objectContaining({ name: 'ops', expires_at: Date.UTC(2027, 0, 31, 11) }),
    ]);
  });

  test.each([
    ['', '- : is empty; write at least one token in the list "tokens:"'],
    ['# none yet\n', '1 : is empty; write at least one token in the list "tokens:"'],
    ['tokens: []\n', '1 tokens: must not be empty'],
    [
      `tokens:\n  - { name: a, sha256: ${HASH}, allow: read }\n`,
      '2 tokens[0].allow: unknown key "allow", did you mean "allows"? (allowed: name, token, sha256, allows, groups, jobs, expires)',
    ],
    [`tokens:\n  - { name: a, sha256: ${HASH}, allows: write }\n`, '2 tokens[0].allows: '],
    [
      `tokens:\n  - { name: a b, sha256: ${HASH}, allows: read }\n`,
      '2 tokens[0].name: must be a name of at most 64',
    ],
    ['tokens:\n  - { name: a, allows: read }\n', '2 tokens[0]: lacks "sha256"'],
    [`tokens:\n  - { name: a, token: ${SECRET}, sha256: ${HASH}, allows: read }\n`, '2 tokens[0]: has both'],
    [
      `tokens:\n  - { name: a, sha256: ${HASH}, allows: read }\n  - { name: a, token: 0123456789abcdef, allows: read }\n`,
      '3 tokens[1].name: is the name of tokens[0] already',
    ],
    [
      `tokens:\n  - { name: a, sha256: ${HASH}, allows: read }\n  - { name: b, token: ${SECRET}, allows: all }\n`,
      '3 tokens[1].token: is that of tokens[0] already',
    ],
    [
      `tokens:\n  - { name: a, sha256: ${HASH}, allows: read, groups: [x] }\n`,
      '2 tokens[0].groups: limits pings only',
    ],
    [
      `tokens:\n  - { name: a, sha256: ${HASH}, allows: read, expires: 2027-02-30 }\n`,
      '2 tokens[0].expires: "2027-02-30" is not a day',
    ],
    [
      'tokens:\n  - { name: a, sha256: abc, allows: read }\n',
      '2 tokens[0].sha256: must be the 64 hexadecimal digits',
    ],
  ])('refuses %j with its place and what is allowed', async (text, fault) => {
    const faults = await faultsOf(text);
    expect(faults.filter((each) => each.startsWith(fault)).length > 0 ? [] : faults).toEqual([]);
  });

  test('quotes no token, wherever one stands', async () => {
    for (const text of [
      `tokens:\n  - { name: a, token: "${SECRET} ", allows: read }\n`,
      `tokens:\n  - { name: a, sha256: ${SECRET}, allows: read }\n`,
      `tokens:\n  - { name: a, token: [${SECRET}], allows: read }\n`,
      `tokens:\n  a: ${SECRET}\n`,
      `tokens: ${SECRET}\n`,
    ]) {
      const faults = await faultsOf(text);
      expect(faults).not.toEqual([]);
      expect(faults.join('\n')).not.toContain(SECRET);
    }
  });

  test('is refused where every user may write to it, and warned about where all may read a token', async () => {
    const text = `tokens:\n  - { name: a, token: ${SECRET}, allows: read }\n`;
    expect(await faultsOf(text, 0o602)).toEqual([expect.stringContaining('may be written by every user')]);
    expect(await read(text, 0o644)).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining('chmod o-r')],
    });
    const hashed = `tokens:\n  - { name: a, sha256: ${HASH}, allows: read }\n`;
    expect(await read(hashed, 0o644)).toMatchObject({ ok: true, warnings: [] });
  });

  test('that is not there is a fault and no exception', async () => {
    expect(await readTokensFile(join(directory, 'none'), {})).toMatchObject({
      ok: false,
      faults: [{ code: 'file_missing', message: 'does not exist' }],
    });
  });
});
