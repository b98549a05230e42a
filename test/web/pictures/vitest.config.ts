import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { HANG_LIMIT_MS, WAIT_LIMIT_MS } from '../../support/limits.ts';

/** Draws the pictures of the README; `npm run pictures` uses it. */
export default defineConfig({
  root: fileURLToPath(new URL('../../..', import.meta.url)),
  test: {
    include: ['test/web/pictures/pictures.ts'],
    globalSetup: ['test/support/whole-run.ts'],
    testTimeout: HANG_LIMIT_MS,
    hookTimeout: HANG_LIMIT_MS,
    expect: { poll: { timeout: WAIT_LIMIT_MS, interval: 20 } },
  },
});
