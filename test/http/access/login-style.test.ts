import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startServer } from '../support.ts';

test('the login has a style, which its policy allows by its hash alone', async () => {
  const { request } = await startServer({ tokens: { all: ['all-1'], read: [], ping: [] } });
  const { text, headers } = await request('/login');
  const [, style = ''] = /<style>([^]*)<\/style>/.exec(text) ?? [];
  expect(style).toContain('color-scheme:light dark');
  const hash = createHash('sha256').update(style).digest('base64');
  expect(headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  );
});
