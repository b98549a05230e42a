#!/usr/bin/env node
import { createApp } from './app.ts';
import { backtest } from './cli/backtest.ts';
import { check } from './cli/check.ts';
import { declaredSchedules } from './cli/declared-schedule.ts';
import { importCommand } from './cli/import.ts';
import { init } from './cli/init.ts';
import { type Io, writerTo } from './cli/io.ts';
import { next } from './cli/next.ts';
import { ping } from './cli/ping.ts';
import { plan } from './cli/plan.ts';
import { runs } from './cli/runs.ts';
import { serve } from './cli/serve.ts';
import { status } from './cli/status.ts';
import { store } from './cli/store.ts';
import { testNotify } from './cli/test-notify.ts';
import { systemClock } from './clock.ts';

const HELP = `Usage: cronflow COMMAND [OPTIONS]

  init     write a first cronflow.yaml
  serve    watch the jobs declared in cronflow.yaml
  status   print the jobs of a running Cronflow, and what is in trouble
  runs     print the runs of a job
  ping     report something of a job
  test-notify send a sample message to a notifier
  next     print the coming slots of a schedule
  check    say what is wrong with cronflow.yaml, and what is probably not meant
  plan     print what applying cronflow.yaml would change
  backtest print which incidents a changed cronflow.yaml would have made of the past
  import   print the jobs of a crontab for cronflow.yaml, or the crontab with its jobs wrapped
  store    export, import or migrate the data directory

cronflow COMMAND --help says more.
`;

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
};

async function main([command, ...argv]: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      return serve(argv, io, host);
    case 'next':
      return next(argv, io, declaredSchedules(io));
    case 'import':
      return importCommand(argv, io);
    case 'check':
      return check(argv, io);
    case 'plan':
      return plan(argv, io);
    case 'backtest':
      return backtest(argv, io);
    case 'init':
      return init(argv, io);
    case 'status':
      return status(argv, io);
    case 'runs':
      return runs(argv, io);
    case 'ping':
      return ping(argv, io);
    case 'test-notify':
      return testNotify(argv, io);
    case 'store':
      return store(argv, io);
    case '--help':
    case 'help':
      io.stdout(HELP);
      return 0;
    default:
      io.stderr(command === undefined ? HELP : `cronflow: unknown command "${command}"\n\n${HELP}`);
      return 2;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What a person can mend is said as it is; anything else is a bug and shows where.
  const isExpected = error instanceof Error && error.name === 'CronflowError';
  process.stderr.write(
    `cronflow: ${isExpected ? error.message : ((error as Error).stack ?? String(error))}\n`,
  );
  process.exitCode = 1;
}
