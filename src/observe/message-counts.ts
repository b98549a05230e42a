/** The outcomes of a message to a notifier: taken, only logged, to be tried again, given up. */
export const MESSAGE_OUTCOMES = ['sent', 'logged', 'retry', 'dead'] as const;
export type MessageOutcome = (typeof MESSAGE_OUTCOMES)[number];

/** Counts the outcomes of messages since the start, for metrics. A message that tells of a storm counts once. */
export class MessageCounts {
  readonly #counts = new Map<string, Record<MessageOutcome, number>>();

  note(notifier: string, outcome: MessageOutcome): void {
    const counts = this.#counts.get(notifier) ?? { sent: 0, logged: 0, retry: 0, dead: 0 };
    this.#counts.set(notifier, counts);
    counts[outcome] += 1;
  }

  /** The counts by the name of the notifier. */
  get all(): ReadonlyMap<string, Readonly<Record<MessageOutcome, number>>> {
    return this.#counts;
  }
}
