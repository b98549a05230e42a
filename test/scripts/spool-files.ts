import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './harness.ts';

const URL_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~:/?#[]@!$&()*+,;=%';

/** The directory in the spool of what is for one monitor: by two checksums of its URL. */
export function urlDirectory(bench: Bench, url = bench.monitor.url): string {
  const sums = [31, 127].map((factor) =>
    Array.from(url).reduce(
      (sum, character) => (sum * factor + URL_CHARACTERS.indexOf(character)) % 16_777_213,
      1,
    ),
  );
  return join(bench.spool, sums.join('-'));
}

/** What the file of such a ping holds, of another boot if none is given. */
export function pingText(bench: Bench, atMs: number | string, rid: string, atCs = '100', boot = '-'): string {
  return `/jobs/${bench.job}/success\nrid=${rid}&host=web1\n${atMs}\n${atCs}\n${boot}\n`;
}

/** Leaves a ping in the spool as a wrapper whose monitor was away does. */
export function leaveInSpool(bench: Bench, atMs: number, rid: string, text?: string): void {
  const directory = urlDirectory(bench);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ping = pingText(bench, atMs, rid);
  writeFileSync(join(directory, `${atMs}-${rid}-success.ping`), text ?? ping);
  writeFileSync(join(directory, `${atMs}-${rid}-success.body`), `output of ${rid}`);
}

/** What lies in the spool and has a name with such an end. */
export function spooled(bench: Bench, suffix = '.ping'): string[] {
  if (!existsSync(bench.spool)) return [];
  const names = readdirSync(bench.spool, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(suffix));
}
