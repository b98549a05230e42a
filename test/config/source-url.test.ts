import { expect, test } from 'vitest';
import { sourceUrlOf } from '../../src/config/source-url.ts';

const files = [{ path: '/srv/cron jobs/cronflow.yaml', text: '' }];
const at = (file: string, sourceUrl: string | null): string | null =>
  sourceUrlOf({ sourceUrl, files }, { file, line: 12 });

test('the link names the file as seen from the directory of the main file, and the line', () => {
  const url = 'https://git.example.com/infra/blob/main/{path}#L{line}';
  expect(at('/srv/cron jobs/cronflow.yaml', url)).toBe(
    'https://git.example.com/infra/blob/main/cronflow.yaml#L12',
  );
  expect(at('/srv/cron jobs/conf.d/für web#1.yaml', url)).toBe(
    'https://git.example.com/infra/blob/main/conf.d/f%C3%BCr%20web%231.yaml#L12',
  );
});

test('the link has no line where the address has no place for it, and there is none without an address', () => {
  expect(at('/srv/cron jobs/cronflow.yaml', 'https://git.example.com/?file={path}')).toBe(
    'https://git.example.com/?file=cronflow.yaml',
  );
  expect(at('/srv/cron jobs/cronflow.yaml', null)).toBeNull();
});

test('the link keeps what an address holds that looks like a replacement', () => {
  const url = 'https://git.example.com/{path}?$&={line}';
  expect(at('/srv/cron jobs/{line}$1.yaml', url)).toBe('https://git.example.com/%7Bline%7D%241.yaml?$&=12');
});
