import { databaseUrlAt, socketPath } from '../test/support/postgres/server.ts';
import { type Fleet, JOBS, pingsOf, rateOf, type Turn, withFleet } from './fleet.ts';
import { withDatabase } from './load/database.ts';
import { type Distance, distanceTo } from './load/distance.ts';
import { POOL_CONNECTIONS } from './load/updates.ts';
import { median } from './measure.ts';
import { printTable, shown } from './table.ts';

const ROUNDS = 2;
const TURN_MS = 2_000;
const CLIENTS = [48, 256, 1_024];
/** What others need of the database beside the clients of updates. */
const OTHER_CONNECTIONS = 50;
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
    max_connections: String(Math.max(...CLIENTS) + OTHER_CONNECTIONS),
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

/** What is measured beside others, with as many clients. */
interface Contestant {
  name: string;
  play: () => Promise<Turn>;
}

/** What a contestant did in a turn. */
interface Played extends Turn {
  /** So many were in each commit. */
  each: number;
  /** So many round trips to the database a commit took. */
  trips: number;
  /** The part of the machine that was busy. */
  busy: number;
}

async function benchClients(fleet: Fleet, distance: Distance): Promise<void> {
  const rows: string[][] = [];
  const roundTripMs = await fleet.updates.roundTripMs();
  for (const clients of CLIENTS) {
    await fleet.updates.open(clients);
    const { contestants, direct } = contestantsOf(fleet, clients);
    const turns = await playedInTurns(fleet, contestants, distance);
    for (const [index, { name }] of contestants.entries()) {
      const played = turns[index]!;
      const ratioTo = (other: number): string =>
        median(played.map((turn, round) => rateOf(turn) / rateOf(turns[other]![round]!))).toFixed(2);
      rows.push([
        `${clients.toLocaleString('en')} clients: ${name}`,
        shown(median(played.map(rateOf))),
        ratioTo(0),
        ratioTo(direct),
        shown(median(played.map(({ each }) => each))),
        shown(median(played.map(({ trips }) => trips))),
        `${shown(median(played.map(({ busy }) => busy)) * 100)} %`,
      ]);
    }
  }
  printTable(
    `A database ${shown(roundTripMs)} ms away with syncs of ${SYNC_MS} ms more, ${JOBS.toLocaleString('en')} jobs; all on one machine`,
    ['', 'a second', 'of pooled', 'of direct', 'a commit', 'round trips a commit', 'machine'],
    rows,
  );
}

/**
 * Returns what so many clients do: updates through a pool and with a connection for each client, and pings.
 * @returns the contestants, and which of them has a connection for each client
 */
function contestantsOf(
  { servers, updates, loaders }: Fleet,
  clients: number,
): { contestants: Contestant[]; direct: number } {
  const connections = clients > POOL_CONNECTIONS ? [POOL_CONNECTIONS, clients] : [clients];
  const ofUpdates = connections.map((count) => ({
    name: `updates of single rows, ${count.toLocaleString('en')} connections`,
    play: () => updates.play(TURN_MS, count),
  }));
  const ofPings = servers.map((_, index) => ({
    name: `pings to ${index + 1} instance${index === 0 ? '' : 's'}`,
    play: () => pingsOf({ loaders }, servers.slice(0, index + 1), { clients, durationMs: TURN_MS }),
  }));
  return { contestants: [...ofUpdates, ...ofPings], direct: ofUpdates.length - 1 };
}

/** Lets every contestant play in every round, in turns. The first round warms up and does not count. */
async function playedInTurns(
  { meter }: Fleet,
  contestants: readonly Contestant[],
  distance: Distance,
): Promise<Played[][]> {
  const turns = contestants.map((): Played[] => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, { play }] of contestants.entries()) {
      const before = await distance.roundTrips();
      const { result, cost } = await meter.of(play);
      const trips = ((await distance.roundTrips()) - before) / cost.commits;
      const busy = cost.busyMs / cost.givenMs;
      if (round > 0) turns[index]!.push({ ...result, each: result.count / cost.commits, trips, busy });
    }
  }
  return turns;
}
