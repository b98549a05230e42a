import type { CrontabLine, Note } from './lines.ts';

/** What cron makes of a crontab and its writer hardly means. */
export function oddities(lines: readonly CrontabLine[], system: boolean): Note[] {
  const notes: Note[] = [];
  const note = (at: number, message: string): void => {
    if (at !== -1) notes.push({ line: at + 1, message });
  };
  note(
    lines.findIndex((line) => line.kind === 'entry' && line.text.endsWith('\r')),
    'the line ends with a carriage return (CRLF), which cron takes for a part of the command',
  );
  note(
    system
      ? -1
      : lines.findIndex(
          (line) => line.kind === 'entry' && /^root[ \t]/.test(line.text.slice(line.commandAt)),
        ),
    'the command begins with "root": if this is a system crontab, import it with --system',
  );
  if ((lines.at(-1)?.kind ?? 'blank') !== 'blank') {
    note(lines.length - 1, 'the last line does not end with a line feed: cron does not run such a crontab');
  }
  return notes;
}
