import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** The kernel hands processor time out in periods of this length. A short one lets no request wait for long. */
const PERIOD_US = 10_000;

/** A limit of the processor time that some processes get together: a control group of Linux with a quota. */
export class ProcessorLimit {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Makes a limit.
   * @param cores the part of a core, or the number of cores, that the processes get
   * @returns null where no control group can be made here
   */
  static make(name: string, cores: number): ProcessorLimit | null {
    const quotaUs = Math.round(cores * PERIOD_US);
    // Version 1 of control groups has a folder for each controller, and version 2 has one for all.
    const isFirst = existsSync(join(ROOT, 'cpu', 'cpu.cfs_quota_us'));
    const folder = join(ROOT, isFirst ? 'cpu' : '', `cronflow-bench-${process.pid}-${name}`);
    try {
      if (!isFirst) writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+cpu');
      mkdirSync(folder);
      if (isFirst) {
        writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US));
        writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quotaUs));
      } else writeFileSync(join(folder, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
      return new ProcessorLimit(folder);
    } catch {
      if (existsSync(folder)) rmdirSync(folder);
      return null;
    }
  }

  /** Puts processes under the limit. Those that they start later are under it, too. */
  hold(pids: readonly number[]): void {
    move(pids, this.#folder);
  }

  /** Removes the limit, after its processes have ended or were released. */
  remove(): void {
    rmdirSync(this.#folder);
  }

  /** Lets processes go. */
  static release(pids: readonly number[]): void {
    const root = existsSync(join(ROOT, 'cpu', 'cgroup.procs')) ? join(ROOT, 'cpu') : ROOT;
    move(pids, root);
  }
}

function move(pids: readonly number[], folder: string): void {
  for (const pid of pids) {
    try {
      writeFileSync(join(folder, 'cgroup.procs'), String(pid));
    } catch (error) {
      // It has just ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
