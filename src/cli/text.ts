import { cleanLine } from '../delivery/message/clean.ts';

/** Shortens an instant from the API to the second; returns `-` for none. */
export function shortInstant(iso: string | null): string {
  return iso === null ? '-' : iso.replace(/\.\d+Z$/, 'Z');
}

const CELL_LENGTH_MAX = 200;

/**
 * Writes rows under a heading, in columns as wide as their longest cells. Text from outside cannot move the cursor or
 * look like another row.
 */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heading, ...rows].map((row) => row.map((cell) => cleanLine(cell, CELL_LENGTH_MAX)));
  const widths = heading.map((_, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]!.length), 0),
  );
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
