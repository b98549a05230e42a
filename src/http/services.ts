import { formerOwnerId } from '../apply/renames.ts';
import { CronflowError } from '../core/model/errors.ts';
import type { Job } from '../core/model/records.ts';
import { nearest } from '../core/text/nearest.ts';
import { ServiceCounts } from '../observe/service-counts.ts';
import { LineLimit } from '../observe/line-limit.ts';
import type { BasePathOptions } from './request/base-path.ts';
import { BadgeKeys } from './access/badge-keys.ts';
import { BodyBudget } from './request/body-budget.ts';
import type { HttpDeps } from './deps.ts';
import { EventHub } from './events/hub.ts';
import { JobTexts } from './answer/job-texts.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { LoginLimit } from './access/login-limit.ts';
import { Sessions } from './access/sessions.ts';
import { sessionShelf } from './access/session-shelf.ts';
import { TokenBook } from './access/token-book.ts';

/** The dependencies that the routes work with, and what is derived from them. */
export interface Services extends HttpDeps {
  limits: HttpLimits;
  /** The tokens that are accepted. */
  book: TokenBook;
  /** The sessions of browsers. */
  sessions: Sessions;
  /** The limit for wrong tokens at the login. */
  logins: LoginLimit;
  /** The limit for lines of the log about logins that were refused. */
  loginLines: LineLimit;
  counts: ServiceCounts;
  /** The texts of jobs in lists. */
  jobTexts: JobTexts;
  /** Those who listen to what changes. */
  events: EventHub;
  base: BasePathOptions;
  /** The keys in the addresses of badges that anybody may see. */
  badgeKeys: BadgeKeys;
  /** The memory for the bodies of requests. */
  bodies: BodyBudget;
  /** The limit for lines of the log about pings whose bodies did not end. */
  bodyLines: LineLimit;
  /** The limit for lines of the log about pings that their tokens do not allow. */
  pingLines: LineLimit;
  /**
   * Finds a job by its name.
   * @throws CronflowError `unknown_job` with the name that was probably meant
   */
  jobNamed(name: string): Promise<Job>;
  /** Finds the name that was probably meant by one that no job has. */
  nearestName(name: string): Promise<string | undefined>;
  /** Returns the error for a name that no job has, with the name that was probably meant or that the job has now. */
  unknownJob(name: string): Promise<CronflowError>;
}

export function servicesOf(deps: HttpDeps): Services {
  const limits = { ...HTTP_LIMITS, ...deps.limits };
  const book = new TokenBook(deps.tokens, deps.namedTokens);
  const knownNames = cachedNames(deps, limits);
  const unknownJob = async (name: string): Promise<CronflowError> => {
    const id = await formerOwnerId(deps.store, name, deps.clock.now());
    const job = id === undefined ? undefined : await deps.store.jobById(id);
    return job?.removed_at === null
      ? unknownJobError(name, job.name)
      : unknownJobError(name, nearest(name, await knownNames()));
  };
  return {
    ...deps,
    limits,
    counts: deps.counts ?? new ServiceCounts(),
    book,
    sessions: new Sessions(deps.clock, book, sessionShelf(deps.clock, deps.store)),
    logins: new LoginLimit(deps.clock),
    loginLines: new LineLimit(deps.clock, limits.bodyLinesMax),
    events: new EventHub(deps),
    jobTexts: new JobTexts(),
    badgeKeys: new BadgeKeys(deps.store),
    base: deps.base ?? { basePath: '', trustsProxy: false },
    bodies: new BodyBudget(limits.bodiesBytesMax),
    bodyLines: new LineLimit(deps.clock, limits.bodyLinesMax),
    pingLines: new LineLimit(deps.clock, limits.bodyLinesMax),
    unknownJob,
    nearestName: async (name) => nearest(name, await knownNames()),
    async jobNamed(name) {
      const job = await deps.store.jobByName(name);
      if (job === undefined) throw await unknownJob(name);
      return job;
    },
  };
}

/**
 * Returns the names of jobs, read at most every few seconds, because a host that pings a wrong name does so again and
 * again.
 */
function cachedNames({ store, clock }: HttpDeps, limits: HttpLimits): () => Promise<readonly string[]> {
  let names: readonly string[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.monotonic() - readAt >= limits.suggestedNamesMs) {
      const { items } = await store.listJobs({ skip: 0, limit: limits.suggestedNamesMax });
      names = items.map((job) => job.name);
      readAt = clock.monotonic();
    }
    return names;
  };
}

function unknownJobError(name: string, suggestion: string | undefined): CronflowError {
  const shown = JSON.stringify(name.slice(0, 128));
  const message = `No job is named ${shown}`;
  if (suggestion === undefined) {
    return new CronflowError('unknown_job', `${message}. Declare it in cronflow.yaml, or POST /jobs.`);
  }
  return new CronflowError('unknown_job', `${message}. Did you mean ${JSON.stringify(suggestion)}?`, {
    faults: [{ code: 'unknown_job', path: 'name', message, suggestion }],
  });
}
