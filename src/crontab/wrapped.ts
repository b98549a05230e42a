import { baseName, type Call } from './calls.ts';
import type { Word } from './shell.ts';

/** The job that a call of the wrapper reports to, or the problem that keeps it from being known. */
export type Wrapped =
  | { job: string; /** What `sh -c` runs inside, as `--wrap` writes it; else empty. */ command: string }
  | { problem: string };

/** Options of the wrapper whose value is the next word. */
const VALUE_OPTIONS = new Set([
  '--timeout',
  '--kill-after',
  '--retry',
  '--retry-delay',
  '--success-codes',
  '--beat',
  '--env',
  '--schedule',
  '--grace',
]);

/**
 * Returns what a command says about the wrapper; undefined if it does not call it.
 * @param wrappers file names of the wrapper, such as `monitor.sh`
 */
export function wrappedBy(calls: readonly Call[], wrappers: ReadonlySet<string>): Wrapped | undefined {
  for (const { words } of calls) {
    const at = words.findIndex(({ text }) => wrappers.has(baseName(text)));
    // Behind another program the name may be a mere argument, unless `--` and a command follow, as only our wrapper
    // takes them.
    if (at === 0 || (at > 0 && words.slice(at, -1).some(({ text }) => text === '--'))) {
      return jobOf(words.slice(at + 1));
    }
  }
  return undefined;
}

function jobOf(words: readonly Word[]): Wrapped {
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i];
    if (word === undefined || word.text === '--') continue;
    if (VALUE_OPTIONS.has(word.text)) i += 1;
    else if (!word.literal) return { problem: 'its JOB is known only when it runs' };
    else if (!word.text.startsWith('-')) return { job: word.text, command: commandIn(words.slice(i + 1)) };
  }
  return { problem: 'it has no JOB' };
}

function commandIn(words: readonly Word[]): string {
  const [separator, , option, command] = words;
  return separator?.text === '--' && option?.text === '-c' ? (command?.text ?? '') : '';
}
