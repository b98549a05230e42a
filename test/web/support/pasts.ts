import { cp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASTS_FOLDER } from '../../support/kept.ts';
import { madeOnce } from '../../support/made-once.ts';
import { MORNING_AT } from './morning.ts';
import type { Past } from './past.ts';

/** A past up to the morning, in which a service then begins. */
interface Told extends Pick<Past, 'happenings' | 'answers'> {
  /** The configuration at its end. */
  config: string;
}

type Teller = (configPath: string) => Promise<Told>;

/** The pasts by their names. What tells them is loaded by the one file that plays them. */
const PASTS = {
  night: async (configPath) => {
    const { happeningsOfNight, nightConfig, PAGER_GONE } = await import('./night.ts');
    return {
      config: nightConfig(),
      happenings: happeningsOfNight((config) => writeFile(configPath, config)),
      answers: { pager: PAGER_GONE },
    };
  },
  thousand: () => many(1_000),
  fiveThousand: () => many(5_000),
  hostile: async () => {
    const { hostileConfig, hostileHappenings } = await import('./hostile.ts');
    return { config: hostileConfig(), happenings: hostileHappenings() };
  },
  empty: async () => ({ config: 'jobs: {}\n', happenings: [] }),
} as const satisfies Record<string, Teller>;

export type PastName = keyof typeof PASTS;

async function many(count: number): Promise<Told> {
  const { manyConfig, manyHappenings } = await import('./many.ts');
  return { config: manyConfig(count), happenings: manyHappenings(count) };
}

/**
 * Puts the data and the configuration at the end of a past into a folder, as `data` and `cronflow.yaml`. Each past is
 * played once in a run of the tests, and every file copies it.
 */
export async function putPast(name: PastName, folder: string): Promise<void> {
  const kept = join(tmpdir(), PASTS_FOLDER, name);
  await madeOnce(kept, async (own) => {
    const configPath = join(own, 'cronflow.yaml');
    const tell: Teller = PASTS[name];
    const { config, ...told } = await tell(configPath);
    await writeFile(configPath, config);
    const { playPast } = await import('./past.ts');
    await playPast({ directory: join(own, 'data'), configPath, untilAt: MORNING_AT, ...told });
    await writeFile(configPath, config);
  });
  await cp(kept, folder, { recursive: true });
}
