import { basename, dirname, join, resolve as absolute } from 'node:path';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import type { Disk, Inspected } from './disk.ts';
import { isOurs, OUTPUTS } from './files.ts';

const OTHERS_WRITE = 0o022;
const OTHERS_ENTER = 0o055;
const ROOT_ID = 0;

/**
 * Makes the data directory unless it is there, and refuses one into which somebody else can put a file or a link.
 * Cronflow writes and removes files there with the rights that it has, and a link would lead it elsewhere.
 * @returns the first directory that had to be made, if any, and whether others may read what is there
 * @throws CronflowError `store_unusable`; `store_unavailable` for a disk that is full
 */
export async function takeDirectory(
  disk: Disk,
  directory: string,
): Promise<{ first: string | undefined; isReadByOthers: boolean }> {
  try {
    const first = await disk.makeDirectory(absolute(directory));
    // The data directory itself may be a link, because people who name it know where it leads.
    const found = await disk.inspect(directory, 'target');
    expectOwn(directory, directory, found);
    for (const name of await disk.list(directory)) {
      if (!isOurs(name)) continue;
      const path = join(directory, name);
      const inner = await inspectIfThere(disk, path);
      if (inner !== null) expectInner(directory, path, inner);
    }
    return { first, isReadByOthers: (found.mode & OTHERS_ENTER) !== 0 };
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** Turns an error of the file system into one for people who named the directory. Any other error stays as it is. */
export function unusable(directory: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  // Codes of Node itself begin with ERR_, and an error with such a code is a bug.
  if (error instanceof CronflowError || !/^E(?!RR_)[A-Z0-9]+$/.test(code ?? '')) return error;
  const name = code ?? '';
  const said = SENTENCES[name];
  const path = pathOf(error);
  if (name === 'ENOSPC' || name === 'EDQUOT') {
    const detail = `Cannot write to ${directory}: there is no space left (${name}). Free some.`;
    return new CronflowError('store_unavailable', detail, { cause: error });
  }
  const where = path === null || absolute(path) === absolute(directory) ? '' : ` at ${path}`;
  if (said === undefined) return refused(directory, `the system says ${errorText(error)}`, ANOTHER, error);
  return refused(directory, `${said}${where} (${name})`, ANOTHER, error);
}

const ANOTHER = 'Name another one with --data-dir DIR or CRONFLOW_DATA_DIR, or mend this one';

/** Maps the code of the system for an error to words for people. */
const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: 'this user has no right to read, write or enter it',
  EPERM: 'the system forbids this user to use it',
  EROFS: 'its file system can only be read',
  ENOTDIR: 'a part of its path is a file, no directory',
  EEXIST: 'something that is no directory has its name',
  ENOENT: 'it is not there and cannot be made in this place, or it is a link that leads nowhere',
  ELOOP: 'a link stands where a file or a directory of Cronflow belongs, or links lead round in circles',
  ENAMETOOLONG: 'its path is too long',
  EINVAL: 'its path cannot be one of a directory',
  EIO: 'the disk cannot be read',
  EISDIR: 'a directory stands where a file belongs',
};

/**
 * Refuses an inner directory or file that is a link or somebody else's, because it would lead the store out of its
 * directory.
 */
function expectInner(directory: string, path: string, found: Inspected): void {
  if (found.kind === 'link') {
    throw refused(directory, `${path} is a symbolic link`, 'Remove it, or put what it leads to in its place');
  }
  if (basename(path) === OUTPUTS) expectOwn(directory, path, found);
}

function expectOwn(directory: string, path: string, { kind, mode, ownerId }: Inspected): void {
  if (kind !== 'directory') throw refused(directory, `${path} is no directory`, ANOTHER);
  const ownId = process.geteuid?.() ?? null;
  if (ownId !== null && ownerId !== null && ownerId !== ownId && ownerId !== ROOT_ID) {
    const what = `${path} belongs to another user (uid ${ownerId}), and Cronflow runs as uid ${ownId}`;
    throw refused(directory, what, `Run Cronflow as that user, or: chown -R ${ownId} ${directory}`);
  }
  if ((mode & OTHERS_WRITE) !== 0) {
    const what = `other users may write to ${path} (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`;
    const inside = join(directory, 'cronflow');
    const ways = `chmod 700 ${path}`;
    throw refused(
      directory,
      what,
      path === directory
        ? `${ways}, or name a directory in it that Cronflow makes: --data-dir ${inside}`
        : ways,
    );
  }
}

function refused(directory: string, what: string, then: string, cause?: unknown): CronflowError {
  const detail = `Cannot keep data in ${directory}: ${what}. ${then}.`;
  return new CronflowError('store_unusable', detail, { cause });
}

async function inspectIfThere(disk: Disk, path: string): Promise<Inspected | null> {
  try {
    return await disk.inspect(path, 'itself');
  } catch (error) {
    // Another process removed the file meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function pathOf(error: unknown): string | null {
  const { path } = error as NodeJS.ErrnoException;
  // The path by which a socket is reached says nothing to people.
  return path === undefined || dirname(path).startsWith('/proc/self/fd') ? null : path;
}
