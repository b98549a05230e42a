import type { LaneRecord } from '../local/outbox.ts';
import type { ClaimOptions, LaneNote } from '../store.ts';
import type { AnswerRow } from './database.ts';

/**
 * The claims of this instance whose answers were lost. The database may have made such a claim, and then it keeps what was
 * claimed for an instance that does not know of it. A lease has no name of its own but its end.
 */
export class UnheardClaims {
  /** Maps the end of the leases of each claim to its owner. */
  readonly #ownerOf = new Map<number, string>();

  /** Notes a claim that failed, of which nobody can tell whether the database made it. */
  add({ owner, now_at: nowAt, lease_ms: leaseMs }: ClaimOptions): void {
    this.#ownerOf.set(nowAt + leaseMs, owner);
  }

  /** Forgets claims whose leases are over. */
  forgetBefore(nowAt: number): void {
    for (const untilAt of this.#ownerOf.keys()) if (untilAt <= nowAt) this.#ownerOf.delete(untilAt);
  }

  /** Tells whether a lease that ends at this instant is of such a claim. */
  has(owner: string, untilAt: number): boolean {
    return this.#ownerOf.get(untilAt) === owner;
  }

  /** Returns the ends of the leases of such claims of an owner. */
  endsOf(owner: string): number[] {
    return Array.from(this.#ownerOf).flatMap(([untilAt, of]) => (of === owner ? [untilAt] : []));
  }

  /** Returns the notes about lanes that such a claim has taken, or renewed. */
  notesOf(lanes: readonly AnswerRow[]): Map<string, LaneNote> {
    const taken = (lanes as unknown as LaneRecord[]).filter(
      ({ owner, until_at: untilAt }) => owner !== null && this.has(owner, untilAt),
    );
    return new Map(taken.map(({ notifier, note }) => [notifier, note ?? undefined]));
  }
}
