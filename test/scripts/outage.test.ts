import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, checkUnderOneShell, useBenches } from './benches.ts';
import { Monitor, pathWithout, SCRIPT, until, which } from './harness.ts';
import { LocalServer } from './local-server.ts';
import { processesNaming } from './processes.ts';
import { spooled } from './spool-files.ts';

const benches = useBenches('outage');
const { monitor, byPath } = benches;

const cases: Case[] = [
  [
    'keeps what a proxy without its backend answers, and says one line for the outage',
    async (bench) => {
      monitor.answer(bench.job, () => 'proxy');
      // Long enough for an answer, and too short for many tries.
      const env = { CRONFLOW_END_WAIT: '6s' };
      const first = await bench.run([bench.job, 'true'], { env });
      expect(first.stderr).toMatch(/: the monitor answered 404: pings are kept in .*\n$/);
      expect((await bench.run([bench.job, 'true'], { env })).stderr).toBe('');
      expect(spooled(bench).length).toBe(2);
      monitor.answer(bench.job, () => 200);
      await bench.run([`${bench.job}-next`, 'true']);
      await until(() => spooled(bench).length === 0);
      await until(() => spooled(bench, 'outage').length === 0);
    },
  ],
  [
    'keeps an end, its output and what is to be said of the start, whatever perl does',
    async (bench) => {
      // No program answers there.
      const env = { CRONFLOW_URL: 'http://127.0.0.1:9', CRONFLOW_END_WAIT: '1s' };
      const words = ['--schedule', '0 2 * * *', bench.job, 'sh', '-c', 'echo out; exit 3'];
      const perl = which('perl');
      // The output goes through perl as well, and there it works.
      const ways =
        perl === undefined ? [''] : ['', `exec ${perl} "$@"`, 'exit 1', 'exit 0', 'echo 12 rubbish'];
      for (const way of ways) {
        const here = byPath(bench);
        const bin = pathWithout(here.path('bin'), ['perl']);
        const keeper = `#!/bin/sh\ncase $2 in *now_ms*) ${way} ;; *) exec ${perl} "$@" ;; esac\n`;
        if (way !== '') writeFileSync(join(bin, 'perl'), keeper, { mode: 0o755 });
        const ended = await here.run(words, { env: { ...env, PATH: bin } });
        expect({ way, ...ended }).toMatchObject({ way, code: 3, stdout: 'out\n' });
        expect(ended.stderr).toMatch(/: pings are kept in [^\n]*\n/);
        expect(ended.stderr).toMatch(/: the monitor could not be told of the declaration\n/);
        expect(spooled(here)).toHaveLength(1);
        const [body = 'none'] = spooled(here, '.body');
        expect(readFileSync(join(here.spool, body), 'utf8')).toBe('out\n');
        expect(Math.abs(Number(basename(body).split('-')[0]) - Date.now())).toBeLessThan(3_600_000);
        expect(readdirSync(here.tmp)).toEqual([]);
      }
    },
  ],
];

/** These wait for limits of the wrapper itself, so each runs under one shell only. */
const slow: Case[] = [
  [
    'keeps what a page answers that says 200 to everything, whichever client asks',
    async (by) => {
      const bench = byPath(by);
      const wget = which('wget');
      const busybox = which('busybox');
      const withoutCurl = pathWithout(bench.path('none'), ['curl', 'wget']);
      if (busybox !== undefined) {
        mkdirSync(bench.path('small'));
        symlinkSync(busybox, bench.path('small/wget'));
      }
      const clients = [
        process.env['PATH']!,
        ...(wget === undefined ? [] : [pathWithout(bench.path('wget'), ['curl'])]),
        ...(busybox === undefined ? [] : [`${bench.path('small')}:${withoutCurl}`]),
      ];
      for (const [index, PATH] of clients.entries()) {
        const env = { CRONFLOW_END_WAIT: '6s', PATH, CRONFLOW_SPOOL_DIR: bench.path(`spool-${index}`) };
        monitor.answer(bench.job, () => 'page');
        const { stderr } = await bench.run(['--no-start', bench.job, 'true'], { env });
        expect(stderr).toMatch(/: something that is not Cronflow answered 200: pings are kept in .*\n$/);
        monitor.answer(bench.job, () => 200);
        expect((await bench.run(['--no-start', bench.job, 'true'], { env })).stderr).toBe('');
        await until(
          () => monitor.of(bench.job).filter(({ query }) => query['delay_ms'] !== undefined).length > index,
        );
      }
    },
  ],
  [
    'starts the command at once and ends it in time though the monitor hangs',
    async (bench) => {
      monitor.answer(bench.job, () => 'hang');
      const running = bench.start([bench.job, 'sh', '-c', 'echo ran; exit 3'], {
        env: { CRONFLOW_PING_TOKEN: `secret-${bench.job}` },
      });
      await until(() => running.stdout() === 'ran\n');
      await until(() => bench.kinds().includes('start'));
      expect(processesNaming(`secret-${bench.job}`)).toBeUndefined();
      const ended = await running.ended;
      expect(ended.code).toBe(3);
      // A monitor that has just not answered the start is not asked to take the end.
      expect(bench.kinds()).toEqual(['start']);
      expect(ended.stderr).toMatch(/: no answer from the monitor: pings are kept in /);
      await until(() => spooled(bench).length === 1);
    },
  ],
  [
    'ends a client that keeps to no time limit, of the start too, without a word of the shell about it',
    async (bench) => {
      const perl = which('perl');
      const ways: [missing: string[], perl: string | undefined][] = [
        [['curl'], undefined],
        [['curl', 'timeout'], undefined],
        [['curl'], perl],
      ];
      for (const [missing, linked] of ways) {
        const here = byPath(bench);
        const bin = pathWithout(here.path('bin'), missing);
        if (linked !== undefined) symlinkSync(linked, join(bin, 'perl'));
        // It goes with the directory of the test.
        const deaf = `#!/bin/sh\ntrap '' TERM ALRM\nwhile [ -d '${bin}' ]; do sleep 0.1; done\n`;
        writeFileSync(join(bin, 'curl'), deaf, { mode: 0o755 });
        const ended = await here.run([here.job, 'sh', '-c', 'echo ran; exit 3'], {
          env: { PATH: bin, CRONFLOW_END_WAIT: '2s' },
        });
        expect(ended).toMatchObject({ code: 3, stdout: 'ran\n' });
        expect(ended.stderr).toMatch(
          /^cronflow: [^\n]*: no answer from the monitor: pings are kept in [^\n]*\n$/,
        );
        await until(() => processesNaming(join(bin, 'curl')) === undefined);
      }
    },
  ],
  [
    'reads no more than a few megabytes of an answer without end, and does not believe it',
    async (bench) => {
      let offered = 0;
      const endless = new (class extends LocalServer {
        protected async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
          request.resume();
          const part = Buffer.alloc(65_536, 'x\n');
          const closed = once(response, 'close');
          for (; offered < 200_000_000 && !response.destroyed; offered += part.length)
            if (!response.write(part)) await Promise.race([once(response, 'drain'), closed]);
          response.end();
        }
      })();
      await endless.listen();
      const env = { CRONFLOW_URL: endless.url, CRONFLOW_END_WAIT: '3s' };
      const ended = await bench.run(['--no-start', bench.job, 'sh', '-c', 'exit 3'], { env });
      await endless.close();
      expect(ended.code).toBe(3);
      // What the system keeps on the way comes on top.
      expect(offered).toBeLessThan(60_000_000);
      // Cronflow answers in a few words, so that was not Cronflow.
      expect(spooled(bench)).toHaveLength(1);
    },
  ],
  [
    'sends the end by a short retry once the monitor is back',
    async (bench) => {
      const away = new Monitor();
      await away.listen();
      const { port, url } = away;
      await away.close();
      const ended = await bench.run([bench.job, 'sh', '-c', 'echo out; exit 3'], {
        env: { CRONFLOW_URL: url },
      });
      expect(ended.code).toBe(3);
      expect(ended.stderr).toMatch(/: no answer from the monitor: pings are kept in /);
      const back = new Monitor();
      await back.listen(port);
      // On a busy machine the start may have found the monitor only now.
      const end = await until(() => back.stored(bench.job).find(({ kind }) => kind !== 'start'));
      expect(end?.kind).toBe('failure');
      expect(end?.body.toString()).toBe('out\n');
      expect(Number(end?.query['delay_ms'])).toBeGreaterThanOrEqual(1_000);
      await until(() => spooled(bench, '').length === 1);
      await back.close();
    },
  ],
  [
    'says one line for an outage, also where a retry was in vain meanwhile',
    async (bench) => {
      monitor.answer(bench.job, ({ kind }) => (kind === 'start' ? 200 : 'proxy'));
      const env = { CRONFLOW_END_WAIT: '6s' };
      expect((await bench.run([bench.job, 'true'], { env })).stderr).toMatch(/: pings are kept in /);
      await until(() => bench.pings().some(({ query }) => Number(query['delay_ms']) > 4_000));
      await until(() => spooled(bench, 'busy').length === 0);
      expect((await bench.run([bench.job, 'true'], { env })).stderr).toBe('');
    },
  ],
  [
    'waits for an absent monitor in one process, however many pings are kept',
    async (bench) => {
      const away = new Monitor();
      await away.listen();
      const { port, url } = away;
      await away.close();
      const env = { CRONFLOW_URL: url, CRONFLOW_END_WAIT: '1s' };
      for (let run = 0; run < 4; run += 1) await bench.run([bench.job, 'true'], { env });
      expect(spooled(bench)).toHaveLength(4);
      await until(() => spooled(bench, 'again').length === 1);
      await until(() => processesNaming(`\0${bench.job}\0`)?.length === 1);
      const back = new Monitor();
      await back.listen(port);
      await until(() => back.stored(bench.job).length === 4);
      await until(() => spooled(bench, 'waiting').length === 0);
      await back.close();
    },
  ],
  [
    'gives up on nothing but the output when the spool is taken away',
    async (bench) => {
      writeFileSync(bench.spool, 'a file');
      monitor.answer(bench.job, () => 500);
      const env = { CRONFLOW_END_WAIT: '2s' };
      const ended = await bench.run([bench.job, 'sh', '-c', 'exit 3'], { env });
      expect(ended.code).toBe(3);
      expect(ended.stderr).toMatch(
        /: the monitor answered 500 and the ping is lost: .* is not a directory of this user\n/,
      );
    },
  ],
];

checkUnderEachShell(benches, cases);
checkUnderOneShell(benches, slow, SCRIPT);
