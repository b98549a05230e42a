import { mkdirSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Case, checkUnderOneShell, useBenches } from './benches.ts';
import { SCRIPT, start, statOf, until, which } from './harness.ts';
import { childrenOf, processesNaming, statusOf } from './processes.ts';

const benches = useBenches('terminal');

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

/** Of the processes that have the text in their command lines, the one that started the others. */
function firstProcessNaming(text: string): number | undefined {
  const found = processesNaming(text) ?? [];
  return found.find((pid) => !found.includes(Number(statOf(pid)[1])));
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

const cases: Case[] = [
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
];

checkUnderOneShell(benches, cases, SCRIPT);
