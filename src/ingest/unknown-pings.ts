import type { Clock } from '../clock.ts';
import { forgetOldest } from '../core/model/bounded.ts';
import type { PingKind } from '../core/model/reasons.ts';
import { LineLimit } from '../observe/line-limit.ts';
import type { LogFields, Logger } from '../observe/log.ts';
import { HOUR_MS } from '../schedule/units.ts';

const NAMES_MAX = 1_000;
const SAID_EVERY_MS = HOUR_MS;
/** At most this many lines are logged in an hour, over all names. */
const LINES_MAX = 100;
/** No job has a longer name. A name that is longer belongs to nobody, and its beginning says enough. */
const NAME_LENGTH_MAX = 128;

/** The pings since Cronflow started under a name that no job has. Instants are milliseconds since the Unix epoch. */
export interface UnknownPing {
  name: string;
  /** The kind of the last of the pings. */
  kind: PingKind;
  count: number;
  first_at: number;
  last_at: number;
}

/**
 * Says in the log that pings come for jobs that nobody declared, or that have another name now. It says so once an hour
 * for each name, since a forgotten crontab line pings every minute, and in no more than `LINES_MAX` lines an hour for
 * all of them.
 */
export class UnknownPings {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lines: LineLimit;
  /** Maps a name to its pings; the names that pinged last are at the end. */
  readonly #names = new Map<string, UnknownPing & { isFormer: boolean; saidAt: number }>();

  constructor(options: { clock: Clock; logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#lines = new LineLimit(options.clock, LINES_MAX);
  }

  note(name: string, kind: PingKind): void {
    this.#note('a ping came for a job nobody declared', name, kind, {});
  }

  /**
   * Notes a ping under a former name of a job.
   * @param job the present name of the job
   */
  noteFormer(name: string, job: string, kind: PingKind): void {
    const message = 'a ping came under a former name; it counts for 30 days after the rename';
    this.#note(message, name, kind, { job });
  }

  /** Lists names that nobody declared, at most 1,000. Those that pinged last come first. */
  recent(): UnknownPing[] {
    return [...this.#names.values()]
      .filter(({ isFormer }) => !isFormer)
      .map(({ isFormer: _isFormer, saidAt: _saidAt, ...ping }) => ping)
      .reverse();
  }

  #note(message: string, pinged: string, kind: PingKind, fields: { job?: string }): void {
    const isCut = pinged.length > NAME_LENGTH_MAX;
    const name = isCut ? `${pinged.slice(0, NAME_LENGTH_MAX).toWellFormed()}…` : pinged;
    const now = this.#clock.now();
    const known = this.#names.get(name);
    const { count, saidAt, first_at } = known ?? { count: 0, saidAt: -Infinity, first_at: now };
    const isSaid = now - saidAt < SAID_EVERY_MS;
    if (!isSaid) this.#say(message, { name, kind, ...fields, count: count + 1 });
    this.#names.delete(name);
    this.#names.set(name, {
      name,
      kind,
      count: count + 1,
      first_at,
      last_at: now,
      isFormer: fields.job !== undefined,
      saidAt: isSaid ? saidAt : now,
    });
    forgetOldest(this.#names, NAMES_MAX);
  }

  #say(message: string, fields: LogFields): void {
    const line = this.#lines.take();
    if (line !== 'no') this.#logger.warn(message, fields);
    if (line === 'last') {
      this.#logger.warn(
        'no more names are logged for an hour; GET /pings/unknown lists those that pinged last',
      );
    }
  }
}
