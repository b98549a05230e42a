import { claimed } from '../../support/store.ts';
import { describe, expect, test } from 'vitest';
import type { Delivery, Incident, SystemIncident } from '../../../src/core/model/records.ts';
import { closeTrouble, openTrouble } from '../../../src/core/system/incidents.ts';
import { MIGRATIONS } from '../../../src/store/local/migrations.ts';
import type { LowdbStore } from '../../../src/store/lowdb/store.ts';
import { CrashDisk } from '../../support/crash-disk.ts';
import { delivery, incident, job, NOW_AT } from '../../support/records.ts';
import { storeOn } from './store-on.ts';
import { ALL } from './workload.ts';

/** Leads to schema version 3, in which records of Cronflow's own trouble had the figures of a job, too. */
const OLDER = MIGRATIONS.slice(0, 2);
const PAGE = { skip: 0, limit: 100 };
const AUDIENCE = { notify: ['ops', 'pager'], remindEveryMs: 3_600_000 };

const BROKEN = openTrouble(
  [],
  { kind: 'config', reason: 'config_invalid', detail: 'cronflow.yaml:3:5', causes: ['3:5'] },
  AUDIENCE,
  NOW_AT,
);
const MUTE = openTrouble(
  BROKEN.incidents,
  { kind: 'notifier', reason: 'notifier_failing', detail: 'it is gone', subject: 'pager' },
  AUDIENCE,
  NOW_AT + 1_000,
);
const OF_CRONFLOW = [...BROKEN.incidents, ...MUTE.incidents];
const OWED = [...BROKEN.deliveries, ...MUTE.deliveries];
const OF_JOB = incident('j1-i1', 'j1', { bad_count: 2, told: ['ops'] });
const OWED_OF_JOB = delivery('j1-i1.ops.opened', 'j1', { incident_id: 'j1-i1' });

/** Returns an incident as version 3 stored it. */
function olderIncident(incidentNow: SystemIncident): Incident {
  const { id, kind, opened_at, closed_at, reason, close_reason, ...others } = incidentNow;
  const older = {
    id,
    job_id: null,
    job_name: null,
    kind,
    opened_at,
    closed_at,
    reason,
    opened_by_run_id: null,
    close_reason,
    kinds: ['failure'],
    bad_count: 1,
    outcomes: [],
    newest_bad_at: opened_at,
    good_run_ids: [],
    announce_at: null,
    ...others,
  };
  return older as Incident;
}

/** Returns a delivery as version 3 stored it. */
function olderDelivery(deliveryNow: Delivery): Delivery {
  const { reason, at, incident_opened_at, detail } = deliveryNow.facts;
  const facts = {
    job_name: null,
    outcome: null,
    reason,
    at,
    run_id: null,
    exit_code: null,
    signal: null,
    host: null,
    duration_ms: null,
    expected_at: null,
    deadline_at: null,
    bad_count: 1,
    last_success_at: null,
    next_slot_at: null,
    incident_opened_at,
    detail,
  };
  return { ...deliveryNow, facts } as Delivery;
}

async function openedOn(disk: CrashDisk, migrations = MIGRATIONS): Promise<LowdbStore> {
  const store = storeOn(disk, { migrations });
  await store.open();
  return store;
}

/** Writes the records, as version 3 did or as they are now. */
async function write(store: LowdbStore, isOlder: boolean): Promise<void> {
  await store.transact(ALL, (tx) => {
    tx.putJob(job('j1'));
    tx.putIncident(OF_JOB);
    tx.putDelivery(OWED_OF_JOB);
    for (const each of OF_CRONFLOW) tx.putIncident(isOlder ? olderIncident(each) : each);
    for (const each of OWED) tx.putDelivery(isOlder ? olderDelivery(each) : each);
  });
}

/** Orders records as lists do, by the instant of a key. */
function newestFirst<T extends { id: string }>(records: readonly T[], atOf: (record: T) => number): T[] {
  return records.toSorted((a, b) => atOf(b) - atOf(a) || (a.id < b.id ? -1 : 1));
}

/** Returns all that a store says of incidents and deliveries. */
async function contentOf(store: LowdbStore): Promise<unknown> {
  const nowAt = NOW_AT + 2_000;
  return {
    incidents: (await store.incidents(PAGE)).items,
    deliveries: (await store.deliveries(PAGE)).items,
    open: await store.transact(ALL, (tx) => tx.openSystemIncidents()),
    ofJob: await store.openIncidentOf('j1'),
    claimed: await claimed(store, { now_at: nowAt, lease_ms: 1, limit: 10 }),
    end: await store.transact(ALL, (tx) =>
      closeTrouble(tx.openSystemIncidents(), { kind: 'notifier', subject: 'pager' }, nowAt),
    ),
  };
}

describe.each(['snapshot', 'journal'])(
  'records of trouble of Cronflow itself in a %s of version 3',
  (from) => {
    test('are read as if this version had written them', async () => {
      const disk = new CrashDisk();
      const older = await openedOn(disk, OLDER);
      await write(older, true);
      if (from === 'snapshot') await older.close();
      const read = await openedOn(disk.afterKill());
      const written = await openedOn(new CrashDisk());
      await write(written, false);
      expect(await contentOf(read)).toStrictEqual(await contentOf(written));
      expect((await read.incidents(PAGE)).items).toStrictEqual(
        newestFirst([...OF_CRONFLOW, OF_JOB], (each) => each.opened_at),
      );
      expect((await read.deliveries(PAGE)).items).toStrictEqual(
        newestFirst([...OWED, OWED_OF_JOB], (each) => each.created_at),
      );
    });
  },
);
