import { spawnSync } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { isAlive, statOf, which } from './harness.ts';

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

/** What Node opens is closed in the programs that it starts. */
const O_CLOEXEC = 0o2000000;

/**
 * Closes the descriptors that whoever started the tests has left open in this process. Each case would inherit them, and
 * where a shell cannot close such a one the wrapper retries nothing in the background.
 */
export function closeStrayDescriptors(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    try {
      const [, flags = ''] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
      if (fd > 2 && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0) closeSync(fd);
    } catch {
      // The list was read by one that is closed by now.
    }
  }
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

/**
 * The words before a program that run it as a user who may start programs as another one and may signal none of these, as
 * one who calls `sudo`; and those that start such a program. Nothing where the system has no such user to give.
 */
export function asOneWhoCallsSudo(): { user: number; before: string[]; sudo: string[] } | undefined {
  const setpriv = which('setpriv');
  const before = [
    setpriv ?? '',
    '--reuid=65533',
    '--clear-groups',
    '--inh-caps=+setuid',
    '--ambient-caps=+setuid',
  ];
  const sudo = [setpriv ?? '', '--reuid=65534'];
  if (setpriv === undefined || process.getuid?.() !== 0) return undefined;
  if (spawnSync(before[0] ?? '', [...before.slice(1), ...sudo, 'true']).status !== 0) return undefined;
  return { user: 65_533, before, sudo };
}
