import { expect, test } from 'vitest';
import { Turns } from '../../src/http/turns.ts';

test('one piece of work goes on at a time, and only so many wait', async () => {
  const turns = new Turns(1, 'Too many wait.');
  const did: string[] = [];
  let end: (() => void) | undefined;
  const first = turns.take(async () => {
    did.push('first begins');
    await new Promise<void>((resolve) => (end = resolve));
    did.push('first ends');
  });
  const second = turns.take(async () => did.push('second'));
  await expect(turns.take(async () => did.push('third'))).rejects.toThrow('Too many wait.');
  // The work begins in a turn of its own.
  while (end === undefined) await Promise.resolve();
  end();
  await Promise.all([first, second]);
  expect(did).toEqual(['first begins', 'first ends', 'second']);
});

test('work that fails gives its turn to the next', async () => {
  const turns = new Turns(1, 'Too many wait.');
  const failing = turns.take(() => Promise.reject(new Error('broken')));
  const next = turns.take(async () => 'done');
  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('done');
});
