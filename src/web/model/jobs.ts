import type { Job, Status } from '../../cli/api-types.ts';
import { instantOf } from './time.ts';
import { acknowledgedUntil } from './words.ts';

/** What the reader chose of the list of jobs. It stands in the address. */
export interface JobChoice {
  q: string;
  /** A status, or `trouble` or `late`; empty for all. */
  status: string;
  group: string;
  tag: string;
  owner: string;
  sort: SortKey;
}

export const SORT_KEYS = ['trouble', 'name', 'group', 'last', 'next'] as const;
/** `trouble` puts first what needs somebody. */
export type SortKey = (typeof SORT_KEYS)[number];

/** Reads the choice out of the query of an address. */
export function choiceOf(query: Readonly<Record<string, string>>): JobChoice {
  const { q = '', status = '', group = '', tag = '', owner = '', sort } = query;
  return { q, status, group, tag, owner, sort: SORT_KEYS.find((key) => key === sort) ?? 'trouble' };
}

/** Returns the jobs that were chosen, in the order that was chosen. */
export function chosenJobs(jobs: Iterable<Job>, choice: JobChoice, nowAt: number): Job[] {
  const text = choice.q.trim().toLowerCase();
  const order = ORDERS[choice.sort];
  return [...jobs].filter((job) => isChosen(job, choice, text)).sort((a, b) => order(a, b, nowAt));
}

function isChosen(job: Job, { status, group, tag, owner }: JobChoice, text: string): boolean {
  return (
    (status === '' || hasStatus(job, status)) &&
    (group === '' || job.group === group) &&
    (tag === '' || job.tags.includes(tag)) &&
    (owner === '' || job.owner === owner) &&
    (text === '' || hasText(job, text))
  );
}

function hasStatus(job: Job, status: string): boolean {
  if (status === 'trouble') return job.incident !== null;
  return status === 'late' ? job.late : job.status === status;
}

function hasText({ name, description, group, owner }: Job, text: string): boolean {
  return [name, description, group, owner].some((value) => value?.toLowerCase().includes(text) === true);
}

/** What stands higher needs somebody sooner. */
const URGENCY: Readonly<Record<Status, number>> = {
  failure: 2,
  timeout: 2,
  missed: 2,
  running: 4,
  success: 5,
  pending: 5,
  paused: 6,
};

function urgencyOf(job: Job, nowAt: number): number {
  if (job.incident !== null) return acknowledgedUntil(job.incident, nowAt) === null ? 0 : 1;
  return job.late ? 3 : URGENCY[job.status];
}

type Order = (a: Job, b: Job, nowAt: number) => number;

const byName = (a: Job, b: Job): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const ORDERS: Readonly<Record<SortKey, Order>> = {
  trouble: (a, b, nowAt) => urgencyOf(a, nowAt) - urgencyOf(b, nowAt) || byName(a, b),
  name: byName,
  group: (a, b) => compareTexts(a.group ?? '\uffff', b.group ?? '\uffff') || byName(a, b),
  last: (a, b) => (instantOf(b.last_run) ?? 0) - (instantOf(a.last_run) ?? 0) || byName(a, b),
  next: (a, b) => nextAtOf(a) - nextAtOf(b) || byName(a, b),
};

function nextAtOf({ expected_at: expectedAt }: Job): number {
  return instantOf(expectedAt) ?? Number.MAX_SAFE_INTEGER;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The values that jobs have, each once and in order, for the choices of a filter. */
export interface Facets {
  groups: string[];
  tags: string[];
  owners: string[];
}

export function facetsOf(jobs: Iterable<Job>): Facets {
  const [groups, tags, owners] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const job of jobs) {
    if (job.group !== null) groups.add(job.group);
    if (job.owner !== null) owners.add(job.owner);
    for (const tag of job.tags) tags.add(tag);
  }
  return {
    groups: [...groups].sort(compareTexts),
    tags: [...tags].sort(compareTexts),
    owners: [...owners].sort(compareTexts),
  };
}

/** How many jobs are in trouble, late, running, and how many there are. */
export interface Counts {
  all: number;
  trouble: number;
  late: number;
  running: number;
}

export function countsOf(jobs: Iterable<Job>): Counts {
  const counts = { all: 0, trouble: 0, late: 0, running: 0 };
  for (const job of jobs) {
    counts.all += 1;
    if (job.incident !== null) counts.trouble += 1;
    if (job.late && job.incident === null) counts.late += 1;
    if (job.status === 'running') counts.running += 1;
  }
  return counts;
}
