import { readFileSync } from 'node:fs';

/** The kernel counts processor time in so many ticks a second (USER_HZ), on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Returns the memory that a process holds, in bytes. Linux only. */
export function memoryBytesOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** Returns the processor time that a process has taken, in milliseconds. Linux only. */
export function processorMsOf(pid: number): number {
  const fields = statOf(pid);
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

/** Returns the processor time of the children of a process that have ended, in milliseconds. Linux only. */
export function endedProcessorMsOf(pid: number): number {
  const fields = statOf(pid);
  return ((Number(fields[13]) + Number(fields[14])) * 1_000) / TICKS_PER_SECOND;
}

/** Returns the parent of a process; null where it has just ended. Linux only. */
export function parentOf(pid: number): number | null {
  try {
    return Number(statOf(pid)[1]);
  } catch {
    return null;
  }
}

/** Returns the figures of a process, from its state on. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program comes before, in brackets, and may hold anything.
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
