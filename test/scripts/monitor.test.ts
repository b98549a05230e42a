import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Case, useBenches } from './benches.ts';
import {
  Bench,
  DETAIL,
  findShells,
  isAlive,
  Monitor,
  pathWithout,
  type Received,
  SCRIPT,
  type Shell,
  start,
  statOf,
  until,
  which,
} from './harness.ts';
import { LocalServer } from './local-server.ts';

const { monitor, patientScript, benchFor, benches } = useBenches('job');
const shells = findShells();

/** Prints its arguments, exactly. */
const PRINT_ARGS = ['node', '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--'];

/** Waits for the file named by $1, or until its directory goes with a case that has failed. */
const AWAIT_FILE = 'while [ ! -e "$1" ] && [ -d "${1%/*}" ]; do sleep 0.05; done';

/** A PATH, set by a case, that the shell itself need not be found on. */
function shellByPath(shell: Shell): Shell {
  return [which(shell[0] ?? '') ?? '', ...shell.slice(1)];
}

const URL_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~:/?#[]@!$&()*+,;=%';

/** The directory in the spool of what is for one monitor: by two checksums of its URL. */
function urlDirectory(bench: Bench, url = monitor.url): string {
  const sums = [31, 127].map((factor) =>
    Array.from(url).reduce(
      (sum, character) => (sum * factor + URL_CHARACTERS.indexOf(character)) % 16_777_213,
      1,
    ),
  );
  return join(bench.spool, sums.join('-'));
}

/** Leaves a ping in the spool as a wrapper whose monitor was away does. */
function leaveInSpool(bench: Bench, atMs: number, rid: string, text?: string): void {
  const directory = urlDirectory(bench);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ping = `/jobs/${bench.job}/success\nrid=${rid}&host=web1\n${atMs}\n100\n-\n`;
  writeFileSync(join(directory, `${atMs}-${rid}-success.ping`), text ?? ping);
  writeFileSync(join(directory, `${atMs}-${rid}-success.body`), `output of ${rid}`);
}

function spooled(bench: Bench, suffix = '.ping'): string[] {
  if (!existsSync(bench.spool)) return [];
  const names = readdirSync(bench.spool, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(suffix));
}

/** The runs that the pings of a kind speak of: a ping whose answer came too late is sent again. */
function runs(pings: readonly Received[], kind: string): Set<string | undefined> {
  return new Set(pings.filter((ping) => ping.kind === kind).map((ping) => ping.query['rid']));
}

const passing: Case[] = [
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
    'passes stdin and both outputs through byte for byte, and keeps the tail',
    async (bench) => {
      const input = randomBytes(300_000);
      const ended = await bench.run([bench.job, 'sh', '-c', 'cat; printf "%b" "\\0\\0377" >&2'], { input });
      expect(ended.bytes.equals(input)).toBe(true);
      const end = await bench.end();
      expect(end.body.length).toBe(10_000);
      const alone = await bench.run([`${bench.job}-alone`, 'cat'], {
        input,
        env: { CRONFLOW_OUTPUT_BYTES: '77' },
      });
      expect(alone.bytes.equals(input)).toBe(true);
      const last = await bench.end(`${bench.job}-alone`);
      expect(last.body.equals(input.subarray(-77))).toBe(true);
    },
  ],
  [
    'hands on a file as it is, and sends what this run wrote to it',
    async (bench) => {
      const log = bench.path('log');
      writeFileSync(log, 'of an earlier run\n');
      const script = 'readlink /proc/self/fd/1; head -c 20000 /dev/zero | tr "\\0" x; echo err >&2';
      const words = ['sh', '-c', '"$@" >>"$0" 2>&1', log, ...bench.shell, bench.script];
      await start([...words, bench.job, 'sh', '-c', script], bench.environment()).ended;
      const wrote = readFileSync(log, 'utf8').slice('of an earlier run\n'.length);
      expect(wrote).toBe(`${log}\n${'x'.repeat(20_000)}err\n`);
      const end = await bench.end();
      expect(end.body.toString()).toBe(wrote.slice(-10_000));
      expect(end.query['output_dropped_bytes']).toBe(String(wrote.length - 10_000));
      expect(end.query['captured']).toBeUndefined();
    },
  ],
  [
    'says that nothing was captured where the output goes to a device',
    async (bench) => {
      const words = ['sh', '-c', '"$@" >/dev/null 2>&1', 'sh', ...bench.shell, bench.script];
      await start([...words, bench.job, 'echo', 'out'], bench.environment()).ended;
      expect((await bench.end()).query['captured']).toBe('false');
    },
  ],
  [
    'delivers all that was written, in order, however slow the reader',
    async (bench) => {
      const words = ['sh', '-c', '"$@" | (sleep 3; cksum)', 'sh', ...bench.shell, bench.script];
      const ended = await start([...words, bench.job, 'seq', '1', '20000'], bench.environment()).ended;
      const expected = execFileSync('sh', ['-c', 'seq 1 20000 | cksum'], { encoding: 'utf8' });
      expect(ended.stdout).toBe(expected);
    },
  ],
  [
    'ends a command whose reader left, also where SIGPIPE is ignored',
    async (bench) => {
      const words = ['sh', '-c', `trap '' PIPE; "$@" | head -1`, 'sh', ...bench.shell, bench.script];
      const ended = await start([...words, bench.job, 'yes'], bench.environment()).ended;
      expect(ended.stdout).toBe('y\n');
      expect((await bench.end()).kind).toBe('failure');
    },
  ],
  [
    'fails a command whose output could not be written',
    async (bench) => {
      const words = ['sh', '-c', '"$@" >/dev/full', 'sh', ...bench.shell, bench.script];
      const ended = await start(
        [...words, bench.job, 'head', '-c', '300000', '/dev/zero'],
        bench.environment(),
      ).ended;
      expect(ended.code).toBe(1);
      expect((await bench.end()).kind).toBe('failure');
      // Accepted by a pipe of ours, and refused by the one it was for.
      const late = [
        'bash',
        '-c',
        '"$@" | sleep 1; exit "${PIPESTATUS[0]}"',
        'sh',
        ...bench.shell,
        bench.script,
      ];
      const command = ['head', '-c', '100000', '/dev/zero'];
      const lost = await start([...late, `${bench.job}-late`, ...command], bench.environment()).ended;
      expect(lost.code).not.toBe(0);
      expect((await bench.end(`${bench.job}-late`)).kind).toBe('failure');
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
    'keeps the order of stdout and stderr that go to one place',
    async (bench) => {
      const script = 'i=0; while [ $i -lt 200 ]; do echo "o$i"; echo "e$i" >&2; i=$((i+1)); done';
      const both = start(
        ['sh', '-c', '"$@" 2>&1', 'sh', ...bench.shell, bench.script, bench.job, 'sh', '-c', script],
        bench.environment(),
      );
      const expected = Array.from({ length: 200 }, (_, index) => `o${index}\ne${index}\n`).join('');
      expect((await both.ended).stdout).toBe(expected);
      expect((await bench.end()).body.toString()).toBe(expected);
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
    'reads the token from a file',
    async (bench) => {
      writeFileSync(bench.path('token'), 'from-a-file\n');
      await bench.run([bench.job, 'true'], { env: { CRONFLOW_PING_TOKEN_FILE: bench.path('token') } });
      expect((await bench.end()).authorization).toBe('Bearer from-a-file');
    },
  ],
  [
    'ends the pipe of a reader that goes away',
    async (bench) => {
      const running = bench.start([bench.job, 'sh', '-c', 'while echo y; do sleep 0.02; done']);
      await until(() => running.stdout().length > 0);
      running.child.stdout?.destroy();
      expect(await running.exited).toBe(141);
      expect((await bench.end()).query['signal']).toBe('PIPE');
    },
  ],
  [
    'relays by tee where there is no perl, and where perl does not work',
    async (bench) => {
      const here = new Bench(shellByPath(bench.shell), monitor, bench.job, bench.script);
      benches.push(here);
      const input = randomBytes(300_000);
      const without = pathWithout(here.path('without'), []);
      const broken = pathWithout(here.path('broken'), []);
      writeFileSync(join(broken, 'perl'), '#!/bin/sh\nexit 2\n', { mode: 0o755 });
      for (const [path, captured] of [
        [without, input.subarray(-10_000)],
        [broken, undefined],
      ] as const) {
        const job = `${here.job}-${path === broken ? 'broken' : 'without'}`;
        const ended = await here.run([job, 'cat'], { input, env: { PATH: path } });
        expect(ended.code).toBe(0);
        expect(ended.bytes.equals(input)).toBe(true);
        const { body } = await here.end(job);
        if (captured !== undefined) expect(body.equals(captured)).toBe(true);
        const words = ['sh', '-c', `"$@" | head -1`, 'sh', ...here.shell, here.script];
        const left = await start([...words, `${job}-left`, 'yes'], here.environment({ PATH: path })).ended;
        expect(left.stdout).toBe('y\n');
        expect((await here.end(`${job}-left`)).query['signal']).toBe('PIPE');
      }
    },
  ],
  [
    'relays a pipe where no file may grow',
    async (bench) => {
      const words = ['sh', '-c', 'ulimit -f 0; "$@" | cksum', 'sh', ...bench.shell, bench.script];
      const ended = await start([...words, bench.job, 'seq', '1', '20000'], bench.environment()).ended;
      const expected = execFileSync('sh', ['-c', 'seq 1 20000 | cksum'], { encoding: 'utf8' });
      expect(ended.stdout).toBe(expected);
    },
  ],
  [
    'does not wait for a grandchild that holds the output, nor cut it off',
    async (bench) => {
      const script = `echo now; (${AWAIT_FILE}; echo late) & exit 4`;
      const running = bench.start([bench.job, 'sh', '-c', script, 'sh', bench.path('gate')]);
      expect(await running.exited).toBe(4);
      expect((await bench.end()).body.toString()).toBe('now\n');
      writeFileSync(bench.path('gate'), '');
      expect((await running.ended).stdout).toBe('now\nlate\n');
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
    'keeps the command and its output going when the capture is killed',
    async (bench) => {
      const script = `echo before; ${AWAIT_FILE}; echo after; echo again; exit 6`;
      const running = bench.start([bench.job, 'sh', '-c', script, 'sh', bench.path('gate')]);
      await until(() => running.stdout() === 'before\n');
      const capture = await until(() => {
        const found = capturers(bench);
        return found.length >= 2 && found;
      });
      for (const pid of capture) process.kill(pid, 'SIGKILL');
      // What tee had read when it was killed is gone with it.
      await until(() => !capture.some(isAlive));
      writeFileSync(bench.path('gate'), '');
      const ended = await running.ended;
      expect(ended.code).toBe(6);
      expect(ended.stdout).toBe('before\nafter\nagain\n');
      expect((await bench.end()).query['exit_code']).toBe('6');
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
    'finds curl by a relative PATH in the directory that it was called in',
    async (bench) => {
      pathWithout(bench.path('here/bin'), ['wget']);
      const here = new Bench(shellByPath(bench.shell), monitor, bench.job, bench.script);
      benches.push(here);
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

/** The programs, other than the wrapper itself, that have the pipe of the capture open. */
function capturers({ tmp }: Bench): number[] {
  const wrappers = processesNaming('monitor.sh\0') ?? [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || wrappers.includes(pid)) return false;
      try {
        const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
        return links.some((link) => link.startsWith(tmp) && link.endsWith('.cap'));
      } catch {
        return false;
      }
    });
}

/** The processes with a command line that holds the text. */
function processesNaming(text: string): number[] | undefined {
  const found = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
  return found.length > 0 ? found.map(Number) : undefined;
}

/** Of the processes that have the text in their command lines, the one that started the others. */
function firstProcessNaming(text: string): number | undefined {
  const found = processesNaming(text) ?? [];
  return found.find((pid) => !found.includes(Number(statOf(pid)[1])));
}

/**
 * Stands in for a program that the wrapper starts its canary by, and presses Ctrl-C when the second canary is there. That
 * one can die of the key from the moment on in which the wrapper may believe it ready.
 */
const KEY_WITH_SECOND_CANARY = `#!PERL
  use POSIX;
  if ("@ARGV" =~ /999999$/) {
    my $turn = -e "$ENV{CANARIES}.1" ? 2 : 1;
    if (!-e "$ENV{CANARIES}.$turn" && open(MADE, ">", "$ENV{CANARIES}.$turn") && $turn == 2) {
      my $key = POSIX::SigSet->new(SIGINT);
      sigprocmask(SIG_BLOCK, $key);
      kill "INT", 0;
      $SIG{INT} = "DEFAULT";
      sigprocmask(SIG_UNBLOCK, $key);
    }
    $ENV{PATH} =~ s/^[^:]*://;
  }
  exec "REAL", @ARGV;
`;

/** The fields of a process's status by their names; none where the process is gone. */
function statusOf(pid: number): Record<string, string> {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
    return Object.fromEntries(lines.map((line) => line.split(':\t', 2)));
  } catch {
    return {};
  }
}

function childrenOf(parent: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((pid) => statOf(pid)[1] === String(parent) && isAlive(pid));
}

/**
 * Whether a wrapper waits for its command and nothing else, beside a process of its own that can die of a key. A wrapper
 * that is not yet done with a key has another child or runs, and one that runs while it is looked at switches.
 */
function awaitsKeys(wrapper: number): boolean {
  const switches = statusOf(wrapper)['voluntary_ctxt_switches'];
  const children = childrenOf(wrapper);
  const canary = processesNaming('sleep\u0000999999\u0000')?.find((pid) => children.includes(pid));
  if (canary === undefined || children.length !== 2) return false;
  const { SigIgn = '', SigCgt = '', ShdPnd = '' } = statusOf(canary);
  if (!/[014589cd]$/.test(SigIgn) || !/^0+$/.test(SigCgt + ShdPnd)) return false;
  const now = statusOf(wrapper);
  return (
    now['State']?.[0] === 'S' &&
    /^0+$/.test(now['ShdPnd'] ?? '') &&
    now['voluntary_ctxt_switches'] === switches
  );
}

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

/** With `flock` as it is, without it, or with one that ends with a code. */
function skipsWhileHeld(how: string, flock: 'as it is' | 'missing' | number): Case {
  return [
    `skips the command while the lock is held, ${how}`,
    async (bench) => {
      const env = flock === 'as it is' ? {} : { PATH: pathWithout(bench.path('bin'), ['flock']) };
      if (typeof flock === 'number')
        writeFileSync(bench.path('bin/flock'), `#!/bin/sh\nexit ${flock}\n`, { mode: 0o755 });
      const here = new Bench(shellByPath(bench.shell), monitor, bench.job, bench.script);
      benches.push(here);
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
      expect(skipped.stderr).toMatch(/^cronflow: job-\d+: still running, skipped\n$/);
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

const signals: Case[] = [
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
    'leaves a command alone that ends in time',
    async (bench) => {
      // Longer than one part of the timer's sleep.
      const ended = await bench.run(['--timeout=1h', bench.job, 'sh', '-c', 'sleep 1.2; exit 9']);
      expect(ended.code).toBe(9);
      expect((await bench.end()).query['signal']).toBeUndefined();
      await until(() => processesNaming(`\0${bench.job}\0`) === undefined);
    },
  ],
  skipsWhileHeld('by flock', 'as it is'),
  skipsWhileHeld('without flock', 'missing'),
  // As it ends where the disk gives no locks.
  ...[65, 69, 71].map((code) => skipsWhileHeld(`where flock ends with ${code}`, code)),
  [
    'leaves the lock to the command when the wrapper is killed, and takes it once that has ended',
    async (bench) => {
      const without = { PATH: pathWithout(bench.path('bin'), ['flock']) };
      for (const env of [{}, without]) {
        const here = new Bench(shellByPath(bench.shell), monitor, bench.job, bench.script);
        benches.push(here);
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
    'leaves no process beside the command when the wrapper is killed',
    async (bench) => {
      const words = ['--timeout=1h', '--beat=1h', bench.job, 'sh', '-c', 'echo $$; exec sleep 300'];
      // No pipe, whose relay has to stay as long as the command.
      const out = bench.path('out');
      const running = start(
        ['sh', '-c', 'exec "$@" >"$0" 2>&1', out, ...bench.shell, bench.script, ...words],
        bench.environment(),
      );
      const command = await until(() => (existsSync(out) && Number(readFileSync(out, 'utf8'))) || undefined);
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
    'neither reports an end nor lets go of the lock when a command kills its parent and goes on',
    async (bench) => {
      const without = { PATH: pathWithout(bench.path('bin'), ['flock']) };
      for (const [env, job] of [
        [{}, bench.job],
        [without, `${bench.job}-link`],
      ] as const) {
        const here = new Bench(shellByPath(bench.shell), monitor, job, bench.script);
        benches.push(here);
        const script = `echo $$; ${AWAIT_FILE}; kill -9 $PPID; exec sleep 300`;
        const words = [
          '--lock',
          '--retry=2',
          '--timeout=1h',
          job,
          'sh',
          '-c',
          script,
          'sh',
          here.path('gate'),
        ];
        const holder = here.start(words, { env });
        const command = await until(() => Number(/^(\d+)\n/.exec(holder.stdout())?.[1]) || undefined);
        await until(() => here.kinds().includes('start'));
        // Without flock the lock is handed on just after the command has begun.
        const lock = join(here.spool, 'locks', `${job}.lock`);
        if ('PATH' in env) await until(() => readFileSync(lock, 'utf8').startsWith(`${command} `));
        writeFileSync(here.path('gate'), '');
        expect(await holder.exited).toBe('SIGKILL');
        expect((await here.run(['--lock', job, 'echo', 'ran'], { env })).stdout).toBe('');
        expect(here.kinds()).toEqual(['start', 'skip']);
        process.kill(command, 'SIGKILL');
        await until(() => !isAlive(command));
        expect((await holder.ended).stdout).toBe(`${command}\n`);
        expect((await here.run(['--lock', job, 'echo', 'ran'], { env })).stdout).toBe('ran\n');
      }
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

const misuse: Case[] = [
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
];

const spool: Case[] = [
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
  [
    'replays what earlier calls left, each once, drops what is a week old, and goes past what is broken',
    async (bench) => {
      const now = Date.now();
      const day = 86_400_000;
      leaveInSpool(bench, now - 8 * day, 'too-old');
      leaveInSpool(bench, now - 3_600_000, 'b');
      leaveInSpool(bench, now - 7_200_000, 'a');
      leaveInSpool(bench, now - 7_300_000, 'empty', '');
      leaveInSpool(bench, now - 1_800_000, 'torn', 'no path\nrid=x');
      // No URL has a space, so curl would not ask for it.
      const spoilt = `/jobs/${bench.job} $/success\nrid=spoilt\n${now}\n100\nboot\n`;
      leaveInSpool(bench, now - 7_250_000, 'spoilt', spoilt);
      leaveInSpool(bench, now - 1_900_000, 'cut', `/jobs/${bench.job}/success\nrid=cut\n${now}\n100\n-`);
      const calls = await Promise.all([1, 2, 3].map((call) => bench.run([`${bench.job}-${call}`, 'true'])));
      expect(calls.map((call) => call.code)).toEqual([0, 0, 0]);
      const said = calls.map((call) => call.stderr).join('');
      expect(said).toMatch(/^cronflow: job-\d+-\d: dropped a ping that could not be sent for 7 days\n$/);
      await until(() => spooled(bench, '').every((name) => !/\.(ping|body)/.test(name)));
      const replayed = monitor.stored(bench.job);
      expect(replayed.map((ping) => ping.query['rid'])).toEqual(['a', 'b']);
      for (const ping of replayed) {
        expect(ping.body.toString()).toBe(`output of ${ping.query['rid']}`);
        expect(Number(ping.query['delay_ms'])).toBeGreaterThanOrEqual(3_600_000 - 10);
        expect(Number(ping.query['delay_ms'])).toBeLessThan(day);
      }
    },
  ],
  [
    'sends a ping that is still being written once it is whole',
    async (bench) => {
      leaveInSpool(bench, Date.now(), 'half', `/jobs/${bench.job}/success\nrid=half\n${Date.now()}\n100\n-`);
      leaveInSpool(bench, Date.now(), 'whole');
      await bench.run([`${bench.job}-call`, 'true']);
      await until(() => monitor.stored(bench.job).some(({ query }) => query['rid'] === 'whole'));
      await until(() => spooled(bench, 'busy').length === 0);
      expect(spooled(bench).map((name) => name.replace(/.*?-.*?-/, ''))).toEqual(['half-success.ping']);
      appendFileSync(join(bench.spool, spooled(bench)[0] ?? ''), '\n');
      await bench.run([`${bench.job}-call`, 'true']);
      await until(() => spooled(bench).length === 0);
      expect(monitor.stored(bench.job).map(({ query }) => query['rid'])).toEqual(['whole', 'half']);
    },
  ],
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
    'holds up nothing for one URL by what waits for another',
    async (bench) => {
      const env = { CRONFLOW_URL: `${monitor.url}/dead`, CRONFLOW_END_WAIT: '0' };
      expect(await bench.run([bench.job, 'true'], { env })).toMatchObject({ code: 0, stderr: '' });
      leaveInSpool(bench, Date.now() - 60_000, 'waits');
      await bench.run([`${bench.job}-next`, 'true']);
      await until(() => monitor.stored(bench.job).some((ping) => ping.query['rid'] === 'waits'));
      await until(() => spooled(bench).length === 1);
    },
  ],
  [
    'replays oldest first',
    async (bench) => {
      const now = Date.now();
      const names = Array.from({ length: 12 }, (_, index) => `r${String(index).padStart(2, '0')}`);
      for (const [index, name] of names.entries()) leaveInSpool(bench, now - (100 - index) * 10_000, name);
      await bench.run([`${bench.job}-call`, 'true']);
      await until(() => spooled(bench).length === 0);
      expect(monitor.stored(bench.job).map((ping) => ping.query['rid'])).toEqual(names);
    },
  ],
  [
    'goes on where a wrapper was killed that was sending what waits',
    async (bench) => {
      // Its boot was another one; and a disk that was full leaves anything.
      for (const [rid, claim] of Object.entries({ a: '99999999 another-boot\n', b: 'torn' })) {
        leaveInSpool(bench, Date.now() - 60_000, rid);
        writeFileSync(join(urlDirectory(bench), 'busy'), claim);
        await bench.run([`${bench.job}-call`, 'true']);
        await until(() => spooled(bench, '').every((name) => !/\.ping|busy/.test(name)));
      }
      const replayed = monitor.stored(bench.job).map((ping) => ping.query['rid']);
      expect(replayed).toEqual(['a', 'b']);
    },
  ],
  [
    'refuses a spool that is a link, and runs the command',
    async (bench) => {
      mkdirSync(bench.path('real'));
      symlinkSync(bench.path('real'), bench.spool);
      const ended = await bench.run([bench.job, 'sh', '-c', 'exit 3']);
      expect(ended).toMatchObject({ code: 3, stderr: '' });
      expect((await bench.end()).kind).toBe('failure');
      expect(readdirSync(bench.path('real'))).toEqual([]);
    },
  ],
  [
    'says that a ping is lost which can neither be sent nor kept, and runs the command',
    async (bench) => {
      const here = new Bench(shellByPath(bench.shell), monitor, bench.job, bench.script);
      benches.push(here);
      mkdirSync(here.path('other'));
      // Somebody else's, as far as we may give it away; else a link, which could lead to somebody else's.
      if (process.getuid?.() === 0) chownSync(here.path('other'), 65_534, 65_534);
      else symlinkSync(here.path('other'), here.spool);
      const foreign = process.getuid?.() === 0 ? here.path('other') : here.spool;
      const env = { PATH: pathWithout(here.path('bin'), ['curl', 'wget']), CRONFLOW_SPOOL_DIR: foreign };
      const ended = await here.run([here.job, 'sh', '-c', 'echo ran; exit 3'], { env });
      expect(ended).toMatchObject({ code: 3, stdout: 'ran\n' });
      expect(ended.stderr).toBe(
        `cronflow: ${here.job}: neither curl nor wget is installed and the ping is lost: ${foreign} is not a directory of this user\n`,
      );
      expect(readdirSync(here.path('other'))).toEqual([]);
      expect(readdirSync(here.tmp)).toEqual([]);
    },
  ],
  [
    'keeps the spool to the user',
    async (bench) => {
      const away = { CRONFLOW_URL: 'http://127.0.0.1:9' };
      await bench.run([bench.job, 'true'], { env: { ...away, CRONFLOW_SPOOL_DIR: undefined } });
      const kept = join(bench.dir, '.local/state/cronflow/spool');
      expect(lstatSync(kept).mode & 0o777).toBe(0o700);
      await bench.run([bench.job, 'true'], {
        env: { ...away, CRONFLOW_SPOOL_DIR: undefined, XDG_STATE_HOME: bench.path('state') },
      });
      expect(lstatSync(bench.path('state/cronflow/spool')).mode & 0o777).toBe(0o700);
      mkdirSync(bench.path('open'));
      chmodSync(bench.path('open'), 0o755);
      await bench.run([bench.job, 'true'], { env: { ...away, CRONFLOW_SPOOL_DIR: bench.path('open') } });
      expect(lstatSync(bench.path('open')).mode & 0o777).toBe(0o755);
    },
  ],
  [
    'runs the command without curl, and keeps the pings',
    async (bench) => {
      const here = new Bench(shellByPath(bench.shell), monitor, bench.job, bench.script);
      benches.push(here);
      const env = { PATH: pathWithout(here.path('bin'), ['curl', 'wget', 'setsid', 'flock']) };
      const ended = await here.run([here.job, 'sh', '-c', 'echo ran; exit 3'], { env });
      expect(ended).toMatchObject({ code: 3, stdout: 'ran\n' });
      expect(ended.stderr).toMatch(
        /^cronflow: job-\d+: neither curl nor wget is installed: pings are kept in .*\n$/,
      );
      expect(spooled(here).length).toBe(1);
      await here.run([`${here.job}-next`, 'true']);
      await until(() => monitor.stored(here.job).length === 1);
      await until(() => spooled(here).length === 0);
    },
  ],
];

/** These wait for limits of the wrapper itself, so each runs under one shell only. */
const slow: Case[] = [
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
        const here = new Bench(shellByPath(bench.shell), monitor, bench.job, bench.script);
        benches.push(here);
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
  [
    'leaves a terminal to the command',
    async (bench) => {
      if (which('script') === undefined) {
        console.log('script is not installed: the wrapper is not tested at a terminal');
        return;
      }
      const words = [
        ...bench.shell,
        `'${bench.script}'`,
        bench.job,
        'sh',
        '-c',
        '"test -t 1 && test -t 2 && echo a terminal"',
      ];
      const session = start(['script', '-qec', words.join(' '), '/dev/null'], bench.environment());
      const ended = await session.ended;
      expect([ended.code, ended.stdout.trim()]).toEqual([0, 'a terminal']);
      expect((await bench.end()).body.length).toBe(0);
    },
  ],
  [
    'hands each key at a terminal to the command once',
    async (bench) => {
      if (which('script') === undefined) return;
      const command =
        "trap 'n=$((n+1)); echo got $n' INT; n=0; echo ready; while [ $n -lt 4 ]; do sleep 0.05; done; sleep 0.5; echo over";
      writeFileSync(bench.path('command'), command);
      const words = [...bench.shell, `'${bench.script}'`, bench.job, 'sh', `'${bench.path('command')}'`];
      const session = start(['script', '-qec', words.join(' '), '/dev/null'], bench.environment(), {
        input: null,
      });
      await until(() => session.stdout().includes('ready'));
      session.child.stdin?.write('');
      await until(() => session.stdout().includes('got 1'));
      session.child.stdin?.write('');
      await until(() => session.stdout().includes('got 2'));
      session.child.stdin?.write('');
      await until(() => session.stdout().includes('got 3'));
      // One that only the wrapper gets is passed on, once the wrapper is done with the last key.
      const wrapper = await until(() => firstProcessNaming(`\0${bench.path('command')}\0`));
      await until(() => awaitsKeys(wrapper));
      process.kill(wrapper, 'SIGINT');
      const ended = await session.ended;
      expect(ended.stdout.replaceAll('^C', '').split(/\r\n/)).toEqual([
        'ready',
        'got 1',
        'got 2',
        'got 3',
        'got 4',
        'over',
        '',
      ]);
    },
  ],
  [
    'knows a signal to itself alone after a key that came while it made ready for the next one',
    async (bench) => {
      if (which('script') === undefined || which('perl') === undefined) return;
      mkdirSync(bench.path('bin'));
      for (const name of ['env', 'sleep']) {
        const fake = KEY_WITH_SECOND_CANARY.replace('REAL', which(name) ?? '').replace(
          'PERL',
          which('perl') ?? '',
        );
        writeFileSync(bench.path(`bin/${name}`), fake, { mode: 0o755 });
      }
      const env = bench.environment();
      const command =
        "trap 'n=$((n+1)); echo got $n' INT; n=0; echo ready; while [ $n -lt 3 ]; do sleep 0.05; done; echo over";
      writeFileSync(bench.path('command'), command);
      const words = [...bench.shell, `'${bench.script}'`, bench.job, 'sh', `'${bench.path('command')}'`];
      const session = start(
        ['script', '-qec', words.join(' '), '/dev/null'],
        { ...env, PATH: `${bench.path('bin')}:${env['PATH']}`, CANARIES: bench.path('canary') },
        { input: null },
      );
      await until(() => session.stdout().includes('ready'));
      session.child.stdin?.write('\u0003');
      await until(() => session.stdout().includes('got 2'));
      const wrapper = await until(() => firstProcessNaming(`\0${bench.path('command')}\0`));
      await until(() => awaitsKeys(wrapper));
      process.kill(wrapper, 'SIGINT');
      expect((await session.ended).stdout).toContain('got 3\r\nover\r\n');
    },
  ],
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

const cases = [...passing, ...signals, ...misuse, ...spool];

describe.each(shells)('monitor.sh under $name', ({ shell }) => {
  test.concurrent.each(cases)('%s', async (_name, check) => {
    expect(await check(benchFor(shell, patientScript))).toBeUndefined();
  });
});

describe('monitor.sh', () => {
  const shell = shells[0]?.shell ?? ['sh'];
  test.concurrent.each(slow)('%s', async (_name, check) => {
    expect(await check(benchFor(shell, SCRIPT))).toBeUndefined();
  });

  test('passes shellcheck', () => {
    if (which('shellcheck') === undefined) {
      console.log('shellcheck is not installed: the wrapper is not checked by it');
      return;
    }
    expect(() => execFileSync('shellcheck', ['-s', 'sh', SCRIPT], { encoding: 'utf8' })).not.toThrow();
  });

  test('can be run as it is', () => {
    expect(lstatSync(SCRIPT).mode & 0o111).not.toBe(0);
    expect(readFileSync(SCRIPT, 'utf8').startsWith('#!/bin/sh\n')).toBe(true);
  });
});
