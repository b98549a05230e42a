import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, checkUnderOneShell, useBenches } from './benches.ts';
import { pathWithout, SCRIPT, start, until, which } from './harness.ts';
import { leaveInSpool, pingText, spooled, urlDirectory } from './spool-files.ts';

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
    'says once how many pings it dropped because they were too old',
    async (bench) => {
      const old = Date.now() - 8 * 86_400_000;
      for (let ping = 0; ping < 120; ping += 1) leaveInSpool(bench, old + ping, `old-${ping}`);
      const calls = await Promise.all([1, 2].map((call) => bench.run([`${bench.job}-${call}`, 'true'])));
      const said = calls.map((call) => call.stderr).join('');
      expect(said).toMatch(/^[^\n]*: dropped 120 pings that could not be sent for 7 days\n$/);
      await until(() => spooled(bench, '').every((name) => !/\.(ping|body)/.test(name)));
      expect(bench.pings()).toEqual([]);
    },
  ],
  [
    'dates a ping by the time since boot, whatever was made of the clock meanwhile',
    async (bench) => {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const [up = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
      const nowCs = Math.floor(Number(up) * 100);
      const now = Date.now();
      const minuteCs = 6_000;
      const leave = (rid: string, atMs: number, atCs: number, ofBoot = boot): void =>
        leaveInSpool(bench, atMs, rid, pingText(bench, atMs, rid, String(atCs), ofBoot));
      // The machine has no clock of its own and learned the time later, or its clock was wrong.
      leave('unset', 90_000, nowCs - 2 * minuteCs);
      leave('fast', now + 3_600_000, nowCs - 2 * minuteCs);
      // A container that begins to count anew within one boot.
      leave('anew', now - 120_000, nowCs + 60 * minuteCs);
      // Nobody knows when that was, so it is taken for now.
      leave('later', now + 1_800_000, 100, 'another-boot');
      expect((await bench.run([`${bench.job}-call`, 'true'])).stderr).toBe('');
      await until(() => spooled(bench).length === 0);
      const delays = monitor.stored(bench.job).map(({ query }) => [query['rid'], query['delay_ms']] as const);
      expect(new Set(delays.map(([rid]) => rid))).toEqual(new Set(['anew', 'fast', 'later', 'unset']));
      for (const [rid, delay] of delays) {
        if (rid === 'later') expect(delay).toBeUndefined();
        else
          expect([rid, Math.round(Number(delay) / 600_000), Number(delay) >= 119_000]).toEqual([
            rid,
            0,
            true,
          ]);
      }
    },
  ],
  [
    'goes past numbers that a shell cannot calculate with, and past a pipe',
    async (bench) => {
      const at = Date.now() - 3_600_000;
      const texts = {
        octal: pingText(bench, '08', 'octal'),
        long: pingText(bench, '9'.repeat(40), 'long'),
        words: pingText(bench, at, 'words', '1+x[0]'),
        none: pingText(bench, '', 'none'),
        'no-job': pingText(bench, at, 'no-job').replace(/^\/jobs.*/, '/readyz'),
      };
      for (const [index, [rid, text]] of Object.entries(texts).entries())
        leaveInSpool(bench, at + index, rid, text);
      execFileSync('mkfifo', [join(urlDirectory(bench), `${at}-pipe-success.ping`)]);
      leaveInSpool(bench, at + 1_000, 'good');
      await bench.run([`${bench.job}-call`, 'true']);
      await until(() => spooled(bench).length === 0);
      expect(bench.pings().map(({ query }) => query['rid'])).toEqual(['good']);
    },
  ],
  [
    'keeps what another job left and its own token may not send, and sends the rest',
    async (bench) => {
      const at = Date.now() - 3_600_000;
      monitor.answer(bench.job, () => 403);
      for (const rid of ['a', 'b', 'c', 'd']) leaveInSpool(bench, at, rid);
      const ours = `${bench.job}-call`;
      const text = pingText(bench, at, 'ours').replace(bench.job, ours);
      leaveInSpool(bench, at + 1, 'ours', text);
      await bench.run([ours, 'true']);
      await until(() => monitor.stored(ours).some(({ query }) => query['rid'] === 'ours'));
      await until(() => spooled(bench, 'busy').length === 0);
      expect(spooled(bench)).toHaveLength(4);
      expect(bench.pings()).toHaveLength(1);
      monitor.answer(bench.job, () => 200);
      await bench.run([ours, 'true']);
      await until(() => spooled(bench).length === 0);
      expect(monitor.stored(bench.job).map(({ query }) => query['rid'])).toEqual(['a', 'b', 'c', 'd']);
    },
  ],
  [
    'sends what waits before it ends where nothing outlives it',
    async (bench) => {
      const at = Date.now() - 3_600_000;
      const names = ['a', 'b', 'c'];
      for (const rid of names) leaveInSpool(bench, at, rid);
      // As in a unit of systemd.
      await bench.run([`${bench.job}-call`, 'true'], { env: { INVOCATION_ID: 'a-unit' } });
      expect(monitor.stored(bench.job).map(({ query }) => query['rid'])).toEqual(names);
      expect(spooled(bench)).toEqual([]);
      // A descriptor that only bash can close.
      for (const rid of names) leaveInSpool(bench, at, rid);
      const words = ['bash', '-c', 'exec 11</dev/null; exec "$@"', 'bash', ...bench.shell, bench.script];
      expect((await start([...words, `${bench.job}-call`, 'true'], bench.environment()).ended).code).toBe(0);
      await until(() => spooled(bench).length === 0);
      expect(monitor.stored(bench.job)).toHaveLength(6);
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
    'lets one of several take the place of a wrapper that was killed while it sent what waits',
    async (bench) => {
      const here = byPath(bench);
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (const rid of names) leaveInSpool(here, Date.now() - 60_000, rid);
      writeFileSync(join(urlDirectory(here), 'busy'), '99999999 1 another-boot -\n');
      // What is between a look and a removal is longer so.
      const bin = pathWithout(here.path('bin'), ['rm']);
      writeFileSync(join(bin, 'rm'), `#!/bin/sh\nsleep 0.2\nexec ${which('rm')} "$@"\n`, { mode: 0o755 });
      const calls = ['x', 'y'].map((call) =>
        here.run([`${here.job}-${call}`, 'true'], { env: { PATH: bin } }),
      );
      expect((await Promise.all(calls)).map((call) => call.code)).toEqual([0, 0]);
      await until(() => spooled(here, '').every((name) => !/\.ping|busy/.test(name)));
      expect(monitor.stored(here.job).map(({ query }) => query['rid'])).toEqual(names);
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
        `cronflow: ${here.job}: neither curl nor wget is installed and the ping is lost: ${foreign} is not a directory of this user, or a link; CRONFLOW_SPOOL_DIR may name another directory (CRONFLOW_URL is ${monitor.url})\n`,
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

/** A shell that calculates with 32 bits. */
const narrow: Case[] = [
  [
    'keeps the time of a ping whole under mksh',
    async (bench) => {
      if (which('mksh') === undefined) return;
      const narrowBench = benches.benchFor(['mksh'], bench.script);
      await narrowBench.run([narrowBench.job, 'true'], { env: { CRONFLOW_END_WAIT: '0' } });
      const [name = ''] = spooled(narrowBench);
      const [, , atMs] = readFileSync(join(narrowBench.spool, name), 'utf8').split('\n');
      expect(Math.abs(Number(atMs) - Date.now())).toBeLessThan(3_600_000);
      leaveInSpool(narrowBench, Date.now() - 30 * 86_400_000, 'old');
      const next = await narrowBench.run([`${narrowBench.job}-next`, 'true']);
      expect(next.stderr).toMatch(/: dropped a ping that could not be sent for 7 days\n$/);
      await until(() => spooled(narrowBench).length === 0);
      expect(monitor.stored(narrowBench.job).map(({ kind }) => kind)).toContain('success');
    },
  ],
];

checkUnderEachShell(benches, cases);
checkUnderOneShell(benches, narrow, SCRIPT);
