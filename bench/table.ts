import type { Measured } from './measure.ts';

/** Prints a table as people read it, with the first column to the left and numbers to the right. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  const rule = widths.map((width) => '-'.repeat(width));
  console.log(`\n${[title, '', text(head), text(rule), ...rows.map(text)].join('\n')}`);
}

/** Prints the usual table, which shows what doing each thing once costs, and that held against the first. */
export function printMeasured(title: string, measured: readonly Measured[]): void {
  const rows = measured.map(({ name, us, ratio }) => [name, shown(us), ratio.toFixed(2)]);
  printTable(title, ['', 'µs', 'ratio'], rows);
}

/** Writes a number of which three digits matter. */
export function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
