import type { JSX } from 'preact';
import type { Job } from '../../../cli/api-types.ts';
import { nowAt } from '../../live/clock.ts';
import { facetsOf } from '../../model/jobs.ts';
import { SPANS_H, type View, viewOf } from '../../model/timeline.ts';
import { changeQuery, place } from '../../router.tsx';

const HOUR_MS = 3_600_000;

/** Looks closer, or sees more. */
export function zoom(by: 1 | -1): void {
  const { spanH } = viewOf(place.value.query);
  const next = SPANS_H[SPANS_H.indexOf(spanH) + by];
  if (next !== undefined) changeQuery({ hours: String(next) });
}

/** Goes earlier or later by a third of what is shown; 0 goes with the present again. */
export function move(by: -1 | 0 | 1): void {
  const { spanH, at } = viewOf(place.value.query);
  const wanted = (at ?? nowAt.value) + (by * spanH * HOUR_MS) / 3;
  changeQuery({ at: by === 0 ? '' : new Date(wanted).toISOString().replace(/:\d\d\.\d+Z$/, 'Z') });
}

/** What the reader chooses of the timeline. */
export function TimelineBar({ jobs, view }: { jobs: ReadonlyMap<string, Job>; view: View }): JSX.Element {
  const { groups } = facetsOf(jobs.values());
  return (
    <div class="timeline-bar">
      <h1>Timeline</h1>
      <div class="segments" role="group" aria-label="How much is shown">
        {SPANS_H.map((hours) => (
          <button
            key={hours}
            type="button"
            aria-pressed={hours === view.spanH}
            onClick={() => changeQuery({ hours: hours === SPANS_H[0] ? '' : String(hours) })}
          >
            {hours} h
          </button>
        ))}
      </div>
      <div class="segments" role="group" aria-label="When">
        <button type="button" onClick={() => move(-1)} aria-label="Earlier" title="Earlier (←)">
          ‹
        </button>
        <button type="button" aria-pressed={view.at === null} onClick={() => move(0)} title="The present (0)">
          Now
        </button>
        <button type="button" onClick={() => move(1)} aria-label="Later" title="Later (→)">
          ›
        </button>
      </div>
      <input
        type="search"
        placeholder="Search"
        aria-label="Search jobs"
        value={view.q}
        onInput={(event) => changeQuery({ q: event.currentTarget.value }, 'replace')}
      />
      {groups.length > 0 && (
        <select
          aria-label="Filter by group"
          value={view.group}
          onChange={(event) => changeQuery({ group: event.currentTarget.value })}
        >
          <option value="">Any group</option>
          {groups.map((group) => (
            <option key={group} value={group}>
              {group}
            </option>
          ))}
        </select>
      )}
      <select
        aria-label="Order of the jobs"
        value={view.order}
        onChange={(event) => changeQuery({ order: event.currentTarget.value === 'first' ? 'first' : '' })}
      >
        <option value="name">by group and name</option>
        <option value="first">by what comes first</option>
      </select>
      <Legend />
    </div>
  );
}

const SIGNS: readonly [look: string, path: string, word: string][] = [
  ['success', 'M0 5H16v6H0z', 'succeeded'],
  ['failure', 'M0 3H16v10H0z', 'failed'],
  ['timeout', 'M0 3H16v10H0zM16 1v14', 'timed out'],
  ['running', 'M0 5H16v6H0z', 'running'],
  ['slot-missed', 'M2.5 8l5.5-6 5.5 6-5.5 6z', 'missed'],
  ['slot-waiting', 'M8 0v16M5 0h6M5 16h6', 'late'],
  ['slot-coming', 'M8 3v10', 'to come'],
];

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Signs">
      {SIGNS.map(([look, path, word]) => (
        <li key={look}>
          <svg width="18" height="16" viewBox="-1 0 18 16" aria-hidden="true">
            <path class={`sign-${look}`} d={path} />
          </svg>
          {word}
        </li>
      ))}
    </ul>
  );
}
