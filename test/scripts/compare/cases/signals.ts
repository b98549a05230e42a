import type { Case } from '../table.ts';

/** Those that a program may catch and that end it if it does not. */
const CAUGHT = 'TERM INT HUP QUIT USR1 USR2 ALRM XCPU VTALRM PIPE ABRT PROF PWR';

/** Writes down each signal that it gets, and ends with 5 when it is told to. */
const TRAPPER = String.raw`
      cat >../trapper <<'END'
exec 2>/dev/null
for signal in ${CAUGHT}; do trap "echo $signal >>log; : >got.$signal" $signal; done
: >ready
# No child here: it would get the signals of the group, and might still run the trap of the shell that forked.
while [ ! -e done ]; do :; done
exit 5
END`;

const KSH93_CODE = 'ksh93 forgets the exit code of a child that ends as a signal comes';
const KSH93_TSTP = 'ksh93 hears TSTP only once a process of its own has ended or stopped';

const AT_A_TERMINAL = 'a pty by script(1)';

/** What is sent to the process that the caller knows, and what comes from a terminal. */
export const SIGNALS: readonly Case[] = [
  {
    name: 'each signal that can be caught reaches the command once',
    script: `${TRAPPER}
      send ${CAUGHT} &
      in_foreground $RUN sh ../trapper; note $?`,
    shows: /^ABRT\nPROF\nPWR$/m,
    reports: 5,
  },
  {
    name: 'each ends a command that does not catch it',
    script: String.raw`
      quiet; ulimit -c 0; export CRONFLOW_NO_START=1
      for signal in ${CAUGHT}; do
        rm -f ready ../pid
        { await ../pid; await ready; kill -s $signal $(cat ../pid); } &
        in_foreground $RUN sh -c ': >ready; exec sleep 300'; note $signal $?
        wait
      done`,
    shows: /^VTALRM 154$/m,
    reports: [129, 130, 131, 134, 138, 140, 141, 142, 143, 152, 154, 155, 158],
  },
  {
    name: 'a command that kills its parent goes on, and is not run again',
    options: '--quiet --retry 2',
    script: String.raw`
      quiet
      cat >../orphan <<'END'
echo run >>log; kill -9 $PPID; while [ ! -e go ]; do sleep 0.02; done; echo went on >>log; : >ended
END
      sh -c '"$@"; exit $?' sh $RUN sh ../orphan; note $?; : >go; await ended`,
    shows: /went on\n[^]*^137$/m,
    reports: null,
  },
  {
    name: 'WINCH, by which some servers are asked to end',
    script: String.raw`
      { await ../pid; await ready; kill -s WINCH $(cat ../pid); } &
      in_foreground $RUN sh -c 'trap "echo bye; exit 4" WINCH; : >ready; while :; do :; done'; note $?`,
    shows: /^bye$/m,
    reports: 4,
  },
  {
    name: 'a signal that a command ignores, and one that it answers by ending well',
    script: String.raw`
      { await ../pid; await ready; kill -s HUP $(cat ../pid); kill -s TERM $(cat ../pid); } &
      # No child, which TERM would reach too.
      in_foreground $RUN sh -c 'trap "" HUP; trap "echo bye; exit 0" TERM; : >ready; while :; do :; done'`,
    shows: /^bye$/m,
  },
  {
    name: 'a signal for the command does not end the processes that it started',
    script: String.raw`
      { await ../pid; await ready; kill -s USR1 $(cat ../pid); await got; : >go; } &
      in_foreground $RUN sh -c '
        sh -c ": >ready; while [ ! -e go ]; do sleep 0.05; done; echo the child has ended well" & child=$!
        trap ": >got" USR1
        until wait $child && [ -e got ]; do kill -0 $child 2>/dev/null || break; done'`,
    shows: /ended well/,
  },
  {
    // The wrapper and the command share a processor, and the wrapper gets no time on it until the command has ended.
    name: 'a signal for both that ends the command before the wrapper finds time for it',
    script: String.raw`
      {
        await ../pid; await ready; wrapper=$(cat ../pid); chrt -i -p 0 $wrapper
        kill -s TERM $wrapper $(cat ../command); await ended; chrt -o -p 0 $wrapper
      } 2>/dev/null &
      in_foreground taskset -c 0 $RUN sh -c '
        trap ": >ended; exit 3" TERM; echo $$ >../command; : >ready; while :; do :; done'
      note $?`,
    shows: /^3$/m,
    needs: ['taskset(1) and chrt(1)'],
    reports: 3,
    except: { ksh93: KSH93_CODE },
  },
  {
    name: 'a signal that comes at once',
    script: String.raw`
      quiet
      for signal in TERM HUP USR1 TERM; do $RUN sleep 300 & kill -s $signal $!; wait $!; note $?; done`,
    shows: /^143\n129\n138\n143$/m,
    reports: null,
  },
  {
    // The bare command has no such steps: each must end the run as TERM does.
    name: 'a signal that comes at each step of setting the traps',
    script: String.raw`
      quiet; export CRONFLOW_NO_START=1; steps=0 lost=0
      trace() { strace -o ../trace -e trace=rt_sigaction "$@"; }
      if [ -n "$RUN" ]; then
        trace $RUN true
        steps=$(grep -n 'SIGTSTP, {sa_handler=0x' ../trace | sed 's/:.*//; q')
        [ "$steps" -gt 10 ] || note the traps are not seen
      fi
      for step in $(seq 1 $steps); do
        trace -e inject=rt_sigaction:signal=TERM:when=$step $RUN sleep 3
        [ $? = 143 ] || lost=$((lost + 1))
      done
      note lost $lost`,
    shows: /^lost 0$/m,
    needs: ['strace(1)'],
    reports: null,
    except: { mksh: 'mksh ignores each signal for an instant as it sets the trap' },
  },
  {
    // Such a program has closed its output and lives on: by then a shell no longer reads and waits for its end.
    name: 'a signal that comes as the wrapper waits for a program that it looks around with',
    script: String.raw`
      quiet; export CRONFLOW_NO_START=1; mkdir ../slow; real=$(command -v tr)
      cat >../slow/tr <<END
#!/bin/sh
$real "\$@"
exec >&-
kill -s "\$(cat ../signal)" "\$(cat ../pid)"
sleep 0.5
END
      chmod 755 ../slow/tr
      if [ -z "$RUN" ]; then note 143; note 130; note 131; note 129; exit 0; fi
      for signal in TERM INT QUIT HUP; do
        echo $signal >../signal; in_foreground env "PATH=$PWD/../slow:$PATH" $RUN sleep 3; note $?
      done; exit 0`,
    shows: /^143\n130\n131\n129$/m,
    needs: ['/proc'],
    reports: null,
  },
  {
    // All that a shell does to its traps takes long, so the signal finds a child that has reset only some of them.
    name: 'a signal that comes before a child of the wrapper is the command',
    script: String.raw`
      quiet; ulimit -c 0; export CRONFLOW_NO_START=1
      if [ -z "$RUN" ]; then note 143; note 130; note 131; exit 0; fi
      for signal in TERM INT QUIT; do
        rm -f ../pid
        {
          await ../pid; until grep -q 'SigCgt:.*[89a-f]....$' /proc/$(cat ../pid)/status; do sleep 0.02; done
          kill -s $signal $(cat ../pid)
        } &
        in_foreground strace -D -f -o /dev/null -e trace=rt_sigaction -e inject=rt_sigaction:delay_enter=20000 $RUN sleep 3
        note $?; wait
      done; exit 0`,
    shows: /^143\n130\n131$/m,
    needs: ['strace(1)', '/proc'],
    reports: null,
  },
  {
    name: 'TSTP stops the command, but not what it started, and CONT lets it go on',
    script: String.raw`
      cat >../ticker <<'END'
sleep 300 & echo $! >../child; echo $$ >../pid.new; mv ../pid.new ../pid
while [ ! -e done ]; do sleep 0.05; done; kill $!; echo end; exit 6
END
      cat >../caller <<'END'
set -m
"$@" & job=$!
until [ -e ../pid ]; do sleep 0.02; done
until_state() { until grep -q "^State:.$1" /proc/$(cat ../pid)/status; do sleep 0.02; done; }
kill -s TSTP $job; until_state T; until grep -q "^State:.T" /proc/$job/status; do sleep 0.02; done; echo stopped
grep -c '^State:.[^T]' /proc/$(cat ../child)/status
kill -s CONT $job; until_state '[RS]'; echo goes on
: >done; wait $job; echo $?
END
      bash ../caller $RUN sh ../ticker 2>/dev/null`,
    shows: /^stopped\n1\ngoes on\nend\n6$/m,
    needs: ['bash', '/proc'],
    except: { ksh93: KSH93_TSTP },
    reports: 6,
  },
  {
    name: 'TSTP that comes many times stops the command once, and one CONT lets it go on',
    script: String.raw`
      cat >../ticker <<'END'
echo $$ >../pid.new; mv ../pid.new ../pid
while [ ! -e done ]; do :; done; echo end; exit 6
END
      cat >../driver <<'END'
until_state() { until grep -q "^State:.$1" /proc/$2/status; do sleep 0.02; done; }
until [ -e ../pid ]; do sleep 0.02; done; command=$(cat ../pid)
for turn in 1 2 3 4 5 6 7 8 9 10; do
  state=; until [ "$state" = T ]; do
    for n in 1 2 3 4 5; do kill -s TSTP $1; read -r pid name state rest <"/proc/$1/stat"; done; sleep 0.005
  done
  until_state T $command; until_state T $1; echo stopped
  kill -s CONT $1; until_state '[RS]' $command; until_state '[RS]' $1; echo goes on
done
: >done
END
      # A loop of bash ends where a job of bash stops.
      echo 'set -m; "$@" & job=$!; sh ../driver $job; wait $job; echo $?' >../caller
      bash ../caller $RUN sh ../ticker 2>/dev/null`,
    shows: /^goes on\nend\n6$/m,
    needs: ['bash', '/proc'],
    except: { ksh93: KSH93_TSTP },
    reports: 6,
  },
  {
    // USR1 comes after it, so whoever hears that has had TSTP.
    name: 'TSTP where no shell could continue what it stops, as under cron, stops neither',
    script: String.raw`
      cat >../ticker <<'END'
trap ': >../heard' USR1; : >../ready; while [ ! -e ../heard ]; do sleep 0.02; done; echo end; exit 6
END
      echo '"$@" & job=$!; until [ -e ../ready ]; do sleep 0.02; done; kill -s TSTP $job; kill -s USR1 $job; wait $job; echo $?' >../caller
      setsid -w sh ../caller $RUN sh ../ticker`,
    shows: /^end\n6$/m,
    needs: ['setsid(1)', '/proc'],
    reports: 6,
  },
  {
    name: 'two signals that come together both reach the command',
    script: String.raw`
      quiet
      cat >../ticker <<'END'
trap ": >../heard.$1" $1; trap ": >../heard.$2" $2; : >../ready
until [ -e ../heard.$1 ] && [ -e ../heard.$2 ]; do sleep 0.02; done
rm ../heard.* ../ready; exit 5
END
      for pair in 'USR1 USR2' 'TERM HUP' 'ALRM USR1' 'USR2 TERM'; do
        set -- $pair
        $RUN sh ../ticker $1 $2 & job=$!; until [ -e ../ready ]; do sleep 0.02; done
        kill -s $1 $job; kill -s $2 $job; wait $job; note $pair $?
      done`,
    shows: /^USR2 TERM 5$/m,
    reports: [5, 5, 5, 5],
  },
  {
    name: 'signals that the caller ignores stay ignored',
    script: String.raw`
      export CRONFLOW_NO_START=1
      for signal in INT QUIT TERM HUP PIPE USR1; do
        env --ignore-signal=$signal $RUN grep SigIgn /proc/self/status
      done`,
    shows: /^SigIgn:\s0+1000$/m,
    needs: ['env(1) of coreutils', '/proc'],
    reports: Array.from({ length: 6 }, () => 0),
  },
  {
    // By URG the wrapper tells its helpers that they should end.
    name: 'URG ignored or blocked by the caller, with helpers that wait for long',
    options: '--timeout 15m --beat 15m',
    script: String.raw`for way in ignore block; do env --$way-signal=URG $RUN sh -c 'exit 3'; note $?; done`,
    shows: /^3\n3$/m,
    needs: ['env(1) of coreutils', '/proc'],
    reports: [3, 3],
  },
  {
    name: 'SIGCHLD ignored by the caller costs no exit code',
    script: String.raw`env --ignore-signal=CHLD $RUN sh -c 'echo x; exit 3'; note $?`,
    shows: /^3$/m,
    needs: ['env(1) of coreutils'],
    reports: 3,
  },
  {
    name: 'nohup',
    script: String.raw`
      { await ../pid; await ready; kill -s HUP $(cat ../pid); : >done; } &
      in_foreground nohup $RUN sh -c ': >ready; while [ ! -e done ]; do sleep 0.05; done; echo survived; grep SigIgn /proc/$$/status'`,
    shows: /^survived$/m,
    needs: ['nohup(1)', '/proc'],
  },
  {
    name: 'a terminal: the streams are it, and what is typed is read',
    script: String.raw`
      mkfifo ../keys; exec 3<>../keys
      { await ready; printf 'typed\n' >&3; } &
      script -qec "exec $RUN sh -c 'for fd in 0 1 2; do [ -t \$fd ] && echo \$fd is a terminal; done
        : >ready; read line; echo \"<\$line>\"; exit 3'" /dev/null <&3; note $?`,
    shows: /<typed>/,
    needs: [AT_A_TERMINAL],
    reports: 3,
  },
  {
    name: 'a terminal: Ctrl-C and Ctrl-\\ come once',
    script: `${TRAPPER}
      mkfifo ../keys; exec 3<>../keys
      { await ready; printf '\\003' >&3; await got.INT; printf '\\034' >&3; await got.QUIT; : >done; } &
      script -qec "exec $RUN sh ../trapper" /dev/null <&3; note $?`,
    shows: /^INT\nQUIT$/m,
    needs: [AT_A_TERMINAL],
    reports: 5,
    except: { ksh93: KSH93_CODE },
  },
  {
    name: 'a terminal: signals that are sent to the wrapper',
    script: `${TRAPPER}
      mkfifo ../keys; exec 3<>../keys
      send ${CAUGHT} &
      script -qec "sh -c 'echo \\$\\$ >../pid.new; mv ../pid.new ../pid; exec $RUN sh ../trapper'" /dev/null <&3; note $?`,
    shows: /^VTALRM\nPIPE$/m,
    needs: [AT_A_TERMINAL],
    reports: 5,
  },
  {
    name: 'a terminal that is none of the streams: /dev/tty, and Ctrl-C',
    script: `${TRAPPER}
      mkfifo ../keys; exec 3<>../keys
      { await ready; printf '\\003' >&3; await got.INT; : >done; } &
      script -qec "exec $RUN sh -c 'echo to the terminal >/dev/tty; . ../trapper' </dev/null >out 2>err" /dev/null <&3; note $?`,
    shows: /to the terminal/,
    needs: [AT_A_TERMINAL],
    reports: 5,
    except: { ksh93: KSH93_CODE },
  },
  {
    name: 'a terminal: Ctrl-C ends a command that does not catch it',
    script: String.raw`
      mkfifo ../keys; exec 3<>../keys
      { await ready; printf '\003' >&3; } &
      script -qec "exec $RUN sh -c ': >ready; exec sleep 300'" /dev/null <&3; note $?`,
    shows: /^130$/m,
    needs: [AT_A_TERMINAL],
    reports: 130,
  },
];
