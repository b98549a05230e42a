import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { until } from './until.ts';

/**
 * Makes a folder that all files of tests share, once. Files run at the same time, in processes of their own: the first
 * that asks makes it, and the others wait until it is whole.
 * @param make fills the folder that it is given, which then gets the name
 */
export async function madeOnce(folder: string, make: (own: string) => Promise<void>): Promise<void> {
  const own = `${folder}.being-made`;
  await mkdir(dirname(folder), { recursive: true });
  for (;;) {
    if (existsSync(folder)) return;
    if (await isFirst(own)) break;
    await until(`another file to make ${folder}`, () => existsSync(folder) || !existsSync(own));
  }
  try {
    // It may have been made between the two looks.
    if (existsSync(folder)) return;
    await make(own);
    await rename(own, folder);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function isFirst(own: string): Promise<boolean> {
  try {
    await mkdir(own);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
