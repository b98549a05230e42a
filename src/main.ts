#!/usr/bin/env node
import { createApp } from './app.ts';
import { cronflow } from './cli/cronflow.ts';
import { type Io, writerTo } from './cli/io.ts';
import { keepAlive, systemClock } from './clock.ts';

const io: Io = {
  stdin: process.stdin,
  stdout: writerTo(process.stdout),
  stderr: writerTo(process.stderr),
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
};

const host = {
  createApp,
  stopRequested: (): Promise<string> =>
    new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve(signal));
    }),
  onReloadRequested: (callback: () => void): void => void process.on('SIGHUP', callback),
  onWarning(callback: (warning: Error) => void): void {
    // Node's own listener, which writes them.
    process.removeAllListeners('warning').on('warning', callback);
  },
};

const release = keepAlive();
try {
  process.exitCode = await cronflow(process.argv.slice(2), io, host);
} catch (error) {
  // What a person can mend is said as it is; anything else is a bug and shows where.
  const isExpected = error instanceof Error && error.name === 'CronflowError';
  process.stderr.write(
    `cronflow: ${isExpected ? error.message : ((error as Error).stack ?? String(error))}\n`,
  );
  process.exitCode = 1;
} finally {
  release();
}
