import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

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

/** What stands under a name. */
export interface Inspected {
  kind: 'file' | 'directory' | 'link' | 'other';
  /** Permission bits. */
  mode: number;
  /** Of the user it belongs to; null where that is not known. */
  ownerId: number | null;
}

/**
 * The file-system calls of the store, and no others: tests put failing and crashing disks in their place.
 * A name that was created, renamed or removed is durable only after `syncDirectory` of its directory.
 */
export interface Disk {
  /** With its parents, mode 0700; returns the first directory that had to be made. */
  makeDirectory(path: string): Promise<string | undefined>;
  /** What a name stands for; of a link `itself`, or the `target` that it leads to. */
  inspect(path: string, what: 'itself' | 'target'): Promise<Inspected>;
  list(path: string): Promise<string[]>;
  /**
   * `read`: an existing file. `change`: an existing file, also for writing. `create`: a new, empty one. Never through a
   * link.
   */
  open(path: string, how: 'read' | 'change' | 'create'): Promise<DiskFile>;
  /** Replaces what is there, atomically. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Only when empty. */
  removeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_TRUNC } = constants;
/** Undefined on systems that do not know it. */
const NOFOLLOW = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
const FLAGS = {
  read: O_RDONLY | NOFOLLOW,
  change: O_RDWR | NOFOLLOW,
  create: O_WRONLY | O_CREAT | O_TRUNC | NOFOLLOW,
};

export const realDisk: Disk = {
  makeDirectory,
  async inspect(path, what) {
    const stats = await (what === 'itself' ? lstat(path) : stat(path));
    const kind = stats.isSymbolicLink()
      ? 'link'
      : stats.isDirectory()
        ? 'directory'
        : stats.isFile()
          ? 'file'
          : 'other';
    return { kind, mode: stats.mode & 0o777, ownerId: process.platform === 'win32' ? null : stats.uid };
  },
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
    const handle = await open(path, FLAGS[how], 0o600);
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

/** Step by step: asked to make all at once, Node tries for ever where a parent takes no entries, such as in /proc. */
async function makeDirectory(path: string): Promise<string | undefined> {
  const wanted: string[] = [];
  let first: string | undefined;
  for (let at = path; ; at = dirname(at)) {
    try {
      await mkdir(at, { mode: 0o700 });
      first = at;
      break;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') break;
      if (code !== 'ENOENT' || dirname(at) === at) throw error;
      wanted.unshift(at);
    }
  }
  for (const directory of wanted) {
    try {
      await mkdir(directory, { mode: 0o700 });
      first ??= directory;
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return first;
}

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

/** Whether a file-system call failed because there is no space left, or no more files may be made. */
export function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof Error && (code === 'ENOSPC' || code === 'EDQUOT');
}
