import fc from 'fast-check';
import { transition } from '../../../src/core/job/transition.ts';
import type { Declaration } from '../../../src/core/model/declaration.ts';
import type { Event, State, Transition } from '../../../src/core/model/event.ts';
import { PING_KINDS, type PingKind } from '../../../src/core/model/reasons.ts';
import type { JobDelivery, JobIncident, Ping, Row } from '../../../src/core/model/records.ts';
import { DEFAULT_GLOBALS, type Spec, specOf } from '../../../src/core/model/spec.ts';
import { HOUR_MS, MINUTE_MS } from '../../../src/schedule/units.ts';
import type { Rule } from '../../support/job-keys.ts';
import { pingOf } from '../../support/records.ts';
import { declaredAt, stateOf } from './state.ts';

/** Every job is declared at this instant, two hours before the clocks of Europe go forward. */
export const START = Date.UTC(2025, 2, 29, 22);

/**
 * The keys that change what this file asks about. The others have an example each in `test/core/job/`, and the
 * simulator tries them.
 */
type Tried = Exclude<Rule, 'every' | 'notify' | 'success_exit_codes' | 'keep_runs' | 'paused'>;

const keys = {
  schedule: fc.constantFrom('0 * * * *', '*/10 * * * *', '30 2 * * *', '* * * * *'),
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
  grace: fc.constantFrom('30s', '5m', '90m'),
  max_runtime: fc.constantFrom('2m', '1h', '1d'),
  failure_threshold: fc.constantFrom<NonNullable<Declaration['failure_threshold']>>(1, 2, {
    failure: 2,
    missed: 1,
  }),
  recovery_threshold: fc.constantFrom(1, 2),
  remind_every: fc.constantFrom('1h', '20m'),
  max_open_runs: fc.constantFrom(1, 3),
  min_runtime: fc.constantFrom('1m', '30m'),
  expect: fc.constant({ output: { not_contains: 'ERROR' } }),
  overlap: fc.constantFrom<NonNullable<Declaration['overlap']>>('allow', 'forbid', 'skip'),
  maintenance: fc.constantFrom<NonNullable<Declaration['maintenance']>>(
    [{ schedule: '0 */3 * * *', duration: '1h' }],
    [
      { from: '2025-03-29T23:00Z', to: '2025-03-30T01:00Z' },
      { schedule: '30 * * * *', duration: '10m' },
    ],
  ),
} satisfies { [Key in Tried]: fc.Arbitrary<NonNullable<Declaration[Key]>> };
const declarations: fc.Arbitrary<Declaration> = fc.record(keys, {
  requiredKeys: ['grace', 'max_runtime'],
});
const everyDeclarations = declarations.map((declaration): Declaration => {
  const { schedule, timezone, ...rest } = declaration;
  return schedule === undefined && timezone === undefined ? rest : { ...rest, every: '15m' };
});
/** Makes any job: with a cron expression, a period, or neither. */
export const anyDeclaration = fc.oneof(declarations, everyDeclarations);

interface Step {
  afterMs: number;
  kind: PingKind | 'gap' | 'pause' | 'resume' | 'acknowledge';
  rid: string | null;
  delayMs: number;
}

/** Makes a list of steps in which things happen to a job, one after another. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.integer({ min: 0, max: 5 * MINUTE_MS }), fc.integer({ min: 0, max: 3 * HOUR_MS })),
    kind: fc.constantFrom<Step['kind']>(
      ...PING_KINDS,
      // Runs begin and go well more often than not.
      ...(['start', 'start', 'success', 'gap', 'pause', 'resume', 'acknowledge'] as const),
    ),
    rid: fc.constantFrom(null, 'a', 'b', 'c', 'd'),
    delayMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 2 * HOUR_MS })),
  }),
  { maxLength: 25 },
);

/** Returns the events of steps that are taken from `START` on. */
export function eventsOf(list: readonly Step[]): Event[] {
  let at = START;
  return list.map((step): Event => {
    const before = at;
    at += step.afterMs;
    if (step.kind === 'gap') return { type: 'gap', from_at: before, to_at: at };
    if (step.kind === 'pause') return { type: 'paused', at };
    if (step.kind === 'resume') return { type: 'resumed', at };
    if (step.kind === 'acknowledge') return { type: 'acknowledged', at, until_at: at + 2 * HOUR_MS };
    const { kind, rid, delayMs } = step;
    const output = kind === 'success' && delayMs % 3 === 1 ? 'ERROR' : null;
    return { type: 'ping', ping: { ...pingAt(kind, at, rid, delayMs), output } };
  });
}

export function pingAt(kind: PingKind, at: number, rid: string | null, delayMs = 0): Ping {
  return pingOf(kind, at, { rid, delay_ms: delayMs });
}

export function instantOf(event: Event): number {
  if (event.type === 'ping') return event.ping.received_at;
  if (event.type === 'tick') return event.now_at;
  return event.type === 'gap' ? event.to_at : event.at;
}

/** Everything to which a sequence of events led. */
interface Played {
  state: State;
  runs: Map<string, Row>;
  incidents: Map<string, JobIncident>;
  deliveries: JobDelivery[];
  results: Transition[];
}

export function playEvents(spec: Spec, events: readonly Event[]): Played {
  let state = deepFreeze(declaredAt(spec, START));
  const played: Played = { state, runs: new Map(), incidents: new Map(), deliveries: [], results: [] };
  for (const event of events) {
    // Everything is frozen, so that a transition that changed what it was given would throw.
    const result = deepFreeze(transition(spec, state, deepFreeze(event)));
    state = stateOf(result);
    for (const run of result.runs) played.runs.set(run.id, run);
    for (const id of result.removed_run_ids) played.runs.delete(id);
    for (const incident of result.incidents) played.incidents.set(incident.id, incident);
    played.deliveries.push(...result.deliveries);
    played.results.push(result);
  }
  return { ...played, state };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

export function specFor(declaration: Declaration): Spec {
  return specOf('job', declaration, { ...DEFAULT_GLOBALS, notifiers: ['ops'] });
}
