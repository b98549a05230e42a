import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

interface Found {
  pid: number;
  command: string;
}

/** Matches the workers of Vitest itself, which end after the last test. */
const WORKER = /vitest[/\\]dist[/\\]/;

/**
 * Lists the processes that have to do with a folder: their environment or command line names it, or they work in it.
 * Only Linux shows them, so elsewhere there are none.
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
    // A zombie has ended, and its parent has to look after it.
    if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    if (WORKER.test(command)) return undefined;
    const named = `${command}\n${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
    const isOfFolder = named.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    return isOfFolder ? { pid, command } : undefined;
  } catch {
    // The process ended meanwhile, or belongs to another user.
    return undefined;
  }
}
