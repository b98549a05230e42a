import { type Badge, badgeOfJob, badgeOfJobs, type BadgeSubject } from '../../core/model/badge.ts';
import { CronflowError } from '../../core/model/errors.ts';
import { badgeSvg } from '../../core/text/badge-svg.ts';
import { requireScope } from '../access/access.ts';
import { cursorBehind, cursorText, linkNext } from '../request/cursor.ts';
import { asked, Query } from '../request/query.ts';
import type { HttpContext, Route } from '../router.ts';
import type { Services } from '../services.ts';
import { jobJson } from '../answer/wire.ts';

/** A badge is looked at by many who need not all ask. The other number is the least that shields.io takes. */
const KEPT_S = 60;
const SHIELDS_KEPT_S = 300;
const FILE = /^(.+)\.(svg|json)$/;
/** Matches the paths of badges, and what they are about. */
const PATH = /^\/badge(?:\/(?:(group|tag)\/)?([^/]+))?\.(?:svg|json)$/;

/**
 * Declares `/badge...`, the badges of jobs as SVG and as shields.io reads them, and `/badges`, which shows the addresses
 * of those that anybody may see. The route of a badge is open, because such an address has a key in place of a token; it
 * asks for a token itself where there is none.
 */
export function badgeRoutes(services: Services): Route[] {
  const badge = (path: string, of: 'job' | 'group' | 'tag'): Route => ({
    method: 'GET',
    path,
    scope: 'open',
    handle: (ctx) => {
      const [, name, format] = FILE.exec(ctx.params['file'] ?? '') ?? [];
      if (name === undefined) throw unknownFormat(ctx);
      return show(ctx, { of, name }, { format, services });
    },
  });
  const all = (format: string): Route => ({
    method: 'GET',
    path: `/badge.${format}`,
    scope: 'open',
    handle: (ctx) => show(ctx, { of: 'all' }, { format, services }),
  });
  return [
    all('svg'),
    all('json'),
    badge('/badge/:file', 'job'),
    badge('/badge/group/:file', 'group'),
    badge('/badge/tag/:file', 'tag'),
    { method: 'GET', path: '/badges', scope: 'read', handle: (ctx) => list(ctx, services) },
  ];
}

function unknownFormat(ctx: HttpContext): CronflowError {
  const shown = ctx.path.slice(0, 200);
  return new CronflowError('not_found', `There is nothing at ${shown}. A badge ends in .svg or .json.`);
}

/** Tells whether a request is for a badge that anybody may see, and has the key of its address. */
export async function isForPublicBadge(ctx: HttpContext, services: Services): Promise<boolean> {
  const match = PATH.exec(ctx.path);
  if (match === null || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return false;
  const key = new URLSearchParams(ctx.querystring).get('key') ?? '';
  if (key === '') return false;
  const subject = subjectOf(match[1], match[2]);
  if (subject === null || !(await services.badgeKeys.fits(key, subject))) return false;
  return isPublic(subject, services);
}

function subjectOf(of: string | undefined, encoded: string | undefined): BadgeSubject | null {
  if (encoded === undefined) return { of: 'all' };
  try {
    return { of: of === 'group' || of === 'tag' ? of : 'job', name: decodeURIComponent(encoded) };
  } catch {
    return null;
  }
}

async function isPublic(subject: BadgeSubject, services: Services): Promise<boolean> {
  const { all, groups, tags } = services.publicBadges();
  if (subject.of === 'all') return all;
  if (subject.of === 'group') return groups.includes(subject.name);
  if (subject.of === 'tag') return tags.includes(subject.name);
  return (await services.store.jobByName(subject.name))?.declaration.badge === true;
}

async function show(
  ctx: HttpContext,
  subject: BadgeSubject,
  { format, services }: { format: string | undefined; services: Services },
): Promise<void> {
  if (ctx.state.isPublicBadge !== true) requireScope(ctx.state.access, 'read');
  const badge = subject.of === 'job' ? await ofJob(subject.name, services) : await ofJobs(subject, services);
  const isPublicBadge = ctx.state.isPublicBadge === true;
  ctx.set('Cache-Control', `${isPublicBadge ? 'public' : 'private'}, max-age=${KEPT_S}`);
  // The pages that show it are those of others.
  if (isPublicBadge) ctx.set('Cross-Origin-Resource-Policy', 'cross-origin');
  if (format === 'svg') {
    ctx.type = 'image/svg+xml; charset=utf-8';
    ctx.body = badgeSvg(badge);
  } else ctx.body = shieldsJson(badge);
}

/** Writes a badge as the endpoint badge of shields.io reads it. */
function shieldsJson({ label, message, colour }: Badge): object {
  return {
    schemaVersion: 1,
    label,
    message,
    color: colour,
    cacheSeconds: SHIELDS_KEPT_S,
  };
}

async function ofJob(name: string, services: Services): Promise<Badge> {
  const job = await services.jobNamed(name);
  const incident = await services.store.openIncidentOf(job.id);
  const { late } = jobJson(job, incident, services.globals(), services.clock.now());
  const isInTrouble = incident !== undefined;
  return badgeOfJob(name, { status: job.state.status, isInTrouble, isLate: late === true });
}

async function ofJobs(subject: Exclude<BadgeSubject, { of: 'job' }>, { store }: Services): Promise<Badge> {
  const filter = subject.of === 'all' ? {} : { [subject.of]: subject.name };
  const count = async (more: object): Promise<number> =>
    (await store.listJobs({ skip: 0, limit: 1, ...filter, ...more })).total;
  const jobs = await count({});
  const inTrouble = await count({ incident: 'open' });
  const paused = await count({ status: 'paused' });
  return badgeOfJobs(subject.of === 'all' ? 'cron jobs' : subject.name, { jobs, inTrouble, paused });
}

/** Lists the badges that anybody may see who has their address: first those of many jobs, then those of single ones. */
async function list(ctx: HttpContext, services: Services): Promise<void> {
  const query = new Query(ctx.querystring, services.limits);
  const limit = query.limit();
  const cursor = query.cursor('jobs');
  query.done();
  const { all, groups, tags } = services.publicBadges();
  const ofMany: BadgeSubject[] = [
    ...(all ? [{ of: 'all' } as const] : []),
    ...groups.map((name) => ({ of: 'group', name }) as const),
    ...tags.map((name) => ({ of: 'tag', name }) as const),
  ];
  const page = { skip: 0, limit, ...asked({ after: cursor?.[0] }) };
  const { items } = await services.store.listJobs(page);
  linkNext(
    ctx,
    cursorBehind(items, limit, ({ name }) => cursorText('jobs', [name])),
  );
  const showing = items.filter(({ declaration }) => declaration.badge === true);
  const subjects = [
    ...(cursor === undefined ? ofMany : []),
    ...showing.map(({ name }) => ({ of: 'job', name }) as const),
  ];
  const { basePath } = ctx.state;
  ctx.body = await Promise.all(subjects.map((subject) => addressesOf(subject, basePath, services)));
}

async function addressesOf(
  subject: BadgeSubject,
  basePath: string,
  { badgeKeys }: Services,
): Promise<object> {
  const key = await badgeKeys.keyOf(subject);
  const address = (format: string): string => `${basePath}${pathOf(subject)}.${format}?key=${key}`;
  const name = 'name' in subject ? subject.name : null;
  return { of: subject.of, name, svg: address('svg'), json: address('json') };
}

function pathOf(subject: BadgeSubject): string {
  if (subject.of === 'all') return '/badge';
  const name = encodeURIComponent(subject.name);
  return subject.of === 'job' ? `/badge/${name}` : `/badge/${subject.of}/${name}`;
}
