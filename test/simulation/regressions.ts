import { readdirSync } from 'node:fs';
import type { Script } from './script.ts';

/** A script that was told wrongly once, as the simulator shrank it, and the sentence that it broke. */
interface Regression {
  title: string;
  script: Script;
}

const FOLDER = new URL('regressions/', import.meta.url);

/** Loads every file of a folder, which is `regressions/` if none is named. Each holds one case. */
export function loadRegressions(folder: URL = FOLDER): Promise<Regression[]> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .toSorted();
  return Promise.all(files.map(async (file) => (await import(new URL(file, folder).href)) as Regression));
}
