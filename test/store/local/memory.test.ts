import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import { job } from '../../support/records.ts';

const ALL = { all: true };

test('a store that runs each function twice refuses one that does something else the second time', async () => {
  const store = new MemoryStore({ twice: true });
  let count = 0;
  const counting = store.transact(ALL, (tx) => tx.putMeta('count', (count += 1)));
  await expect(counting).rejects.toThrow('A transaction ran again and did something else');
  const names: string[] = [];
  const collecting = store.transact(ALL, () => {
    names.push('a');
    return names;
  });
  await expect(collecting).rejects.toThrow('["a","a"]');
  await expect(store.view(ALL, () => (count += 1))).rejects.toThrow('did something else');
  expect(await store.meta('count')).toBeUndefined();
});

test('a store that runs each function twice lets ids be made at random', async () => {
  const store = new MemoryStore({ twice: true });
  await store.transact(ALL, (tx) => {
    const id = randomUUID();
    tx.putJob(job(id, { name: 'a' }));
    tx.putMeta('newest', id);
  });
  expect(await store.meta('newest')).toBe((await store.jobByName('a'))?.id);
});
