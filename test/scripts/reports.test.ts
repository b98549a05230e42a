import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { DETAIL, until } from './harness.ts';
import { spooled } from './spool-files.ts';

const benches = useBenches('report');
const { monitor } = benches;

const cases: Case[] = [
  [
    'reports the start and the success of a command, with its output',
    async (bench) => {
      const ended = await bench.run([bench.job, 'sh', '-c', 'echo out; echo err >&2']);
      expect(ended).toMatchObject({ code: 0, stderr: 'err\n' });
      expect(ended.stdout).toBe('out\n');
      const end = await bench.end();
      expect(end.kind).toBe('success');
      expect(end.query['exit_code']).toBe('0');
      expect(Number(end.query['duration_ms'])).toBeGreaterThanOrEqual(0);
      expect(end.query['host']).toBe(execFileSync('uname', ['-n'], { encoding: 'utf8' }).trim());
      expect(end.query['signal']).toBeUndefined();
      expect(end.body.toString().split('\n').sort()).toEqual(['', 'err', 'out']);
      const started = await until(() => bench.pings().find((ping) => ping.kind === 'start'));
      expect(started.query['rid']).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
      expect(end.query['rid']).toBe(started.query['rid']);
      await until(() => spooled(bench).length === 0);
      expect(readdirSync(bench.tmp)).toEqual([]);
    },
  ],
  [
    'lets a nested wrapper report by a token file, given relative',
    async (bench) => {
      writeFileSync(bench.path('token'), 'of-a-file\n');
      const nested = `cd / && ${bench.shell.join(' ')} "$0" ${bench.job}-inner true`;
      await bench.run([bench.job, 'sh', '-c', nested, bench.script], {
        env: { CRONFLOW_PING_TOKEN_FILE: 'token' },
        cwd: bench.dir,
      });
      expect((await bench.end(`${bench.job}-inner`)).authorization).toBe('Bearer of-a-file');
      expect((await bench.end()).authorization).toBe('Bearer of-a-file');
    },
  ],
  [
    'reads the token from a file',
    async (bench) => {
      writeFileSync(bench.path('token'), 'from-a-file\n');
      await bench.run([bench.job, 'true'], { env: { CRONFLOW_PING_TOKEN_FILE: bench.path('token') } });
      expect((await bench.end()).authorization).toBe('Bearer from-a-file');
    },
  ],
  [
    'sends no output when told so',
    async (bench) => {
      const ended = await bench.run(['--no-output', bench.job, 'sh', '-c', 'readlink /proc/self/fd/1']);
      expect(ended.stdout).toMatch(/^(?:pipe|socket):/);
      expect((await bench.end()).body.length).toBe(0);
    },
  ],
  [
    'reports nothing when disabled',
    async (bench) => {
      const env = { CRONFLOW_DISABLE: '1', CRONFLOW_PING_TOKEN: 'secret' };
      const ended = await bench.run([bench.job, 'sh', '-c', 'echo "$CRONFLOW_PING_TOKEN."; cat; exit 3'], {
        env,
        input: 'in',
      });
      expect(ended).toMatchObject({ code: 3, stdout: '.\nin' });
      const limited = await bench.run(['--timeout=1s', bench.job, 'sleep', '300'], { env });
      expect(limited.code).toBe(143);
      expect(bench.pings()).toEqual([]);
      expect(existsSync(bench.spool)).toBe(false);
    },
  ],
  [
    'says once that the monitor refused, and does not try again',
    async (bench) => {
      for (const status of [404, 401]) {
        const job = `${bench.job}-${status}`;
        monitor.answer(job, () => status);
        const ended = await bench.run([job, 'sh', '-c', 'exit 3']);
        expect(ended.code).toBe(3);
        expect(ended.stderr).toBe(`cronflow: ${job}: the monitor refused the ping: ${status} ${DETAIL}\n`);
        expect(monitor.of(job).length).toBeLessThanOrEqual(2);
        expect((await bench.run(['--quiet', job, 'true'])).stderr).toBe('');
      }
      await until(() => spooled(bench).length === 0);
    },
  ],
  [
    'tries the end again while it has time',
    async (bench) => {
      const seen = (kind: string): boolean => bench.kinds().includes(kind);
      monitor.answer(bench.job, (ping) => (seen(ping.kind) ? 200 : 503));
      const ended = await bench.run([bench.job, 'true']);
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(monitor.stored(bench.job).map((ping) => ping.kind)).toContain('success');
    },
  ],
];

checkUnderEachShell(benches, cases);
