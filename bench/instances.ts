import { type Fleet, JOBS, pingsOf, rateOf, RUNS_EACH, type Turn, withFleet } from './fleet.ts';
import { type Cost, processesOf } from './load/cost.ts';
import { withDatabase } from './load/database.ts';
import { ProcessorLimit } from './load/limit.ts';
import { median, turnsOf } from './measure.ts';
import { printTable, shown } from './table.ts';

const ROUNDS = 3;
const TURN_MS = 3_000;
/** So many clients ask at a time, whatever is measured. */
const CLIENTS = 48;
const OUTPUT_BYTES = 2_000;
/**
 * The parts of a core that each instance gets, and that all of the database gets. All of it leaves room on a machine of
 * two cores, so that nobody takes from another.
 */
const INSTANCE_CORES = 0.15;
const DATABASE_CORES = 0.4;
/**
 * So many clients ask instances that are held. With fewer, three instances make such small commits that the clients are
 * what limits them.
 */
const HELD_CLIENTS = 480;

/** Measures what pings of instances cost the PostgreSQL that they share, and how many of them it carries. */
export async function benchInstances(): Promise<void> {
  // The images of whole pages that follow a checkpoint would hide what is compared, and depend on when it was.
  const settings = { full_page_writes: 'off' };
  await withDatabase(
    (database, directory) =>
      withFleet({ database, directory }, { instances: 3 }, async (fleet) => {
        await benchCost(fleet);
        await benchLimited(fleet);
      }),
    settings,
  );
}

function processorUs({ processorMs }: Cost): number {
  return processorMs * 1_000;
}

function walBytesOf({ walBytes }: Cost): number {
  return walBytes;
}

function percent(part: number): string {
  return `${shown(part * 100)} %`;
}

interface Contestant {
  name: string;
  play: () => Promise<Turn>;
}

type Played = Turn & { cost: Cost };

/** Lets every contestant play in every round, in turns. The first round warms up and does not count. */
async function playedInTurns({ meter }: Fleet, contestants: readonly Contestant[]): Promise<Played[][]> {
  const played = contestants.map((): Played[] => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const index of turnsOf(round, contestants.length)) {
      const { result, cost } = await meter.of(contestants[index]!.play);
      if (round > 0) played[index]!.push({ ...result, cost });
    }
  }
  return played;
}

/** Shows what one ping costs the database itself. It holds on any machine, whoever else shares the processors here. */
async function benchCost(fleet: Fleet): Promise<void> {
  const { servers, updates } = fleet;
  const one = servers.slice(0, 1);
  const contestants = [
    { name: 'an update of a single row', play: () => updates.play(TURN_MS) },
    {
      name: 'a ping: a start or an end of a run',
      play: () => pingsOf(fleet, one, { clients: CLIENTS, durationMs: TURN_MS }),
    },
    {
      name: `a ping, the ends with ${OUTPUT_BYTES / 1_000} kB of output`,
      play: () =>
        pingsOf(fleet, one, {
          clients: CLIENTS,
          durationMs: TURN_MS,
          outputBytes: OUTPUT_BYTES,
        }),
    },
  ];
  const played = await playedInTurns(fleet, contestants);
  const each = (index: number, of: (cost: Cost) => number): number[] =>
    played[index]!.map(({ cost, count }) => of(cost) / count);
  const ratio = (index: number, of: (cost: Cost) => number): string =>
    median(each(0, of).map((base, round) => base / each(index, of)[round]!)).toFixed(2);
  printTable(
    `What one costs PostgreSQL, ${CLIENTS} clients, ${JOBS.toLocaleString('en')} jobs with ${RUNS_EACH} runs each, without images of pages`,
    ['', 'µs of processor', 'WAL bytes', 'commits', 'as many by processor', 'by WAL'],
    contestants.map(({ name }, index) => [
      name,
      shown(median(each(index, processorUs))),
      shown(median(each(index, walBytesOf))),
      median(each(index, ({ commits }) => commits)).toFixed(3),
      ratio(index, processorUs),
      ratio(index, walBytesOf),
    ]),
  );
}

/** Shows instances as on machines of their own: each has a fixed part of a processor, and so has the database. */
async function benchLimited(fleet: Fleet): Promise<void> {
  const { servers, database } = fleet;
  const limits = servers.map((_, index) => ProcessorLimit.make(`instance-${index}`, INSTANCE_CORES));
  const databaseLimit = ProcessorLimit.make('database', DATABASE_CORES);
  try {
    if (databaseLimit === null || limits.includes(null)) {
      console.log(
        '\nNo control group can be made here, so instances are not shown with processor time of their own.',
      );
      return;
    }
    databaseLimit.hold(processesOf(database.pid));
    for (const [index, { pid }] of servers.entries()) limits[index]!.hold([pid]);
    await benchHeld(fleet);
  } finally {
    ProcessorLimit.release([...processesOf(database.pid), ...servers.map(({ pid }) => pid)]);
    for (const limit of [databaseLimit, ...limits]) limit?.remove();
  }
}

async function benchHeld(fleet: Fleet): Promise<void> {
  const { servers } = fleet;
  const contestants = servers.map((_, index) => ({
    name: `${index + 1} instance${index === 0 ? '' : 's'}`,
    play: () =>
      pingsOf(fleet, servers.slice(0, index + 1), {
        clients: HELD_CLIENTS,
        durationMs: TURN_MS,
      }),
  }));
  const played = await playedInTurns(fleet, contestants);
  printTable(
    `Pings of runs, each instance held to ${INSTANCE_CORES} of a core and the database to ${DATABASE_CORES} (control groups), ${HELD_CLIENTS} clients`,
    ['', 'a second', 'ratio', 'database, of what it may', 'machine'],
    contestants.map(({ name }, index) => [
      name,
      shown(median(played[index]!.map(rateOf))),
      median(played[index]!.map((turn, round) => rateOf(turn) / rateOf(played[0]![round]!))).toFixed(2),
      percent(median(played[index]!.map(({ cost }) => cost.processorMs / cost.atMs / DATABASE_CORES))),
      percent(median(played[index]!.map(({ cost }) => cost.busyMs / cost.givenMs))),
    ]),
  );
}
