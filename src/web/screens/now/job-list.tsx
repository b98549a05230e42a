import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Job } from '../../../cli/api-types.ts';
import { nowAt } from '../../live/clock.ts';
import {
  type Counts,
  choiceOf,
  chosenJobs,
  facetsOf,
  type JobChoice,
  SORT_KEYS,
  type SortKey,
} from '../../model/jobs.ts';
import { onceAtRest } from '../../live/rest.ts';
import { changeQuery, go, place } from '../../router.tsx';
import { addShortcuts } from '../../ui/keyboard.ts';
import { useNarrow } from '../../ui/narrow.ts';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { JobRow } from './job-row.tsx';
import { showRecent } from './jobs.ts';

const ROW_HEIGHT = 36;
const ROW_HEIGHT_NARROW = 64;

/** All jobs, with what the reader filters and sorts by in the address. */
export function JobList({ jobs, counts }: { jobs: ReadonlyMap<string, Job>; counts: Counts }): JSX.Element {
  const choice = useComputed(() => choiceOf(place.value.query));
  const shown = chosenJobs(jobs.values(), choice.value, nowAt.peek());
  const at = useSignal(-1);
  const isNarrow = useNarrow();
  useEffect(() => {
    const move = (by: number): void => {
      at.value = Math.max(0, Math.min(shown.length - 1, at.value + by));
      const row = document.querySelector(`[data-row="${at.value}"]`);
      row?.scrollIntoView({ block: 'nearest' });
      // The focus goes along, so that Enter is for the job, also where a button had the focus before.
      row?.querySelector('a')?.focus({ preventScroll: true });
    };
    const open = (): void => {
      const job = shown[at.value];
      if (job !== undefined) go({ screen: 'job', job: job.name });
    };
    return addShortcuts([
      { keys: 'j', does: 'next job', run: () => move(1) },
      { keys: 'k', does: 'job before', run: () => move(-1) },
      { keys: 'Enter', does: 'open the job', run: open },
    ]);
  }, [shown.length]);
  return (
    <section class="jobs" aria-labelledby="jobs-title">
      <Toolbar jobs={jobs} counts={counts} choice={choice.value} shownCount={shown.length} />
      {shown.length === 0 ? (
        <p class="loading">
          No job is like that.{' '}
          <button
            type="button"
            onClick={() => changeQuery({ q: '', status: '', group: '', tag: '', owner: '' })}
          >
            Show all {counts.all}
          </button>
        </p>
      ) : (
        <VirtualList
          items={shown}
          rowHeight={isNarrow ? ROW_HEIGHT_NARROW : ROW_HEIGHT}
          keyOf={({ id }) => id}
          row={(job, index) => <JobRow job={job} index={index} isAt={index === at.value} />}
          label="Jobs"
          onShown={loadShown}
        />
      )}
    </section>
  );
}

const loadShown = onceAtRest(60, (shown: readonly Job[]) => {
  // A row without bars says nothing wrong, and the next rows that are shown try again.
  showRecent(shown.map(({ name }) => name)).catch(() => {});
});

interface ToolbarProps {
  jobs: ReadonlyMap<string, Job>;
  counts: Counts;
  choice: JobChoice;
  shownCount: number;
}

function Toolbar({ jobs, counts, choice, shownCount }: ToolbarProps): JSX.Element {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => addShortcuts([{ keys: '/', does: 'search jobs', run: () => search.current?.focus() }]), []);
  const { groups, tags, owners } = facetsOf(jobs.values());
  return (
    <div class="toolbar">
      <h2 id="jobs-title">
        {shownCount === counts.all ? `${counts.all} jobs` : `${shownCount} of ${counts.all} jobs`}
      </h2>
      <input
        ref={search}
        type="search"
        placeholder="Search ( / )"
        aria-label="Search jobs"
        value={choice.q}
        onInput={(event) => changeQuery({ q: event.currentTarget.value }, 'replace')}
      />
      <div class="segments" role="group" aria-label="Status">
        <StatusButton value="" text={`All ${counts.all}`} chosen={choice.status} />
        <StatusButton value="trouble" text={`In trouble ${counts.trouble}`} chosen={choice.status} />
        <StatusButton value="late" text={`Late ${counts.late}`} chosen={choice.status} />
        <StatusButton value="running" text={`Running ${counts.running}`} chosen={choice.status} />
        <StatusButton value="paused" text="Paused" chosen={choice.status} />
      </div>
      <Choice name="group" values={groups} chosen={choice.group} />
      <Choice name="tag" values={tags} chosen={choice.tag} />
      <Choice name="owner" values={owners} chosen={choice.owner} />
      <select
        class="sort"
        aria-label="Sort by"
        value={choice.sort}
        onChange={(event) => changeQuery({ sort: event.currentTarget.value })}
      >
        {SORT_KEYS.map((key) => (
          <option key={key} value={key}>
            by {SORT_WORDS[key]}
          </option>
        ))}
      </select>
      <Heads sort={choice.sort} />
    </div>
  );
}

const SORT_WORDS: Readonly<Record<SortKey, string>> = {
  trouble: 'trouble',
  name: 'name',
  group: 'group',
  last: 'last run',
  next: 'next slot',
};

/** The heads of the columns. Those by which one can sort are buttons. */
function Heads({ sort }: { sort: SortKey }): JSX.Element {
  const head = (key: SortKey, text: string): JSX.Element => (
    <button
      type="button"
      class="quiet"
      aria-pressed={sort === key}
      onClick={() => changeQuery({ sort: key })}
    >
      {text}
    </button>
  );
  return (
    <div class="job heads">
      <button
        type="button"
        class="quiet"
        aria-pressed={sort === 'trouble'}
        aria-label="Trouble"
        title="Trouble first"
        onClick={() => changeQuery({ sort: '' })}
      >
        !
      </button>
      {head('name', 'Name')}
      {head('group', 'Group')}
      <span>Schedule</span>
      <span>Last 30 runs</span>
      {head('last', 'Last run')}
      <span class="took">Took</span>
      {head('next', 'Next slot')}
    </div>
  );
}

function StatusButton({ value, text, chosen }: { value: string; text: string; chosen: string }): JSX.Element {
  return (
    <button type="button" aria-pressed={value === chosen} onClick={() => changeQuery({ status: value })}>
      {text}
    </button>
  );
}

/** A filter by one of the values that jobs have. Where none has any, there is nothing to choose. */
function Choice({ name, values, chosen }: { name: string; values: string[]; chosen: string }): JSX.Element {
  if (values.length === 0) return <></>;
  return (
    <select
      aria-label={`Filter by ${name}`}
      value={chosen}
      onChange={(event) => changeQuery({ [name]: event.currentTarget.value })}
    >
      <option value="">Any {name}</option>
      {values.map((value) => (
        <option key={value} value={value}>
          {value}
        </option>
      ))}
    </select>
  );
}
