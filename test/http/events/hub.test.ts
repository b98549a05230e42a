import { expect, test } from 'vitest';
import { EventHub } from '../../../src/http/events/hub.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import type { ChangeListener } from '../../../src/store/store.ts';
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

test('where the store cannot say which job changed, all are told to look at everything again', async () => {
  const clock = createFakeClock();
  const store = new MemoryStore();
  const hub = new EventHub({ store, clock });
  const reader = hub.add({ job: 'job-other' }, '');
  await store.transact({ names: ['backup'] }, (tx) => tx.putJob(job('backup')));
  const first = String(reader.stream.read());
  const readJob = store.jobById.bind(store);
  store.jobById = () => Promise.reject(new Error('the database is away'));
  await clock.advance(250);
  const heard = String(reader.stream.read());
  expect(heard).toContain('event: fresh');
  expect(String(hub.add({}, /^id: (.+)$/m.exec(first)![1]!).stream.read())).toContain('event: fresh');
  store.jobById = readJob;
  await store.transact({ names: ['other'] }, (tx) => tx.putJob(job('other')));
  await clock.advance(250);
  expect(String(reader.stream.read())).toContain('"job":"job-other"');
  hub.close();
});

test('passes on that nobody knows what changed, and goes on from nothing that was heard before', async () => {
  const clock = createFakeClock();
  const store = new MemoryStore();
  const listeners: ChangeListener[] = [];
  store.watch = (listener) => {
    listeners.push(listener);
    return () => undefined;
  };
  const hub = new EventHub({ store, clock });
  const reader = hub.add({}, '');
  const first = String(reader.stream.read());
  void listeners[0]!([{ type: 'job', id: 'backup', name: 'job-backup', due_at: null }]);
  void listeners[0]!([{ type: 'fresh' }]);
  const heard = String(reader.stream.read());
  expect(heard).toContain('event: fresh');
  expect(String(hub.add({}, /^id: (.+)$/m.exec(first)![1]!).stream.read())).toContain('event: fresh');
  // Whoever looks at everything after that sees what was collected before.
  await clock.advance(1_000);
  expect(reader.stream.read()).toBeNull();
  hub.close();
});
