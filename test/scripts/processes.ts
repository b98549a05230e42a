import { readdirSync, readFileSync } from 'node:fs';
import { isAlive, statOf } from './harness.ts';

/** The processes with a command line that holds the text. */
export function processesNaming(text: string): number[] | undefined {
  const found = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
  return found.length > 0 ? found.map(Number) : undefined;
}

/** The fields of a process's status by their names; none where the process is gone. */
export function statusOf(pid: number): Record<string, string> {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
    return Object.fromEntries(lines.map((line) => line.split(':\t', 2)));
  } catch {
    return {};
  }
}

/** The processes that a process started and that still run. */
export function childrenOf(parent: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((pid) => statOf(pid)[1] === String(parent) && isAlive(pid));
}
