/** The addresses of the dashboard (docs/design.md §8), below the path under which a proxy may show it. */

/** A place in the dashboard. What a screen shows of it, such as filters, stands in `query`. */
export interface Place {
  screen: ScreenName;
  /** The job of a page of one job or run. */
  job: string | null;
  /** The run of a page of one run, or the incident of a page of one. */
  id: string | null;
  query: Readonly<Record<string, string>>;
}

const SCREEN_NAMES = [
  'now',
  'timeline',
  'incidents',
  'deliveries',
  'configuration',
  'audit',
  'check',
] as const;
/** `job` is the page of a job, and of a run of it; `incident` that of an incident. */
export type ScreenName = (typeof SCREEN_NAMES)[number] | 'job' | 'incident' | 'nothing';

/** Reads an address. */
export function placeOf(path: string, search: string, base: string): Place {
  const own = path.startsWith(`${base}/`) ? path.slice(base.length) : path;
  const parts = own
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  return { screen: 'nothing', job: null, id: null, ...placeOfParts(parts), query: queryOf(search) };
}

function placeOfParts([first, screen, name, kind, id, ...more]: string[]): Partial<Place> {
  if (first === undefined) return { screen: 'now' };
  if (first !== 'ui' || screen === undefined || more.length > 0) return {};
  if (screen === 'jobs' && name !== undefined) {
    if (kind === undefined) return { screen: 'job', job: name };
    return kind === 'runs' && id !== undefined ? { screen: 'job', job: name, id } : {};
  }
  if (screen === 'incidents' && name !== undefined && kind === undefined)
    return { screen: 'incident', id: name };
  const known = SCREEN_NAMES.find((each) => each === screen && each !== 'now');
  return known !== undefined && name === undefined ? { screen: known } : {};
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function queryOf(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

/** Writes the address of a place. Empty values are left out of its query. */
export function addressOf(place: Partial<Place> & { screen: ScreenName }, base: string): string {
  const filled = Object.entries(place.query ?? {}).filter(([, value]) => value !== '');
  const query = new URLSearchParams(filled).toString();
  return `${base}${pathOf(place)}${query === '' ? '' : `?${query}`}`;
}

function pathOf({ screen, job = null, id = null }: Partial<Place> & { screen: ScreenName }): string {
  if (screen === 'now' || screen === 'nothing') return '/';
  if (screen === 'incident') return `/ui/incidents/${encodeURIComponent(id ?? '')}`;
  if (screen !== 'job') return `/ui/${screen}`;
  const page = `/ui/jobs/${encodeURIComponent(job ?? '')}`;
  return id === null ? page : `${page}/runs/${encodeURIComponent(id)}`;
}
