import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Case, checkUnderEachShell, useBenches } from './benches.ts';
import { type Bench, isAlive, pathWithout, start, until, AWAIT_FILE } from './harness.ts';
import { processesNaming } from './processes.ts';

const benches = useBenches('output');
const { byPath } = benches;

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

/** Expects that a script finds all of the output of a wrapped command, in order, of which it prints the checksum. */
async function expectAllOfIt(bench: Bench, script: string): Promise<void> {
  const words = ['sh', '-c', script, 'sh', ...bench.shell, bench.script];
  const ended = await start([...words, bench.job, 'seq', '1', '20000'], bench.environment()).ended;
  const expected = execFileSync('sh', ['-c', 'seq 1 20000 | cksum'], { encoding: 'utf8' });
  expect(ended.stdout).toBe(expected);
}

const cases: Case[] = [
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
    (bench) => expectAllOfIt(bench, '"$@" | (sleep 3; cksum)'),
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
      const here = byPath(bench);
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
  ['relays a pipe where no file may grow', (bench) => expectAllOfIt(bench, 'ulimit -f 0; "$@" | cksum')],
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
];

checkUnderEachShell(benches, cases);
