import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import { unusable } from './directory.ts';
import { isMissing } from './disk.ts';

/** A data directory that this process holds. */
export interface Lock {
  release(): Promise<void>;
}

/** The answer that a process gives to everyone who connects to its socket. */
type State = 'candidate' | 'holder';
/** `unclear`: the connection was cut, so the process is just ending or letting go. null: nobody is there. */
type Answer = State | 'unclear' | null;

const UNFINISHED = /^lock-[0-9a-f]{16}\.sock\.tmp$/;
const NAME = /^lock-([0-9a-f]{16})\.sock$/;
/** A process that does not answer for this long is alive all the same, because the kernel took the connection. */
const ANSWER_MS_MAX = 2_000;
const POLL_MS = 10;

/**
 * Makes this process the only one to use the directory, until it releases the lock or ends, however it ends. A process
 * id would mean nothing in another container, but a socket that someone listens on does.
 *
 * Every process binds a socket under a name of its own that is never used again, and gives the socket that name only
 * once it listens. So a name at which nobody answers is dead for good and can be removed by anyone, and no two
 * processes can mistake each other's fresh socket for a stale one. A process that has published its name looks at the
 * others. If it meets a holder, it gives up. Of two candidates the one with the higher name gives up, and the one with
 * the lower name waits until it has: the higher one may have looked before the lower one's name was there, and may hold
 * the lock already. Since both publish before they look, one of them must see the other.
 * @throws CronflowError `store_locked`
 */
export async function acquireLock(directory: string, clock: Clock): Promise<Lock> {
  const own = `lock-${randomBytes(8).toString('hex')}.sock`;
  let state: State = 'candidate';
  const handle = await open(directory, 'r').catch((error: unknown) => {
    throw unusable(directory, error);
  });
  const socketPath = (name: string): string => shortPath(directory, handle.fd, name);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // The answer does not wait for the other side to hang up, because that may be a stopped process, and closing the server
    // would wait for it.
    socket.end(state, () => socket.destroy());
  });
  const release = async (): Promise<void> => {
    // The name goes first, because someone must answer while it is there.
    await rm(join(directory, own), { force: true }).catch(() => undefined);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await handle.close();
  };
  try {
    await listen(server, socketPath(`${own}.tmp`));
    await rename(join(directory, `${own}.tmp`), join(directory, own));
    for (const other of await readdir(directory)) if (NAME.test(other) && other !== own) await outlast(other);
    state = 'holder';
    // Processes that were killed left these sockets. A process that is about to rename its own finds itself locked out.
    for (const name of await readdir(directory))
      if (UNFINISHED.test(name)) await rm(join(directory, name), { force: true });
    server.unref();
    return { release };
  } catch (error) {
    await release();
    if (error instanceof CronflowError) throw error;
    if (isMissing(error)) throw locked(directory);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC') throw unusable(directory, error);
    throw new CronflowError(
      'store_locked',
      `Cannot lock ${directory}: ${errorText(error)}. The directory must be on a file system that allows local sockets.`,
      { cause: error },
    );
  }

  /** Returns once the other process is gone. */
  async function outlast(other: string): Promise<void> {
    for (;;) {
      const answer = await ask(socketPath(other), clock);
      if (answer === null) return rm(join(directory, other), { force: true });
      if (answer === 'holder' || (answer === 'candidate' && other < own)) throw locked(directory);
      await sleep(clock, POLL_MS);
    }
  }
}

function locked(directory: string): CronflowError {
  return new CronflowError(
    'store_locked',
    `Another process uses ${directory}. Stop it first, or give this one a directory of its own with --data-dir.`,
  );
}

/**
 * Returns a path of a socket that is short enough (about 100 bytes). Linux can reach the directory through its
 * descriptor. Elsewhere the shorter of the absolute and the relative path must do.
 */
export function shortPath(directory: string, descriptor: number, name: string): string {
  if (process.platform === 'linux') return `/proc/self/fd/${descriptor}/${name}`;
  const absolute = join(directory, name);
  const fromHere = relative(process.cwd(), absolute);
  return fromHere.length < absolute.length ? fromHere : absolute;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/** Asks the process behind the socket for its state. A process that is too busy to answer counts as `holder`. */
function ask(path: string, clock: Clock): Promise<Answer> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = createConnection(path);
    const cancel = clock.after(ANSWER_MS_MAX, () => finish('holder'));
    const finish = (result: Answer): void => {
      cancel();
      socket.destroy();
      resolve(result);
    };
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('end', () => finish(answer === 'candidate' || answer === 'holder' ? answer : 'unclear'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const nobody = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      const cut = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      finish(nobody ? null : cut ? 'unclear' : 'holder');
    });
  });
}
