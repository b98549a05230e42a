/**
 * Limits the memory that all bodies in arrival may take together. The part that each may have anyway is not counted.
 * So an unfinished body of one client leaves room for those of others, and many of them do not add up.
 */
export class BodyBudget {
  #freeBytes: number;

  constructor(bytesMax: number) {
    this.#freeBytes = bytesMax;
  }

  /** Takes this many bytes if they are free; `give` gives them back. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#freeBytes += bytes;
  }
}
