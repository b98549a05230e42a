import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startService } from '../acceptance/service.ts';
import { type Case, checkUnderEachShell, checkUnderOneShell, useBenches } from './benches.ts';
import {
  type Bench,
  DETAIL,
  findShells,
  pathWithout,
  type Received,
  type RunOptions,
  SCRIPT,
  start,
  until,
  which,
} from './harness.ts';

const benches = useBenches('option');
const { monitor, benchFor, byPath, patientScript } = benches;

/** Succeeds at the try whose number is $1, and says which try it is. */
const SUCCEEDS_AT = 'echo x >>tries; n=$(($(wc -l <tries))); echo "try $n"; [ $n -ge "$1" ]';

/** Waits for a file in its directory, or until that goes with a case that has failed. */
const AWAIT_GATE = 'while [ ! -e gate ] && [ -d "$PWD" ]; do sleep 0.05; done';

/** Runs the wrapper with the words before the command and with redirections that sh makes. */
function redirected(bench: Bench, redirection: string, args: readonly string[], options: RunOptions = {}) {
  const words = ['sh', '-c', `"$@" ${redirection}`, 'sh', ...bench.shell, bench.script, ...args];
  return start(words, bench.environment(options.env), { cwd: bench.dir, ...options }).ended;
}

/** The last line of what an end ping says that was printed. */
function lastLine(end: Received): string | undefined {
  return end.body.toString().trimEnd().split('\n').at(-1);
}

const retrying: Case[] = [
  [
    '--retry runs a command that fails again, as one run, with all that it printed',
    async (bench) => {
      const command = ['sh', '-c', SUCCEEDS_AT, 'sh', '3'];
      const ended = await bench.run(['--retry', '4', bench.job, ...command], { cwd: bench.dir });
      expect([ended.code, ended.stdout]).toEqual([0, 'try 1\ntry 2\ntry 3\n']);
      expect(ended.stderr).toBe(
        `cronflow: ${bench.job}: exit code 1: try 2 of 5\ncronflow: ${bench.job}: exit code 1: try 3 of 5\n`,
      );
      const end = await bench.end();
      expect(end).toMatchObject({ kind: 'success', query: { exit_code: '0' } });
      expect(end.body.toString()).toBe('try 1\ntry 2\ntry 3\n');
      await until(() => bench.pings().length === 2);
      expect(new Set(bench.pings().map((ping) => ping.query['rid'])).size).toBe(1);
    },
  ],
  [
    '--retry gives up after so many tries, and ends with the last exit code',
    async (bench) => {
      const env = { CRONFLOW_RETRY: '1', CRONFLOW_RETRY_DELAY: '1s', CRONFLOW_QUIET: '1' };
      const command = ['sh', '-c', 'echo x >>tries; exit $(($(wc -l <tries) + 4))'];
      const ended = await bench.run([bench.job, ...command], { env, cwd: bench.dir });
      expect(ended).toMatchObject({ code: 6, stderr: '' });
      const end = await bench.end();
      expect(end).toMatchObject({ kind: 'failure', query: { exit_code: '6' } });
      expect(Number(end.query['duration_ms'])).toBeGreaterThanOrEqual(1_000);
      expect(readFileSync(bench.path('tries'), 'utf8')).toBe('x\nx\n');
    },
  ],
  [
    '--retry tries again what a signal killed, and says nothing else of it',
    async (bench) => {
      const ended = await bench.run(['--retry=1', bench.job, 'sh', '-c', 'echo ran; kill -KILL $$']);
      expect(ended).toMatchObject({
        code: 137,
        stdout: 'ran\nran\n',
        stderr: `cronflow: ${bench.job}: exit code 137: try 2 of 2\n`,
      });
      expect((await bench.end()).body.toString()).toBe('ran\nran\n');
    },
  ],
  [
    '--retry tries nothing again once the wrapper was told to end, also while it waits for the next try',
    async (bench) => {
      const running = bench.start(['--retry', '5', bench.job, 'sh', '-c', 'echo ready; exec sleep 300']);
      await until(() => running.stdout());
      running.child.kill('SIGTERM');
      expect(await running.ended).toMatchObject({ code: 143, stdout: 'ready\n', stderr: '' });
      for (const [signal, code] of [
        ['SIGUSR1', 138],
        ['SIGABRT', 134],
      ] as const) {
        const words = [
          '--retry=5',
          `${bench.job}-${code}`,
          'sh',
          '-c',
          'ulimit -c 0; echo ready; exec sleep 300',
        ];
        const passed = bench.start(words);
        await until(() => passed.stdout());
        passed.child.kill(signal);
        expect(await passed.ended).toMatchObject({ code, stdout: 'ready\n', stderr: '' });
      }
      // It did not end this one.
      const handled = `trap 'echo handled; exit 3' USR1; ${SUCCEEDS_AT} 2>&1 || while :; do :; done`;
      const again = bench.start(['--retry=5', `${bench.job}-handled`, 'sh', '-c', handled, 'sh', '2'], {
        cwd: bench.dir,
      });
      await until(() => again.stdout());
      again.child.kill('SIGUSR1');
      expect(await again.ended).toMatchObject({ code: 0, stdout: 'try 1\nhandled\ntry 2\n' });
      const job = `${bench.job}-delay`;
      const words = ['--retry', '5', '--retry-delay', '10m', job, 'sh', '-c', 'echo ready; exit 7'];
      const waiting = bench.start(words);
      let said = '';
      waiting.child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await until(() => said.includes('try 2 of 6'));
      waiting.child.kill('SIGTERM');
      expect(await waiting.ended).toMatchObject({ code: 7, stdout: 'ready\n' });
      expect((await bench.end(job)).query).toMatchObject({ exit_code: '7', signal: 'TERM' });
    },
  ],
  [
    '--timeout limits all tries together, the last as well',
    async (bench) => {
      const script =
        'echo x >>tries; echo "try $(($(wc -l <tries)))"; [ -s second ] && exec sleep 300; echo x >second; exit 3';
      const ended = await bench.run(['--timeout=2s', '--retry=5', bench.job, 'sh', '-c', script], {
        cwd: bench.dir,
      });
      expect([ended.code, ended.stdout]).toEqual([143, 'try 1\ntry 2\n']);
      expect((await bench.end()).query).toMatchObject({ signal: 'TERM', exit_code: '143' });
      // A try that the limit would leave no time for is not begun.
      const late = ['--timeout=5s', '--retry=5', '--retry-delay=10m', `${bench.job}-late`];
      const none = await bench.run([...late, 'sh', '-c', 'echo once; exit 3']);
      expect([none.code, none.stdout]).toEqual([3, 'once\n']);
    },
  ],
  [
    '--timeout continues a command that has stopped itself, so that it can end well',
    async (bench) => {
      const script = 'trap "echo cleaned up; exit 3" TERM; echo ready; kill -STOP $$; sleep 300 & wait';
      const ended = await bench.run(['--timeout=1s', '--kill-after=10m', bench.job, 'sh', '-c', script]);
      expect(ended).toMatchObject({ code: 3, stdout: 'ready\ncleaned up\n', stderr: '' });
      expect((await bench.end()).query).toMatchObject({ exit_code: '3', signal: 'TERM' });
    },
  ],
];

/** A pipe for stderr that is full, and that nobody reads before the command of a case does. */
const STUCK =
  'exec 3<>stuck; dd if=/dev/zero of=stuck bs=4096 count=16 oflag=nonblock 2>/dev/null; "$@" 2>stuck 3>&-; exit';

/** Runs the wrapper with such a pipe; `read` reads it from then on, and gives what has been said so far. */
function stuck(bench: Bench, args: readonly string[]) {
  execFileSync('mkfifo', [bench.path('stuck')]);
  const words = ['sh', '-c', STUCK, 'sh', ...bench.shell, bench.script, ...args];
  const running = start(words, bench.environment(), { cwd: bench.dir });
  let said = '';
  const read = () => {
    const reader = start(['cat', 'stuck'], process.env, { cwd: bench.dir });
    reader.child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString().replaceAll('\0', '')));
    return reader.ended;
  };
  return { running, read, said: () => said };
}

const unread: Case[] = [
  [
    'a mistake in an option is said once the command runs, also where nobody reads',
    async (bench) => {
      const words = ['--bogus=1', '--retry=x', '--beat=soon', '--lock', bench.job, 'sh', '-c'];
      const { running, read, said } = stuck(bench, [...words, `echo ran; ${AWAIT_GATE}; exit 7`]);
      await until(() => running.stdout());
      const reading = read();
      await until(() => said().includes('--retry'));
      writeFileSync(bench.path('gate'), '');
      expect(await running.ended).toMatchObject({ code: 7, stdout: 'ran\n' });
      await reading;
      expect(said().match(/--bogus|--retry|--beat/g)).toEqual(['--bogus', '--beat', '--retry']);
      expect((await bench.end()).query['exit_code']).toBe('7');
    },
  ],
  [
    'what is said of each try holds up no try where nobody reads, and none of it is lost',
    async (bench) => {
      const command = `echo x >>tries; [ $(($(wc -l <tries))) -lt 4 ] || { echo last; ${AWAIT_GATE}; }; exit 7`;
      const { running, read, said } = stuck(bench, ['--retry=3', bench.job, 'sh', '-c', command]);
      await until(() => running.stdout());
      const reading = read();
      // A try that waited for a reader would have given up on the first line.
      await until(() => said().includes('try 2 of 4'));
      writeFileSync(bench.path('gate'), '');
      expect(await running.ended).toMatchObject({ code: 7, stdout: 'last\n' });
      await reading;
      expect(said().match(/try \d of 4/g)).toEqual(['try 2 of 4', 'try 3 of 4', 'try 4 of 4']);
    },
  ],
  [
    'a mistake in an option is said where no command is run, and where nothing is reported',
    async (bench) => {
      const command = ['--bogus=1', bench.job, 'touch', bench.path('ran')];
      const said = `unknown option --bogus, ignored\n`;
      for (const [args, code] of [
        [['--dry-run', ...command], 0],
        [['--bogus=1', '--help'], 0],
        [['--bogus=1', bench.job], 2],
      ] as const) {
        const ended = await bench.run(args);
        expect([args, ended.code, ended.stderr.includes(said)]).toEqual([args, code, true]);
      }
      expect(existsSync(bench.path('ran'))).toBe(false);
      const disabled = await bench.run(command, { env: { CRONFLOW_DISABLE: '1' } });
      expect([disabled.code, disabled.stderr]).toEqual([0, `cronflow: ?: ${said}`]);
      expect(existsSync(bench.path('ran'))).toBe(true);
      const holding = bench.start(['--lock', bench.job, 'sh', '-c', `echo ran; ${AWAIT_GATE}`], {
        cwd: bench.dir,
      });
      await until(() => holding.stdout());
      const skipped = await bench.run(['--lock', ...command]);
      expect(skipped.stderr).toBe(`cronflow: ?: ${said}cronflow: ${bench.job}: still running, skipped\n`);
      writeFileSync(bench.path('gate'), '');
      await holding.ended;
    },
  ],
  [
    '--dry-run runs nothing where it cannot print',
    async (bench) => {
      const args = ['--dry-run', bench.job, 'touch', bench.path('ran')];
      expect((await redirected(bench, '2>&-', args)).code).toBe(0);
      expect(existsSync(bench.path('ran'))).toBe(false);
    },
  ],
];

const judging: Case[] = [
  [
    '--success-codes says which exit codes are a success',
    async (bench) => {
      const expected: [code: number, kind: string, sent: string | undefined, note: string | undefined][] = [
        [24, 'success', undefined, 'cronflow: exit code 24 counts as a success (--success-codes)'],
        [5, 'failure', '5', 'out'],
        [0, 'success', '0', 'out'],
      ];
      for (const [code, kind, sent, note] of expected) {
        const job = `${bench.job}-${code}`;
        const ended = await bench.run(['--success-codes', '0,24', job, 'sh', '-c', `echo out; exit ${code}`]);
        expect(ended).toMatchObject({ code, stdout: 'out\n', stderr: '' });
        const end = await bench.end(job);
        expect([end.kind, end.query['exit_code'], lastLine(end)]).toEqual([kind, sent, note]);
      }
      const env = { CRONFLOW_SUCCESS_CODES: '3', CRONFLOW_NO_OUTPUT: '1' };
      expect((await bench.run([bench.job, 'true'], { env })).code).toBe(0);
      const end = await bench.end();
      expect([end.kind, end.query['exit_code'], lastLine(end)]).toEqual([
        'failure',
        undefined,
        'cronflow: exit code 0 counts as a failure (--success-codes)',
      ]);
      const tried = await bench.run([
        '--retry=2',
        '--success-codes=0,24',
        `${bench.job}-tried`,
        'sh',
        '-c',
        'echo x; exit 24',
      ]);
      expect([tried.code, tried.stdout]).toEqual([24, 'x\n']);
    },
  ],
  [
    '--success-codes that is no list of codes is reported, and the exit code decides',
    async (bench) => {
      const ended = await bench.run(['--success-codes=0,x', bench.job, 'sh', '-c', 'exit 24']);
      expect(ended.code).toBe(24);
      expect(ended.stderr).toContain("--success-codes: '0,x' is not a list such as 0,24");
      expect(await bench.end()).toMatchObject({ kind: 'failure', query: { exit_code: '24' } });
    },
  ],
  [
    '--stderr-is-failure reports a failure where anything was written to stderr, wherever it goes',
    async (bench) => {
      const places = ['', '2>&1', '2>err', '>both 2>&1', '>both2 2>>both2', '2>/dev/null', '>/dev/null 2>&1'];
      for (const [index, place] of places.entries()) {
        for (const [wrote, script] of [
          [true, 'echo out; echo oops >&2'],
          [false, 'echo out'],
        ] as const) {
          const job = `${bench.job}-${index}-${wrote ? 'wrote' : 'silent'}`;
          const ended = await redirected(bench, place, ['--stderr-is-failure', job, 'sh', '-c', script]);
          const end = await bench.end(job);
          const seen = [ended.code, end.kind, end.query['exit_code']];
          expect([place, wrote, ...seen]).toEqual(
            wrote ? [place, true, 0, 'failure', undefined] : [place, false, 0, 'success', '0'],
          );
          if (wrote) expect(lastLine(end)).toBe('cronflow: it wrote to stderr (--stderr-is-failure)');
        }
      }
      expect(readFileSync(bench.path('err'), 'utf8')).toBe('');
      for (const name of ['both', 'both2']) expect(readFileSync(bench.path(name), 'utf8')).toBe('out\n');
    },
  ],
  [
    '--stderr-is-failure does not count what the wrapper itself says between two tries',
    async (bench) => {
      for (const [index, place] of ['', '2>err', '>>both 2>>both', '2>&1'].entries()) {
        const job = `${bench.job}-${index}`;
        const options = ['--stderr-is-failure', '--retry=1', '--retry-delay=0s', job];
        const script = '[ -e "$0" ] || { : >"$0"; exit 3; }';
        const ended = await redirected(bench, place, [
          ...options,
          'sh',
          '-c',
          script,
          bench.path(`tried-${index}`),
        ]);
        const end = await bench.end(job);
        expect([place, ended.code, end.kind]).toEqual([place, 0, 'success']);
      }
      expect(readFileSync(bench.path('err'), 'utf8')).toMatch(/: try 2 of 2\n$/);
    },
  ],
  [
    '--output-on-failure prints nothing of a success, and all of a failure',
    async (bench) => {
      const script = 'echo out; echo err >&2; echo out again; exit "$1"';
      const well = await bench.run([
        '--output-on-failure',
        `${bench.job}-well`,
        'sh',
        '-c',
        script,
        'sh',
        '0',
      ]);
      expect(well).toMatchObject({ code: 0, stdout: '', stderr: '' });
      expect((await bench.end(`${bench.job}-well`)).body.toString()).toBe('out\nerr\nout again\n');
      const env = { CRONFLOW_OUTPUT_ON_FAILURE: 'yes' };
      const badly = await bench.run([bench.job, 'sh', '-c', script, 'sh', '4'], { env });
      expect(badly).toMatchObject({ code: 4, stdout: 'out\nerr\nout again\n', stderr: '' });
      expect((await bench.end()).body.toString()).toBe('out\nerr\nout again\n');
      const words = ['--output-on-failure', '--stderr-is-failure', `${bench.job}-err`];
      const wrote = await bench.run([...words, 'sh', '-c', script, 'sh', '0']);
      // The two are held apart, so the order between them is not kept.
      expect(wrote.stdout.split('\n').toSorted()).toEqual(['', 'err', 'out', 'out again']);
      expect((await bench.end(`${bench.job}-err`)).kind).toBe('failure');
    },
  ],
  [
    '--output-on-failure fails where a failure can be printed to nobody',
    async (bench) => {
      const held = await redirected(bench, '>/dev/full', [
        '--output-on-failure',
        bench.job,
        'sh',
        '-c',
        'echo out; exit 4',
      ]);
      expect(held.code).toBe(4);
      expect((await bench.end()).query['exit_code']).toBe('4');
    },
  ],
];

const telling: Case[] = [
  [
    '--beat sends log pings of the run while it lasts',
    async (bench) => {
      const running = bench.start(['--beat', '1s', bench.job, 'sh', '-c', AWAIT_GATE], { cwd: bench.dir });
      const beats = () => bench.pings().filter((ping) => ping.kind === 'log');
      await until(() => beats().length >= 2);
      writeFileSync(bench.path('gate'), '');
      expect((await running.ended).code).toBe(0);
      await until(() => bench.kinds().includes('success'));
      expect(new Set(bench.pings().map((ping) => ping.query['rid'])).size).toBe(1);
      expect(beats()[0]?.body.length).toBe(0);
    },
  ],
  [
    '--env is told with the host',
    async (bench) => {
      await bench.run(['--env', 'prod eu', bench.job, 'true']);
      expect((await bench.end()).query['host']).toMatch(/^\S+ \[prod eu\]$/);
      await bench.run([`${bench.job}-variable`, 'true'], { env: { CRONFLOW_ENV: 'ü&x' } });
      expect((await bench.end(`${bench.job}-variable`)).query['host']).toMatch(/^\S+ \[ü&x\]$/);
    },
  ],
  [
    '--no-start sends the end alone',
    async (bench) => {
      await bench.run(['--no-start', bench.job, 'true']);
      await bench.run([bench.job, 'false'], { env: { CRONFLOW_NO_START: 'on' } });
      expect(bench.kinds()).toEqual(['success', 'failure']);
    },
  ],
  [
    '--schedule declares the job before its start, and --grace goes with it',
    async (bench) => {
      const env = { CRONFLOW_PING_TOKEN: 'may-declare' };
      const words = ['--schedule', '0 2 * * "1"', '--grace=10m', bench.job];
      expect(await bench.run([...words, 'true'], { env })).toMatchObject({ code: 0, stderr: '' });
      const pings = await until(() => (bench.pings().length === 3 ? bench.pings() : undefined));
      const [declared, started, ended] = pings;
      expect(ended?.kind).toBe('success');
      expect(declared).toMatchObject({ method: 'PUT', kind: '', authorization: 'Bearer may-declare' });
      expect(started?.kind).toBe('start');
      expect(JSON.parse(declared?.body.toString() ?? '')).toEqual({ schedule: '0 2 * * "1"', grace: '10m' });
      expect(bench.kinds().filter((kind) => kind === 'start')).toHaveLength(1);
      const job = `${bench.job}-declared`;
      await bench.run(['--no-start', job, 'true'], { env: { CRONFLOW_SCHEDULE: '@daily' } });
      await until(() => monitor.of(job).length === 2);
      expect(
        monitor
          .of(job)
          .map(({ method, kind }) => `${method} ${kind}`)
          .toSorted(),
      ).toEqual(['POST success', 'PUT ']);
    },
  ],
  [
    '--schedule that is not taken is reported, and the command runs',
    async (bench) => {
      monitor.answer(bench.job, ({ method }) => (method === 'PUT' ? 404 : 200));
      const words = ['--schedule=@daily', bench.job, 'sh', '-c', `${AWAIT_GATE}; echo ran; exit 3`];
      const running = bench.start(words, { cwd: bench.dir });
      await until(() => bench.kinds().includes('start'));
      writeFileSync(bench.path('gate'), '');
      expect(await running.ended).toMatchObject({
        code: 3,
        stdout: 'ran\n',
        stderr: `cronflow: ${bench.job}: --schedule: the monitor did not take the declaration: 404 ${DETAIL}\n`,
      });
    },
  ],
  [
    'the end of a short command waits for its declaration and its start',
    async (bench) => {
      const declare: ((status: number) => void)[] = [];
      const declared = new Promise<number>((resolve) => void declare.push(resolve));
      let isDeclared = false;
      monitor.answer(bench.job, ({ method }) => (method === 'PUT' ? declared : isDeclared ? 200 : 404));
      const command = 'echo ran >ran; exit 3';
      const running = bench.start(['--schedule=@daily', bench.job, 'sh', '-c', command], { cwd: bench.dir });
      await until(() => bench.pings().length > 0 && existsSync(bench.path('ran')));
      isDeclared = true;
      declare[0]?.(201);
      expect(await running.ended).toMatchObject({ code: 3, stderr: '' });
      expect(bench.kinds()).toEqual(['', 'start', 'failure']);
    },
  ],
  [
    'CRONFLOW_JOB names the job where -- stands before the command and no JOB before it',
    async (bench) => {
      const env = { CRONFLOW_JOB: bench.job };
      const ended = await bench.run(['--no-start', '--', 'sh', '-c', 'echo "$CRONFLOW_JOB"; exit 3'], {
        env,
      });
      expect(ended).toMatchObject({ code: 3, stdout: `${bench.job}\n` });
      expect(bench.kinds()).toEqual(['failure']);
      await bench.run(['--no-start', `${bench.job}-named`, '--', 'true'], { env });
      expect(monitor.of(`${bench.job}-named`)).toHaveLength(1);
      expect(bench.kinds()).toHaveLength(1);
      const none = await bench.run(['--', 'true']);
      expect(none.code).toBe(2);
      expect(none.stderr).toContain('usage: monitor.sh');
    },
  ],
  [
    'CRONFLOW_END_WAIT limits the wait for a monitor that hangs',
    async (bench) => {
      monitor.answer(bench.job, () => 'hang');
      const ended = await bench.run([bench.job, 'sh', '-c', 'exit 3'], { env: { CRONFLOW_END_WAIT: '1s' } });
      expect(ended.code).toBe(3);
      expect(ended.stderr).toMatch(/: no answer from the monitor: pings are kept in /);
      const odd = await bench.run([`${bench.job}-odd`, 'true'], { env: { CRONFLOW_END_WAIT: 'soon' } });
      expect(odd).toMatchObject({ code: 0 });
      expect(odd.stderr).toContain("CRONFLOW_END_WAIT: 'soon' is not a duration");
    },
  ],
  [
    'wget is used where there is no curl',
    async (bench) => {
      if (which('wget') === undefined) {
        console.log('wget is not installed: the wrapper is not tested with it');
        return;
      }
      const here = byPath(bench);
      const env = { PATH: pathWithout(here.path('bin'), ['curl']), CRONFLOW_PING_TOKEN: 'of "wget"' };
      const ended = await here.run(['--schedule', '@daily', here.job, 'sh', '-c', 'echo out; exit 3'], {
        env,
      });
      expect(ended).toMatchObject({ code: 3, stdout: 'out\n', stderr: '' });
      await until(() => here.pings().length === 3);
      expect(here.pings().map(({ authorization }) => authorization)).toEqual(
        Array(3).fill('Bearer of "wget"'),
      );
      const failure = here.pings().find(({ kind }) => kind === 'failure');
      expect([failure?.body.toString(), failure?.query['exit_code']]).toEqual(['out\n', '3']);
      monitor.answer(`${here.job}-refused`, () => 404);
      const refused = await here.run(['--no-start', `${here.job}-refused`, 'true'], { env });
      expect(refused.stderr).toBe(
        `cronflow: ${here.job}-refused: the monitor refused the ping: 404 ${DETAIL}\n`,
      );
    },
  ],
  [
    'wget sends the start also where the command is over first',
    async (bench) => {
      const wget = which('wget');
      if (wget === undefined) return;
      const here = byPath(bench);
      const PATH = pathWithout(here.path('bin'), ['curl', 'wget']);
      // The start is held back until the wrapper has ended.
      const gate = here.path('gate');
      writeFileSync(
        here.path('bin/wget'),
        `#!/bin/sh\ncase "$*" in *"/start?"*) while [ ! -e '${gate}' ]; do sleep 0.02; done ;; esac\nexec '${wget}' "$@"\n`,
        { mode: 0o755 },
      );
      const ended = await here.run([here.job, 'true'], { env: { PATH, CRONFLOW_END_WAIT: '0' } });
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(here.kinds()).toEqual([]);
      writeFileSync(gate, '');
      await until(() => here.kinds().includes('start'));
      await until(() => readdirSync(here.tmp).length === 0);
    },
  ],
];

/** These wait for limits of the wrapper itself, so each runs under one shell only. */
const slow: Case[] = [
  [
    'a declaration that met no answer at the start is made up for, and the start is sent once it is taken',
    async (bench) => {
      let isDeclared = false;
      monitor.answer(bench.job, ({ method }) => {
        if (method !== 'PUT') return isDeclared ? 200 : 404;
        // The first is the start's.
        isDeclared = bench.pings().length > 0;
        return isDeclared ? 201 : 503;
      });
      const words = ['--schedule=@daily', bench.job, 'sh', '-c', AWAIT_GATE];
      const running = bench.start(words, { cwd: bench.dir });
      await until(() => bench.pings().some(({ kind, status }) => kind === 'start' && status === 200));
      writeFileSync(bench.path('gate'), '');
      expect(await running.ended).toMatchObject({ code: 0 });
      expect(monitor.stored(bench.job).map(({ kind }) => kind)).toEqual(['start', 'success']);
      expect(bench.pings().filter(({ method }) => method === 'PUT')).toHaveLength(2);
    },
  ],
];

checkUnderEachShell(benches, [...retrying, ...unread, ...judging, ...telling]);
checkUnderOneShell(benches, slow, patientScript);

describe('options of monitor.sh and the service itself', () => {
  test('--schedule declares a job that the service then expects, and leaves a job of a file alone', async () => {
    const service = await startService(
      'jobs:\n  of-file:\n    schedule: "0 3 * * *"\n',
      'http://127.0.0.1:9',
    );
    try {
      const bench = benchFor(findShells()[0]?.shell ?? ['sh'], SCRIPT);
      const env = { CRONFLOW_URL: service.url };
      chmodSync(bench.dir, 0o755);
      const words = ['--schedule', '30 2 * * *', '--grace', '10m'];
      const declared = await bench.run([...words, 'of-wrapper', 'true'], { env });
      expect(declared).toMatchObject({ code: 0, stderr: '' });
      const job = await service.get<{ schedule: unknown }>('/jobs/of-wrapper');
      expect(JSON.stringify(job)).toContain('30 2 * * *');
      const told = 'until [ -s "$TMPDIR"/cronflow-run-*.note ]; do sleep 0.05; done';
      const ended = await bench.run([...words, 'of-file', 'sh', '-c', told], { env });
      expect(ended.stderr).toContain('--schedule: the job is declared in a file, which counts');
      expect(JSON.stringify(await service.get('/jobs/of-file'))).not.toContain('30 2 * * *');
    } finally {
      await service.stop();
    }
  });
});
