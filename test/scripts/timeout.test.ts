import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { isAlive, start, until, AWAIT_FILE } from './harness.ts';
import { asOneWhoCallsSudo, childrenOf, processesNaming } from './processes.ts';

const benches = useBenches('timeout');

const cases: Case[] = [
  [
    'ends a command that takes too long, with KILL if need be',
    async (bench) => {
      const ended = await bench.run(['--timeout', '1s', bench.job, 'sleep', '300']);
      expect(ended).toMatchObject({ code: 143, stderr: '' });
      expect((await bench.end()).query).toMatchObject({ signal: 'TERM', exit_code: '143' });
      const deaf = `trap '' TERM; while :; do sleep 0.05; done`;
      const killed = await bench.run(['--kill-after=1s', `${bench.job}-deaf`, 'sh', '-c', deaf], {
        env: { CRONFLOW_TIMEOUT: '1s' },
      });
      expect(killed.code).toBe(137);
      expect((await bench.end(`${bench.job}-deaf`)).query).toMatchObject({
        signal: 'KILL',
        exit_code: '137',
      });
      const polite = `trap 'exit 0' TERM; while :; do sleep 0.05; done`;
      const exited = await bench.run(['--timeout=1', `${bench.job}-polite`, 'sh', '-c', polite]);
      expect(exited.code).toBe(124);
      expect((await bench.end(`${bench.job}-polite`)).query).toMatchObject({
        signal: 'TERM',
        exit_code: '124',
      });
    },
  ],
  [
    'ends what a command leaves behind that was cut short, with KILL if need be',
    async (bench) => {
      const script = `(trap '' TERM; exec sleep 300) & echo $!; trap 'exit 0' TERM; while :; do :; done`;
      const words = ['--timeout=1s', '--kill-after=1s', bench.job, 'sh', '-c', script];
      const ended = await bench.run(words);
      expect(ended).toMatchObject({ code: 124, stderr: '' });
      const left = Number(ended.stdout);
      await until(() => !isAlive(left));
    },
  ],
  [
    'says that it could not end a command of another user, and reports how that ended',
    async (bench) => {
      const caller = asOneWhoCallsSudo();
      if (caller === undefined) {
        console.log('no program can be started as another user here: none is limited');
        return;
      }
      const { script, env } = bench.giveTo(caller.user);
      const options = ['--timeout=1s', '--kill-after=1s', '--no-start', '--no-output', bench.job];
      const command = ['sh', '-c', `${AWAIT_FILE}; exit 3`, 'sh', bench.path('gate')];
      const running = start(
        [...caller.before, ...bench.shell, script, ...options, ...caller.sudo, ...command],
        env,
      );
      const children = (): number => childrenOf(running.child.pid ?? 0).length;
      // The command, or what waits for it, and the time limit until that has given up.
      await until(() => children() === 2);
      await until(() => children() === 1);
      writeFileSync(bench.path('gate'), '');
      const ended = await running.ended;
      expect(ended.code).toBe(3);
      expect(ended.stderr).toMatch(/: --timeout: the command is of another user, [^\n]*\n$/);
      const { query } = await bench.end();
      expect([query['exit_code'], query['signal']]).toEqual(['3', undefined]);
    },
  ],
  [
    'leaves a command alone that ends in time',
    async (bench) => {
      // Longer than one part of the timer's sleep.
      const ended = await bench.run(['--timeout=1h', bench.job, 'sh', '-c', 'sleep 1.2; exit 9']);
      expect(ended.code).toBe(9);
      expect((await bench.end()).query['signal']).toBeUndefined();
      await until(() => processesNaming(`\0${bench.job}\0`) === undefined);
    },
  ],
  [
    'leaves no process beside the command when the wrapper is killed',
    async (bench) => {
      const words = ['--timeout=1h', '--beat=1h', bench.job, 'sh', '-c', 'echo $$; exec sleep 300'];
      // No pipe, whose relay has to stay as long as the command.
      const out = bench.path('out');
      const running = start(
        ['sh', '-c', 'exec "$@" >"$0" 2>&1', out, ...bench.shell, bench.script, ...words],
        bench.environment(),
      );
      const command = await until(() => {
        const text = existsSync(out) ? readFileSync(out, 'utf8') : '';
        return text.endsWith('\n') && Number(text);
      });
      await until(() => bench.kinds().includes('start'));
      expect(processesNaming(`\0${bench.job}\0`)?.length).toBeGreaterThan(2);
      running.child.kill('SIGKILL');
      await running.exited;
      // bash has one more, which waits for the command.
      const left = bench.shell[0] === 'bash' ? 1 : undefined;
      await until(() => processesNaming(`\0${bench.job}\0`)?.length === left);
      expect(isAlive(command)).toBe(true);
      process.kill(command, 'SIGKILL');
      await until(() => processesNaming(`\0${bench.job}\0`) === undefined);
    },
  ],
  [
    'reports the start and ends the command in time where the caller uses all descriptors',
    async (bench) => {
      const taken = 'exec 3>/dev/null 4>&3 5>&3 6>&3 7>&3 8>&3 9>&3; exec "$@"';
      const words = ['sh', '-c', taken, 'sh', ...bench.shell, bench.script];
      const running = start(
        [...words, bench.job, 'sh', '-c', AWAIT_FILE, 'sh', bench.path('gate')],
        bench.environment(),
      );
      await until(() => bench.kinds().includes('start'));
      writeFileSync(bench.path('gate'), '');
      expect((await running.ended).code).toBe(0);
      const limited = [...words, '--timeout=1s', `${bench.job}-limited`, 'sh', '-c', 'sleep 300 & wait'];
      expect((await start(limited, bench.environment()).ended).code).toBe(143);
      expect((await bench.end(`${bench.job}-limited`)).query['signal']).toBe('TERM');
    },
  ],
];

checkUnderEachShell(benches, cases);
