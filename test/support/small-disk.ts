import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PAGE = Buffer.alloc(4096);

/** A file system of one megabyte, in memory. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all the space that is left but this much, in whole pages of 4,096 bytes. */
  fill(leaveBytes?: number): void;
  /** Gives back what `fill` took. */
  free(): void;
  unmount(): void;
}

/** Mounts such a file system, or returns null where that is not allowed. */
export function mountSmall(): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), 'cronflow-small-'));
  try {
    command('mount', '-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', path);
  } catch {
    rmSync(path, { recursive: true });
    return null;
  }
  const filler = join(path, 'filler');
  return {
    path,
    fill: (leaveBytes = 0) => fillWith(filler, leaveBytes),
    free: () => rmSync(filler, { force: true }),
    unmount() {
      command('umount', path);
      rmSync(path, { recursive: true });
    },
  };
}

function command(name: string, ...args: string[]): void {
  execFileSync(name, args, { stdio: 'ignore' });
}

function fillWith(path: string, leaveBytes: number): void {
  const file = openSync(path, 'a');
  try {
    for (;;) writeSync(file, PAGE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    ftruncateSync(file, Math.max(0, fstatSync(file).size - leaveBytes));
  } finally {
    closeSync(file);
  }
}
