import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Way } from './programs.ts';

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

/** Returns the options with which the user that runs the programs starts one in a folder. */
export function spawnOptions(
  folder: string,
  { user }: Way,
): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  // The messages of PostgreSQL are in English, whatever the locale of the tests is.
  const env = { ...process.env, LC_ALL: 'C', LANG: 'C' };
  return { cwd: folder, env, ...(user === undefined ? {} : { uid: user, gid: user }) };
}

/** A server program that does not outlive the process of the test. */
export class Kept {
  readonly pid: number;
  readonly #keeper: ChildProcess;
  readonly #folder: string;

  private constructor(keeper: ChildProcess, pid: number, folder: string) {
    this.#keeper = keeper;
    this.pid = pid;
    this.#folder = folder;
  }

  /**
   * Starts a program.
   * @param folder gets the log, and goes if the process of the test ends without a word
   */
  static async start(folder: string, way: Way, command: readonly string[]): Promise<Kept> {
    const keeper = spawn('sh', ['-c', KEEPER, 'sh', folder, ...way.prefix, ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // Ctrl-C in a terminal is for the tests, and the server ends with them.
      detached: true,
      ...spawnOptions(folder, way),
    });
    keeper.stdin?.on('error', () => undefined);
    const [first] = (await once(keeper.stdout, 'data')) as [Buffer];
    return new Kept(keeper, Number(first.toString().trim()), folder);
  }

  get isEnded(): boolean {
    return this.#keeper.exitCode !== null;
  }

  /** All that the program has printed. */
  log(): string {
    return readFileSync(join(this.#folder, 'server.log'), 'utf8');
  }

  /** Ends the program by a signal, and waits for that. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.#keeper, 'close');
    process.kill(this.pid, signal);
    this.#keeper.stdin?.end('ended\n');
    await ended;
  }

  /** Leaves it as the death of this process would: the keeper has to end it and to remove its folder. */
  async abandon(): Promise<void> {
    const ended = once(this.#keeper, 'close');
    this.#keeper.stdin?.destroy();
    await ended;
  }
}
