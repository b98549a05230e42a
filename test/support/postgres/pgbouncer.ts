import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until } from '../until.ts';
import { Kept } from './keeper.ts';
import { chooseWay, handOver, missingPostgres } from './programs.ts';
import { databaseUrl, type ServerAddress, sql, USER } from './server.ts';

/** When PgBouncer takes a connection to the database away from a client: when that leaves, or after a transaction. */
export type PoolMode = 'session' | 'transaction';

/** Settings that every PgBouncer of a test has. */
const SETTINGS = {
  listen_port: '6432',
  auth_type: 'trust',
  max_client_conn: '500',
  // Few, so that clients have to share them.
  default_pool_size: '5',
  // By default it lets clients wait for 15 s after the database refused a connection.
  server_login_retry: '1',
};

interface PgBouncerOptions {
  mode: PoolMode;
  /** Settings of pgbouncer.ini beside those that every one of a test has. */
  settings?: Readonly<Record<string, string>>;
}

/** Finds the program, which is no part of npm. Debian puts it where not every user looks. */
function find(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path));
}

/** Says why there can be no PgBouncer here; null if there can be one. */
export function missingPgBouncer(): string | null {
  return missingPostgres() ?? (find() === undefined ? 'pgbouncer is not installed' : null);
}

/**
 * Starts a PgBouncer before a server in the mode that `CRONFLOW_TEST_POOL_MODE` names, so that any test can be tried
 * behind one.
 * @returns undefined where it names none
 */
export async function askedPgBouncer(server: ServerAddress): Promise<PgBouncer | undefined> {
  const mode = process.env['CRONFLOW_TEST_POOL_MODE'];
  if (mode === undefined || mode === '') return undefined;
  if (mode !== 'session' && mode !== 'transaction') throw new Error(`PgBouncer has no mode "${mode}"`);
  return PgBouncer.make(server, { mode, settings: { default_pool_size: mode === 'session' ? '50' : '5' } });
}

/** A real PgBouncer before a server, in a temporary folder. */
export class PgBouncer {
  readonly address: ServerAddress;
  readonly #folder: string;
  readonly #kept: Kept;

  private constructor(folder: string, kept: Kept) {
    this.#folder = folder;
    this.#kept = kept;
    this.address = { socketFolder: folder, port: Number(SETTINGS.listen_port) };
  }

  /**
   * Makes a PgBouncer before a server and starts it. It knows the superuser alone.
   * @param server its address, or the port of 127.0.0.1 where it is found, as that of a proxy
   */
  static async make(
    server: ServerAddress | number,
    { mode, settings = {} }: PgBouncerOptions,
  ): Promise<PgBouncer> {
    const program = find();
    const way = chooseWay();
    if (program === undefined || way === null) throw new Error(missingPgBouncer() ?? 'root may not run it');
    const outer = mkdtempSync(join(tmpdir(), 'pgb-'));
    chmodSync(outer, 0o711);
    const folder = join(outer, 'own');
    mkdirSync(folder, { mode: 0o700 });
    const all = {
      ...SETTINGS,
      unix_socket_dir: folder,
      auth_file: join(folder, 'users'),
      pool_mode: mode,
      ...settings,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}`);
    const place =
      typeof server === 'number'
        ? `host=127.0.0.1 port=${server}`
        : `host=${server.socketFolder} port=${server.port}`;
    const databases = `[databases]\n* = ${place}\n`;
    const files = {
      'pgbouncer.ini': `${databases}[pgbouncer]\n${lines.join('\n')}\n`,
      users: `"${USER}" ""\n`,
    };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
      handOver(join(folder, name), way);
    }
    handOver(folder, way);
    const kept = await Kept.start(folder, way, [program, join(folder, 'pgbouncer.ini')]);
    const bouncer = new PgBouncer(outer, kept);
    bouncer.address.socketFolder = folder;
    const isThere = (): Promise<boolean> =>
      sql(databaseUrl(bouncer.address, 'postgres'), 'SELECT 1').then(
        () => true,
        () => false,
      );
    await until('PgBouncer to start', isThere, () => kept.log());
    return bouncer;
  }

  /** Stops it and removes all that it has. */
  async remove(): Promise<void> {
    await this.#kept.end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
