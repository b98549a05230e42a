import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';

/** An open file. Positions and lengths are in bytes. */
export interface DiskFile {
  size(): Promise<number>;
  /** Reads into the whole of `target` unless the file ends before; returns how much was read. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** May write less than it was given; returns how much. */
  write(data: Uint8Array, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** `fdatasync`: what was written, and the size, survive a power failure once it returns. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The file-system calls of the store, and no others: tests put failing and crashing disks in their place.
 * A name that was created, renamed or removed is durable only after `syncDirectory` of its directory.
 */
export interface Disk {
  /** With its parents, mode 0700; returns the first directory that had to be made. */
  makeDirectory(path: string): Promise<string | undefined>;
  /** Permission bits of a file or directory. */
  mode(path: string): Promise<number>;
  list(path: string): Promise<string[]>;
  /** `read`: an existing file. `change`: an existing file, also for writing. `create`: a new, empty one. */
  open(path: string, how: 'read' | 'change' | 'create'): Promise<DiskFile>;
  /** Replaces what is there, atomically. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Only when empty. */
  removeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

export const realDisk: Disk = {
  makeDirectory: (path) => mkdir(path, { recursive: true, mode: 0o700 }),
  mode: async (path) => (await stat(path)).mode & 0o777,
  list: (path) => readdir(path),
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rmdir(path),
  async syncDirectory(path) {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  async open(path, how) {
    const handle = await open(path, { read: 'r', change: 'r+', create: 'w' }[how], 0o600);
    return {
      size: async () => (await handle.stat()).size,
      read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead,
      write: async (data, position) => (await handle.write(data, 0, data.length, position)).bytesWritten,
      truncate: (length) => handle.truncate(length),
      datasync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
};

/** Writes all of `data`, however little the disk takes at a time. */
export async function writeAll(file: DiskFile, data: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < data.length) {
    const written = await file.write(data.subarray(done), position + done);
    if (written === 0) throw new Error(`the disk took only ${done} of ${data.length} bytes`);
    done += written;
  }
}

/** Whether a file-system call failed because there is nothing of that name. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
