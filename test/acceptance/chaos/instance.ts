import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.ts';

/** The program of this version. */
export const SERVE = fileURLToPath(new URL('../../support/serve-shared.mjs', import.meta.url));

export interface InstanceOptions {
  name: string;
  configPath: string;
  dataDir: string;
  storeUrl: string;
  env: Readonly<Record<string, string>>;
  /** The program that it runs; by default this version's. */
  serve?: string;
}

/** One of several services on one database, in a process of its own, which a test treats badly. */
export class Instance {
  readonly name: string;
  readonly #options: InstanceOptions;
  #serve: string;
  #child: ChildProcess | null = null;
  #port: number | null = null;
  #log = '';

  constructor(options: InstanceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#serve = options.serve ?? SERVE;
  }

  /** Where it listens; null while it does not run. A load balancer is told this. */
  get port(): number | null {
    return this.#port;
  }

  get configPath(): string {
    return this.#options.configPath;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Runs another program from its next start on. */
  install(serve: string): void {
    this.#serve = serve;
  }

  log(): string {
    return this.#log;
  }

  /** Starts it. Resolves once it listens, or once it has ended because the database was away; then false. */
  async start(): Promise<boolean> {
    const { configPath, dataDir, storeUrl, env } = this.#options;
    const args = ['--config', configPath, '--data-dir', dataDir, '--port', '0'];
    const child = fork(this.#serve, args, {
      silent: true,
      env: { ...process.env, ...env, CRONFLOW_STORE: storeUrl, CRONFLOW_CONFIG: '', CRONFLOW_PORT: '' },
    });
    this.#child = child;
    const from = this.#log.length;
    child.stderr?.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    child.once('exit', () => {
      if (this.#child !== child) return;
      this.#child = null;
      this.#port = null;
    });
    await until(
      `${this.name} to listen`,
      () => {
        if (this.#child !== child) return true;
        const found = /listening url=http:\/\/[^\s:]+:(\d+)/.exec(this.#log.slice(from))?.[1];
        if (found === undefined) return false;
        this.#port = Number(found);
        return true;
      },
      () => this.#log,
    );
    return this.#child === child;
  }

  /** Ends it at once. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Asks it to stop, and waits until it has. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Stops it where it is, so that it keeps what it holds and answers nobody. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    this.#port = null;
    child.kill(signal);
    // A process that is stopped hears of nothing but a kill.
    child.kill('SIGCONT');
    await ended;
  }
}
