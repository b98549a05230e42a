import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { until } from './harness.ts';
import { runs } from './harness.ts';

const benches = useBenches('misuse');
const { monitor } = benches;

const cases: Case[] = [
  [
    'asks for a job and a command',
    async (bench) => {
      for (const args of [
        [],
        [bench.job],
        [bench.job, '--'],
        ['--timeout', '5m'],
        [bench.job, '--bad', 'true'],
      ]) {
        const ended = await bench.run(args);
        expect([args, ended.code]).toEqual([args, 2]);
        expect(ended.stderr).toContain('usage: monitor.sh');
        expect(ended.stdout.length).toBe(0);
      }
      const help = await bench.run(['--help']);
      expect(help.code).toBe(0);
      expect(help.stderr).toContain('--no-output');
      expect(bench.pings()).toEqual([]);
    },
  ],
  [
    'runs the command in spite of a mistake beside it',
    async (bench) => {
      const mistakes: [string[], Record<string, string>, string][] = [
        [['--timeout', 'banana', bench.job], {}, "--timeout: 'banana' is not a duration"],
        [['--timeout=1m1h', bench.job], {}, 'is not a duration'],
        [['--bad=x', bench.job], {}, 'unknown option --bad, ignored'],
        [['--bad', 'x', bench.job, '--'], {}, 'unknown option --bad, ignored'],
        [[bench.job], { CRONFLOW_TIMEOUT: '0s' }, "CRONFLOW_TIMEOUT: '0s' is not a duration"],
        [[bench.job], { CRONFLOW_LOCK: 'maybe' }, 'CRONFLOW_LOCK=maybe is neither 1 nor 0'],
        [[bench.job], { CRONFLOW_OUTPUT_BYTES: 'x' }, "CRONFLOW_OUTPUT_BYTES: 'x' is not a number of bytes"],
        [[bench.job], { CRONFLOW_PING_TOKEN_FILE: '/nonexistent' }, 'no token in /nonexistent'],
        [[''], {}, "the job's name is empty"],
        [[`${bench.job} ü/?`], {}, 'not a valid job name'],
      ];
      for (const [args, env, line] of mistakes) {
        const ended = await bench.run([...args, 'sh', '-c', 'echo ran; exit 7'], { env });
        expect([args, ended.code, ended.stdout]).toEqual([args, 7, 'ran\n']);
        expect(ended.stderr).toContain(line);
      }
      await until(() => runs(monitor.of(`${bench.job} ü/?`), 'failure').size === 1);
      await until(() => runs(bench.pings(), 'failure').size === 8);
    },
  ],
  [
    'says one line each, and nothing that a terminal obeys, whatever the name of the job or a value holds',
    async (bench) => {
      const job = `${bench.job}\n\u001B[31mred\r\t`;
      monitor.answer(job, ({ kind }) => (kind === 'start' ? 200 : 404));
      const env = { CRONFLOW_TIMEOUT: 'so\non' };
      const ended = await bench.run([job, 'sh', '-c', 'printf %s "$CRONFLOW_JOB"; exit 3'], { env });
      expect([ended.code, ended.stdout]).toEqual([3, job]);
      const lines = ended.stderr.split('\n');
      expect(lines).toHaveLength(4);
      for (const line of lines.slice(0, -1)) {
        expect(line).toMatch(/^cronflow: /);
        expect(line).not.toMatch(/[^ -~]/);
        expect(line).toContain(`${bench.job}??[31mred??: `);
      }
      expect(runs(monitor.of(job), 'failure').size).toBe(1);
    },
  ],
  [
    'does nothing in a dry run but say what it would do',
    async (bench) => {
      const args = ['--dry-run', '--lock', '--timeout=1h', bench.job, 'touch', bench.path('ran')];
      const ended = await bench.run(args, { env: { CRONFLOW_PING_TOKEN: 'secret' } });
      expect(ended).toMatchObject({ code: 0, stdout: '' });
      expect(ended.stderr).toContain(`command  'touch' '${bench.path('ran')}'`);
      expect(ended.stderr).toContain('3600s');
      expect(ended.stderr).not.toContain('secret');
      expect(existsSync(bench.path('ran'))).toBe(false);
      expect(bench.pings()).toEqual([]);
    },
  ],
];

checkUnderEachShell(benches, cases);
