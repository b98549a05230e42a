import type { Disk, DiskFile, Inspected } from '../../src/store/lowdb/disk.ts';

/** Every call of a disk that is gone throws this. */
export class Crash extends Error {
  constructor() {
    super('the machine is gone');
  }
}

/** The bytes of a file as programs see them, and those of them that a power failure would leave. */
interface Inode {
  bytes: Buffer;
  durable: Buffer;
  /** Writes and truncations since the last sync, oldest first. */
  unsynced: ({ position: number; data: Buffer } | { length: number })[];
}
type Entry = Inode | 'directory';

/**
 * A change of the entries of one directory; `null` removes an entry. One rename is one change, so that it is atomic.
 */
type EntryChange = Map<string, Entry | null>;

interface Directory {
  entries: Map<string, Entry>;
  durable: Map<string, Entry>;
  unsynced: EntryChange[];
}

/**
 * A call with a fault throws and has done nothing. A write can instead do half of its work and throw nothing (`short`),
 * or do all of it and throw nevertheless (`done`).
 */
export type Fault = { error: Error; short?: boolean; done?: boolean };

/**
 * A disk in memory that knows what is durable. It can be stopped before any call, and then tells what may be found.
 * After the end of a process that is everything the process did, which is still not durable. After a power failure it
 * is any part of what was not synced.
 */
export class CrashDisk implements Disk {
  readonly #directories = new Map<string, Directory>();
  /** The number of calls so far. */
  calls = 0;
  /** The call before which the machine stops. */
  crashAt = Infinity;
  /** Is asked at every call, so that tests can make calls fail. */
  fault: (call: string, path: string) => Fault | null = () => null;

  constructor() {
    this.#directories.set('/', { entries: new Map(), durable: new Map(), unsynced: [] });
  }

  /**
   * Returns the disk that a new process finds after this one was killed. It has everything that was done, and nothing
   * more of it is durable.
   */
  afterKill(): CrashDisk {
    const disk = this.#copy();
    disk.calls = 0;
    return disk;
  }

  /**
   * Returns the disk that the machine finds after a power failure. Of every file and directory some of what was not
   * synced is there: each change on its own, a write in part or as zeros.
   */
  afterPowerFailure(random: () => number): CrashDisk {
    const disk = this.#copy();
    for (const directory of disk.#directories.values()) {
      for (const change of directory.unsynced) if (random() < 0.5) applyEntries(directory.durable, change);
      directory.entries = new Map(directory.durable);
      directory.unsynced = [];
    }
    const inodes = new Set<Inode>();
    for (const directory of disk.#directories.values())
      for (const entry of directory.entries.values()) if (entry !== 'directory') inodes.add(entry);
    for (const inode of inodes) {
      for (const change of inode.unsynced) inode.durable = survive(inode.durable, change, random);
      inode.bytes = Buffer.from(inode.durable);
      inode.unsynced = [];
    }
    disk.#forgetLostDirectories();
    return disk;
  }

  files(): string[] {
    return [...this.#directories].flatMap(([path, { entries }]) =>
      [...entries].filter(([, entry]) => entry !== 'directory').map(([name]) => `${path}/${name}`),
    );
  }

  /** Changes a file behind the store's back, durably. */
  edit(path: string, change: (bytes: Buffer) => Buffer): void {
    const inode = this.#inode(path);
    inode.bytes = change(Buffer.from(inode.bytes));
    inode.durable = Buffer.from(inode.bytes);
    inode.unsynced = [];
  }

  async makeDirectory(path: string): Promise<string | undefined> {
    this.#call('makeDirectory', path);
    let first: string | undefined;
    const parts = path.split('/').filter((part) => part !== '');
    for (let i = 1; i <= parts.length; i += 1) {
      const made = `/${parts.slice(0, i).join('/')}`;
      const { parent, name } = split(made);
      if (this.#directory(parent).entries.get(name) === 'directory') continue;
      first ??= made;
      this.#change(parent, new Map<string, Entry | null>([[name, 'directory']]));
      this.#directories.set(made, { entries: new Map(), durable: new Map(), unsynced: [] });
    }
    return first;
  }

  async inspect(path: string): Promise<Inspected> {
    this.#call('inspect', path);
    const { parent, name } = split(path);
    const entry = path === '/' ? 'directory' : this.#directory(parent).entries.get(name);
    if (entry === undefined) throw missing(path);
    return { kind: entry === 'directory' ? 'directory' : 'file', mode: 0o700, ownerId: null };
  }

  async list(path: string): Promise<string[]> {
    this.#call('list', path);
    return [...this.#directory(path).entries.keys()];
  }

  async open(path: string, how: 'read' | 'change' | 'create'): Promise<DiskFile> {
    this.#call(`open-${how}`, path);
    const { parent, name } = split(path);
    if (how === 'create') {
      const existing = this.#directory(parent).entries.get(name);
      if (existing === undefined || existing === 'directory') {
        const inode: Inode = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0), unsynced: [] };
        this.#change(parent, new Map<string, Entry | null>([[name, inode]]));
      } else truncate(existing, 0);
    }
    return this.#file(path, this.#inode(path));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call('rename', to);
    const source = split(from);
    const target = split(to);
    if (source.parent !== target.parent) throw new Error('not needed here');
    const inode = this.#inode(from);
    this.#change(
      source.parent,
      new Map<string, Entry | null>([
        [source.name, null],
        [target.name, inode],
      ]),
    );
  }

  async remove(path: string): Promise<void> {
    this.#call('remove', path);
    const { parent, name } = split(path);
    if (this.#directory(parent).entries.has(name)) this.#change(parent, new Map([[name, null]]));
  }

  async removeDirectory(path: string): Promise<void> {
    this.#call('removeDirectory', path);
    if (this.#directory(path).entries.size > 0) throw new Error(`ENOTEMPTY: ${path}`);
    const { parent, name } = split(path);
    // The entry stays known, because its removal may not survive.
    this.#change(parent, new Map([[name, null]]));
  }

  async syncDirectory(path: string): Promise<void> {
    this.#call('syncDirectory', path);
    const directory = this.#directory(path);
    directory.durable = new Map(directory.entries);
    directory.unsynced = [];
  }

  #file(path: string, inode: Inode): DiskFile {
    return {
      size: async () => {
        this.#call('size', path);
        return inode.bytes.length;
      },
      read: async (target, position) => {
        this.#call('read', path);
        return inode.bytes.copy(target, 0, position);
      },
      write: async (data, position) => {
        const fault = this.#call('write', path, true);
        const taken = fault?.short ? data.subarray(0, data.length >> 1) : data;
        if (fault !== null && !fault.short && !fault.done) throw fault.error;
        writeBytes(inode, Buffer.from(taken), position);
        if (fault?.done) throw fault.error;
        return taken.length;
      },
      truncate: async (length) => {
        this.#call('truncate', path);
        truncate(inode, length);
      },
      datasync: async () => {
        this.#call('datasync', path);
        inode.durable = Buffer.from(inode.bytes);
        inode.unsynced = [];
      },
      close: async () => {
        this.#call('close', path);
      },
    };
  }

  #call(call: string, path: string, mayBeShort = false): Fault | null {
    if (this.calls >= this.crashAt) throw new Crash();
    this.calls += 1;
    const fault = this.fault(call, path);
    if (fault !== null && !mayBeShort) throw fault.error;
    return fault;
  }

  #change(path: string, change: EntryChange): void {
    const directory = this.#directory(path);
    applyEntries(directory.entries, change);
    directory.unsynced.push(change);
  }

  #directory(path: string): Directory {
    const { parent, name } = split(path);
    if (path !== '/' && this.#directory(parent).entries.get(name) !== 'directory') throw missing(path);
    return this.#directories.get(path)!;
  }

  #inode(path: string): Inode {
    const { parent, name } = split(path);
    const entry = this.#directory(parent).entries.get(name);
    if (entry === undefined || entry === 'directory') throw missing(path);
    return entry;
  }

  #copy(): CrashDisk {
    const disk = new CrashDisk();
    const copies = new Map<Inode, Inode>();
    const copy = <E extends Entry | null>(entry: E): Entry | E => {
      if (entry === null || entry === 'directory') return entry;
      const known = copies.get(entry) ?? {
        bytes: Buffer.from(entry.bytes),
        durable: Buffer.from(entry.durable),
        unsynced: [...entry.unsynced],
      };
      copies.set(entry, known);
      return known;
    };
    const copyEntries = <E extends Entry | null>(entries: Map<string, E>): Map<string, Entry | E> =>
      new Map(Array.from(entries, ([name, entry]) => [name, copy(entry)]));
    for (const [path, directory] of this.#directories)
      disk.#directories.set(path, {
        entries: copyEntries(directory.entries),
        durable: copyEntries(directory.durable),
        unsynced: directory.unsynced.map(copyEntries),
      });
    return disk;
  }

  #forgetLostDirectories(): void {
    for (const path of [...this.#directories.keys()].sort()) {
      if (path === '/') continue;
      const { parent, name } = split(path);
      if (this.#directories.get(parent)?.entries.get(name) !== 'directory') this.#directories.delete(path);
    }
  }
}

/**
 * Makes a disk on which no file grows by more bytes than there is space for, while `isFull` of what is returned says so.
 * Files that were open before are no exception.
 */
export function narrowDisk(bytesMax: number): { disk: CrashDisk; isFull: boolean } {
  const narrow = { disk: new CrashDisk(), isFull: false };
  const { disk } = narrow;
  const open = disk.open.bind(disk);
  disk.open = async (path, how) => {
    const file = await open(path, how);
    let takenBytes = 0;
    const write = async (data: Uint8Array, position: number): Promise<number> => {
      if (narrow.isFull && takenBytes + data.length > bytesMax)
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      if (narrow.isFull) takenBytes += data.length;
      return file.write(data, position);
    };
    return { ...file, write };
  };
  return narrow;
}

function applyEntries(entries: Map<string, Entry>, change: EntryChange): void {
  for (const [name, entry] of change) {
    if (entry === null) entries.delete(name);
    else entries.set(name, entry);
  }
}

function writeBytes(inode: Inode, data: Buffer, position: number): void {
  inode.bytes = overwritten(inode.bytes, data, position);
  inode.unsynced.push({ position, data });
}

function truncate(inode: Inode, length: number): void {
  inode.bytes = Buffer.from(inode.bytes.subarray(0, length));
  inode.unsynced.push({ length });
}

function overwritten(bytes: Buffer, data: Buffer, position: number): Buffer {
  const result = Buffer.alloc(Math.max(bytes.length, position + data.length));
  bytes.copy(result);
  data.copy(result, position);
  return result;
}

/** Returns one unsynced change of a file as a power failure may leave it. */
function survive(bytes: Buffer, change: Inode['unsynced'][number], random: () => number): Buffer {
  const fate = random();
  if ('length' in change) return fate < 0.5 ? bytes : Buffer.from(bytes.subarray(0, change.length));
  const { data, position } = change;
  const cut = Math.floor(random() * data.length);
  if (fate < 0.25) return bytes;
  if (fate < 0.5) return overwritten(bytes, data, position);
  if (fate < 0.8) return overwritten(bytes, data.subarray(0, cut), position);
  // The size got to the disk, and a part of the data did not. That part is the end or, as pages have no order, the
  // beginning.
  const hole = Buffer.alloc(fate < 0.9 ? data.length - cut : cut);
  const parts = fate < 0.9 ? [data.subarray(0, cut), hole] : [hole, data.subarray(cut)];
  return overwritten(bytes, Buffer.concat(parts), position);
}

function split(path: string): { parent: string; name: string } {
  const at = path.lastIndexOf('/');
  return { parent: path.slice(0, at) || '/', name: path.slice(at + 1) };
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, ${path}`), { code: 'ENOENT' });
}
