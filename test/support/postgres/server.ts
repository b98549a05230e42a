import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { until } from '../until.ts';
import { copyPrograms, handOver, type Way } from './programs.ts';

/** The name of the superuser, who needs no password. */
const USER = 'cronflow';

/** How the server is told to stop, by the words of `pg_ctl stop --mode`. */
const STOP_SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/**
 * Starts a server and stays with it. Its standard input is a pipe from the process of the test. If that process ends in
 * any way, also by kill -9, the pipe is closed; then the server is stopped and its folder goes.
 */
const KEEPER = `
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- >>"$folder/server.log" 2>&1 &
server=$!
(
  read -r word <&3
  [ "$word" != ended ] || exit 0
  kill -CONT "$server" 2>/dev/null
  kill -QUIT "$server" 2>/dev/null
  while kill -0 "$server" 2>/dev/null; do sleep 0.05; done
  rm -rf "$folder"
) >/dev/null 2>&1 &
exec 3<&-
echo "$server"
wait "$server"
`;

/** Settings that all servers of tests have. */
const SETTINGS = {
  listen_addresses: '',
  max_connections: '200',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  // Nobody copies these servers.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Nothing is left in /dev/shm after a kill.
  dynamic_shared_memory_type: 'mmap',
  autovacuum_naptime: '5s',
  log_min_messages: 'warning',
};

/** What a server without `durable` leaves out: its data need not outlive the machine. */
const HASTY = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

export interface ServerOptions {
  /** Keeps what it has committed also through a crash of the machine, as real ones do. By default it does not. */
  durable?: boolean;
  /** Listens on a free port of 127.0.0.1 as well, for what does not work over a Unix socket, such as TLS. */
  tcp?: boolean;
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
  #keeper: ChildProcess | undefined;
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
    settings = {},
  }: ServerOptions = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'pg-'));
    // Another user may run the programs in it.
    chmodSync(folder, 0o711);
    try {
      const { bin, way } = copyPrograms(folder);
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
    if (this.#keeper !== undefined) throw new Error('the server runs already');
    const settings = Object.entries(this.#settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const command = [
      ...this.#way.prefix,
      join(this.#bin, 'postgres'),
      '-D',
      join(this.#own, 'data'),
      ...settings,
    ];
    const keeper = spawn('sh', ['-c', KEEPER, 'sh', this.#own, ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // Ctrl-C in a terminal is for the tests, and the server ends with them.
      detached: true,
      ...this.#spawnOptions(),
    });
    keeper.stdin?.on('error', () => undefined);
    this.#keeper = keeper;
    const [first] = (await once(keeper.stdout, 'data')) as [Buffer];
    this.#pid = Number(first.toString().trim());
    await until(
      'PostgreSQL to start',
      async () => {
        if (keeper.exitCode !== null) throw new Error(`PostgreSQL ended:\n${this.log()}`);
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
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    this.#keeper = undefined;
    const ended = once(keeper, 'close');
    this.thaw();
    process.kill(this.#pid, STOP_SIGNALS[mode]);
    keeper.stdin?.end('ended\n');
    await ended;
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

  /** Leaves it as the death of this process would: the keeper has to stop it and to remove its data. */
  async abandon(): Promise<void> {
    const keeper = this.#keeper!;
    this.#keeper = undefined;
    const ended = once(keeper, 'close');
    keeper.stdin?.destroy();
    await ended;
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
    const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'], ...this.#spawnOptions() });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`initdb ended with ${code}:\n${said}`);
  }

  #spawnOptions(): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
    const { user } = this.#way;
    // The messages of PostgreSQL are in English, whatever the locale of the tests is.
    const env = { ...process.env, LC_ALL: 'C', LANG: 'C' };
    return { cwd: this.#own, env, ...(user === undefined ? {} : { uid: user, gid: user }) };
  }
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
