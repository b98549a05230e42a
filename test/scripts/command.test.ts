import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { SCRIPT, start, until } from './harness.ts';

const benches = useBenches('command');
const { monitor } = benches;

/** Prints its arguments, exactly. */
const PRINT_ARGS = ['node', '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'];

const cases: Case[] = [
  [
    'passes arguments verbatim',
    async (bench) => {
      const args = ['a b', '', '*', '$HOME `x` "q" \'s\'', 'new\nline', '--', '-n', '--timeout', '\\n'];
      const ended = await bench.run([bench.job, '--', ...PRINT_ARGS, ...args]);
      expect(JSON.parse(ended.stdout)).toEqual(args);
      const plain = await bench.run([bench.job, ...PRINT_ARGS, ...args]);
      expect(JSON.parse(plain.stdout)).toEqual(args);
    },
  ],
  [
    'passes thirty thousand arguments',
    async (bench) => {
      const args = Array.from({ length: 30_000 }, (_, index) => `it's ${index}`);
      // In quadratic time, as it was, this took longer than a test may.
      const ended = await bench.run([bench.job, 'sh', '-c', 'printf "%s\\n" "$@"', 'sh', ...args]);
      expect(ended.stdout.split('\n').slice(0, -1)).toEqual(args);
    },
  ],
  [
    'takes no function and no variable of the caller for its own',
    async (bench) => {
      const names = ['unset', '[', 'set', 'return', 'exec', 'printf', 'kill', 'trap', 'exit', 'eval', 'curl'];
      const functions = names.map((name) => [`BASH_FUNC_${name}%%`, '() {  echo stolen; }']);
      // dash and busybox take such a variable for what it says.
      const env = { BASH_VERSION: '5.2', KSH_VERSION: 'MIRBSD KSH', ...Object.fromEntries(functions) };
      const command = ['node', '-e', 'console.log(JSON.stringify(process.env)); process.exit(5)'];
      const ended = await bench.run([bench.job, ...command], { env });
      expect(ended).toMatchObject({ code: 5, stderr: '' });
      expect(JSON.parse(ended.stdout)).toMatchObject(Object.fromEntries(functions));
      expect((await bench.end()).query['exit_code']).toBe('5');
      const running = bench.start([bench.job, 'sh', '-c', 'echo ready; exec sleep 300'], { env });
      await until(() => running.stdout());
      running.child.kill('SIGINT');
      expect((await running.ended).code).toBe(130);
    },
  ],
  [
    'runs programs and neither functions nor builtins of its own',
    async (bench) => {
      expect((await bench.run([bench.job, 'say', 'x'])).code).toBe(127);
      expect((await bench.run([bench.job, 'exit', '3'])).code).toBe(127);
    },
  ],
  [
    'runs a script that has no #! line',
    async (bench) => {
      writeFileSync(bench.path('script'), 'echo "script $1"\n', { mode: 0o755 });
      const ended = await bench.run([bench.job, bench.path('script'), 'one']);
      expect(ended.stdout).toBe('script one\n');
    },
  ],
  [
    'ends with the exit code of the command',
    async (bench) => {
      const commands: [string[], number, string | undefined][] = [
        [['sh', '-c', 'exit 3'], 3, undefined],
        [['sh', '-c', 'exit 255'], 255, undefined],
        [['no-such-program'], 127, undefined],
        [['/etc/passwd'], 126, undefined],
        [['sh', '-c', 'kill -KILL $$'], 137, 'KILL'],
        [['sh', '-c', 'kill -SEGV $$'], 139, 'SEGV'],
        [['sh', '-c', 'kill -TERM $$'], 143, 'TERM'],
        [['sh', '-c', 'kill -INT $$'], 130, 'INT'],
      ];
      for (const [index, [command, code, signal]] of commands.entries()) {
        const job = `${bench.job}-${index}`;
        const ended = await bench.run([job, ...command]);
        expect(ended.code).toBe(code);
        expect(ended.stdout).toBe('');
        const end = await bench.end(job);
        expect(end.kind).toBe('failure');
        expect(end.query).toMatchObject({ exit_code: String(code) });
        expect(end.query['signal']).toBe(signal);
        // The shell's own report of a killed child is none of the job's output.
        if (code > 128) expect(ended.stderr).toBe('');
      }
    },
  ],
  [
    'leaves the environment as it is but for three variables',
    async (bench) => {
      const env = {
        'spring.datasource.url': 'x',
        'BASH_FUNC_f%%': '() {  echo hi;\n}',
        cf_url: 'mine',
        cf_token: 'mine',
        IFS: 'x',
        SHELLOPTS: 'xtrace:monitor',
        CRONFLOW_PING_TOKEN: 'secret',
      };
      const ended = await bench.run([bench.job, 'env', '-0'], { env });
      const { CRONFLOW_PING_TOKEN: _, ...rest } = bench.environment(env);
      const expected = {
        ...rest,
        CRONFLOW_JOB: bench.job,
        CRONFLOW_RUN_ID: (await bench.end()).query['rid'],
        CRONFLOW_URL: monitor.url,
      };
      const lines = ended.stdout.split('\0').filter(Boolean);
      expect(lines.sort()).toEqual(
        Object.entries(expected)
          .map(([name, value]) => `${name}=${value}`)
          .sort(),
      );
    },
  ],
  [
    'gives the command its run and not the token',
    async (bench) => {
      const token = `secret"\\${bench.job}`;
      const ended = await bench.run([bench.job, 'env'], {
        env: { CRONFLOW_PING_TOKEN: token, code: 'kept' },
      });
      const lines = ended.stdout.split('\n');
      expect(lines).toContain(`CRONFLOW_JOB=${bench.job}`);
      expect(lines).toContain(`CRONFLOW_URL=${monitor.url}`);
      expect(lines).toContain(`CRONFLOW_RUN_ID=${(await bench.end()).query['rid']}`);
      expect(lines).toContain('code=kept');
      expect(ended.stdout).not.toContain('secret');
      expect(ended.stdout).not.toMatch(/^(?:cf_|LC_ALL)/m);
      expect((await bench.end()).authorization).toBe(`Bearer ${token}`);
    },
  ],
  [
    'hands on the descriptors of the caller and keeps none',
    async (bench) => {
      const words = [
        'sh',
        '-c',
        '"$@" 3>"$0" 7>&3',
        bench.path('seven'),
        ...bench.shell,
        bench.script,
        bench.job,
      ];
      const command = ['sh', '-c', 'echo seven >&7; ls -l /proc/$$/fd'];
      const ended = await start([...words, ...command], bench.environment()).ended;
      expect(readFileSync(bench.path('seven'), 'utf8')).toBe('seven\n');
      expect(ended.stdout).not.toMatch(/ [45689] -> /);
      const all = [3, 4, 5, 6, 7, 8, 9].map((fd) => `${fd}<'${SCRIPT}'`).join(' ');
      const full = await start(
        [
          'sh',
          '-c',
          `"$@" ${all}`,
          'sh',
          ...bench.shell,
          bench.script,
          bench.job,
          'sh',
          '-c',
          'cat; cat <&9 | head -1',
        ],
        bench.environment(),
        { input: 'in\n' },
      ).ended;
      expect(full.stdout).toBe('in\n#!/bin/sh\n');
    },
  ],
];

checkUnderEachShell(benches, cases);
