import { expect, test } from 'vitest';
import { LogWriter } from '../../src/observe/log-writer.ts';

test('the lines of a turn are written together, in order', () => {
  const written: string[] = [];
  const turns: (() => void)[] = [];
  const log = new LogWriter(
    (text) => written.push(text),
    (callback) => turns.push(callback),
  );
  log.add('a\n');
  log.add('b\n');
  expect(written).toEqual([]);
  turns.shift()!();
  log.add('c\n');
  log.flush();
  turns.shift()!();
  expect(written).toEqual(['a\nb\n', 'c\n']);
  expect(turns).toEqual([]);
});

test('a log that cannot be written costs its lines and nothing else', () => {
  let isBroken = true;
  const written: string[] = [];
  const log = new LogWriter((text) => {
    if (isBroken) throw new Error('Nobody reads the output');
    written.push(text);
  });
  log.add('lost\n');
  log.flush();
  isBroken = false;
  log.add('kept\n');
  log.flush();
  expect(written).toEqual(['kept\n']);
});
