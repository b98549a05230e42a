import type { JSX } from 'preact';
import { nowAt, ZONE } from '../../live/clock.ts';
import { clockText, durationText } from '../../model/time.ts';
import { type Found, runsAt, slotsNear, type Stretch } from '../../model/timeline.ts';
import { outcomeWord } from '../../model/words.ts';
import { lanes } from './loading.ts';
import type { Pointer } from './pointer.ts';

/** So many jobs are named; the rest are counted. */
const NAMED_MAX = 8;

interface MomentProps {
  pointer: Pointer;
  stretch: Stretch;
}

/** Says what ran at an instant, which the pointer or the keys choose, or what is to come then. */
export function Moment({ pointer, stretch }: MomentProps): JSX.Element {
  const { fromAt, toAt } = stretch;
  const at = pointer.at.value ?? nowAt.value;
  const found = pointer.found.value;
  const stepMs = (toAt - fromAt) / 144;
  return (
    <div class="moment-line">
      <label>
        <span class="unseen">Moment</span>
        <input
          type="range"
          min={fromAt}
          max={toAt}
          step={stepMs}
          value={at}
          aria-valuetext={`${clock(at)}: ${momentText(at, pointer.nearMs)}`}
          onInput={(event) => (pointer.at.value = Number(event.currentTarget.value))}
          onBlur={() => pointer.leave()}
        />
      </label>
      <p>
        <strong>{clock(at)}</strong> {found !== null && <b>{foundText(found)} · </b>}
        {momentText(at, pointer.nearMs)}
      </p>
    </div>
  );
}

function momentText(at: number, nearMs: number): string {
  const all = lanes.value?.byJob.values() ?? [];
  if (at <= nowAt.value) {
    const runs = runsAt(all, at);
    if (runs.length === 0) return 'no job was running';
    return `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}: ${named(runs)}`;
  }
  const slots = slotsNear(all, at, nearMs);
  return slots.length === 0 ? 'nothing is expected' : `${slots.length} expected: ${named(slots)}`;
}

function named(found: readonly Found[]): string {
  const names = [...new Set(found.map(({ job }) => job))];
  const rest = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function clock(at: number): string {
  return clockText(at, nowAt.value, ZONE);
}

function foundText(found: Found): string {
  if ('tick' in found) {
    const { state, fromAt, toAt, count } = found.tick;
    const word = { waiting: 'late', coming: 'to come' }[state as string] ?? state;
    const when = count === 1 ? clock(fromAt) : `${count} slots from ${clock(fromAt)} to ${clock(toAt)}`;
    return `${found.job} ${word}, ${when}`;
  }
  const { fromAt, toAt, outcome, count } = found.bar;
  const took = count === 1 ? ` (${durationText(Math.min(toAt, nowAt.value) - fromAt)})` : ` (${count} runs)`;
  return `${found.job} ${outcomeWord(outcome)}, ${clock(fromAt)}–${outcome === null ? 'now' : clock(toAt)}${took}`;
}
