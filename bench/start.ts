import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDirectory } from './disk.ts';
import { MAIN, startListening } from './load/servers.ts';
import { type Row, sideBySide } from './measure.ts';
import { printMeasured } from './table.ts';

function rowOf(directory: string, jobs: number): Row {
  const configPath = join(directory, `${jobs}.yaml`);
  const dataDirectory = join(directory, `data-${jobs}`);
  const lines = Array.from({ length: jobs }, (_, number) => `  job-${number}: { schedule: "0 2 * * *" }`);
  writeFileSync(configPath, `jobs:\n${lines.join('\n')}\n`);
  return {
    name: `${jobs.toLocaleString('en')} jobs`,
    async run(count) {
      for (let done = 0; done < count; done += 1)
        await (await startListening(configPath, dataDirectory)).stop();
    },
  };
}

function commandRow(name: string, args: readonly string[]): Row {
  return {
    name,
    async run(count) {
      for (let done = 0; done < count; done += 1) {
        const [code] = (await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit')) as [number];
        if (code !== 0) throw new Error(`${name} ended with ${code}`);
      }
    },
  };
}

/** Measures the start of commands that need little, held against that of Node. */
async function benchCommands(): Promise<void> {
  const rows = [
    commandRow('node -e 0', ['-e', '0']),
    commandRow('cronflow --version', [MAIN, '--version']),
    commandRow('cronflow next --schedule "0 2 * * *"', [MAIN, 'next', '--schedule', '0 2 * * *']),
  ];
  printMeasured('Starting a command', await sideBySide(rows, { rounds: 9, count: 1 }));
}

/** Measures the way from nothing to listening and back. The round that warms up declares the jobs. */
export async function benchStart(): Promise<void> {
  await benchCommands();
  await withDirectory(async (directory) => {
    const rows = [10, 1_000, 10_000].map((jobs) => rowOf(directory, jobs));
    printMeasured('Starting and stopping the service', await sideBySide(rows, { rounds: 3, count: 1 }));
  });
}
