import { constants, fdatasync, write as writeTo } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** An open file. Positions and lengths are in bytes. */
export interface DiskFile {
  size(): Promise<number>;
  /** Fills the whole of `target` unless the file ends before, and returns how many bytes were read. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Returns how many bytes were written, which may be fewer than were given. */
  write(data: Uint8Array, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Calls `fdatasync`: what was written, and the size, survive a power failure once it returns. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** The file, directory or link that stands under a name. */
export interface Inspected {
  kind: 'file' | 'directory' | 'link' | 'other';
  /** The permission bits. */
  mode: number;
  /** The id of the user that owns it; null where it is not known. */
  ownerId: number | null;
}

/**
 * The file-system calls of the store. It makes no others, so that tests can put failing and crashing disks in their
 * place. A name that was created, renamed or removed is durable only after `syncDirectory` of its directory.
 */
export interface Disk {
  /** Makes a directory with its parents, mode 0700. Returns the first directory that had to be made. */
  makeDirectory(path: string): Promise<string | undefined>;
  /**
   * Inspects what stands under a name. Of a link it inspects the link `itself`, or the `target` to which the link
   * leads.
   */
  inspect(path: string, what: 'itself' | 'target'): Promise<Inspected>;
  list(path: string): Promise<string[]>;
  /**
   * Opens a file and never follows a link. `read` opens an existing file, `change` an existing file for writing, too,
   * and `create` makes a new, empty one.
   */
  open(path: string, how: 'read' | 'change' | 'create'): Promise<DiskFile>;
  /** Replaces the file of the new name atomically. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes a directory only when it is empty. */
  removeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_TRUNC } = constants;
/** Some systems do not know the flag, and there it is undefined. */
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
    const { fd } = handle;
    // Every commit makes these two calls, and through a FileHandle each costs several times as much.
    return {
      size: async () => (await handle.stat()).size,
      read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead,
      write: (data, position) =>
        new Promise((resolve, reject) =>
          writeTo(fd, data, 0, data.length, position, (error, written) =>
            error === null ? resolve(written) : reject(error),
          ),
        ),
      truncate: (length) => handle.truncate(length),
      datasync: () =>
        new Promise((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
      close: () => handle.close(),
    };
  },
};

/**
 * Makes a directory and its parents step by step. Node, asked to make all at once, tries for ever where a parent takes
 * no entries, such as in /proc.
 */
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
      // Another process has made the directory meanwhile.
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

/** Tells whether a file-system call failed because there is nothing of that name. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
}
