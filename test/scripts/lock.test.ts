import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { isAlive, pathWithout, start, until, AWAIT_FILE, which } from './harness.ts';
import { asOneWhoCallsSudo } from './processes.ts';

const benches = useBenches('lock');
const { monitor, byPath } = benches;

/** With `flock` as it is, without it, or with one that ends with a code. */
function skipsWhileHeld(how: string, flock: 'as it is' | 'missing' | number): Case {
  return [
    `skips the command while the lock is held, ${how}`,
    async (bench) => {
      const env = flock === 'as it is' ? {} : { PATH: pathWithout(bench.path('bin'), ['flock']) };
      if (typeof flock === 'number')
        writeFileSync(bench.path('bin/flock'), `#!/bin/sh\nexit ${flock}\n`, { mode: 0o755 });
      const here = byPath(bench);
      const holder = here.start(
        ['--lock', here.job, 'sh', '-c', `echo held; ${AWAIT_FILE}`, 'sh', here.path('gate')],
        {
          env,
        },
      );
      await until(() => holder.stdout() !== '');
      const skipped = await here.run([here.job, 'touch', here.path('ran')], {
        env: { ...env, CRONFLOW_LOCK: '1' },
      });
      expect(skipped).toMatchObject({ code: 0, stdout: '' });
      expect(skipped.stderr).toMatch(/^cronflow: lock-\d+: still running, skipped\n$/);
      expect(existsSync(here.path('ran'))).toBe(false);
      await until(() => here.kinds().includes('skip'));
      const other = await here.run(['--lock', `${here.job}-other`, 'echo', 'ran'], { env });
      expect(other.stdout).toBe('ran\n');
      writeFileSync(here.path('gate'), '');
      expect((await holder.ended).code).toBe(0);
      expect((await here.run(['--lock', here.job, 'echo', 'ran'], { env })).stdout).toBe('ran\n');
    },
  ];
}

const cases: Case[] = [
  skipsWhileHeld('by flock', 'as it is'),
  skipsWhileHeld('without flock', 'missing'),
  // As it ends where the disk gives no locks.
  ...[65, 69, 71].map((code) => skipsWhileHeld(`where flock ends with ${code}`, code)),
  [
    'leaves the lock to the command when the wrapper is killed, and takes it once that has ended',
    async (bench) => {
      const without = { PATH: pathWithout(bench.path('bin'), ['flock']) };
      for (const env of [{}, without]) {
        const here = byPath(bench);
        const holder = here.start(['--lock', here.job, 'sh', '-c', 'echo $$; exec sleep 300'], { env });
        const command = await until(() => Number(/^(\d+)\n/.exec(holder.stdout())?.[1]) || undefined);
        // Without flock the lock is handed on just after the command has begun.
        const lock = join(here.spool, 'locks', `${here.job}.lock`);
        if ('PATH' in env) await until(() => readFileSync(lock, 'utf8').startsWith(`${command} `));
        holder.child.kill('SIGKILL');
        await holder.exited;
        const beside = await here.run(['--lock', here.job, 'echo', 'ran'], { env });
        expect(beside.stdout).toBe('');
        process.kill(command, 'SIGKILL');
        await until(() => !isAlive(command));
        const after = await here.run(['--lock', here.job, 'echo', 'ran'], { env });
        expect(after.stdout).toBe('ran\n');
      }
    },
  ],
  [
    'neither reports an end nor lets go of the lock when a command kills its parent and goes on',
    async (bench) => {
      const without = { PATH: pathWithout(bench.path('bin'), ['flock']) };
      for (const [env, job] of [
        [{}, bench.job],
        [without, `${bench.job}-link`],
      ] as const) {
        const here = byPath(bench);
        const kinds = () => monitor.of(job).map((ping) => ping.kind);
        const script = `echo $$; ${AWAIT_FILE}; kill -9 $PPID; exec sleep 300`;
        const words = ['--lock', '--retry=2', job, 'sh', '-c', script, 'sh', here.path('gate')];
        const holder = here.start(words, { env });
        const command = await until(() => Number(/^(\d+)\n/.exec(holder.stdout())?.[1]) || undefined);
        await until(() => kinds().includes('start'));
        // Without flock the lock is handed on just after the command has begun.
        const lock = join(here.spool, 'locks', `${job}.lock`);
        if ('PATH' in env) await until(() => readFileSync(lock, 'utf8').startsWith(`${command} `));
        writeFileSync(here.path('gate'), '');
        expect(await holder.exited).toBe('SIGKILL');
        expect((await here.run(['--lock', job, 'echo', 'ran'], { env })).stdout).toBe('');
        expect(kinds()).toEqual(['start', 'skip']);
        process.kill(command, 'SIGKILL');
        expect((await holder.ended).stdout).toBe(`${command}\n`);
        await until(() => !isAlive(command));
        expect((await here.run(['--lock', job, 'echo', 'ran'], { env })).stdout).toBe('ran\n');
      }
    },
  ],
  [
    'runs without a lock, and says so, where there is no flock and the owner is in another PID namespace',
    async (bench) => {
      const here = byPath(bench);
      const env = { PATH: pathWithout(here.path('bin'), ['flock']) };
      const unshare = [which('unshare') ?? '', '--pid', '--fork', '--mount-proc', '--kill-child'];
      if ((await start([...unshare, 'true'], here.environment()).ended).code !== 0) {
        console.log('no PID namespace can be made here: a lock is not held from one');
        return;
      }
      const command = ['sh', '-c', `echo held; ${AWAIT_FILE}`, 'sh', here.path('gate')];
      const words = [...unshare, ...here.shell, here.script, '--lock', here.job, ...command];
      const holder = start(words, here.environment(env));
      await until(() => holder.stdout() !== '');
      const lock = join(here.spool, 'locks', `${here.job}.lock`);
      const beside = await here.run(['--lock', here.job, 'echo', 'ran'], { env });
      expect(beside).toMatchObject({ code: 0, stdout: 'ran\n' });
      expect(beside.stderr).toMatch(
        /: no lock, so another run may start beside this one: \S+\.lock is held from another PID namespace/,
      );
      // It is left to who holds it.
      expect(existsSync(lock)).toBe(true);
      writeFileSync(here.path('gate'), '');
      expect((await holder.ended).code).toBe(0);
      expect(existsSync(lock)).toBe(false);
      expect(await here.run(['--lock', here.job, 'echo', 'ran'], { env })).toMatchObject({ stderr: '' });
    },
  ],
  [
    'sees without flock that a command of another user still runs, and sends its start again',
    async (bench) => {
      const here = byPath(bench);
      const caller = asOneWhoCallsSudo();
      if (caller === undefined) {
        console.log('no program can be started as another user here: no lock is held by one');
        return;
      }
      monitor.answer(here.job, ({ kind }) => (kind === 'start' && here.pings().length === 0 ? 503 : 200));
      const { script, env } = here.giveTo(caller.user, { PATH: pathWithout(here.path('bin'), ['flock']) });
      const wrapper = [...caller.before, ...here.shell, script, '--lock', here.job];
      const command = ['sh', '-c', `echo $$; ${AWAIT_FILE}`, 'sh', here.path('gate')];
      const holder = start([...wrapper, ...caller.sudo, ...command], env);
      const pid = await until(() => Number(/^(\d+)\n/.exec(holder.stdout())?.[1]) || undefined);
      const lock = join(env['CRONFLOW_SPOOL_DIR'] ?? '', 'locks', `${here.job}.lock`);
      await until(() => readFileSync(lock, 'utf8').startsWith(`${pid} `));
      const beside = await start([...wrapper, 'echo', 'ran'], env).ended;
      expect(beside).toMatchObject({ code: 0, stdout: '' });
      expect(beside.stderr).toMatch(/: still running, skipped\n$/);
      await until(() => monitor.stored(here.job).some(({ kind }) => kind === 'start'));
      writeFileSync(here.path('gate'), '');
      expect((await holder.ended).code).toBe(0);
      expect((await start([...wrapper, 'echo', 'ran'], env).ended).stdout).toBe('ran\n');
    },
  ],
  [
    'releases a lock around it though its start is still being sent',
    async (bench) => {
      const release: ((status: number) => void)[] = [];
      const later = new Promise<number>((resolve) => void release.push(resolve));
      monitor.answer(bench.job, ({ kind }) => (kind === 'start' ? later : 200));
      const lock = ['flock', '-n', '-E', '99', bench.path('lock')];
      const env = bench.environment({ CRONFLOW_END_WAIT: '0' });
      const run = (...command: string[]) => start([...lock, ...command], env);
      const wrapper = [...bench.shell, bench.script, bench.job];
      const running = run(...wrapper, 'sh', '-c', AWAIT_FILE, 'sh', bench.path('gate'));
      await until(() => bench.kinds().includes('start'));
      expect(await run('true').exited).toBe(99);
      writeFileSync(bench.path('gate'), '');
      expect(await running.exited).toBe(0);
      expect(await run('true').exited).toBe(0);
      expect(monitor.stored(bench.job)).toEqual([]);
      release[0]!(200);
      // The end is sent by the retry.
      await until(() => monitor.stored(bench.job).length === 2);
    },
  ],
];

checkUnderEachShell(benches, cases);
