import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import type { PostgresServer } from '../../test/support/postgres/server.ts';
import { endedProcessorMsOf, parentOf, processorMsOf } from './process.ts';

/** What a database has done by an instant, or meanwhile. */
export interface Cost {
  /** The processor time of all its processes. */
  processorMs: number;
  walBytes: number;
  /** Transactions that wrote something. */
  commits: number;
  /** The instant, or how long it took. */
  atMs: number;
  /** The processor time that all of the machine took, and that it had. */
  busyMs: number;
  givenMs: number;
}

/** Tells what a database does meanwhile. Linux only. */
export class CostMeter {
  readonly #server: PostgresServer;
  readonly #client: pg.Client;

  private constructor(server: PostgresServer, client: pg.Client) {
    this.#server = server;
    this.#client = client;
  }

  static async make(server: PostgresServer): Promise<CostMeter> {
    const client = new pg.Client({ connectionString: server.url('postgres') });
    await client.connect();
    return new CostMeter(server, client);
  }

  /** Plays something, and returns what it did with what that cost the database. */
  async of<T>(play: () => Promise<T>): Promise<{ result: T; cost: Cost }> {
    const before = await this.#done();
    const result = await play();
    const after = await this.#done();
    const cost = Object.fromEntries(
      Object.entries(after).map(([key, value]) => [key, value - before[key as keyof Cost]]),
    ) as unknown as Cost;
    return { result, cost };
  }

  async end(): Promise<void> {
    await this.#client.end();
  }

  async #done(): Promise<Cost> {
    // Places in the log and numbers of transactions are exact, and the statistics of the database come late.
    const { rows } = await this.#client.query<{ wal: number; xid: number }>(`
      SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS wal,
        txid_snapshot_xmax(txid_current_snapshot())::float8 AS xid`);
    const { wal, xid } = rows[0]!;
    const processorMs = allProcessorMsOf(this.#server.pid);
    return {
      processorMs,
      walBytes: wal,
      commits: xid,
      atMs: performance.now(),
      ...machineMs(),
    };
  }
}

/** The server's own process, and those that it has started. */
export function processesOf(pid: number): number[] {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return [pid, ...names.map(Number).filter((each) => parentOf(each) === pid)];
}

/** Returns the processor time of a server and of all that it has started. */
function allProcessorMsOf(server: number): number {
  let sum = 0;
  for (const pid of processesOf(server)) {
    try {
      sum += processorMsOf(pid);
    } catch {
      // It has just ended, and counts below.
    }
  }
  return sum + endedProcessorMsOf(server);
}

/** Returns the processor time that all of the machine took so far, and that it had. */
function machineMs(): { busyMs: number; givenMs: number } {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/);
  const [user, nice, system, idle, iowait, irq, softirq] = ticks.map((each) => Number(each) * 10);
  const busyMs = user! + nice! + system! + irq! + softirq!;
  return { busyMs, givenMs: busyMs + idle! + iowait! };
}
