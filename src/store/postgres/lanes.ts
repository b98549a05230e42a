import type { Delivery } from '../../core/model/records.ts';
import { type LaneRecord, Outbox } from '../local/outbox.ts';
import type { ClaimedLane, ClaimOptions, LaneNote } from '../store.ts';
import type { AnswerRow, Database, Session } from './database.ts';
import { refusalOf, unavailable } from './errors.ts';
import { ADD_LANES } from './sql/add-lanes.ts';
import { LEASE_DELIVERIES } from './sql/lease-deliveries.ts';
import { LOCK_LANES } from './sql/lock-lanes.ts';
import { PUT_LANES } from './sql/put-lanes.ts';
import { READ_ALL_LANES } from './sql/read-all-lanes.ts';
import { READ_LINES } from './sql/read-lines.ts';
import { UnheardClaims } from './unheard-claims.ts';
import { step } from './statement.ts';

/**
 * Who may send what is owed to which notifier. The lanes are locked, read into an outbox in memory, which knows the
 * rules, and written back as that leaves them. So one instance claims at a time, which takes a millisecond.
 */
export class Lanes {
  readonly #database: Database;
  readonly #unheard = new UnheardClaims();

  constructor(database: Database) {
    this.#database = database;
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
      const [, lanes, rows] = await session.begin([step(ADD_LANES), step(LOCK_LANES), step(READ_LINES)]);
      const lines = linesIn(session, rows!);
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
      await session.commit([putLanes(outbox, lanes!), ...(leased.length === 0 ? [] : [leasing])]);
      return claimed;
    });
  }

  async leave(owner: string, notes: ReadonlyMap<string, LaneNote>): Promise<void> {
    await this.#change(async (session) => {
      const [lanes] = await session.begin([step(LOCK_LANES)]);
      const outbox = outboxOf(lanes!, [], this.#unheard);
      outbox.leave(owner, notes);
      await session.commit([putLanes(outbox, lanes!)]);
    });
  }

  async earliestAt(owner: string, except?: ReadonlySet<string>): Promise<number | null> {
    return this.#database.read(this.#database.answerMsMax, async (session) => {
      const [lanes, rows] = await session.begin([step(READ_ALL_LANES), step(READ_LINES)], 'read');
      await session.rollback();
      return outboxOf(lanes!, linesIn(session, rows!), this.#unheard).earliestAt(owner, except);
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

/** The oldest pending delivery of a line, and the lease of it. */
interface Line {
  delivery: Delivery;
  leaseToken: unknown;
  leasedUntilAt: number | null;
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
