import type { Status } from './reasons.ts';

/** The jobs that a badge is about: one, those of a group, those with a tag, or all. */
export type BadgeSubject =
  { of: 'job'; name: string } | { of: 'group'; name: string } | { of: 'tag'; name: string } | { of: 'all' };

/** The badges of many jobs together that anybody may see who has their address, as a file says. */
export interface PublicBadges {
  all: boolean;
  groups: readonly string[];
  tags: readonly string[];
}

export const NO_PUBLIC_BADGES: PublicBadges = { all: false, groups: [], tags: [] };

/** The colours of badges, by the names that shields.io has for them. */
export const BADGE_COLOURS = {
  brightgreen: '#4c1',
  yellow: '#dfb317',
  red: '#e05d44',
  blue: '#007ec6',
  lightgrey: '#9f9f9f',
} as const;

/** What a badge says. */
export interface Badge {
  label: string;
  message: string;
  colour: keyof typeof BADGE_COLOURS;
}

/** Returns the badge of one job. Trouble comes before what the job is doing now, as it does wherever people look. */
export function badgeOfJob(
  name: string,
  { status, isInTrouble, isLate }: { status: Status; isInTrouble: boolean; isLate: boolean },
): Badge {
  if (isInTrouble) {
    // A job that runs again, or runs well but not often enough yet, is in trouble until its incident closes.
    const isBad = status === 'failure' || status === 'missed' || status === 'timeout';
    return { label: name, message: isBad ? status : 'in trouble', colour: 'red' };
  }
  if (isLate) return { label: name, message: 'late', colour: 'yellow' };
  return { label: name, message: status, colour: COLOUR_OF[status] };
}

/** The colours of a job without an open incident. A bad outcome that opened none is only a warning. */
const COLOUR_OF: Readonly<Record<Status, Badge['colour']>> = {
  pending: 'lightgrey',
  paused: 'lightgrey',
  running: 'blue',
  success: 'brightgreen',
  failure: 'yellow',
  missed: 'yellow',
  timeout: 'yellow',
};

/** Returns the badge of many jobs: how many are in trouble, or else how many there are. */
export function badgeOfJobs(
  label: string,
  count: { jobs: number; inTrouble: number; paused: number },
): Badge {
  const { jobs, inTrouble, paused } = count;
  if (jobs === 0) return { label, message: 'no jobs', colour: 'lightgrey' };
  if (inTrouble > 0) return { label, message: `${inTrouble} of ${jobs} in trouble`, colour: 'red' };
  if (paused === jobs) return { label, message: 'paused', colour: 'lightgrey' };
  return { label, message: `${jobs - paused} ok`, colour: 'brightgreen' };
}
