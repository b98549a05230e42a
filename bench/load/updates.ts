import pg from 'pg';

/** A pool has so many connections, and clients take turns on them. */
export const POOL_CONNECTIONS = 48;
/** So many connections are opened at a time, since the database starts a process for each. */
const OPENED_AT_ONCE = 32;

/** Clients that update single rows of a table, each row by its key and in a transaction of its own, as pgbench does. */
export class Updates {
  readonly #url: string;
  readonly #clients: pg.Client[] = [];
  readonly #rows: number;

  private constructor(url: string, rows: number) {
    this.#url = url;
    this.#rows = rows;
  }

  static async make(url: string, rows: number): Promise<Updates> {
    const updates = new Updates(url, rows);
    await updates.open(POOL_CONNECTIONS);
    const [first] = updates.#clients;
    await first!.query(
      'CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL) WITH (fillfactor = 50)',
    );
    await first!.query('INSERT INTO accounts SELECT id, 0 FROM generate_series(1, $1::integer) id', [rows]);
    await first!.query('VACUUM ANALYZE accounts');
    return updates;
  }

  /** Sees that there are as many connections, beside those of the pool, so that no turn has to open them. */
  async open(connections: number): Promise<void> {
    while (this.#clients.length < connections) {
      const count = Math.min(OPENED_AT_ONCE, connections - this.#clients.length);
      const more = Array.from({ length: count }, () => new pg.Client({ connectionString: this.#url }));
      this.#clients.push(...more);
      await Promise.all(more.map((client) => client.connect()));
    }
  }

  /**
   * Returns how long the database takes to answer a question that costs it nothing.
   * @returns milliseconds, the median of some
   */
  async roundTripMs(): Promise<number> {
    const tookMs: number[] = [];
    for (let count = 0; count < 50; count += 1) {
      const beganMs = performance.now();
      await this.#clients[0]!.query('SELECT');
      tookMs.push(performance.now() - beganMs);
    }
    return tookMs.toSorted((a, b) => a - b)[25]!;
  }

  /**
   * Updates for so long, over so many connections, which are open.
   * @returns how many rows were updated, and how long it took
   */
  async play(
    durationMs: number,
    connections = POOL_CONNECTIONS,
  ): Promise<{ count: number; elapsedMs: number }> {
    const beganMs = performance.now();
    let count = 0;
    const query = {
      name: 'update',
      text: 'UPDATE accounts SET balance = balance + 1 WHERE id = $1',
    };
    const run = async (client: pg.Client, number: number): Promise<void> => {
      for (let at = number; performance.now() - beganMs < durationMs; at += connections) {
        await client.query({ ...query, values: [(at % this.#rows) + 1] });
        count += 1;
      }
    };
    await Promise.all(this.#clients.slice(0, connections).map((client, number) => run(client, number)));
    return { count, elapsedMs: performance.now() - beganMs };
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }
}
