import { expect, test } from 'vitest';
import { Turns } from '../../src/http/turns.ts';

test('one piece of work goes on at a time, and only so many wait', async () => {
  const turns = new Turns(1, 'Too many wait.');
  const did: string[] = [];
  const gate: { open?: () => void } = {};
  const opened = new Promise<void>((resolve) => (gate.open = resolve));
  const first = turns.take(async () => {
    did.push('first begins');
    await opened;
    did.push('first ends');
  });
  const second = turns.take(async () => did.push('second'));
  await expect(turns.take(async () => did.push('third'))).rejects.toThrow('Too many wait.');
  gate.open?.();
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
