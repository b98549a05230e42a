import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASTS_FOLDER } from '../../support/kept.ts';
import { hostileConfig, hostileHappenings } from './hostile.ts';
import { manyConfig, manyHappenings } from './many.ts';
import { happeningsOfNight, MORNING_AT, nightConfig, PAGER_GONE } from './night.ts';
import { type Past, playPast } from './past.ts';

/** A past in which a service can begin. */
export interface Played {
  /** The configuration at its end. */
  config: string;
  play: (folder: string, configPath: string) => Omit<Past, 'directory' | 'configPath'>;
}

/** The pasts by their names, all of them up to the same morning. */
export const PASTS = {
  night: {
    config: nightConfig(),
    play: (_folder, configPath) => ({
      happenings: happeningsOfNight((config) => writeFile(configPath, config)),
      untilAt: MORNING_AT,
      answers: { pager: PAGER_GONE },
    }),
  },
  thousand: many(1_000),
  fiveThousand: many(5_000),
  hostile: {
    config: hostileConfig(),
    play: () => ({ happenings: hostileHappenings(), untilAt: MORNING_AT }),
  },
  empty: { config: 'jobs: {}\n', play: () => ({ happenings: [], untilAt: MORNING_AT }) },
} as const satisfies Record<string, Played>;

export type PastName = keyof typeof PASTS;

function many(count: number): Played {
  return {
    config: manyConfig(count),
    play: () => ({ happenings: manyHappenings(count), untilAt: MORNING_AT }),
  };
}

/**
 * Puts the data and the configuration at the end of a past into a folder, as `data` and `cronflow.yaml`. Each past is
 * played once in a run of the tests, and files that need the same one copy it.
 */
export async function putPast(name: PastName, folder: string): Promise<void> {
  const kept = join(tmpdir(), PASTS_FOLDER, name);
  if (!existsSync(kept)) await keepPast(name, kept);
  await cp(kept, folder, { recursive: true });
}

async function keepPast(name: PastName, kept: string): Promise<void> {
  await mkdir(join(tmpdir(), PASTS_FOLDER), { recursive: true });
  const own = await mkdtemp(`${kept}-`);
  try {
    const { config, play }: Played = PASTS[name];
    const configPath = join(own, 'cronflow.yaml');
    await writeFile(configPath, config);
    await playPast({ directory: join(own, 'data'), configPath, ...play(own, configPath) });
    await writeFile(configPath, config);
    await rename(own, kept);
  } catch (error) {
    // Another file may have been faster.
    if (!existsSync(kept)) throw error;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
