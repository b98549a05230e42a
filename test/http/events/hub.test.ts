import { expect, test } from 'vitest';
import { EventHub } from '../../../src/http/events/hub.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { job } from '../../support/records.ts';

test('a reader that comes back at another instance is told to read anew, even if both began at once', async () => {
  const clock = createFakeClock();
  const store = new MemoryStore({ shared: true });
  const [a, b] = [new EventHub({ store, clock }), new EventHub({ store, clock })];
  const readers = [a.add({}, ''), b.add({}, '')];
  await store.transact({ names: ['backup'] }, (tx) => tx.putJob(job('backup')));
  await clock.advance(250);
  const heard = String(readers[0]!.stream.read());
  const lastId = [...heard.matchAll(/^id: (.+)$/gm)].at(-1)![1]!;
  expect(heard).toContain('event: job');
  expect(String(b.add({}, lastId).stream.read())).toContain('event: fresh');
  expect(String(a.add({}, lastId).stream.read())).not.toContain('event: fresh');
  a.close();
  b.close();
});
