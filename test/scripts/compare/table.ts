import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * One case of the table: a piece of sh that calls a command. It is run bare and then with the wrapper before the
 * command, and both must leave the same behind: exit code, both streams, and every file in the directory of the case.
 */
export interface Case {
  name: string;
  /**
   * Run by sh in an empty directory of its own. `$RUN` stands before the command that is compared: it is nothing when
   * the command runs bare, and the words of the wrapper when it does not. cases/lib.sh says what else there is.
   */
  script: string;
  /** What the bare command must leave behind: a case whose preparation has failed compares nothing. */
  shows: RegExp;
  /** What the script's stdout and stderr are: two pipes unless said otherwise. */
  streams?: 'pipe' | 'file';
  /** Names of things that a machine may lack. */
  needs?: readonly Need[];
  /** Shells that cannot be held to it, with the reason. */
  except?: Readonly<Record<string, string>>;
  /** The options of the wrapper. */
  options?: string;
  /** The exit codes that the end pings must report, in order of size; `null` where that is not asked. 0 if not said. */
  reports?: number | readonly number[] | null;
  /** What the end ping of the last run must say of the output. */
  sends?: RegExp;
  /** How the monitor behaves: it answers unless said otherwise. */
  monitor?: MonitorState;
  /** Whether a retry may go on after the case though the monitor answers. */
  mayRetry?: boolean;
}

/** `foreign` answers 404 without a word of Cronflow's, as a proxy does that has lost its backend. */
export type MonitorState = 'up' | 'refusing' | 'hanging' | 'foreign';

export interface ShellUnderTest {
  name: string;
  /** The words that start it, the first of them with its full path, so that a case may set any PATH. */
  words: readonly string[] | undefined;
}

export type Need = keyof typeof NEEDS;

/** What a case may need, each with a question that succeeds where it is there. */
const NEEDS = {
  root: () => process.getuid?.() === 0,
  'another user': () =>
    userInfo().uid === 0 && succeeds('setpriv --reuid 54321 --regid 54321 --clear-groups true'),
  bash: () => succeeds('bash -c true'),
  perl: () => succeeds('perl -e 1'),
  flock: () => succeeds('flock -h'),
  'a pty by script(1)': () => succeeds('script -qec true /dev/null </dev/null'),
  'a PID namespace by unshare(1)': () => succeeds('unshare --pid --fork --mount-proc --kill-child true'),
  'a mount namespace by unshare(1)': () =>
    succeeds('unshare --mount sh -c "mount -t tmpfs -o size=64k none /mnt"'),
  'prlimit(1)': () => succeeds('prlimit --nofile true'),
  'strace(1)': () => succeeds('strace -o /dev/null -e inject=getppid:signal=TERM true'),
  'make(1)': () => succeeds('make --version'),
  'setsid(1)': () => succeeds('setsid -h'),
  'taskset(1) and chrt(1)': () => succeeds('taskset -c 0 chrt -i 0 true'),
  'nohup(1)': () => succeeds('nohup --version'),
  'env(1) of coreutils': () => succeeds('env --default-signal=INT true'),
  '/proc': () => existsSync('/proc/self/fd'),
  '/dev/full': () => existsSync('/dev/full'),
  'cron(8)': () => succeeds('command -v cron'),
  'a running systemd': () => succeeds('systemd-run --quiet --wait --pipe true'),
} as const satisfies Record<string, () => boolean>;

const answers = new Map<Need, boolean>();

function succeeds(script: string): boolean {
  try {
    execFileSync('sh', ['-c', script], { stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}

function has(need: Need): boolean {
  let answer = answers.get(need);
  if (answer === undefined) {
    answer = NEEDS[need]();
    answers.set(need, answer);
    if (!answer) console.log(`missing here: ${need}. The cases of the wrapper that need it are skipped`);
  }
  return answer;
}

/** What the case needs and this machine lacks. */
export function missing(each: Case): Need[] {
  return (each.needs ?? []).filter((need) => !has(need));
}

const SHELLS: readonly (readonly [name: string, ...words: string[]])[] = [
  ['dash', 'dash'],
  ['bash', 'bash'],
  ['bash --posix', 'bash', '--posix'],
  ['busybox sh', 'busybox', 'sh'],
  ['mksh', 'mksh'],
  ['ksh93', 'ksh93'],
];

/**
 * The shells that the wrapper must work under; one without words is not installed. All cases under all of them take
 * several minutes: without CRONFLOW_WRAPPER_FULL=1 the first few shells stand for the others.
 */
export function shellsUnderTest(few: number): ShellUnderTest[] {
  const asked = process.env['CRONFLOW_WRAPPER_FULL'] === '1' ? SHELLS : SHELLS.slice(0, few);
  return asked.map(([name, program = '', ...options]) => {
    const path = pathOf(program);
    if (path === undefined)
      console.log(`${program} is not installed: the wrapper is not compared under ${name}`);
    return { name, words: path === undefined ? undefined : [path, ...options] };
  });
}

function pathOf(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
