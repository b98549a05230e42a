import { MINUTE_MS } from '../../../src/schedule/units.ts';
import { MORNING_AT } from './morning.ts';
import type { Happening } from './past.ts';

/** A page that takes this for markup or for a script says so by `globalThis.wasHurt`. */
const SCRIPT = '<script>globalThis.wasHurt = 1</script>';
const IMAGE = '<img src=x onerror="globalThis.wasHurt = 1">';
/** Turns the direction of writing, so that what follows it reads backwards. */
const TURNED = '\u202Egnp.exe';

export const HOSTILE_JOB = 'x-script-alert-1';
/** The longest name that a job may have. */
export const LONGEST_NAME = `long-${'n'.repeat(123)}`;

export const HOSTILE = {
  description: `${SCRIPT} ${IMAGE} "quoted" 'too' & </title>`,
  group: `${IMAGE} ${TURNED}`,
  owner: `'"><svg onload="globalThis.wasHurt = 1">`,
  tag: `javascript:globalThis.wasHurt=1`,
  host: `${SCRIPT}.example.com`,
  /** The name of a ping that no job has. */
  unknownPing: 'nobody-knows',
  output: [
    SCRIPT,
    IMAGE,
    '\u001B[31mred\u001B[0m \u001B[2Jcleared \u001B]0;title\u0007 \u001B]8;;javascript:alert(1)\u0007link\u001B]8;;\u0007',
    `${TURNED} \u0000\u0008\u007F`,
    'L'.repeat(9_000),
    '&lt;already escaped&gt;',
  ].join('\n'),
} as const;

export function hostileConfig(): string {
  const text = JSON.stringify;
  return `notifiers:
  ops:
    type: log
jobs:
  ${HOSTILE_JOB}:
    schedule: '0 7 * * *'
    description: ${text(HOSTILE.description)}
    group: ${text(HOSTILE.group)}
    owner: ${text(HOSTILE.owner)}
    tags: [${text(HOSTILE.tag)}]
    runbook: https://wiki.example.com/?q=%22%3E%3Cscript%3E
  ${LONGEST_NAME}:
    schedule: '30 6 * * *'
    description: ${text('W'.repeat(400))}
  constructor:
    schedule: '0 6 * * *'
`;
}

export const hostileHappenings = (): Happening[] => [
  { at: MORNING_AT - 90 * MINUTE_MS, do: ({ configure }) => configure() },
  {
    at: MORNING_AT - 4 * MINUTE_MS,
    do: ({ ping }) =>
      ping(HOSTILE_JOB, 'failure', {
        exit_code: 1,
        duration_ms: MINUTE_MS,
        host: HOSTILE.host,
        output: HOSTILE.output,
      }),
  },
  {
    at: MORNING_AT - 3 * MINUTE_MS,
    do: ({ ping }) => ping(LONGEST_NAME, 'failure', { exit_code: 1, output: 'W'.repeat(5_000) }),
  },
];
