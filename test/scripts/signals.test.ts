import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { isAlive, until } from './harness.ts';

const benches = useBenches('signal');

function forwards(signal: NodeJS.Signals, code: number): Case {
  return [
    `forwards ${signal} and reports it by name`,
    async (bench) => {
      const running = bench.start([bench.job, 'sh', '-c', 'echo ready; exec sleep 300']);
      await until(() => running.stdout());
      running.child.kill(signal);
      expect(await running.ended).toMatchObject({ code, stderr: '' });
      const end = await bench.end();
      expect(end.kind).toBe('failure');
      expect(end.query).toMatchObject({ signal: signal.slice(3), exit_code: String(code) });
      expect(end.body.toString()).toBe('ready\n');
    },
  ];
}

const cases: Case[] = [
  forwards('SIGTERM', 143),
  forwards('SIGHUP', 129),
  forwards('SIGINT', 130),
  forwards('SIGQUIT', 131),
  forwards('SIGUSR1', 138),
  forwards('SIGALRM', 142),
  [
    'forwards a signal that comes together with CONT, as timeout sends it',
    async (bench) => {
      for (let turn = 0; turn < 5; turn += 1) {
        const running = bench.start(['--no-start', bench.job, 'sh', '-c', 'echo ready; exec sleep 300']);
        await until(() => running.stdout());
        running.child.kill('SIGTERM');
        running.child.kill('SIGCONT');
        expect((await running.ended).code).toBe(143);
      }
    },
  ],
  [
    'signals the whole group of the command',
    async (bench) => {
      const running = bench.start([bench.job, 'sh', '-c', 'sleep 300 & echo $!; wait']);
      const grandchild = await until(() => Number(/^(\d+)\n/.exec(running.stdout())?.[1]) || undefined);
      running.child.kill('SIGTERM');
      expect((await running.ended).code).toBe(143);
      await until(() => !isAlive(grandchild));
    },
  ],
  [
    'waits for a command that cleans up, and ends with its code',
    async (bench) => {
      const script = `trap 'echo cleaning; exit 0' TERM; echo ready; while :; do sleep 0.05; done`;
      const running = bench.start([bench.job, 'sh', '-c', script]);
      await until(() => running.stdout() !== '');
      running.child.kill('SIGTERM');
      expect(await running.ended).toMatchObject({ code: 0, stdout: 'ready\ncleaning\n' });
      const end = await bench.end();
      expect(end.kind).toBe('success');
      expect(end.query['signal']).toBeUndefined();
    },
  ],
];

checkUnderEachShell(benches, cases);
