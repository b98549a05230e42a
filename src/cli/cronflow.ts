import { readFileSync } from 'node:fs';
import { nearest } from '../core/text/nearest.ts';
import { EXIT } from './command.ts';
import { folded } from './fold.ts';
import type { Io } from './io.ts';
import type { ServeHost } from './serve.ts';

type Run = (argv: readonly string[], io: Io, host: ServeHost) => Promise<number>;

interface Listed {
  summary: string;
  /**
   * Loads this command only, because loading the libraries of all commands would take most of the time of a start.
   */
  load(): Promise<Run>;
}

/** All commands, in the order in which people come to need them. */
const COMMANDS: ReadonlyMap<string, Listed> = new Map<string, Listed>([
  ['init', { summary: 'write a first cronflow.yaml', load: async () => (await import('./init.ts')).init }],
  [
    'serve',
    {
      summary: 'watch the jobs declared in cronflow.yaml',
      load: async () => (await import('./serve.ts')).serve,
    },
  ],
  [
    'check',
    {
      summary: 'say what is wrong with cronflow.yaml, and what is probably not meant',
      load: async () => (await import('./check.ts')).check,
    },
  ],
  [
    'plan',
    {
      summary: 'print what applying cronflow.yaml would change',
      load: async () => (await import('./plan.ts')).plan,
    },
  ],
  [
    'backtest',
    {
      summary: 'print which incidents a changed cronflow.yaml would have made of the past',
      load: async () => (await import('./backtest.ts')).backtest,
    },
  ],
  ['next', { summary: 'print the coming slots of all jobs, of one, or of any schedule', load: loadNext }],
  [
    'import',
    {
      summary: 'print the jobs of a crontab for cronflow.yaml, or the crontab with its jobs wrapped',
      load: async () => (await import('./import.ts')).importCommand,
    },
  ],
  [
    'status',
    {
      summary: 'print the jobs of a running Cronflow, and what is in trouble',
      load: async () => (await import('./status.ts')).status,
    },
  ],
  ['runs', { summary: 'print the runs of a job', load: async () => (await import('./runs.ts')).runs }],
  [
    'why',
    {
      summary: 'explain why a job is, or was, as it is',
      load: async () => (await import('./why.ts')).why,
    },
  ],
  [
    'logs',
    {
      summary: 'print what the last run of a job printed',
      load: async () => (await import('./logs.ts')).logs,
    },
  ],
  [
    'pause',
    {
      summary: 'let a job be silent for a while',
      load: async () => (await import('./pause.ts')).pause,
    },
  ],
  ['resume', { summary: 'end the pause of a job', load: async () => (await import('./pause.ts')).resume }],
  [
    'ack',
    {
      summary: 'acknowledge an incident, so that nobody is reminded of it for a while',
      load: async () => (await import('./ack.ts')).ack,
    },
  ],
  ['ping', { summary: 'report something of a job', load: async () => (await import('./ping.ts')).ping }],
  [
    'test-notify',
    {
      summary: 'send a sample message to a notifier',
      load: async () => (await import('./test-notify.ts')).testNotify,
    },
  ],
  [
    'store',
    {
      summary: 'export, import or migrate the data directory',
      load: async () => (await import('./store.ts')).store,
    },
  ],
]);

async function loadNext(): Promise<Run> {
  const { next } = await import('./next.ts');
  // A schedule that is given needs none of what reads a configuration, which is most of the program.
  return (argv, io) =>
    next(argv, io, async (config) => (await import('./declared-schedule.ts')).declaredJobs(io)(config));
}

const NAME_LENGTH = Math.max(...Array.from(COMMANDS.keys(), (name) => name.length));

const HELP = `Usage: cronflow COMMAND [OPTIONS]

${Array.from(COMMANDS, ([name, { summary }]) => `  ${name.padEnd(NAME_LENGTH)}  ${summary}\n`).join('')}
cronflow help COMMAND says more of one, as does cronflow COMMAND --help; cronflow --version says which Cronflow this is.
`;

/**
 * Runs the command that the first word names, with the other words as its arguments. Returns its exit code; 2 where
 * there is none.
 */
export async function cronflow(words: readonly string[], given: Io, host: ServeHost): Promise<number> {
  const [word, ...argv] = words;
  const io = words.length === 0 || words.some((each) => HELP_WORDS.has(each)) ? withFolds(given) : given;
  const command = COMMANDS.get(word ?? '');
  if (command !== undefined) return (await command.load())(argv, io, host);
  switch (word) {
    case '--help':
    case '-h':
      io.stdout(HELP);
      return EXIT.done;
    case 'help':
      return help(argv, io, host);
    case '--version':
    case '-v':
    case 'version':
      io.stdout(`${versionOf()}\n`);
      return EXIT.done;
    case undefined:
      io.stderr(HELP);
      return EXIT.usage;
    default:
      return unknownCommand(word, io);
  }
}

const HELP_WORDS = new Set(['help', '--help', '-h']);

/** Folds help to the width of the terminal, however narrow that is. */
function withFolds(io: Io): Io {
  return { ...io, stdout: (text) => io.stdout(folded(text, io.terminal?.columns)) };
}

/**
 * Prints the help of a command for `cronflow help COMMAND`. Further words, such as `export` in `help store export`,
 * are handed to the command.
 */
async function help([word, ...rest]: readonly string[], io: Io, host: ServeHost): Promise<number> {
  const command = COMMANDS.get(word ?? '');
  if (command !== undefined) return (await command.load())([...rest, '--help'], io, host);
  if (word !== undefined && word !== 'help' && !word.startsWith('-')) return unknownCommand(word, io);
  io.stdout(HELP);
  return EXIT.done;
}

function unknownCommand(word: string, io: Io): number {
  const meant = nearest(word, [...COMMANDS.keys()]);
  const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
  io.stderr(`cronflow: unknown command "${word}"${hint}\n\n${HELP}`);
  return EXIT.usage;
}

function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
