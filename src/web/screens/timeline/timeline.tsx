import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Job } from '../../../cli/api-types.ts';
import { nowAt, ZONE } from '../../live/clock.ts';
import { useDue } from '../../live/due.ts';
import { useResource } from '../../live/resource.ts';
import { grouped } from '../../model/grouped.ts';
import { clockText } from '../../model/time.ts';
import {
  axisOf,
  firstAtOf,
  type Lane,
  type Stretch,
  stretchOf,
  type View,
  viewOf,
} from '../../model/timeline.ts';
import { place } from '../../router.tsx';
import { addShortcuts } from '../../ui/keyboard.ts';
import { useNarrow } from '../../ui/narrow.ts';
import { Clock } from '../../ui/moment.tsx';
import { Failure, Notice } from '../../ui/notice.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { jobs, loadJobs } from '../now/jobs.ts';
import { LaneRow } from './lane-row.tsx';
import { keepLanes, laneError, lanes } from './loading.ts';
import { Moment } from './moment.tsx';
import { usePointer } from './pointer.ts';
import { move, TimelineBar, zoom } from './timeline-bar.tsx';

const ROW_HEIGHT = 26;
/** A name on the axis needs so much room. */
const AXIS_PX = 76;
/** What is shown moves on in steps of this part of it, so that it is not loaded anew each second. */
const STEPS_OF_A_STRETCH = 72;

type Row = { group: string; count: number } | { job: Job };

/** What ran, what did not, and what is to come, over all jobs. */
export function Timeline(): JSX.Element {
  const loaded = useResource(
    'jobs',
    (signal, changes) => loadJobs(changes, signal),
    ({ type }) => type !== 'delivery',
  );
  useDue(() => jobs.peek()?.values() ?? []);
  const view = useComputed(() => viewOf(place.value.query));
  const stretch = useStretch(view.value);
  useEffect(() => keepLanes(stretch), [stretch.fromAt, stretch.toAt]);
  useKeys(view.value);
  const { error } = loaded.value;
  if (jobs.value === null)
    return error === null ? <p class="loading">Loading …</p> : <Failure error={error} />;
  if (jobs.value.size === 0) return <NoJobs />;
  return (
    <>
      {laneError.value !== null && <Failure error={laneError.value} />}
      <Lanes jobs={jobs.value} view={view.value} stretch={stretch} />
    </>
  );
}

function NoJobs(): JSX.Element {
  return (
    <>
      <h1 class="unseen">Timeline</h1>
      <Notice title="No jobs yet">
        <p>
          Here each job has a lane: its slots, its runs, and what is to come. The first screen says how a job
          is declared.
        </p>
      </Notice>
    </>
  );
}

function useStretch(view: View): Stretch {
  const stepMs = (view.spanH * 3_600_000) / STEPS_OF_A_STRETCH;
  const stepAt = useComputed(() => Math.ceil(nowAt.value / stepMs) * stepMs);
  return stretchOf(view, stepAt.value);
}

function useKeys(view: View): void {
  useEffect(
    () =>
      addShortcuts([
        { keys: '+', does: 'look closer', run: () => zoom(1) },
        { keys: '-', does: 'see more', run: () => zoom(-1) },
        { keys: 'ArrowLeft', does: 'earlier', run: () => move(-1) },
        { keys: 'ArrowRight', does: 'later', run: () => move(1) },
        { keys: '0', does: 'back to the present', run: () => move(0) },
      ]),
    [view.spanH],
  );
}

interface LanesProps {
  jobs: ReadonlyMap<string, Job>;
  view: View;
  stretch: Stretch;
}

function Lanes({ jobs: all, view, stretch }: LanesProps): JSX.Element {
  const axis = useRef<HTMLDivElement>(null);
  const width = useSignal(800);
  const isNarrow = useNarrow();
  useEffect(() => {
    const observer = new ResizeObserver(() => (width.value = axis.current?.clientWidth ?? width.value));
    observer.observe(axis.current!);
    return () => observer.disconnect();
  }, []);
  const pointer = usePointer(axis, stretch, width.value);
  const rows = rowsOf(all, lanes.value?.byJob ?? new Map(), view);
  const size = { width: width.value, height: ROW_HEIGHT };
  return (
    <section class="timeline" aria-label="Timeline" style={{ '--lane-name': isNarrow ? '7.5rem' : '15rem' }}>
      <div class="timeline-head">
        <TimelineBar jobs={all} view={view} />
        <TooMany />
        <Moment pointer={pointer} stretch={stretch} />
        <div class="axis" aria-hidden="true">
          <div ref={axis} class="axis-names">
            <Axis stretch={stretch} width={width.value} />
          </div>
        </div>
      </div>
      <div
        class="lanes"
        onPointerMove={pointer.point}
        onPointerLeave={() => pointer.leave()}
        onClick={pointer.open}
      >
        <Lines stretch={stretch} width={width.value} momentAt={pointer.at.value} />
        <VirtualList
          items={rows}
          rowHeight={ROW_HEIGHT}
          keyOf={(row) => ('job' in row ? row.job.id : `group ${row.group}`)}
          label="Jobs"
          row={(row) => <RowOf row={row} stretch={stretch} size={size} />}
        />
      </div>
      {rows.length === 0 && <p class="loading">No job is like that.</p>}
    </section>
  );
}

/** Says so where the runs are too many to be drawn one by one. */
function TooMany(): JSX.Element | null {
  const fromAt = lanes.value?.runsFromAt ?? null;
  if (fromAt === null) return null;
  return (
    <p class="too-many">
      There are very many runs: those from before <Clock at={fromAt} /> are drawn by their slots, several
      together.
    </p>
  );
}

interface RowProps {
  row: Row;
  stretch: Stretch;
  size: { width: number; height: number };
}

function RowOf({ row, stretch, size }: RowProps): JSX.Element {
  if ('job' in row)
    return (
      <LaneRow job={row.job} lane={lanes.value?.byJob.get(row.job.name)} stretch={stretch} size={size} />
    );
  return (
    <div class="lane-group">
      {row.group === '' ? 'without a group' : row.group} <span class="dim">{row.count}</span>
    </div>
  );
}

function byName(a: Job, b: Job): number {
  return a.name < b.name ? -1 : 1;
}

function rowsOf(all: ReadonlyMap<string, Job>, byJob: ReadonlyMap<string, Lane>, view: View): Row[] {
  const text = view.q.trim().toLowerCase();
  const chosen = [...all.values()].filter(
    ({ name, group }) =>
      (view.group === '' || group === view.group) && (text === '' || name.toLowerCase().includes(text)),
  );
  const firstAt = (job: Job): number => {
    const lane = byJob.get(job.name);
    return lane === undefined ? Infinity : firstAtOf(lane);
  };
  if (view.order === 'first') {
    const order = new Map(chosen.map((job) => [job, firstAt(job)]));
    const distance = (a: Job, b: Job): number => {
      const [first, second] = [order.get(a)!, order.get(b)!];
      return first === second ? 0 : first - second;
    };
    return chosen.sort((a, b) => distance(a, b) || byName(a, b)).map((job) => ({ job }));
  }
  const groups = grouped(chosen.sort(byName), ({ group }) => group ?? '');
  if (groups.size < 2 && groups.has('')) return chosen.map((job) => ({ job }));
  return [...groups]
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
    .flatMap(([group, found]) => [{ group, count: found.length }, ...found.map((job) => ({ job }))]);
}

function Axis({ stretch, width }: { stretch: Stretch; width: number }): JSX.Element {
  const { fromAt, toAt } = stretch;
  return (
    <>
      {namedInstants(stretch, width).map((at) => (
        <span key={at} style={{ left: `${((at - fromAt) / (toAt - fromAt)) * 100}%` }}>
          {clockText(at, nowAt.value, ZONE)}
        </span>
      ))}
    </>
  );
}

function namedInstants(stretch: Stretch, width: number): number[] {
  const offsetMs = -new Date(stretch.fromAt).getTimezoneOffset() * 60_000;
  return axisOf(stretch, offsetMs, Math.max(2, Math.floor(width / AXIS_PX)));
}

interface LinesProps {
  stretch: Stretch;
  width: number;
  momentAt: number | null;
}

/** The lines that go through all lanes: those of the axis, that of now, and that of the pointer. */
function Lines({ stretch, width, momentAt }: LinesProps): JSX.Element {
  const { fromAt, toAt } = stretch;
  const xOf = (at: number): string => `${((at - fromAt) / (toAt - fromAt)) * 100}%`;
  const isNowShown = nowAt.value > fromAt && nowAt.value < toAt;
  return (
    <div class="lane-lines" aria-hidden="true">
      {namedInstants(stretch, width).map((at) => (
        <i key={at} style={{ left: xOf(at) }} />
      ))}
      {isNowShown && <i class="ahead" style={{ left: xOf(nowAt.value) }} />}
      {isNowShown && <i class="now" style={{ left: xOf(nowAt.value) }} />}
      {momentAt !== null && <i class="moment" style={{ left: xOf(momentAt) }} />}
    </div>
  );
}
