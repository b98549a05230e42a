import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { until } from '../until.ts';
import { Kept, spawnOptions } from './keeper.ts';
import { chooseWay, copyPrograms, handOver, type Way } from './programs.ts';

/** The name of the superuser, who needs no password. */
export const USER = 'cronflow';

/** How the server is told to stop, by the words of `pg_ctl stop --mode`. */
const STOP_SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** Settings that all servers of tests have. */
const SETTINGS = {
  listen_addresses: '',
  max_connections: '200',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  // Nobody copies most of these servers.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Nothing is left in /dev/shm after a kill.
  dynamic_shared_memory_type: 'mmap',
  autovacuum_naptime: '5s',
  log_min_messages: 'warning',
};

/** What a server needs that is copied while it runs. */
export const COPIED = { wal_level: 'replica', max_wal_senders: '5', wal_keep_size: '256MB' };

/** What a backup of a running server leaves out. The log is copied last. */
const NOT_COPIED = /[/\\](?:postmaster\.(?:pid|opts)|(?:pg_wal|pg_dynshmem|pg_replslot|pg_stat_tmp)[/\\].*)$/;

/** What a server without `durable` leaves out: its data need not outlive the machine. */
const HASTY = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

/** The certificate is for localhost and 127.0.0.1, and signed by itself. */
const TLS = new URL('../../testdata/tls/', import.meta.url);

export interface ServerOptions {
  /** Keeps what it has committed also through a crash of the machine, as real ones do. By default it does not. */
  durable?: boolean;
  /** Listens on a free port of 127.0.0.1 as well, for what does not work over a Unix socket, such as TLS. */
  tcp?: boolean;
  /** Offers TLS at its port, with the certificate of `test/testdata/tls`, and takes nobody there without it. */
  tls?: boolean;
  /** The folder of its programs; by default those that npm brings. */
  bin?: string;
  /** Settings of postgresql.conf beside those that all servers of tests have. */
  settings?: Readonly<Record<string, string>>;
}

/** Where a server is found. It can be handed to another process as JSON. */
export interface ServerAddress {
  /** The folder of its Unix socket. */
  socketFolder: string;
  /** Its port. The name of the socket has it, too. */
  port: number;
}

/** Returns the URL of a database. */
export function databaseUrl({ socketFolder, port }: ServerAddress, database: string): string {
  return `postgres:///${database}?user=${USER}&host=${encodeURIComponent(socketFolder)}&port=${port}`;
}

/** Returns the path of the socket of a server, where a proxy connects to it. */
export function socketPath({ socketFolder, port }: ServerAddress): string {
  return join(socketFolder, `.s.PGSQL.${port}`);
}

/** Returns the URL of a database behind a port, such as that of a proxy. */
export function databaseUrlAt(port: number, database: string): string {
  return `postgres://${USER}@127.0.0.1:${port}/${database}`;
}

/** Runs statements in a database over a connection of its own. */
export async function sql(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A PostgreSQL server of its own, in a temporary folder. */
export class PostgresServer {
  readonly address: ServerAddress;
  /** All that the server has: programs, data, socket and log. */
  readonly folder: string;
  readonly #bin: string;
  readonly #way: Way;
  readonly #settings: Readonly<Record<string, string>>;
  #kept: Kept | undefined;
  #pid = 0;

  private constructor(options: { folder: string; bin: string; way: Way; settings: Record<string, string> }) {
    this.folder = options.folder;
    this.#bin = options.bin;
    this.#way = options.way;
    this.#settings = options.settings;
    const { port, unix_socket_directories } = options.settings;
    this.address = { socketFolder: unix_socket_directories!, port: Number(port) };
  }

  /** Makes a new server and starts it. */
  static async make({
    durable = false,
    tcp = false,
    tls = false,
    bin: ofSystem,
    settings = {},
  }: ServerOptions = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'pg-'));
    // Another user may run the programs in it.
    chmodSync(folder, 0o711);
    try {
      const { bin, way } =
        ofSystem === undefined ? copyPrograms(folder) : { bin: ofSystem, way: chooseWay()! };
      const own = join(folder, 'own');
      mkdirSync(own, { mode: 0o700 });
      for (const part of [folder, own]) handOver(part, way);
      const server = new PostgresServer({
        folder,
        bin,
        way,
        settings: {
          ...SETTINGS,
          ...(durable ? {} : HASTY),
          ...(tcp ? { listen_addresses: '127.0.0.1' } : {}),
          port: String(tcp ? await freePort() : 5432),
          unix_socket_directories: own,
          ...(tls ? tlsIn(own, way) : {}),
          ...settings,
        },
      });
      await server.#initialize();
      await server.start();
      return server;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    return this.#pid;
  }

  /** All that the server has logged. */
  log(): string {
    return readFileSync(join(this.folder, 'own', 'server.log'), 'utf8');
  }

  url(database: string): string {
    return databaseUrl(this.address, database);
  }

  get #own(): string {
    return join(this.folder, 'own');
  }

  /** Starts it, and returns once it takes connections. */
  async start(): Promise<void> {
    if (this.#kept !== undefined) throw new Error('the server runs already');
    const settings = Object.entries(this.#settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const command = [join(this.#bin, 'postgres'), '-D', join(this.#own, 'data'), ...settings];
    const kept = await Kept.start(this.#own, this.#way, command);
    this.#kept = kept;
    this.#pid = kept.pid;
    await until(
      'PostgreSQL to start',
      async () => {
        if (kept.isEnded) throw new Error(`PostgreSQL ended:\n${this.log()}`);
        return sql(this.url('postgres'), 'SELECT 1').then(
          () => true,
          () => false,
        );
      },
      () => this.log(),
    );
  }

  /**
   * Stops it. `immediate` is like a crash: nothing is written, and the next start recovers.
   */
  async stop(mode: keyof typeof STOP_SIGNALS = 'immediate'): Promise<void> {
    const kept = this.#kept;
    if (kept === undefined) return;
    this.#kept = undefined;
    this.thaw();
    await kept.end(STOP_SIGNALS[mode]);
  }

  /** Stops it and starts it again. */
  async restart(mode: keyof typeof STOP_SIGNALS = 'fast'): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  /** Stops every process of the server where it is, so that it neither answers nor closes a connection. Linux only. */
  freeze(): void {
    for (const pid of this.#processes()) signal(pid, 'SIGSTOP');
  }

  /** Lets a frozen server go on. */
  thaw(): void {
    for (const pid of this.#processes()) signal(pid, 'SIGCONT');
  }

  /**
   * Ends one process that serves a connection of Cronflow, as the kernel does where memory is short. The server trusts
   * no other process after that: it ends all of them, and recovers as after a crash.
   */
  async killBackend(): Promise<void> {
    const pid = await backendOf(this.url('postgres'));
    if (pid !== null) signal(pid, 'SIGKILL');
  }

  /** Ends every process of it at the same time, as when its machine has no power any more. */
  async kill(): Promise<void> {
    const kept = this.#kept!;
    this.#kept = undefined;
    this.freeze();
    for (const pid of childrenOf(this.#pid)) signal(pid, 'SIGKILL');
    await kept.end('SIGKILL');
  }

  /**
   * Makes another server from a backup of this one, which runs and needs the settings `COPIED`. It uses the programs of
   * this one, so it is removed first.
   * @param kind a `copy` follows this one as "copy", and takes no writes until it is promoted; a `restore` goes on by
   *   itself from the instant of the backup. Neither is started.
   */
  async backUp(kind: 'copy' | 'restore'): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'pg-'));
    chmodSync(folder, 0o711);
    const own = join(folder, 'own');
    mkdirSync(own, { mode: 0o700 });
    const { socketFolder, port } = this.address;
    const conninfo = `host=${socketFolder} port=${port} user=${USER} application_name=copy`;
    const settings = {
      ...this.#settings,
      unix_socket_directories: own,
      ...(kind === 'copy' ? { primary_conninfo: conninfo } : {}),
    };
    const from = join(this.#own, 'data');
    const to = join(own, 'data');
    const client = new pg.Client({ connectionString: this.url('postgres') });
    await client.connect();
    await client.query("SELECT pg_backup_start('test', true)");
    copyLive(from, to);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await client.end();
    copyLive(join(from, 'pg_wal'), join(to, 'pg_wal'), /$^/);
    writeFileSync(join(to, 'backup_label'), rows[0]!.labelfile);
    if (kind === 'copy') writeFileSync(join(to, 'standby.signal'), '');
    handOver(folder, this.#way);
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      handOver(join(folder, path), this.#way);
    return new PostgresServer({ folder, bin: this.#bin, way: this.#way, settings });
  }

  /** Leaves it as the death of this process would: the keeper has to stop it and to remove its data. */
  async abandon(): Promise<void> {
    const kept = this.#kept!;
    this.#kept = undefined;
    await kept.abandon();
  }

  /** Stops it and removes all that it has. */
  async remove(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The server's own process, and those that serve a connection each. */
  #processes(): number[] {
    return [this.#pid, ...childrenOf(this.#pid)];
  }

  /** Sets up the data. The collation is one that differs from the order of code units, as it does in most databases. */
  async #initialize(): Promise<void> {
    const options = Object.entries({
      pgdata: join(this.#own, 'data'),
      username: USER,
      auth: 'trust',
      encoding: 'UTF8',
      locale: 'C',
      'locale-provider': 'icu',
      'icu-locale': 'en-US',
    }).map(([key, value]) => `--${key}=${value}`);
    const words = [join(this.#bin, 'initdb'), ...options, '--no-sync', '--no-instructions'];
    const [command, ...args] = [...this.#way.prefix, ...words];
    const child = spawn(command!, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...spawnOptions(this.#own, this.#way),
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`initdb ended with ${code}:\n${said}`);
  }
}

/** Puts what TLS needs into the folder of a server. Returns the settings that name it. */
function tlsIn(own: string, way: Way): Record<string, string> {
  const files = {
    'server-cert.pem': readFileSync(new URL('server-cert.pem', TLS)),
    'server-key.pem': readFileSync(new URL('server-key.pem', TLS)),
    'hba.conf': 'local all all trust\nhostssl all all 0.0.0.0/0 trust\n',
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(own, name), content, { mode: 0o600 });
    handOver(join(own, name), way);
  }
  return {
    ssl: 'on',
    ssl_cert_file: join(own, 'server-cert.pem'),
    ssl_key_file: join(own, 'server-key.pem'),
    hba_file: join(own, 'hba.conf'),
  };
}

/** Returns the process behind some connection of Cronflow; null where it has none. */
async function backendOf(url: string): Promise<number | null> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'cronflow' ORDER BY state <> 'active' LIMIT 1",
    );
    return rows[0]?.pid ?? null;
  } finally {
    await client.end();
  }
}

/**
 * Copies a folder of a server that runs. Files come and go in it meanwhile, and what has gone is in the log, from which a
 * start of the copy makes it good.
 */
function copyLive(from: string, to: string, except = NOT_COPIED): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (except.test(path)) continue;
    try {
      if (entry.isDirectory()) copyLive(path, join(to, entry.name), except);
      else copyFileSync(path, join(to, entry.name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}

function childrenOf(parent: number): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names.filter((name) => /^\d+$/.test(name) && parentOf(name) === parent).map(Number);
}

function parentOf(pid: string): number | null {
  try {
    // The name of the program stands in brackets, and may hold any character.
    const [, ppid] = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return Number(ppid);
  } catch {
    return null;
  }
}

/** Returns a port of 127.0.0.1 on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
