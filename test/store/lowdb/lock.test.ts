import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { acquireLock, shortPath } from '../../../src/store/lowdb/lock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const HOLDER = fileURLToPath(new URL('../../support/lock-holder.mjs', import.meta.url));

let directory: string;
let children: ChildProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cronflow-lock-'));
});
afterEach(async () => {
  await Promise.all(children.map(killed));
  children = [];
  await rm(directory, { recursive: true, force: true });
});

const acquire = (): ReturnType<typeof acquireLock> => acquireLock(directory, systemClock);
const sockets = async (): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.includes('sock'));

/** Starts a process that tries to lock the directory; resolves to what it says of that. */
async function startHolder(): Promise<{ child: ChildProcess; says: string }> {
  const child = spawn(process.execPath, [HOLDER, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [says] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, says };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Listens on a socket of that name in the directory, whose own path may be too long for a socket's. */
async function listenAt(name: string): Promise<{ server: Server; close: () => Promise<void> }> {
  const handle = await open(directory, 'r');
  const server = createServer().listen(shortPath(directory, handle.fd, name));
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
    await handle.close();
  };
  return { server, close };
}

test('a directory is locked once; the refusal names the directory and says what to do', async () => {
  const lock = await acquire();
  const second = acquire();
  await expect(second).rejects.toMatchObject({ code: 'store_locked' });
  await expect(second).rejects.toThrow(`Another process uses ${directory}. Stop it first`);
  await lock.release();
  expect(await sockets()).toEqual([]);
  await (await acquire()).release();
});

test('a process that was killed holds nothing, and its socket is removed', async () => {
  const { child, says } = await startHolder();
  expect(says).toBe('held');
  await expect(acquire()).rejects.toMatchObject({ code: 'store_locked' });
  await killed(child);
  expect(await sockets()).toHaveLength(1);
  const lock = await acquire();
  expect(await sockets()).toHaveLength(1);
  await lock.release();
  expect(await sockets()).toEqual([]);
});

test('exactly one of many locks at the same instant wins, with dead sockets about', async () => {
  for (let round = 0; round < 20; round += 1) {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, acquire));
    const locks = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(locks).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'store_locked' });
    await locks[0]!.value.release();
  }
});

test('exactly one of several processes at the same instant wins, after others were killed', async () => {
  for (let round = 0; round < 3; round += 1) {
    const started = await Promise.all(Array.from({ length: 4 }, startHolder));
    expect(started.map(({ says }) => says).sort()).toEqual([
      'held',
      'store_locked',
      'store_locked',
      'store_locked',
    ]);
    await Promise.all(started.map(({ child }) => killed(child)));
  }
});

test('a directory with a long path can be locked', async () => {
  const parent = directory;
  directory = join(parent, 'x'.repeat(200), 'y'.repeat(200));
  await mkdir(directory, { recursive: true });
  const lock = await acquire();
  await expect(acquire()).rejects.toMatchObject({ code: 'store_locked' });
  await lock.release();
  directory = parent;
});

describe('a socket that someone listens on', () => {
  test('is respected, even if it never answers', async () => {
    const { server, close } = await listenAt('lock-0123456789abcdef.sock');
    const connected = once(server, 'connection');
    const clock = createFakeClock();
    const refused = Promise.allSettled([acquireLock(directory, clock)]);
    const [socket] = (await connected) as [{ destroy: () => void }];
    // The timer was set as soon as the connection was begun.
    await clock.advance(2_000);
    expect(await refused).toMatchObject([{ status: 'rejected', reason: { code: 'store_locked' } }]);
    socket.destroy();
    await close();
  });
});

test('an unfinished socket of a killed process is cleaned up', async () => {
  const { close } = await listenAt('lock-0123456789abcdef.sock.tmp');
  const lock = await acquire();
  expect(await sockets()).toHaveLength(1);
  await lock.release();
  await close();
});
