import {
  appendFileSync,
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { pathWithout, until } from './harness.ts';
import { leaveInSpool, spooled, urlDirectory } from './spool-files.ts';

const benches = useBenches('spool');
const { monitor, byPath } = benches;

const cases: Case[] = [
  [
    'replays what earlier calls left, each once, drops what is a week old, and goes past what is broken',
    async (bench) => {
      const now = Date.now();
      const day = 86_400_000;
      leaveInSpool(bench, now - 8 * day, 'too-old');
      leaveInSpool(bench, now - 3_600_000, 'b');
      leaveInSpool(bench, now - 7_200_000, 'a');
      leaveInSpool(bench, now - 7_300_000, 'empty', '');
      leaveInSpool(bench, now - 1_800_000, 'torn', 'no path\nrid=x');
      // No URL has a space, so curl would not ask for it.
      const spoilt = `/jobs/${bench.job} $/success\nrid=spoilt\n${now}\n100\nboot\n`;
      leaveInSpool(bench, now - 7_250_000, 'spoilt', spoilt);
      leaveInSpool(bench, now - 1_900_000, 'cut', `/jobs/${bench.job}/success\nrid=cut\n${now}\n100\n-`);
      const calls = await Promise.all([1, 2, 3].map((call) => bench.run([`${bench.job}-${call}`, 'true'])));
      expect(calls.map((call) => call.code)).toEqual([0, 0, 0]);
      const said = calls.map((call) => call.stderr).join('');
      expect(said).toMatch(/^cronflow: spool-\d+-\d: dropped a ping that could not be sent for 7 days\n$/);
      await until(() => spooled(bench, '').every((name) => !/\.(ping|body)/.test(name)));
      const replayed = monitor.stored(bench.job);
      expect(replayed.map((ping) => ping.query['rid'])).toEqual(['a', 'b']);
      for (const ping of replayed) {
        expect(ping.body.toString()).toBe(`output of ${ping.query['rid']}`);
        expect(Number(ping.query['delay_ms'])).toBeGreaterThanOrEqual(3_600_000 - 10);
        expect(Number(ping.query['delay_ms'])).toBeLessThan(day);
      }
    },
  ],
  [
    'sends a ping that is still being written once it is whole',
    async (bench) => {
      leaveInSpool(bench, Date.now(), 'half', `/jobs/${bench.job}/success\nrid=half\n${Date.now()}\n100\n-`);
      leaveInSpool(bench, Date.now(), 'whole');
      await bench.run([`${bench.job}-call`, 'true']);
      await until(() => monitor.stored(bench.job).some(({ query }) => query['rid'] === 'whole'));
      await until(() => spooled(bench, 'busy').length === 0);
      expect(spooled(bench).map((name) => name.replace(/.*?-.*?-/, ''))).toEqual(['half-success.ping']);
      appendFileSync(join(bench.spool, spooled(bench)[0] ?? ''), '\n');
      await bench.run([`${bench.job}-call`, 'true']);
      await until(() => spooled(bench).length === 0);
      expect(monitor.stored(bench.job).map(({ query }) => query['rid'])).toEqual(['whole', 'half']);
    },
  ],
  [
    'holds up nothing for one URL by what waits for another',
    async (bench) => {
      const env = { CRONFLOW_URL: `${monitor.url}/dead`, CRONFLOW_END_WAIT: '0' };
      expect(await bench.run([bench.job, 'true'], { env })).toMatchObject({ code: 0, stderr: '' });
      leaveInSpool(bench, Date.now() - 60_000, 'waits');
      await bench.run([`${bench.job}-next`, 'true']);
      await until(() => monitor.stored(bench.job).some((ping) => ping.query['rid'] === 'waits'));
      await until(() => spooled(bench).length === 1);
    },
  ],
  [
    'replays oldest first',
    async (bench) => {
      const now = Date.now();
      const names = Array.from({ length: 12 }, (_, index) => `r${String(index).padStart(2, '0')}`);
      for (const [index, name] of names.entries()) leaveInSpool(bench, now - (100 - index) * 10_000, name);
      await bench.run([`${bench.job}-call`, 'true']);
      await until(() => spooled(bench).length === 0);
      expect(monitor.stored(bench.job).map((ping) => ping.query['rid'])).toEqual(names);
    },
  ],
  [
    'goes on where a wrapper was killed that was sending what waits',
    async (bench) => {
      // Its boot was another one; and a disk that was full leaves anything.
      for (const [rid, claim] of Object.entries({ a: '99999999 another-boot\n', b: 'torn' })) {
        leaveInSpool(bench, Date.now() - 60_000, rid);
        writeFileSync(join(urlDirectory(bench), 'busy'), claim);
        await bench.run([`${bench.job}-call`, 'true']);
        await until(() => spooled(bench, '').every((name) => !/\.ping|busy/.test(name)));
      }
      const replayed = monitor.stored(bench.job).map((ping) => ping.query['rid']);
      expect(replayed).toEqual(['a', 'b']);
    },
  ],
  [
    'refuses a spool that is a link, and runs the command',
    async (bench) => {
      mkdirSync(bench.path('real'));
      symlinkSync(bench.path('real'), bench.spool);
      const ended = await bench.run([bench.job, 'sh', '-c', 'exit 3']);
      expect(ended).toMatchObject({ code: 3, stderr: '' });
      expect((await bench.end()).kind).toBe('failure');
      expect(readdirSync(bench.path('real'))).toEqual([]);
    },
  ],
  [
    'says that a ping is lost which can neither be sent nor kept, and runs the command',
    async (bench) => {
      const here = byPath(bench);
      mkdirSync(here.path('other'));
      // Somebody else's, as far as we may give it away; else a link, which could lead to somebody else's.
      if (process.getuid?.() === 0) chownSync(here.path('other'), 65_534, 65_534);
      else symlinkSync(here.path('other'), here.spool);
      const foreign = process.getuid?.() === 0 ? here.path('other') : here.spool;
      const env = { PATH: pathWithout(here.path('bin'), ['curl', 'wget']), CRONFLOW_SPOOL_DIR: foreign };
      const ended = await here.run([here.job, 'sh', '-c', 'echo ran; exit 3'], { env });
      expect(ended).toMatchObject({ code: 3, stdout: 'ran\n' });
      expect(ended.stderr).toBe(
        `cronflow: ${here.job}: neither curl nor wget is installed and the ping is lost: ${foreign} is not a directory of this user\n`,
      );
      expect(readdirSync(here.path('other'))).toEqual([]);
      expect(readdirSync(here.tmp)).toEqual([]);
    },
  ],
  [
    'keeps the spool to the user',
    async (bench) => {
      const away = { CRONFLOW_URL: 'http://127.0.0.1:9' };
      await bench.run([bench.job, 'true'], { env: { ...away, CRONFLOW_SPOOL_DIR: undefined } });
      const kept = join(bench.dir, '.local/state/cronflow/spool');
      expect(lstatSync(kept).mode & 0o777).toBe(0o700);
      await bench.run([bench.job, 'true'], {
        env: { ...away, CRONFLOW_SPOOL_DIR: undefined, XDG_STATE_HOME: bench.path('state') },
      });
      expect(lstatSync(bench.path('state/cronflow/spool')).mode & 0o777).toBe(0o700);
      mkdirSync(bench.path('open'));
      chmodSync(bench.path('open'), 0o755);
      await bench.run([bench.job, 'true'], { env: { ...away, CRONFLOW_SPOOL_DIR: bench.path('open') } });
      expect(lstatSync(bench.path('open')).mode & 0o777).toBe(0o755);
    },
  ],
];

checkUnderEachShell(benches, cases);
