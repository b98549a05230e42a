import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

interface Found {
  pid: number;
  command: string;
}

/** Vitest's own workers, which end after the last test. */
const WORKER = /vitest[/\\]dist[/\\]/;

/**
 * The processes that have to do with a folder: it is named in their environment or their command line, or they work
 * in it. Only Linux tells; elsewhere there are none.
 */
export function processesOf(folder: string): Found[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => find(Number(name), folder))
    .filter((found) => found !== undefined);
}

function find(pid: number, folder: string): Found | undefined {
  try {
    // A zombie has ended; it is its parent's to look after.
    if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    if (WORKER.test(command)) return undefined;
    const named = `${command}\n${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
    const isOfFolder = named.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    return isOfFolder ? { pid, command } : undefined;
  } catch {
    // It ended meanwhile, or is another user's.
    return undefined;
  }
}
