#!/usr/bin/env node
import { constants } from 'node:os';
import { cronflow } from './cli/cronflow.ts';
import { type Io, writerTo } from './cli/io.ts';
import type { ServeHost } from './cli/serve.ts';
import { keepAlive, systemClock } from './clock.ts';

const io: Io = {
  stdin: process.stdin,
  stdout: writerTo(process.stdout),
  stderr: writerTo(process.stderr),
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  terminal: process.stdout.isTTY ? process.stdout : undefined,
};

/**
 * Below npm, Ctrl-C arrives twice: from the terminal, and passed on by npm. Signals this close together count as one.
 */
const SAME_WISH_MS = 1_000;
const PARENT_LOOK_MS = 500;

/** Resolves with the first signal to stop. A later signal, while the stop still lasts, ends the process at once. */
function stopRequested(): Promise<string> {
  return new Promise((resolve) => {
    let wishedAt: number | null = null;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        wishedAt ??= systemClock.monotonic();
        if (systemClock.monotonic() - wishedAt > SAME_WISH_MS) process.exit(128 + constants.signals[signal]);
        resolve(signal);
      });
    }
    if (process.env['npm_lifecycle_event'] === 'start') onParentEnd(() => resolve('none, npm has ended'));
  });
}

/**
 * Calls back when the parent ends. `npm start` passes on TERM and INT, but HUP, QUIT and KILL end it without a word
 * to its child.
 */
function onParentEnd(callback: () => void): void {
  const parent = process.ppid;
  const look = (): void => {
    if (process.ppid === parent) systemClock.after(PARENT_LOOK_MS, look);
    else callback();
  };
  look();
}

const host = {
  // The service is loaded only here, because all but one command do without it.
  createApp: async (options: Parameters<ServeHost['createApp']>[0]) =>
    (await import('./app/app.ts')).createApp(options),
  stopRequested,
  onReloadRequested: (callback: () => void): void => void process.on('SIGHUP', callback),
  exit: (code: number): void => process.exit(code),
  onExit: (callback: () => void): void => void process.on('exit', callback),
  onWarning(callback: (warning: Error) => void): void {
    // This removes the listener of Node, which writes the warnings as they are.
    process.removeAllListeners('warning').on('warning', callback);
  },
};

const release = keepAlive();
try {
  process.exitCode = await cronflow(process.argv.slice(2), io, host);
} catch (error) {
  // An error that a person can mend is printed as it is. Any other is a bug, and its stack shows where.
  const isExpected = error instanceof Error && error.name === 'CronflowError';
  process.stderr.write(
    `cronflow: ${isExpected ? error.message : ((error as Error).stack ?? String(error))}\n`,
  );
  process.exitCode = 1;
} finally {
  release();
}
