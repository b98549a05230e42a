import pg from 'pg';

/** The most connections that are opened, as a pool would. More clients than these take turns. */
const CONNECTIONS_MAX = 48;

/** Clients that update single rows of a table, each row by its key and in a transaction of its own, as pgbench does. */
export class Updates {
  readonly #clients: readonly pg.Client[];
  readonly #rows: number;

  private constructor(clients: readonly pg.Client[], rows: number) {
    this.#clients = clients;
    this.#rows = rows;
  }

  static async make(connectionString: string, rows: number): Promise<Updates> {
    const clients = Array.from({ length: CONNECTIONS_MAX }, () => new pg.Client({ connectionString }));
    await Promise.all(clients.map((client) => client.connect()));
    const [first] = clients;
    await first!.query(
      'CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL) WITH (fillfactor = 50)',
    );
    await first!.query('INSERT INTO accounts SELECT id, 0 FROM generate_series(1, $1::integer) id', [rows]);
    await first!.query('VACUUM ANALYZE accounts');
    return new Updates(clients, rows);
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

  /** Updates for so long. Returns how many rows were updated, and how long it took. */
  async play(durationMs: number): Promise<{ count: number; elapsedMs: number }> {
    const beganMs = performance.now();
    let count = 0;
    const query = {
      name: 'update',
      text: 'UPDATE accounts SET balance = balance + 1 WHERE id = $1',
    };
    const run = async (client: pg.Client, number: number): Promise<void> => {
      for (let at = number; performance.now() - beganMs < durationMs; at += CONNECTIONS_MAX) {
        await client.query({ ...query, values: [(at % this.#rows) + 1] });
        count += 1;
      }
    };
    await Promise.all(this.#clients.map((client, number) => run(client, number)));
    return { count, elapsedMs: performance.now() - beganMs };
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }
}
