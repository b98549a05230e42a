import { readScript, type Word } from './shell.ts';

/** A program that a command calls, with its arguments. */
export interface Call {
  /**
   * The words, program first, without programs that merely start it: `nice`, `flock FILE`, `sh -c`, `python3`. Never
   * empty.
   */
  words: readonly Word[];
  /** The directory of a `cd` before the call; empty if there is none. */
  directory: string;
}

/** The programs that a command calls, and the comments in it. */
export interface Calls {
  calls: Call[];
  comments: string[];
}

/** The options of a program that starts another one, for finding where the other one begins. */
interface Starter {
  /** The letters of options whose value is the next word. */
  values?: string;
  /** The number of words before the other program, such as a lock file. */
  positional?: number;
}

const STARTERS: Readonly<Record<string, Starter>> = {
  builtin: {},
  chronic: {},
  chrt: { values: 'TPD', positional: 1 },
  command: {},
  cronic: {},
  // Another monitor's `cronitor exec KEY` starts the program behind it.
  cronitor: { positional: 2 },
  doas: { values: 'uC' },
  env: { values: 'uC' },
  exec: { values: 'a' },
  flock: { values: 'wE', positional: 1 },
  ionice: { values: 'cnp' },
  nice: { values: 'n' },
  nohup: {},
  numactl: {},
  runuser: { values: 'ugG' },
  setlock: { positional: 1 },
  setsid: {},
  stdbuf: { values: 'ioe' },
  su: {},
  sudo: { values: 'ugpCrhTtDR' },
  'systemd-cat': { values: 'tp' },
  taskset: { positional: 1 },
  time: { values: 'fo' },
  timeout: { values: 'ks', positional: 1 },
  unbuffer: {},
  'xvfb-run': { values: 'nes' },
};
/** Programs of other monitors that start the program behind `--`. */
const BEHIND_DASHES = new Set(['runitor', 'sentry-cli']);
const SHELLS = new Set(['sh', 'ash', 'bash', 'dash', 'ksh', 'ksh93', 'mksh', 'zsh']);
/** Programs whose first plain argument is the program that people mean, and their options with a value. */
const INTERPRETERS: readonly [pattern: RegExp, values: string][] = [
  [/^(?:ba|da|a|k|mk|z)?sh$|^ksh93$/, 'oO'],
  [/^python[\d.]*$/, 'WX'],
  [/^php[\d.]*$/, 'cd'],
  [/^(?:perl|ruby)[\d.]*$/, 'I'],
  [/^(?:node|nodejs|bun|Rscript|java)$/, 'r'],
];
/** Words that may precede a command without ending it. */
const KEYWORDS = new Set([
  '!',
  '{',
  '}',
  'if',
  'then',
  'elif',
  'else',
  'fi',
  'while',
  'until',
  'do',
  'done',
  'esac',
]);
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;
const DEPTH_MAX = 5;

/** Returns the calls of a command, in their order. Commands inside `sh -c '...'` are looked at as well. */
export function callsOf(command: string, depth = 0): Calls {
  const script = readScript(command);
  const found: Calls = { calls: [], comments: script.comments };
  let directory = '';
  for (const words of script.commands) {
    const rest = withoutStarters(words);
    const inner = depth < DEPTH_MAX ? innerCommand(rest) : undefined;
    if (inner !== undefined) {
      const { calls, comments } = callsOf(inner, depth + 1);
      found.calls.push(...calls.map((call) => ({ ...call, directory: call.directory || directory })));
      found.comments.push(...comments);
    } else if (rest.length > 0) {
      if (rest[0]?.text === 'cd' && rest[1] !== undefined) directory = rest[1].text;
      found.calls.push({ words: withoutInterpreter(rest), directory });
    }
  }
  return found;
}

/** Returns the last part of a path. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, '').replace(/^.*\//s, '');
}

function withoutStarters(words: readonly Word[]): readonly Word[] {
  let rest = words;
  for (;;) {
    const [first] = rest;
    if (first === undefined) return rest;
    if (KEYWORDS.has(first.text) || ASSIGNMENT.test(first.text)) {
      rest = rest.slice(1);
      continue;
    }
    const name = baseName(first.text);
    const starter = Object.hasOwn(STARTERS, name) ? STARTERS[name] : undefined;
    const behind = rest.findIndex(({ text }) => text === '--');
    if (BEHIND_DASHES.has(name) && behind !== -1) {
      rest = rest.slice(behind + 1);
      continue;
    }
    const isBusybox = name === 'busybox' && rest.length > 1;
    if (isBusybox) rest = rest.slice(1);
    else if (starter === undefined || innerCommand(rest) !== undefined) return rest;
    else {
      const started = afterOptions(rest, starter);
      // A starter that starts no other program is meant itself: `timeout --help`, `env`.
      if (started.length === 0) return rest;
      rest = started;
    }
  }
}

function afterOptions(words: readonly Word[], { values = '', positional = 0 }: Starter): readonly Word[] {
  let i = 1;
  while (i < words.length) {
    const text = words[i]?.text ?? '';
    if (text === '--') {
      i += 1;
      break;
    }
    if (!text.startsWith('-')) break;
    i += /^-[A-Za-z]$/.test(text) && values.includes(text.slice(1)) ? 2 : 1;
  }
  return words.slice(i + positional);
}

/** Returns the command in `sh -c COMMAND`, `su - NAME -c COMMAND` and `flock FILE -c COMMAND`. */
function innerCommand(words: readonly Word[]): string | undefined {
  const name = baseName(words[0]?.text ?? '');
  if (name === 'flock') {
    const [option, command] = afterOptions(words, STARTERS['flock'] ?? {});
    return option?.text === '-c' ? command?.text : undefined;
  }
  const isShell = SHELLS.has(name);
  if (!isShell && name !== 'su' && name !== 'runuser') return undefined;
  for (let i = 1; i < words.length; i += 1) {
    const text = words[i]?.text ?? '';
    if (text === '--' || (isShell && !/^[-+]/.test(text))) return undefined;
    if (isShell ? /^-[A-Za-z]*c[A-Za-z]*$/.test(text) : text === '-c' || text === '--command') {
      // An option such as -l may stand between -c and the command.
      return words.slice(i + 1).find((word) => !/^[-+]/.test(word.text))?.text;
    }
    if (isShell && /^[-+][A-Za-z]*[oO]$/.test(text)) i += 1;
  }
  return undefined;
}

/**
 * Removes an interpreter before its script: `python3 /opt/report.py --all` is about report.py. Without a script the
 * interpreter stays.
 */
function withoutInterpreter(words: readonly Word[]): readonly Word[] {
  const name = baseName(words[0]?.text ?? '');
  const values = INTERPRETERS.find(([pattern]) => pattern.test(name))?.[1];
  if (values === undefined) return words;
  for (let i = 1; i < words.length; i += 1) {
    const text = words[i]?.text ?? '';
    if (text === '-c' || text === '-e') return words;
    if (['-m', '-jar', '-f', '--'].includes(text) && i + 1 < words.length) return words.slice(i + 1);
    if (!/^[-+]/.test(text)) return words.slice(i);
    if (/^-[A-Za-z]$/.test(text) && values.includes(text.slice(1))) i += 1;
  }
  return words;
}
