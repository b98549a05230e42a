import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
    'follows no redirect, and gives its token to nobody there, whichever client asks',
    async (by) => {
      const asked: string[] = [];
      const elsewhere = new (class extends LocalServer {
        protected take(
          { method, url = '', headers }: IncomingMessage,
          response: ServerResponse,
        ): Promise<void> {
          asked.push(`${method} ${url.replace(/\?.*/, '')} ${headers.authorization ?? ''}`);
          const problem = { detail: 'No such page', code: 'not_found' };
          if (url === '/there')
            response
              .writeHead(404, { 'content-type': 'application/problem+json' })
              .end(JSON.stringify(problem));
          else response.writeHead(302, { location: '/there' }).end('moved');
          return Promise.resolve();
        }
      })();
      await elsewhere.listen();
      const bench = byPath(by);
      const PATH = which('wget') === undefined ? undefined : pathWithout(bench.path('wget'), ['curl']);
      for (const path of [process.env['PATH']!, ...(PATH === undefined ? [] : [PATH])]) {
        const spool = bench.path(`spool-${path.length}`);
        const env = {
          PATH: path,
          CRONFLOW_URL: elsewhere.url,
          CRONFLOW_PING_TOKEN: 'secret',
          CRONFLOW_SPOOL_DIR: spool,
        };
        const ended = await bench.run(['--no-start', bench.job, 'true'], {
          env: { ...env, CRONFLOW_END_WAIT: '2s' },
        });
        expect(ended.stderr).toMatch(
          /: the monitor answered 302, and no redirect is followed: pings are kept in [^\n]*\n$/,
        );
      }
      await elsewhere.close();
      expect(new Set(asked)).toEqual(new Set([`POST /jobs/${bench.job}/success Bearer secret`]));
    },
  ],
  [
    'sends the token by a wget of before 1.15, and shows it and a password by none that cannot hide them',
    async (by) => {
      const bench = byPath(by);
      const wget = which('wget');
      if (wget === undefined) return;
      const bin = pathWithout(bench.path('bin'), ['curl', 'wget']);
      const grep = which('grep');
      // What 1.14 of CentOS 7 does not know.
      const old = `case $* in *--method* | *--body*) exit 2 ;; esac
case $* in *--help*) ${wget} --help | ${grep} -v -e --method -e --body; exit ;; esac`;
      writeFileSync(join(bin, 'wget'), `#!/bin/sh\n${old}\nexec ${wget} "$@"\n`, { mode: 0o755 });
      const env = { PATH: bin, CRONFLOW_PING_TOKEN: 'secret', CRONFLOW_END_WAIT: '6s' };
      expect((await bench.run([bench.job, 'echo', 'out'], { env })).stderr).toBe('');
      const end = await bench.end();
      expect([end.authorization, end.body.toString()]).toEqual(['Bearer secret', 'out\n']);
      const before = bench.pings().length;
      const url = bench.monitor.url.replace('http://', 'user:password@');
      const withPassword = await bench.run([bench.job, 'true'], { env: { ...env, CRONFLOW_URL: url } });
      expect(withPassword.stderr).toMatch(
        /: wget would show the password in CRONFLOW_URL to all users: install curl: /,
      );
      expect(withPassword.stderr).not.toContain('user:password');
      const busybox = which('busybox');
      if (busybox === undefined) return;
      rmSync(join(bin, 'wget'));
      symlinkSync(busybox, join(bin, 'wget'));
      const small = await bench.run([bench.job, 'true'], {
        env: { ...env, CRONFLOW_SPOOL_DIR: bench.path('another') },
      });
      expect(small.stderr).toMatch(
        /: this wget would show the token to all users: install curl: pings are kept in /,
      );
      expect(bench.pings()).toHaveLength(before);
    },
  ],
  [
    'says why there was no answer, and asks a URL that ends with slashes',
    async (bench) => {
      const ways = [
        ['http://127.0.0.1:9', /\(CRONFLOW_URL is http:\/\/127\.0\.0\.1:9: it takes no connection\)\n$/],
        [
          monitor.url.replace('http', 'https'),
          /: no secure connection, or a certificate that is not trusted\)\n$/,
        ],
      ] as const;
      for (const [url, said] of ways) {
        const env = { CRONFLOW_URL: url, CRONFLOW_END_WAIT: '6s' };
        expect((await bench.run(['--no-start', bench.job, 'true'], { env })).stderr).toMatch(said);
      }
      const ended = await bench.run([bench.job, 'true'], { env: { CRONFLOW_URL: `${monitor.url}//` } });
      expect(ended.stderr).toBe('');
      expect((await bench.end()).kind).toBe('success');
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
        /: the monitor answered 500 and the ping is lost: .* is not a directory of this user, or a link; [^\n]*\n/,
      );
    },
  ],
];

checkUnderEachShell(benches, cases);
checkUnderOneShell(benches, slow, SCRIPT);
