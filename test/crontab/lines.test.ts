import { describe, expect, test } from 'vitest';
import { readLine, readLines } from '../../src/crontab/lines.ts';
import { commandOf, inputAt } from '../../src/crontab/percent.ts';

/** What a line runs, and when. */
function entry(text: string, system = false): unknown {
  const line = readLine(text, system);
  if (line.kind !== 'entry') return line.kind === 'broken' ? line.problem : line.kind;
  const { schedule, user, commandAt } = line;
  return [schedule, ...(user === undefined ? [] : [user]), text.slice(commandAt)];
}

describe('a line that runs something', () => {
  test.each([
    ['0 2 * * * backup', ['0 2 * * *', 'backup']],
    ['  0\t2  *\t*   * \t backup --all  ', ['0 2 * * *', 'backup --all  ']],
    ['@daily backup', ['@daily', 'backup']],
    ['\t@daily\tbackup', ['@daily', 'backup']],
    ['*/5 * * * * FOO=1 backup', ['*/5 * * * *', 'FOO=1 backup']],
    ['@daily FOO=1 backup', ['@daily', 'FOO=1 backup']],
    ['0 2 * * mon-fri # nothing', ['0 2 * * mon-fri', '# nothing']],
    ['0 2 * * * backup\r', ['0 2 * * *', 'backup\r']],
    // cronie: not logged.
    ['-*/15 * * * * backup', ['*/15 * * * *', 'backup']],
  ])('is read: %j', (text, wanted) => expect(entry(text)).toEqual(wanted));

  test.each([
    ['17 *\t* * *\troot    cd / && x', ['17 * * * *', 'root', 'cd / && x']],
    ['@hourly www-data x', ['@hourly', 'www-data', 'x']],
  ])('has a user in a system crontab: %j', (text, wanted) => expect(entry(text, true)).toEqual(wanted));

  test.each([
    ['0 2 * * *', 'the command is missing after the time'],
    ['@daily  ', 'the command is missing after the time'],
    ['0 2 * *', 'neither NAME=value nor a time and a command; a time is 5 fields or a macro such as @daily'],
    ['MAILTO', 'neither NAME=value nor a time and a command; a time is 5 fields or a macro such as @daily'],
  ])('is refused: %j', (text, problem) => expect(entry(text)).toBe(problem));

  test.each([
    ['0 2 * * *', 'the user and the command are missing after the time'],
    ['0 2 * * * root', 'the command is missing after the user'],
  ])('is refused in a system crontab: %j', (text, problem) => expect(entry(text, true)).toBe(problem));
});

describe('a setting', () => {
  test.each([
    ['MAILTO=ops@example.com', 'MAILTO', 'ops@example.com'],
    ['  FOO =  a b  ', 'FOO', 'a b'],
    ['FOO=" a b "', 'FOO', ' a b '],
    ["FOO=' a \" b '  ", 'FOO', ' a " b '],
    ['"BA R" = x', 'BA R', 'x'],
    ['FOO=$HOME/x # no comment', 'FOO', '$HOME/x # no comment'],
    ['FOO=a=b', 'FOO', 'a=b'],
    // Debian's cron refuses it, cronie does not.
    ['MAILTO=', 'MAILTO', ''],
    ['MAILTO=""', 'MAILTO', ''],
    ['FOO=bar\r', 'FOO', 'bar'],
  ])('is read: %j', (text, name, value) => {
    expect(readLine(text, false)).toEqual({ kind: 'environment', text, name, value });
  });

  test.each(['FOO="a"b', 'FOO="a"b"', 'FOO="a', 'A B=c'])('is not seen in %j', (text) => {
    expect(readLine(text, false).kind).toBe('broken');
  });
});

test('tells comments and blank lines, and keeps every byte', () => {
  const crontab = '# a\n  #b\n\n \t\r\n0 2 * * *  x % y\nFOO = 1\nwhat\n';
  const lines = readLines(crontab, false);
  expect(lines.map(({ kind }) => kind)).toEqual([
    'comment',
    'comment',
    'blank',
    'blank',
    'entry',
    'environment',
    'broken',
    'blank',
  ]);
  expect(lines.map(({ text }) => text).join('\n')).toBe(crontab);
});

describe('the command and the input behind a time', () => {
  // As Debian's cron 3.0pl1-162 ran them.
  test.each([
    ['date', 'date', ''],
    [String.raw`date +\%F`, 'date +%F', ''],
    ['cat%one%two', 'cat', '%one%two'],
    ['cat%', 'cat', '%'],
    ['%only input', '', '%only input'],
    [String.raw`a\\%b`, String.raw`a\ `.trim(), '%b'],
    [String.raw`a\\\%b`, String.raw`a\%b`, ''],
    [String.raw`a\\b\c`, String.raw`a\b\c`, ''],
    ['a\\', 'a\\', ''],
  ])('are read from %j', (written, command, input) => {
    expect([commandOf(written), written.slice(inputAt(written))]).toEqual([command, input]);
  });
});
