import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { nowAt } from '../../live/clock.ts';
import { type Lane, pathsOf, type Stretch } from '../../model/timeline.ts';
import { Link } from '../../router.tsx';

interface LaneRowProps {
  job: Job;
  lane: Lane | undefined;
  stretch: Stretch;
  size: { width: number; height: number };
}

/** The lane of one job: its name, and what is drawn of it. */
export function LaneRow({ job, lane, stretch, size }: LaneRowProps): JSX.Element {
  // Only a lane in which a run goes on is drawn anew with each second.
  const goesOn = lane?.bars.some(({ outcome }) => outcome === null) === true;
  const drawn = { ...stretch, nowAt: goesOn ? nowAt.value : Infinity };
  const paths = lane === undefined ? [] : [...pathsOf(lane, drawn, size)];
  const { width, height } = size;
  return (
    <div class="lane" data-job={job.name}>
      <Link
        to={{ screen: 'job', job: job.name }}
        class={job.incident === null ? 'name' : 'name in-trouble'}
        title={job.name}
      >
        {job.name}
      </Link>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={summaryOf(lane)}
      >
        {paths.map(([look, path]) => (
          <path key={look} class={`sign-${look}`} d={path} />
        ))}
      </svg>
    </div>
  );
}

/** Says in words what a lane shows, for those who do not see it. */
export function summaryOf(lane: Lane | undefined): string {
  if (lane === undefined) return 'nothing';
  const counts = new Map<string, number>();
  const add = (word: string, count: number): void => void counts.set(word, (counts.get(word) ?? 0) + count);
  for (const { outcome, count } of lane.bars) add(outcome ?? 'running', count);
  for (const { state, count } of lane.ticks) add(state, count);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ') || 'nothing';
}
