import type { Declaration } from '../../src/core/model/declaration.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/schedule/units.ts';
import type { Happening, Script, ScriptedPing } from '../simulation/script.ts';

/** What happened to one job, and the instant at which somebody asks why. */
export interface Story {
  title: string;
  script: Script;
  job: string;
  at: number;
  /** What a script does not have: steps of the clock of the machine, and files that change several jobs at once. */
  steps?: readonly (
    | { at: number; type: 'clock'; to_at: number }
    | { at: number; type: 'configure'; jobs: Readonly<Record<string, Declaration>> }
  )[];
}

const JOB = 'backup';
const DAILY: Declaration = {
  schedule: '0 2 * * *',
  timezone: 'Europe/Berlin',
  grace: '5m',
  max_runtime: '2h',
};

/** The instant of a local time in Berlin: in winter unless an offset says otherwise. */
function at(text: string, offset = '+01:00'): number {
  return Date.parse(`2026-${text.replace(' ', 'T')}${offset}`);
}

function ping(when: number, kind: ScriptedPing['kind'], more: Partial<ScriptedPing> = {}): Happening {
  return { at: when, type: 'ping', job: JOB, ping: { kind, ...more } };
}

/** A run of the night that begins a little after 02:00 and ends well. */
function goodNight(day: string, offset = '+01:00'): Happening[] {
  const rid = `night-${day}`;
  return [
    ping(at(`${day} 02:00:02`, offset), 'start', { rid }),
    ping(at(`${day} 02:04:14`, offset), 'success', { rid, exit_code: 0 }),
  ];
}

interface Tale {
  declaration?: Declaration;
  from: number;
  asked: number;
  until?: number;
  happenings: readonly Happening[];
  steps?: Story['steps'];
  notifiers?: readonly string[];
  name?: string;
}

function story(title: string, tale: Tale): Story {
  const { declaration = DAILY, from, asked, until = asked, happenings, notifiers = ['ops'] } = tale;
  return {
    title,
    script: {
      start_at: from,
      end_at: until,
      replay_window_ms: 15 * MINUTE_MS,
      notifiers,
      jobs: { [JOB]: declaration },
      happenings: [...happenings].sort((a, b) => a.at - b.at),
    },
    job: tale.name ?? JOB,
    at: asked,
    ...(tale.steps === undefined ? {} : { steps: tale.steps }),
  };
}

export const STORIES: readonly Story[] = [
  story('all is well', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [...goodNight('01-14'), ...goodNight('01-15')],
  }),
  story('missed', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: goodNight('01-14'),
  }),
  story('missed, asked about the slot itself, then a late success', {
    from: at('01-13 12:00'),
    asked: at('01-15 02:00'),
    until: at('01-15 09:00'),
    happenings: [
      ...goodNight('01-14'),
      ping(at('01-15 07:30'), 'start', { rid: 'by-hand' }),
      ping(at('01-15 07:34:10'), 'success', { rid: 'by-hand', exit_code: 0 }),
    ],
  }),
  story('late success, asked after it', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      ping(at('01-15 07:30'), 'start', { rid: 'by-hand' }),
      ping(at('01-15 07:34:10'), 'success', { rid: 'by-hand', exit_code: 0 }),
    ],
  }),
  story('too early', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      ping(at('01-15 01:40'), 'start', { rid: 'fast' }),
      ping(at('01-15 01:44'), 'success', { rid: 'fast', exit_code: 0 }),
    ],
  }),
  story('a little early', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      ping(at('01-15 01:59:10'), 'start', { rid: 'fast' }),
      ping(at('01-15 02:03:10'), 'success', { rid: 'fast', exit_code: 0 }),
    ],
  }),
  story('asked about a night of which the history has let go', {
    declaration: { ...DAILY, keep_runs: 1 },
    from: at('01-13 12:00'),
    asked: at('01-14 08:05'),
    until: at('01-15 08:05'),
    happenings: [...goodNight('01-14'), ...goodNight('01-15')],
  }),
  story('late, within its grace', {
    from: at('01-13 12:00'),
    asked: at('01-15 02:03'),
    happenings: goodNight('01-14'),
  }),
  story('overlap forbidden', {
    declaration: { ...DAILY, overlap: 'forbid' },
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ping(at('01-15 02:00:01'), 'start', { rid: 'first' }),
      ping(at('01-15 02:30'), 'start', { rid: 'second' }),
      ping(at('01-15 02:40'), 'success', { rid: 'first', exit_code: 0 }),
      ping(at('01-15 02:45'), 'success', { rid: 'second', exit_code: 0 }),
    ],
  }),
  story('timed out and going on', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [...goodNight('01-14'), ping(at('01-15 02:00:01'), 'start', { rid: 'slow' })],
  }),
  story('failed with an exit code, told again after a retry', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      ping(at('01-15 02:00:01'), 'start', { rid: 'bad' }),
      ping(at('01-15 02:00:09'), 'failure', { rid: 'bad', exit_code: 3 }),
      ping(at('01-15 02:00:12'), 'failure', { rid: 'bad', exit_code: 3 }),
    ],
  }),
  story('died without a word', {
    declaration: { ...DAILY, schedule: '0 * * * *' },
    from: at('01-15 00:30'),
    asked: at('01-15 03:30'),
    happenings: [
      ping(at('01-15 01:00:01'), 'start'),
      ping(at('01-15 02:00:01'), 'start'),
      ping(at('01-15 02:10'), 'success'),
    ],
  }),
  story('a threshold that is not reached', {
    declaration: { ...DAILY, failure_threshold: 2 },
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      ping(at('01-15 02:00:09'), 'failure', { exit_code: 1, duration_ms: 8_000 }),
    ],
  }),
  story('a recovery that is not enough', {
    declaration: { ...DAILY, schedule: '0 * * * *', recovery_threshold: 2 },
    from: at('01-15 00:30'),
    asked: at('01-15 02:30'),
    happenings: [
      ping(at('01-15 01:00:09'), 'failure', { exit_code: 1, duration_ms: 8_000 }),
      ping(at('01-15 02:00:09'), 'success', { exit_code: 0, duration_ms: 8_000 }),
    ],
  }),
  story('maintenance holds it back', {
    declaration: { ...DAILY, maintenance: [{ schedule: '0 1 * * *', duration: '3h' }] },
    from: at('01-13 12:00'),
    asked: at('01-15 02:30'),
    happenings: goodNight('01-14'),
  }),
  story('Cronflow was away', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      { at: at('01-15 01:30'), type: 'away', how: 'crash', to_at: at('01-15 02:40') },
    ],
  }),
  story('asked about a time when Cronflow was away', {
    from: at('01-13 12:00'),
    asked: at('01-15 02:10'),
    until: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      { at: at('01-15 01:30'), type: 'away', how: 'crash', to_at: at('01-15 02:40') },
      ping(at('01-15 02:41'), 'success', {
        rid: 'kept',
        exit_code: 0,
        duration_ms: 250_000,
        delay_ms: 37 * MINUTE_MS,
      }),
    ],
  }),
  story('the clock was set back', {
    from: at('01-14 12:00'),
    asked: at('01-15 02:30'),
    until: at('01-15 02:30'),
    happenings: [ping(at('01-15 00:20'), 'start', { rid: 'one' })],
    steps: [{ at: at('01-15 02:30'), type: 'clock', to_at: at('01-15 00:10') }],
  }),
  story('the clocks go forward', {
    declaration: { ...DAILY, schedule: '30 2 * * *' },
    from: at('03-28 12:00'),
    asked: at('03-29 08:05', '+02:00'),
    happenings: [],
  }),
  story('the clocks go back', {
    declaration: { ...DAILY, schedule: '30 2 * * *' },
    from: at('10-24 12:00', '+02:00'),
    asked: at('10-25 02:10', '+02:00'),
    happenings: [],
  }),
  story('paused', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [
      ...goodNight('01-14'),
      { at: at('01-14 18:00'), type: 'pause', job: JOB },
      ping(at('01-15 02:00:03'), 'success', { exit_code: 0 }),
    ],
  }),
  story('renamed', {
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    name: 'nightly-backup',
    happenings: [...goodNight('01-14')],
    steps: [
      {
        at: at('01-14 18:00'),
        type: 'configure',
        jobs: { 'nightly-backup': { ...DAILY, grace: '10m', renamed_from: JOB } },
      },
    ],
  }),
  story('never seen', { from: at('01-13 12:00'), asked: at('01-14 08:05'), happenings: [] }),
  story('every, missed', {
    declaration: { every: '1h', grace: '10m', timezone: 'Europe/Berlin' },
    from: at('01-15 00:00'),
    asked: at('01-15 04:00'),
    happenings: [
      ping(at('01-15 01:00'), 'success', { duration_ms: 60_000 }),
      ping(at('01-15 02:00'), 'success'),
    ],
  }),
  story('every, while a run is open', {
    declaration: { every: '1h', grace: '10m', timezone: 'Europe/Berlin' },
    from: at('01-15 00:00'),
    asked: at('01-15 03:30'),
    happenings: [ping(at('01-15 01:00'), 'start', { rid: 'long' })],
  }),
  story('a lock that is stuck', {
    declaration: { ...DAILY, schedule: '0 * * * *' },
    from: at('01-15 00:30'),
    asked: at('01-15 03:30'),
    happenings: [1, 2, 3].map((hour) =>
      ping(at('01-15 00:00:01') + hour * HOUR_MS, 'skip', { rid: `s${hour}` }),
    ),
  }),
  story('acknowledged, with reminders', {
    declaration: { ...DAILY, remind_every: '1h' },
    from: at('01-13 12:00'),
    asked: at('01-15 06:00'),
    happenings: [
      ...goodNight('01-14'),
      { at: at('01-15 03:30'), type: 'acknowledge', job: JOB, until_at: at('01-15 09:00') },
    ],
  }),
  story('an acknowledgement that has ended', {
    declaration: DAILY,
    from: at('01-13 12:00'),
    asked: at('01-15 10:00'),
    happenings: [
      ...goodNight('01-14'),
      { at: at('01-15 03:30'), type: 'acknowledge', job: JOB, until_at: at('01-15 09:00') },
    ],
  }),
  story('no schedule', {
    declaration: { description: 'by hand' },
    from: at('01-14 12:00'),
    asked: at('01-15 08:05'),
    happenings: [ping(at('01-14 17:00'), 'success', { exit_code: 0 })],
  }),
  story('nobody is told', {
    declaration: { ...DAILY, notify: [] },
    from: at('01-13 12:00'),
    asked: at('01-15 08:05'),
    happenings: [...goodNight('01-14'), ping(at('01-15 02:00:01'), 'failure', {})],
  }),
];
