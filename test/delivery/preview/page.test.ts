import { expect, test } from 'vitest';
import { TELLINGS } from '../support/tellings.ts';
import { previewPage } from './page.ts';

test('the preview shows every message as each notifier does, with nothing missing', async () => {
  const page = await previewPage();
  for (const name of Object.keys(TELLINGS)) expect(page).toContain(`<article id="${name}">`);
  expect(page.match(/<figure>/g)?.length).toBeGreaterThanOrEqual(4 * Object.keys(TELLINGS).length);
  expect(page).not.toMatch(/undefined|\bnull\b|NaN|Invalid Date|\[object/);
  // Redacted in every one of them.
  expect(page).toContain('password=[redacted]');
  expect(page).not.toContain('hunter2');
});
