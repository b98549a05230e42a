import type { CrontabLine, Note } from './lines.ts';

/** Notes what cron makes of a crontab where its writer hardly means it. */
export function oddities(lines: readonly CrontabLine[]): Note[] {
  const notes: Note[] = [];
  const note = (at: number, message: string): void => {
    if (at !== -1) notes.push({ line: at + 1, message });
  };
  note(
    lines.findIndex((line) => line.kind === 'entry' && line.text.endsWith('\r')),
    'the line ends with a carriage return (CRLF), which cron takes for a part of the command',
  );
  if ((lines.at(-1)?.kind ?? 'blank') !== 'blank') {
    note(lines.length - 1, 'the last line does not end with a line feed: cron does not run such a crontab');
  }
  return notes;
}
