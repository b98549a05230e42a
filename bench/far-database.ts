import { databaseUrlAt, socketPath } from '../test/support/postgres/server.ts';
import { type Fleet, JOBS, pingsOf, rateOf, type Turn, withFleet } from './fleet.ts';
import { withDatabase } from './load/database.ts';
import { type Distance, distanceTo } from './load/distance.ts';
import { median } from './measure.ts';
import { printTable, shown } from './table.ts';

const ROUNDS = 2;
const TURN_MS = 3_000;
const CLIENTS = [48, 256, 1_024];
/** The network between instances and database takes so long there and back. */
const DELAY_MS = 1;
/**
 * A commit waits for so long before its sync, as for a slower disk or a copy. The database lets the commits of that time
 * share the sync, so single updates are shown a little better than a slow disk would have them.
 */
const SYNC_MS = 2;

/** Measures pings on a database that is as far away, and whose commits take as long, as those of production do. */
export async function benchFarDatabase(): Promise<void> {
  const settings = {
    commit_delay: String(SYNC_MS * 1_000),
    commit_siblings: '0',
  };
  await withDatabase(async (database, directory) => {
    const distance = await distanceTo(socketPath(database.address), DELAY_MS);
    try {
      const url = databaseUrlAt(distance.port, 'postgres');
      await withFleet({ database, directory }, { instances: 2, url }, (fleet) =>
        benchClients(fleet, distance),
      );
    } finally {
      await distance.stop();
    }
  }, settings);
}

async function benchClients(fleet: Fleet, distance: Distance): Promise<void> {
  const { servers, updates, meter } = fleet;
  const rows: string[][] = [];
  const roundTripMs = await updates.roundTripMs();
  for (const clients of CLIENTS) {
    const contestants = [
      { name: `updates of single rows`, play: () => updates.play(TURN_MS) },
      ...servers.map((_, index) => ({
        name: `pings to ${index + 1} instance${index === 0 ? '' : 's'}`,
        play: () =>
          pingsOf(fleet, servers.slice(0, index + 1), {
            clients,
            durationMs: TURN_MS,
          }),
      })),
    ];
    const turns = contestants.map((): (Turn & { each: number; trips: number; busy: number })[] => []);
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, { play }] of contestants.entries()) {
        const before = await distance.roundTrips();
        const { result, cost } = await meter.of(play);
        const trips = ((await distance.roundTrips()) - before) / cost.commits;
        const busy = cost.busyMs / cost.givenMs;
        if (round > 0)
          turns[index]!.push({
            ...result,
            each: result.count / cost.commits,
            trips,
            busy,
          });
      }
    }
    for (const [index, { name }] of contestants.entries()) {
      const played = turns[index]!;
      rows.push([
        `${clients.toLocaleString('en')} clients: ${name}`,
        shown(median(played.map(rateOf))),
        median(played.map((turn, round) => rateOf(turn) / rateOf(turns[0]![round]!))).toFixed(2),
        shown(median(played.map(({ each }) => each))),
        shown(median(played.map(({ trips }) => trips))),
        `${shown(median(played.map(({ busy }) => busy)) * 100)} %`,
      ]);
    }
  }
  printTable(
    `A database ${shown(roundTripMs)} ms away with syncs of ${SYNC_MS} ms more, ${JOBS.toLocaleString('en')} jobs; all on one machine; updates over 48 connections at most`,
    ['', 'a second', 'ratio', 'a commit', 'round trips a commit', 'machine'],
    rows,
  );
}
