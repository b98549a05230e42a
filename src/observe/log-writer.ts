/**
 * Writes the lines of the log of a service. The lines of one turn of the event loop are written together, because each
 * write is a call to the system and a busy service logs every run. A log that cannot be written costs its lines and
 * nothing else: a service whose log nobody reads any more goes on watching.
 */
export class LogWriter {
  readonly #write: (text: string) => void;
  readonly #later: (callback: () => void) => void;
  #lines: string[] = [];

  /**
   * @param write may throw
   * @param later calls back at the end of the turn
   */
  constructor(
    write: (text: string) => void,
    later: (callback: () => void) => void = (callback) => void setImmediate(callback),
  ) {
    this.#write = write;
    this.#later = later;
  }

  /** Takes a line. Never throws. */
  add(line: string): void {
    if (this.#lines.length === 0) this.#later(() => this.flush());
    this.#lines.push(line);
  }

  /** Writes at once what was taken, such as when the process ends. Never throws. */
  flush(): void {
    const text = this.#lines.join('');
    this.#lines = [];
    if (text === '') return;
    try {
      this.#write(text);
    } catch {
      // There is nowhere left to say it.
    }
  }
}
