import type { Config } from '../config/config.ts';
import { withoutAllowed } from '../config/allowed-lints.ts';
import { formatFaults } from '../config/format.ts';
import { worded } from '../config/lint-words.ts';
import { hideInFault, hideSecrets } from '../config/secrets/hide.ts';
import type { Globals } from '../core/model/spec.ts';
import type { KeyChange } from '../core/plan/comparisons.ts';
import {
  formatPlan,
  isEmptyPlan,
  limitOf,
  massRemoval,
  type Plan,
  planChanges,
  planTotals,
} from '../core/plan/plan.ts';
import { hideInValue } from '../core/text/redact.ts';
import { formatDuration } from '../schedule/duration.ts';
import { parseArgs } from './arguments.ts';
import { EXIT, runWithOptions } from './command.ts';
import type { Io } from './io.ts';
import { configPathOf, FILE_OPTIONS, storeOf, validConfig } from './offline.ts';
import { storedAt, storedIn, type StoredJobs } from './stored-jobs.ts';

const FORMATS = ['text', 'json', 'markdown'] as const;
type Format = (typeof FORMATS)[number];

const HELP = `Usage: cronflow plan [FILE] [OPTIONS]

Prints what applying the configuration in FILE would change, job by job and key by key: + added, ~ changed,
- removed, = unchanged. Changes nothing.

  FILE             the configuration (--config, CRONFLOW_CONFIG; default: cronflow.yaml in the current directory)
  --url URL        compare with what a running Cronflow has applied. Its token is that of CRONFLOW_READ_TOKEN or
                   CRONFLOW_TOKEN
  --data-dir DIR   compare with what a data directory holds (CRONFLOW_DATA_DIR; default: ./data), also while
                   Cronflow runs
  --format FORMAT  ${FORMATS.join(', ')} (default: text); markdown is for a comment in a pull request
  --json           the same as --format json
  --help

Exit codes: 0 no change, 2 changes, 1 the file, the server, the data directory or the command line is at fault.
`;

/** The plan is made against a running Cronflow at an address, or against a data directory. */
type Options = ({ storeUrl: string } | { url: string }) & { config: string; format: Format };

/** A change of the configuration that belongs to no job. */
interface GlobalChange {
  /** `notifiers`, `replay_window`, or the dotted path of a written setting. */
  key: string;
  from: unknown;
  to: unknown;
}

/** Runs `cronflow plan`: prints what applying a configuration would change. Returns the exit code, see its help. */
export function plan(argv: readonly string[], io: Io): Promise<number> {
  return runWithOptions(io, {
    name: 'plan',
    help: HELP,
    usageCode: EXIT.failed,
    read: () => readOptions(argv, io),
    run: (options) => planned(options, io),
  });
}

function readOptions(argv: readonly string[], io: Io): Options | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      ...FILE_OPTIONS,
      'data-dir': { type: 'string' },
      url: { type: 'string' },
      format: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.help) return null;
  if (values.url !== undefined && values['data-dir'] !== undefined)
    throw new Error('--url and --data-dir exclude each other');
  const written = values.format ?? (values.json ? 'json' : 'text');
  const format = FORMATS.find((each) => each === written);
  if (format === undefined) throw new Error(`--format "${written}" is not one of ${FORMATS.join(', ')}`);
  return {
    config: configPathOf(io, positionals, values.config),
    ...(values.url === undefined
      ? { storeUrl: storeOf(io, values['data-dir']).storeUrl }
      : { url: values.url }),
    format,
  };
}

async function planned(options: Options, io: Io): Promise<number> {
  const config = await validConfig(io, options.config);
  const stored = 'url' in options ? await storedAt(io, options.url) : await storedIn(options.storeUrl);
  const changes = planChanges(stored.jobs, config.jobs, config);
  const { files, redact, revision } = config;
  const hide = (text: string): string => hideSecrets(text, redact);
  const globals = [...globalChanges(stored.globals, config.globals), ...writtenChanges(stored, config)].map(
    ({ key, from, to }) => ({ key, from: hideInValue(from, hide), to: hideInValue(to, hide) }),
  );
  if (changes.faults.length > 0) {
    io.stderr(`${formatFaults(changes.faults, files, { redact })}\n`);
    return EXIT.failed;
  }
  const isChange = !isEmptyPlan(changes) || globals.length > 0;
  const { lints } = withoutAllowed(changes.lints, files);
  if (options.format === 'json') {
    const json = planJson(changes, globals, revision, hide);
    const hidden = lints.map((lint) => hideInFault(lint, redact));
    io.stdout(`${JSON.stringify({ ...json, lints: hidden }, null, 2)}\n`);
  } else {
    const text = options.format === 'markdown' ? planMarkdown : planText;
    io.stdout(text({ changes, lines: planLines(changes, globals, hide), revision }));
    if (lints.length > 0) io.stderr(`${formatFaults(lints.map(worded), files, { redact })}\n`);
  }
  return isChange ? EXIT.different : EXIT.done;
}

function globalChanges(from: Globals, to: Globals): GlobalChange[] {
  const changes: GlobalChange[] = [
    { key: 'notifiers', from: from.notifiers, to: to.notifiers },
    {
      key: 'replay_window',
      from: formatDuration(from.replayWindowMs),
      to: formatDuration(to.replayWindowMs),
    },
  ];
  return changes.filter((change) => JSON.stringify(change.from) !== JSON.stringify(change.to));
}

/**
 * Returns the written settings that change. Settings of notifiers that come or go are left out, because the change of
 * `notifiers` names these.
 */
function writtenChanges({ written: from, globals }: StoredJobs, config: Config): GlobalChange[] {
  if (from === undefined) return [];
  const to = config.written;
  const kept = new Set(globals.notifiers.filter((name) => config.globals.notifiers.includes(name)));
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .sort()
    .filter((key) => from[key] !== to[key])
    .filter(
      (key) =>
        !key.startsWith('notifiers.') || [...kept].some((name) => key.startsWith(`notifiers.${name}.`)),
    )
    .map((key) => ({ key, from: from[key] ?? null, to: to[key] ?? null }));
}

interface PlanToShow {
  changes: Plan;
  lines: readonly string[];
  revision: string;
}

function planText({ changes, lines, revision }: PlanToShow): string {
  if (lines.length === 0) return 'No jobs, no change.\n';
  return `${[...lines, ...heldNote(changes, revision), planTotals(changes)].join('\n')}\n`;
}

/**
 * Writes the plan for a comment in a pull request: the totals as its heading, the changes in the colours of a diff.
 */
function planMarkdown({ changes, lines: plain, revision }: PlanToShow): string {
  const lines = plain.map((line) => line.replace(/^~/, '!'));
  const fence = '`'.repeat(Math.max(3, ...lines.map((line) => 1 + longestRun(line))));
  const block = lines.length === 0 ? [] : [`${fence}diff`, ...lines, fence, ''];
  const held = heldNote(changes, revision).flatMap((note) => [`**${note}**`, '']);
  return `${[`### Cronflow: ${planTotals(changes)}`, '', ...block, ...held].join('\n').trimEnd()}\n`;
}

/** Returns the length of the longest run of backquotes, because a fence must be longer than any in the block. */
function longestRun(line: string): number {
  return Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
}

function planLines(
  changes: Plan,
  globals: readonly GlobalChange[],
  hide: (text: string) => string,
): string[] {
  const changed = globals.map(
    ({ key, from, to }) => `~ ${key}: ${shownSetting(from)} -> ${shownSetting(to)}`,
  );
  return [...changed, ...formatPlan(changes, hide)];
}

function heldNote(changes: Plan, revision: string): string[] {
  const mass = massRemoval(changes);
  if (mass === null) return [];
  return [
    `It removes ${mass.removed} of ${mass.before} jobs, as a truncated file does, and would be held until ` +
      `POST /config/reload?confirm=${revision}`,
  ];
}

function shownSetting(value: unknown): string {
  return value === null ? '(not set)' : JSON.stringify(value);
}

function planJson(
  changes: Plan,
  globals: readonly GlobalChange[],
  revision: string,
  hide: (text: string) => string,
): object {
  const hidden = (keys: readonly KeyChange[]): KeyChange[] =>
    keys.map(({ key, from, to }) => ({ key, from: hideInValue(from, hide), to: hideInValue(to, hide) }));
  return {
    revision,
    would_be_held: massRemoval(changes) !== null,
    globals,
    added: changes.added.map(({ name, declaration }) => ({
      name,
      declaration: hideInValue(declaration, hide),
      limit: limitOf(declaration),
    })),
    restored: changes.restored.map(({ job, keys }) => ({ name: job.name, keys: hidden(keys) })),
    adopted: changes.adopted.map(({ job, keys }) => ({ name: job.name, keys: hidden(keys) })),
    renamed: changes.renamed.map(({ job, next, keys }) => ({
      name: next.name,
      renamed_from: job.name,
      keys: hidden(keys),
    })),
    changed: changes.changed.map(({ job, keys }) => ({ name: job.name, keys: hidden(keys) })),
    refilled: changes.refilled.map(({ job, keys }) => ({ name: job.name, keys: hidden(keys) })),
    removed: changes.removed.map(({ name }) => ({ name })),
    unchanged: changes.unchanged.length,
  };
}
