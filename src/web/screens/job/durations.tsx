import type { JSX } from 'preact';
import type { Job, Run } from '../../../cli/api-types.ts';
import { nowAt, ZONE } from '../../live/clock.ts';
import { durationOf, medianOf } from '../../model/days.ts';
import { clockText, durationText, instantOf } from '../../model/time.ts';
import { outcomeWord } from '../../model/words.ts';

const WIDTH = 480;
const HEIGHT = 120;
const SHOWN_MAX = 60;
/** A limit that is higher than so many times the longest run would press the runs flat. */
const LIMIT_SHOWN_MAX = 3;

interface Took {
  id: string;
  ms: number;
  outcome: Run['outcome'];
  at: number;
}

/** How long the last runs took, with their median and the limit. */
export function Durations({ job, runs }: { job: Job; runs: readonly Run[] }): JSX.Element {
  const took = runs
    .flatMap((run) => tookOf(run) ?? [])
    .slice(0, SHOWN_MAX)
    .toReversed();
  const median = medianOf(took.map(({ ms }) => ms));
  if (median === null) return <></>;
  const limitMs = durationOf(job.max_runtime);
  const longest = Math.max(...took.map(({ ms }) => ms));
  const isLimitShown = limitMs !== null && limitMs <= longest * LIMIT_SHOWN_MAX;
  const top = Math.max(longest, isLimitShown ? limitMs : 0) * 1.08;
  const yOf = (ms: number): number => HEIGHT - (ms / top) * HEIGHT;
  const step = WIDTH / Math.max(took.length, 12);
  const limit = limitMs === null ? '' : `, limit ${durationText(limitMs)}`;
  const summary = `median ${durationText(median)}, longest ${durationText(longest)}${limit}`;
  return (
    <section class="durations" aria-labelledby="durations-title">
      <h2 id="durations-title">Durations</h2>
      <p class="dim small">
        The last {took.length} runs: {summary}.
      </p>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Durations: ${summary}`}
        preserveAspectRatio="none"
      >
        {took.map(({ id, ms, outcome, at }, index) => (
          <rect
            key={id}
            class={`sign-${outcome ?? 'running'}`}
            x={index * step + step * 0.12}
            width={step * 0.76}
            y={yOf(ms)}
            height={Math.max(1.5, HEIGHT - yOf(ms))}
          >
            <title>{`${clockText(at, nowAt.value, ZONE)}: ${outcomeWord(outcome)}, ${durationText(ms)}`}</title>
          </rect>
        ))}
        <path class="median-line" d={`M0 ${yOf(median)}H${WIDTH}`} />
        {isLimitShown && <path class="limit-line" d={`M0 ${yOf(limitMs)}H${WIDTH}`} />}
      </svg>
      <p class="chart-keys small dim">
        <span class="key-median">median</span>
        {isLimitShown && <span class="key-limit">limit</span>}
      </p>
    </section>
  );
}

function tookOf({
  id,
  duration_ms: ms,
  outcome,
  started_at: startedAt,
  ended_at: endedAt,
}: Run): Took | null {
  const at = instantOf(startedAt) ?? instantOf(endedAt);
  return ms === null || at === null ? null : { id, ms, outcome, at };
}
