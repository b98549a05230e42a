import type { Clock } from '../../clock.ts';
import type { Delivery } from '../../core/model/records.ts';
import { type LaneRecord, Outbox } from '../local/outbox.ts';
import type { ClaimedLane, ClaimOptions, LaneNote } from '../store.ts';
import type { AnswerRow, Database, Session } from './database.ts';
import { refusalOf, unavailable } from './errors.ts';
import { ADD_LANES } from './sql/add-lanes.ts';
import { LEASE_DELIVERIES } from './sql/lease-deliveries.ts';
import { LOCK_LANES } from './sql/lock-lanes.ts';
import { PROMOTE_HEADS } from './sql/promote-heads.ts';
import { PUT_BEHIND } from './sql/put-behind.ts';
import { PUT_LANES } from './sql/put-lanes.ts';
import { READ_ALL_LANES } from './sql/read-all-lanes.ts';
import { READ_OWED } from './sql/read-owed.ts';
import { UnheardClaims } from './unheard-claims.ts';
import { type Step, step } from './statement.ts';

/** A claim looks at so many deliveries of a lane beyond those that it may take, because some may have to wait. */
const LOOKED_MORE = 200;
/** So many are looked at to find when the next one is due. */
const LOOKED_FOR_NEXT = 20;
/** An instant after all others. */
const WHENEVER_AT = 1e15;
/** So often it is looked for deliveries that are marked as waiting and wait for nothing. */
const PROMOTE_EVERY_MS = 30_000;

/**
 * Who may send what is owed to which notifier. The lanes are locked, what may be sent next is read into an outbox in
 * memory, which knows the rules, and the lanes are written back as that leaves them. So one instance claims at a time,
 * which takes some milliseconds, however much is owed.
 */
export class Lanes {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #unheard = new UnheardClaims();
  #promotedMs = -Infinity;

  constructor(database: Database, clock: Pick<Clock, 'monotonic'>) {
    this.#database = database;
    this.#clock = clock;
  }

  async claim(claim: ClaimOptions): Promise<ClaimedLane[]> {
    this.#unheard.forgetBefore(claim.now_at);
    try {
      return await this.#claim(claim);
    } catch (error) {
      this.#unheard.add(claim);
      throw error;
    }
  }

  #claim(claim: ClaimOptions): Promise<ClaimedLane[]> {
    return this.#change(async (session) => {
      const nowMs = this.#clock.monotonic();
      const isLookedOver = nowMs - this.#promotedMs >= PROMOTE_EVERY_MS;
      const answers = await session.begin([
        step(ADD_LANES),
        step(LOCK_LANES),
        ...(isLookedOver ? [step(PROMOTE_HEADS)] : []),
        readOwed(claim, this.#unheard),
      ]);
      const [lanes, rows] = [answers[1], answers.at(-1)];
      const behind = rows!.filter(isWaiting).map(({ id }) => id as string);
      const lines = linesIn(session, rows!.filter(isFree));
      // Another claim may have made a lane and taken it since the lanes were locked, and then what is owed to it shows.
      const locked = new Set(lanes!.map(({ notifier }) => notifier));
      const own = lines.filter(({ delivery }) => locked.has(delivery.notifier));
      const outbox = outboxOf(lanes!, own, this.#unheard);
      const notes = this.#unheard.notesOf(lanes!);
      const claimed = outbox
        .claim(claim)
        .map((each) => ({ ...each, note: each.note ?? notes.get(each.lease.notifier) }));
      const leased = claimed.flatMap(({ lease, deliveries }) => deliveries.map(({ id }) => ({ id, lease })));
      if (lanes!.length === 0) {
        // Nobody is owed anything, nor was since the schema was made.
        await session.rollback();
        return claimed;
      }
      const leasing = step(
        LEASE_DELIVERIES,
        leased.map(({ id }) => id),
        leased.map(({ lease }) => lease.token),
        claim.now_at + claim.lease_ms,
      );
      await session.commit([
        putLanes(outbox, lanes!),
        ...(leased.length === 0 ? [] : [leasing]),
        ...(behind.length === 0 ? [] : [step(PUT_BEHIND, behind)]),
      ]);
      if (isLookedOver) this.#promotedMs = nowMs;
      return claimed;
    });
  }

  async leave(owner: string, notes: ReadonlyMap<string, LaneNote>, only?: string): Promise<void> {
    await this.#change(async (session) => {
      const [lanes] = await session.begin([step(LOCK_LANES)]);
      const outbox = outboxOf(lanes!, [], this.#unheard);
      outbox.leave(owner, notes, only);
      await session.commit([putLanes(outbox, lanes!)]);
    });
  }

  async earliestAt(owner: string, except?: ReadonlySet<string>): Promise<number | null> {
    return this.#database.read(this.#database.answerMsMax, async (session) => {
      // A lease counts whether it is over or not, since the instant of its end is what is asked for.
      const whenever = { owner, now_at: 0, lease_ms: WHENEVER_AT, limit: 0 };
      const owed = readOwed(whenever, this.#unheard, LOOKED_FOR_NEXT);
      const [lanes, rows] = await session.begin([step(READ_ALL_LANES), owed], 'read');
      await session.rollback();
      const free = linesIn(session, rows!.filter(isFree));
      const earliestAt = outboxOf(lanes!, free, this.#unheard).earliestAt(owner, except);
      // A claim has to look at those first that turn out to wait, since others may be due behind them.
      const lookAt = linesIn(session, rows!.filter(isWaiting))
        .filter(
          ({ delivery: { notifier } }) => except?.has(notifier) !== true && isFor(owner, lanes!, notifier),
        )
        .map(({ delivery }) => delivery.next_attempt_at);
      return lookAt.length === 0 ? earliestAt : Math.min(earliestAt ?? Infinity, ...lookAt);
    });
  }

  async #change<T>(change: (session: Session) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#database.write(this.#database.answerMsMax, change);
      } catch (error) {
        if (tries > TRIES_MAX || refusalOf(error) !== 'conflict') throw unavailable(error);
      }
    }
  }
}

const TRIES_MAX = 5;

/** A delivery that may be sent next, and the lease of it. */
interface Line {
  delivery: Delivery;
  leaseToken: unknown;
  leasedUntilAt: number | null;
}

/** Returns the statement that reads what may be sent next. */
function readOwed(claim: ClaimOptions, unheard: UnheardClaims, lookedMore = LOOKED_MORE): Step {
  const { owner, now_at: nowAt, lease_ms: leaseMs, limit, limits = new Map<string, number>() } = claim;
  return step(
    READ_OWED,
    [...limits.keys()],
    Array.from(limits.values(), (count) => count + lookedMore),
    limit + lookedMore,
    owner,
    nowAt,
    nowAt + 2 * leaseMs,
    unheard.endsOf(owner),
  );
}

/** Tells of a row whether another delivery has to be sent before it. */
function isWaiting(row: AnswerRow): boolean {
  return row['is_waiting'] === true;
}

function isFree(row: AnswerRow): boolean {
  return !isWaiting(row);
}

/** Tells whether a lane is not held by somebody else. */
function isFor(owner: string, lanes: readonly AnswerRow[], notifier: string): boolean {
  const holder = lanes.find((lane) => lane['notifier'] === notifier)?.['owner'] ?? null;
  return holder === null || holder === owner;
}

function linesIn(session: Session, rows: readonly AnswerRow[]): Line[] {
  return rows.map(({ record, lease_token: leaseToken, leased_until_at: untilAt }) => ({
    delivery: session.records.read('deliveries', record),
    leaseToken,
    leasedUntilAt: untilAt as number | null,
  }));
}

function outboxOf(lanes: readonly AnswerRow[], lines: readonly Line[], unheard: UnheardClaims): Outbox {
  const outbox = new Outbox();
  for (const { delivery } of lines) outbox.put(delivery);
  for (const lane of lanes as unknown as LaneRecord[])
    outbox.restoreLane(lane, leasesOf(lane, lines, unheard));
  return outbox;
}

/** Returns the leases that the holder of a lane has. Those of an earlier one ended with its token, or as it left. */
function leasesOf(
  { notifier, owner, token }: LaneRecord,
  lines: readonly Line[],
  unheard: UnheardClaims,
): Map<string, number> {
  const leases = new Map<string, number>();
  if (owner === null) return leases;
  for (const { delivery, leaseToken, leasedUntilAt: untilAt } of lines) {
    const isHeld = leaseToken === token && untilAt !== null && !unheard.has(owner, untilAt);
    if (delivery.notifier === notifier && isHeld) leases.set(delivery.id, untilAt);
  }
  return leases;
}

function putLanes(outbox: Outbox, lanes: readonly AnswerRow[]): ReturnType<typeof step> {
  const now = lanes.flatMap(({ notifier }) => outbox.laneOf(notifier as string) ?? []);
  return step(
    PUT_LANES,
    now.map(({ notifier }) => notifier),
    now.map(({ owner }) => owner),
    now.map(({ token }) => token),
    now.map(({ until_at: untilAt }) => Math.max(0, untilAt)),
    now.map(({ note }) => (note === undefined ? null : JSON.stringify(note))),
  );
}
