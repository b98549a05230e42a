import { applyEvent } from '../../../src/apply/events.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { PingKind } from '../../../src/core/model/reasons.ts';
import type { DeliveryKind, Ping } from '../../../src/core/model/records.ts';
import { redact } from '../../../src/core/text/redact.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import { itemsOf, parcelOf } from '../../../src/delivery/sending/parcel.ts';
import { write } from '../../../src/delivery/sending/writing.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import { startMemoryService } from '../../support/memory-service.ts';
import { DAY_MS, HOUR_MS } from '../../../src/schedule/units.ts';

/** Midnight in Berlin, before Thursday, 15 January 2026. */
const MIDNIGHT_AT = Date.UTC(2026, 0, 14, 23);
export const ZONE = 'Europe/Berlin';

/** The cast: one job that runs at 02:00 and takes twelve minutes. */
const JOB = 'daily-database-backup';
const DECLARATION: Declaration = {
  schedule: '0 2 * * *',
  timezone: ZONE,
  description: 'Dumps every database to the vault',
  runbook: 'https://wiki.example.com/backup',
  owner: 'data team',
};

/**
 * The night to 15 January 2026 as the real core, the real outbox and the real writer see it. Times are those of
 * Berlin; three good nights came before.
 */
export async function startNight(changes: Declaration = {}, options: { nights?: number } = {}) {
  const { nights = 3 } = options;
  const service = await startMemoryService(MIDNIGHT_AT - nights * DAY_MS - 4 * HOUR_MS);
  const { clock, store, configure, ingest } = service;
  await configure({ [JOB]: { ...DECLARATION, ...changes } }, { timezone: ZONE });

  const at = (time: string, day = 0): void => {
    const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
    clock.set(MIDNIGHT_AT + day * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1_000);
  };
  const ping = async (kind: PingKind, fields: Partial<Ping> = {}, name = JOB): Promise<void> => {
    await service.ping(name, kind, { host: 'web1', ...fields });
  };
  const start = (time: string, fields: Partial<Ping> = {}, day = 0): Promise<void> => {
    at(time, day);
    return ping('start', fields);
  };
  /** A run that ends as its exit code says. */
  const end = (time: string, exitCode: number, fields: Partial<Ping> = {}, day = 0): Promise<void> => {
    at(time, day);
    return ping(exitCode === 0 ? 'success' : 'failure', { exit_code: exitCode, ...fields });
  };
  for (let day = -nights; day < 0; day++) {
    at('02:00:02', day);
    await ping('start');
    at(['02:12:07', '02:11:49', '02:12:31'][(day + nights) % 3] ?? '02:12', day);
    await ping('success', { exit_code: 0, output: 'backup complete\n' });
  }
  /** Nothing happens until then but what time does. */
  const wait = async (time: string, day = 0): Promise<void> => {
    at(time, day);
    await store.transact({ all: true }, (tx) => {
      for (const job of tx.jobs()) applyEvent(tx, job, { type: 'tick', now_at: clock.now() });
    });
  };
  const writing = {
    store,
    clock,
    logger: silentLogger,
    publicUrl: () => 'https://cron.example.com',
    redact,
  };
  const owed = async (kind: DeliveryKind) => {
    const { items } = await store.deliveries({ skip: 0, limit: 1_000 });
    return items.filter((each) => each.kind === kind && each.notifier === 'ops');
  };
  /** The latest message of a kind, written a second after what happened last. */
  const told = async (
    kind: DeliveryKind,
    about: { deadCount?: number; about?: 'job' } = {},
  ): Promise<Message> => {
    const deliveries = (await owed(kind)).filter((each) => about.about === undefined || each.job_id !== null);
    const delivery = deliveries.toSorted((a, b) => a.created_at - b.created_at).at(-1);
    if (delivery === undefined) throw new Error(`no message of kind ${kind} is owed`);
    clock.set(clock.now() + 1_000);
    return write(writing, await parcelOf(store, delivery, true), about.deadCount ?? 0);
  };
  /** What is owed to `ops`, in one message. */
  const toldTogether = async (): Promise<Message> => {
    const { items } = await store.deliveries({ skip: 0, limit: 10_000 });
    const due = items
      .filter(({ notifier, status }) => notifier === 'ops' && status === 'pending')
      .toSorted((a, b) => a.created_at - b.created_at);
    const [head, ...merged] = due;
    if (head === undefined) throw new Error('nothing is owed');
    clock.set(clock.now() + 10_000);
    const parcel = { head, merged, closing: null, items: await itemsOf(store, due), silentBecause: null };
    return write(writing, parcel, 0);
  };
  /** As if all that is owed had been sent. */
  const allSent = async (): Promise<void> => {
    const { items } = await store.deliveries({ skip: 0, limit: 10_000 });
    await store.transact({ all: true }, (tx) => {
      for (const delivery of items) tx.putDelivery({ ...delivery, status: 'sent', finished_at: clock.now() });
    });
  };
  return { ...service, ingest, allSent, at, ping, start, end, wait, told, toldTogether };
}

export type Night = Awaited<ReturnType<typeof startNight>>;
