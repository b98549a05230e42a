/**
 * The memory that bodies which are still arriving may take together. What each may have anyway is not counted; so
 * an unfinished body of one client leaves room for those of others, and many of them do not add up.
 */
export class BodyBudget {
  #freeBytes: number;

  constructor(bytesMax: number) {
    this.#freeBytes = bytesMax;
  }

  /** Takes so many bytes if there are as many; `give` gives them back. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#freeBytes += bytes;
  }
}
