import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { againAfterCrash } from './chromium.ts';

/** Starts a program in place of Chromium, which ends as its line of shell says, so often; then something starts. */
async function started(line: string, times: number): Promise<{ starts: number; failed: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'cronflow-crash-'));
  const program = join(folder, 'chromium');
  await writeFile(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  let starts = 0;
  const failed = await againAfterCrash(() => {
    starts += 1;
    return starts <= times ? chromium.launch({ executablePath: program }) : Promise.resolve({} as Browser);
  }).then(
    () => '',
    (error: unknown) => String(error),
  );
  await rm(folder, { recursive: true });
  return { starts, failed };
}

test('a browser that crashes at its start is started again, a few times', async () => {
  expect(await started('kill -SEGV $$', 2)).toEqual({ starts: 3, failed: '' });
  const always = await started('kill -SEGV $$', Infinity);
  expect(always).toMatchObject({ starts: 4, failed: expect.stringContaining('SIGSEGV') as string });
});

test('a browser that cannot be started is not', async () => {
  expect((await started('exit 7', Infinity)).starts).toBe(1);
});
