import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, checkUnderOneShell, useBenches } from './benches.ts';
import { isAlive, pathWithout, runs, SCRIPT, start, until, which } from './harness.ts';
import { spooled } from './spool-files.ts';

const benches = useBenches('around');
const { monitor, byPath } = benches;

const cases: Case[] = [
  [
    'runs the command though a token file is a FIFO, and no process can be had',
    async (bench) => {
      execFileSync('mkfifo', [bench.path('fifo')]);
      const fifo = await bench.run([bench.job, 'echo', 'ran'], {
        env: { CRONFLOW_PING_TOKEN_FILE: bench.path('fifo') },
      });
      expect([fifo.code, fifo.stdout]).toEqual([0, 'ran\n']);
      if (process.getuid?.() !== 0 || which('setpriv') === undefined || which('prlimit') === undefined)
        return;
      // bash goes on asking for a process for 15 s.
      if (bench.shell[0] === 'bash') return;
      chmodSync(bench.dir, 0o755);
      writeFileSync(bench.path('monitor.sh'), readFileSync(SCRIPT));
      chmodSync(bench.path('monitor.sh'), 0o755);
      // A value with a line break takes a process to give back, where there is one.
      const env = bench.environment({ 'spring.datasource.url': 'of\ntwo lines' });
      for (const limit of [1, 2, 3, 4, 5, 6]) {
        const words = ['setpriv', '--reuid=65533', '--clear-groups', 'prlimit', `--nproc=${limit}`];
        const script = [
          'sh',
          '-c',
          'exec "$@" 2>/dev/null',
          'sh',
          ...bench.shell,
          bench.path('monitor.sh'),
          `${bench.job}-poor`,
        ];
        const poor = await start([...words, ...script, 'printf', '%s', "it's me"], env).ended;
        expect([limit, poor.code, poor.stdout]).toEqual([limit, 0, "it's me"]);
      }
    },
  ],
  [
    'runs the command without a place for the output',
    async (bench) => {
      const ended = await bench.run([bench.job, 'sh', '-c', 'echo out; exit 5'], {
        env: { TMPDIR: '/nonexistent' },
      });
      expect(ended.code).toBe(5);
      expect(ended.stdout).toBe('out\n');
      const end = await bench.end();
      expect([end.kind, end.body.length]).toEqual(['failure', 0]);
    },
  ],
  [
    'works with closed streams, in a removed directory, and without HOME',
    async (bench) => {
      const marker = bench.path('ran');
      for (const closed of ['<&-', '>&-', '2>&-', '<&- >&- 2>&-']) {
        rmSync(marker, { force: true });
        const words = [
          'sh',
          '-c',
          `"$@" ${closed}`,
          'sh',
          ...bench.shell,
          bench.script,
          bench.job,
          'touch',
          marker,
        ];
        const ended = await start(words, bench.environment()).ended;
        expect([closed, ended.code, ended.stderr]).toEqual([closed, 0, '']);
        expect(existsSync(marker)).toBe(true);
      }
      mkdirSync(bench.path('gone'));
      const inGone = 'rmdir "$PWD"; exec "$@"';
      const words = ['sh', '-c', inGone, 'sh', ...bench.shell, bench.script, bench.job, 'echo', 'there'];
      const gone = await start(words, bench.environment(), { cwd: bench.path('gone') }).ended;
      expect(gone).toMatchObject({ code: 0, stdout: 'there\n' });
      const homeless = await bench.run([bench.job, 'true'], {
        env: { HOME: undefined, TMPDIR: undefined, CRONFLOW_SPOOL_DIR: bench.spool },
      });
      expect(homeless).toMatchObject({ code: 0, stderr: '' });
      await until(() => runs(bench.pings(), 'success').size === 6);
    },
  ],
  [
    'gives back thousands of variables whose names are no identifiers',
    async (bench) => {
      const odd = Object.fromEntries(
        Array.from({ length: 2_000 }, (_, index) => [
          `spring.${index}`,
          // One that is decoded in each hundred.
          index % 100 === 0 ? `two\nlines ${index}` : ` of * ${index}\\ `,
        ]),
      );
      const script = 'console.log(JSON.stringify(process.env))';
      const ended = await bench.run([bench.job, process.execPath, '-e', script, 'a b', '*'], { env: odd });
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      const given: unknown = JSON.parse(ended.stdout);
      expect(given).toMatchObject(odd);
    },
  ],
  [
    'finds curl by a relative PATH in the directory that it was called in',
    async (bench) => {
      pathWithout(bench.path('here/bin'), ['wget']);
      const here = byPath(bench);
      for (const path of ['bin', 'nowhere::../here/./bin:/nowhere']) {
        const ended = await here.run([here.job, 'sh', '-c', 'echo "$PATH"'], {
          cwd: bench.path('here'),
          env: { PATH: path },
        });
        expect(ended).toMatchObject({ code: 0, stdout: `${path}\n`, stderr: '' });
      }
      expect(here.kinds()).toEqual(['start', 'success', 'start', 'success']);
    },
  ],
  [
    'runs the command without curl, and keeps the pings',
    async (bench) => {
      const here = byPath(bench);
      const env = { PATH: pathWithout(here.path('bin'), ['curl', 'wget', 'setsid', 'flock']) };
      const ended = await here.run([here.job, 'sh', '-c', 'echo ran; exit 3'], { env });
      expect(ended).toMatchObject({ code: 3, stdout: 'ran\n' });
      expect(ended.stderr).toMatch(
        /^cronflow: around-\d+: neither curl nor wget is installed: pings are kept in .*\n$/,
      );
      expect(spooled(here).length).toBe(1);
      await here.run([`${here.job}-next`, 'true']);
      await until(() => monitor.stored(here.job).length === 1);
      await until(() => spooled(here).length === 0);
    },
  ],
  [
    'sweeps what a killed wrapper left, and not what one in another PID namespace is at work with',
    async (bench) => {
      const running = bench.start([bench.job, 'sh', '-c', 'echo $$; exec sleep 300']);
      const command = await until(() => Number(/^(\d+)\n/.exec(running.stdout())?.[1]) || undefined);
      await until(() => bench.kinds().includes('start'));
      const files = readdirSync(bench.tmp).filter((name) => !name.endsWith('.note'));
      expect(files.length).toBeGreaterThan(2);
      const words = ['unshare', '--pid', '--fork', '--mount-proc', ...bench.shell, bench.script];
      const elsewhere = await start([...words, `${bench.job}-elsewhere`, 'echo', 'ran'], bench.environment())
        .ended;
      if (elsewhere.code !== 0) console.log(`no PID namespace can be made here: ${elsewhere.stderr}`);
      expect(readdirSync(bench.tmp)).toEqual(expect.arrayContaining(files));
      running.child.kill('SIGKILL');
      await running.exited;
      process.kill(command, 'SIGKILL');
      await until(() => !isAlive(command));
      await bench.run([`${bench.job}-next`, 'true']);
      expect(readdirSync(bench.tmp).filter((name) => files.includes(name))).toEqual([]);
    },
  ],
];

const slow: Case[] = [
  [
    'works with the utilities of busybox alone',
    async (bench) => {
      const busybox = which('busybox');
      if (busybox === undefined) return;
      mkdirSync(bench.path('bin'));
      for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
        symlinkSync(busybox, bench.path(`bin/${applet.replaceAll('/', '_')}`));
      }
      symlinkSync(which('curl') ?? '', bench.path('bin/curl'));
      const env = { ...bench.environment(), PATH: bench.path('bin') };
      const words = [busybox, 'sh', bench.script, bench.job];
      const ended = await start([...words, 'sh', '-c', 'cat; echo err >&2; exit 3'], env, { input: 'in\n' })
        .ended;
      expect(ended).toMatchObject({ code: 3, stdout: 'in\n', stderr: 'err\n' });
      expect((await bench.end()).body.length).toBe(7);
      // Its env cannot undo that background commands ignore INT: the command gets TERM, the report says INT.
      const running = start([...words, 'sh', '-c', 'echo ready; exec sleep 300'], env);
      await until(() => running.stdout() !== '');
      running.child.kill('SIGINT');
      expect((await running.ended).code).toBe(143);
      await until(() => bench.pings().some((ping) => ping.query['signal'] === 'INT'));
    },
  ],
];

checkUnderEachShell(benches, cases);
checkUnderOneShell(benches, slow, SCRIPT);
