import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withDirectory } from './disk.ts';
import { MAIN } from './load/servers.ts';
import { type Row, sideBySide } from './measure.ts';
import { printMeasured } from './table.ts';

const run = promisify(execFile);

function rowOf(directory: string, jobs: number): Row {
  const path = join(directory, `${jobs}.yaml`);
  const lines = Array.from(
    { length: jobs },
    (_, i) => `  job-${i}: { schedule: "${i % 60} ${i % 24} * * *", grace: 10m }\n`,
  );
  writeFileSync(
    path,
    `notifiers: { log: { type: log } }\njobs:${jobs === 0 ? ' {}' : ''}\n${lines.join('')}`,
  );
  return {
    name: `${jobs.toLocaleString('en')} jobs`,
    async run(count) {
      for (let done = 0; done < count; done += 1) await run(process.execPath, [MAIN, 'check', path]);
    },
  };
}

/**
 * Measures `cronflow check` of a file without a mistake, as people run it. Without jobs that is the start of the
 * program.
 */
export async function benchCheck(): Promise<void> {
  await withDirectory(async (directory) => {
    const rows = [0, 1_000, 10_000].map((jobs) => rowOf(directory, jobs));
    printMeasured('Checking a file', await sideBySide(rows, { rounds: 3, count: 1 }));
  });
}
