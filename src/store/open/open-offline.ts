import { systemClock } from '../../clock.ts';
import { CronflowError } from '../../core/model/errors.ts';
import type { DumpSource, LoggedHistory, LoggedState, OfflineStore } from '../offline.ts';
import type { Tables } from '../local/tables.ts';
import { dumpOf } from '../lowdb/dump.ts';
import { realDisk } from '../lowdb/disk.ts';
import { readHistory, readTables } from '../lowdb/history.ts';
import { readPast } from '../lowdb/past.ts';
import { importDump } from '../lowdb/undump.ts';
import { upgradeStore } from '../lowdb/upgrade.ts';
import { offlineDatabase } from '../postgres/offline.ts';
import { ReadBudget } from '../read-budget.ts';
import { storePlaceOf } from './url.ts';

/**
 * Returns the store at a URL for commands that read or carry over what it holds and do not run it.
 * @throws CronflowError `usage` for a URL that names no store which outlives its process
 */
export function openOffline(url: string): OfflineStore {
  const place = storePlaceOf(url);
  if (place.kind === 'memory')
    throw new CronflowError('usage', 'A store in memory is gone with its process. Name a data directory.');
  if (place.kind === 'postgres') return databaseAt(place.url);
  const { directory } = place;
  return {
    state: async () => stateOf(await readTables(directory)),
    history: () => historyOf(directory),
    past: (jobId, fromAt, limits) => {
      const budget = new ReadBudget(systemClock, limits);
      return readPast(jobId, fromAt, { disk: realDisk, directory, budget });
    },
    dump: (nowAt) => dumpOf(directory, nowAt),
    restore: (dump: DumpSource) => importDump({ directory, ...dump }),
    upgrade: (nowAt) => upgradeStore({ directory, nowAt }),
  };
}

function databaseAt(url: string): OfflineStore {
  const database = offlineDatabase(url);
  return { ...database, state: async () => stateOf(await database.tables()), history: async () => null };
}

async function historyOf(directory: string): Promise<LoggedHistory> {
  const history = await readHistory(directory);
  const { begin_at, begin } = history;
  return { begin_at, begin: stateOf(begin), commits: () => history.commits() };
}

function stateOf(tables: Tables): LoggedState {
  return {
    jobs: () => [...tables.jobs()],
    jobById: (id) => tables.jobById(id),
    runsOf: (jobId) => tables.runs.of(jobId).all(),
    openIncidentOf: (jobId) => tables.openIncidentsOf(jobId).at(-1),
    delivery: (id) => tables.outbox.get(id),
    meta: (key) => tables.meta(key),
  };
}
