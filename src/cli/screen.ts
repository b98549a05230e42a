import type { Io } from './io.ts';

const ROWS_DEFAULT = 24;
const COLUMNS_DEFAULT = 80;
const ESC = '\u001B[';
const COLOUR_OR_CHARACTER = /\p{Cc}\[[\d;]*m|./gsu;

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
    const columns = this.#io.terminal?.columns ?? COLUMNS_DEFAULT;
    const lines = text
      .replace(/\n+$/, '')
      .split('\n')
      .flatMap((line) => rowsOf(line, columns));
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

/** Breaks a line as the terminal would, so that each row of the screen is counted. A colour takes no room. */
function rowsOf(line: string, columns: number): string[] {
  const rows = [''];
  let used = 0;
  for (const [part] of line.matchAll(COLOUR_OR_CHARACTER)) {
    const isColour = part.length > 1 && part.startsWith(ESC);
    if (!isColour && used === columns) {
      rows.push('');
      used = 0;
    }
    rows[rows.length - 1] += part;
    if (!isColour) used += 1;
  }
  return rows;
}
