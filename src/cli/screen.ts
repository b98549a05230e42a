import type { Io } from './io.ts';

const ROWS_DEFAULT = 24;
const ESC = '\u001B[';

/**
 * A screen of a terminal that is drawn over and over. It is a second screen beside that of the shell, so that the shell
 * has its own back at the end, as it was.
 */
export class Screen {
  readonly #io: Io;
  #isOpen = false;

  constructor(io: Io) {
    this.#io = io;
  }

  /** Draws a text in place of what stood there. What does not fit is counted in the last line. */
  draw(text: string): void {
    const rows = Math.max(2, this.#io.terminal?.rows ?? ROWS_DEFAULT);
    const lines = text.replace(/\n+$/, '').split('\n');
    const more = lines.length - rows;
    const shown = more <= 0 ? lines : [...lines.slice(0, rows - 1), `... and ${more + 1} more lines`];
    const open = this.#isOpen ? '' : `${ESC}?1049h${ESC}?25l`;
    this.#isOpen = true;
    // Each line clears what is left of the one before it, and the end what is left below.
    const body = shown.map((line) => `${line}${ESC}K`).join('\r\n');
    this.#io.stdout(`${open}${ESC}H${body}${ESC}J`);
  }

  /** Gives the terminal back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#io.stdout(`${ESC}?25h${ESC}?1049l`);
  }
}
